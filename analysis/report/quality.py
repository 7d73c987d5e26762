"""Distributions over seeds, oscillation and precision in a report: the figures, and what they say in short."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from analysis.figures.designs import HOPPING, mode_hopping, performance_profiles
from analysis.figures.parts import QUANTITY, ReferenceLine
from analysis.figures.traces import FRECHET
from analysis.findings.questions import LABELS
from analysis.report.drawing import Caption, Chapter, Drawing, Place, ReportFigure, row_name, spread_text
from analysis.results.document import Results
from analysis.results.precision import MarginResult
from analysis.results.wording import listed, number
from analysis.statistics import PerformanceProfile

QUALITY = "Quality over seeds"
OSCILLATION = "Oscillation"
PRECISION = "What the study could have seen"
MOST_NAMED = 6  # arms in a sentence; of more, the lowest and the highest


def quality_chapter(results: Results) -> Chapter:
    """Interquartile means of the arms that have one."""
    arms = results.quality.arms
    known = [(arm, arm.interquartile_mean) for arm in arms if arm.interquartile_mean is not None]
    means = {row_name(arm.arm, arm.grid_point): mean for arm, mean in known if math.isfinite(mean)}
    named = listed([f"{name} {number(mean)}" for name, mean in means.items()]) or "none is finite"
    shown = named if len(means) <= MOST_NAMED else spread_text(means)
    others = len(arms) - len(means)
    kind = "cells, arms at a grid point," if any(arm.grid_point for arm in arms) else "arms"
    none = f"; {others} of {len(arms)} {kind} have none, for want of stable runs" if others else ""
    return Chapter(
        title=QUALITY,
        gist=f"Interquartile mean of the final Fréchet distance: {shown}{none}.",
        tables=("quality", "spreads"),
    )


def profile_figures(drawing: Drawing, place: Place) -> Iterator[ReportFigure]:
    """Performance profiles of the arms at one grid point, if any run was stable."""
    arms = [arm for arm in drawing.results.quality.arms if arm.grid_point == place.point]
    profiles = {arm.arm: arm.profile for arm in arms if isinstance(arm.profile, PerformanceProfile)}
    if any(len(profile.thresholds) > 1 for profile in profiles.values()):
        yield _profile_figure(drawing, place, profiles)


def _profile_figure(drawing: Drawing, place: Place, profiles: Mapping[str, PerformanceProfile]) -> ReportFigure:
    limits = drawing.results.limits
    lines = [] if limits is None else [ReferenceLine(value=limits.bar, label=f"bar = {number(limits.bar)}")]
    title, unit = QUANTITY[FRECHET]
    ends = listed([f"{arm} {profile.share[-1]:.0%}" for arm, profile in profiles.items()])
    return ReportFigure(
        caption=Caption(
            name=f"profiles{place.suffix}",
            section=QUALITY,
            title=f"Performance profiles{place.where}",
            sentences=[f"Share of runs that end stable, at any distance: {ends}."],
            text="Share of runs whose final Fréchet distance is at or below each value, runs not stable never; band:"
            f" {1 - drawing.results.alpha:.0%} bootstrap over seeds, pointwise; Clopper and Pearson's limit where the"
            " share is 0 or 1, which no resampling changes.",
            alt=f"Step curves by arm. Share of runs that end stable: {ends}.",
        ),
        draw=partial(performance_profiles, profiles, quantity=title, unit=unit, styles=drawing.styles, lines=lines),
    )


def oscillation_chapter(results: Results) -> Chapter:
    """Whether the loss orders the arms as the samples do."""
    orders = [order.sentence for order in results.oscillation.orders]
    return Chapter(
        title=OSCILLATION,
        gist=_loss_order(results),
        sentences=[*orders, *results.oscillation.notes],
        tables=("oscillation",),
    )


def hopping_figures(drawing: Drawing, place: Place) -> Iterator[ReportFigure]:
    """Mode hopping at one grid point, where the data have labels."""
    if np.isfinite(drawing.verdicts["mode_hopping"]).any():
        yield _hopping_figure(drawing, place)


def _hopping_figure(drawing: Drawing, place: Place) -> ReportFigure:
    """How much the classes of the samples change from probe to probe."""
    arms = drawing.arms()
    medians = drawing.verdicts.groupby("arm", observed=True)["mode_hopping"].median()
    spread = spread_text({arm: float(medians[arm]) for arm in arms})
    return ReportFigure(
        caption=Caption(
            name=f"hopping{place.suffix}",
            section=OSCILLATION,
            title=f"Mode hopping{place.where}",
            sentences=[f"Median over runs of the mean in the second half of the budget, from {spread}."],
            text="Total variation between the class histograms of consecutive probes, from the same z: 0 if no sample"
            " changes its class on balance, 1 if all do. Left: median and 25th to 75th percentile over runs. Right: one"
            " mark a run, bar: median. Random changes of class in samples that mean nothing count as well.",
            alt=f"Mode hopping over training, and its mean by arm: from {spread}.",
        ),
        draw=partial(mode_hopping, drawing.points([HOPPING]), drawing.verdicts, arms=arms, styles=drawing.styles),
    )


def _loss_order(results: Results) -> str:
    orders = [order for order in results.oscillation.orders if order.index == "loss"]
    if len(orders) == 1:
        return orders[0].sentence
    other = sum(order.n_reversed > 0 for order in orders)
    return f"The loss of G orders the arms otherwise than the samples do at {other} of {len(orders)} grid points."


def precision_chapter(results: Results) -> Chapter:
    """Power, early looks and what can be said of equality."""
    precision = results.precision
    allowed = [found.sentence for found in precision.smallest_p]
    primaries = results.of_role("primary")
    of_rates = len(primaries) == 1 and primaries[0].rates is not None
    primary = precision.contrasts[0].sentence if of_rates and precision.contrasts else None
    return Chapter(
        title=PRECISION,
        gist=primary or " ".join(allowed) or "No registered contrast could be made, so nothing could have been seen.",
        sentences=[
            *(allowed if primary else ()),
            *_margin_sentences(precision.equivalence),
            *([precision.without_margin] if precision.without_margin else ()),
        ],
        tables=("precision", "equivalence", "planning"),
    )


def _margin_sentences(found: Sequence[MarginResult]) -> Iterator[str]:
    """One a margin; where there are many, one a contrast for all its grid points."""
    contrasts: dict[tuple[str, ...], list[MarginResult]] = {}
    for one in found:
        contrasts.setdefault((one.role, one.name, one.outcome, one.first, one.second, str(one.margin)), []).append(one)
    for points in contrasts.values():
        if len(points) == 1 or len(found) <= MOST_NAMED:
            yield from (one.sentence for one in points)
        else:
            yield _over_the_grid(points)


def _over_the_grid(points: Sequence[MarginResult]) -> str:
    label, shown = LABELS[points[0].outcome], sum(one.shown for one in points)
    return (
        f"{label[0].upper()}{label[1:]}, {points[0].first} minus {points[0].second}: shown to differ by less than"
        f" {number(points[0].margin)} ({points[0].unit}) at {shown} of {len(points)} grid points; the table gives each"
        " interval."
    )
