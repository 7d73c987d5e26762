"""How good did the runs end? Final Fréchet distances over seeds, a run that is not stable as the worst rank."""

# S seeds, T thresholds

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.chapters.form import Caption, Chapter, Judged, Place, ReportFigure, place_of, row_name, spread_text
from analysis.counting import counted
from analysis.figures.designs import performance_profiles
from analysis.figures.parts import QUANTITY, ReferenceLine
from analysis.figures.traces import FRECHET
from analysis.judging.pairs import compared_pairs, outcome_values, paired_values
from analysis.results.wording import listed, number
from analysis.statistics import (
    NotEstimable,
    PerformanceProfile,
    interquartile_mean,
    performance_profile,
    spread_test,
)
from analysis.tables.columns import frame, place_columns, point_columns
from analysis.tables.formats import Table
from runs.study import Cell

TITLE = "Quality over seeds"
MOST_NAMED = 6  # arms in a sentence; of more, the lowest and the highest
MOST_THRESHOLDS = 200


def quality(judged: Judged) -> Chapter:
    """Interquartile means and performance profiles by arm, and spreads by pair of arms that the plan compares."""
    values = outcome_values(judged.verdicts, "final_frechet").dropna()
    means = _means(judged, values)
    return Chapter(
        name="quality",
        title=TITLE,
        gist=_gist(judged, means["interquartile mean"]),
        tables=(
            Table(
                name="quality",
                caption="Final Fréchet distance over seeds, runs that are not stable as the worst rank: the"
                " interquartile mean is that of the middle half of the runs, and is not finite where runs that are not"
                " stable reach into it.",
                frame=means,
            ),
            Table(
                name="spreads",
                caption="Spread of the final Fréchet distance over seeds: log ratio of the mean absolute deviations"
                " from the median, first over second, over the pairs in which both runs are stable; p by swapping the"
                " runs of a pair.",
                frame=_spreads(judged, values),
                p=("swap test p",),
            ),
        ),
        figures=tuple(_figures(judged, values)),
    )


def _of_cell(judged: Judged, values: pd.Series, cell: Cell) -> NDArray[np.float64]:
    used = judged.data.only([cell.arm], cell.grid_point).used["run_id"]
    return values[values.index.isin(used)].to_numpy(np.float64)


def _means(judged: Judged, values: pd.Series) -> pd.DataFrame:
    rows = []
    for cell in judged.data.study.cells():
        own = _of_cell(judged, values, cell)
        mean, n_not_stable = interquartile_mean(own), int(np.isinf(own).sum())
        rows.append(
            {
                **place_columns(cell.arm, cell.grid_point),
                "runs": len(own),
                "not stable": n_not_stable,
                "interquartile mean": mean,
                "note": _no_mean(mean, n_not_stable, len(own)),
            }
        )
    return frame(rows)


def _no_mean(mean: float | None, n_not_stable: int, n: int) -> str | None:
    if mean is None:
        return "not estimable, no runs"
    if math.isfinite(mean):
        return None
    were = "was" if n_not_stable == 1 else "were"
    return f"no finite interquartile mean, as {n_not_stable} of {counted(n, 'run')} {were} not stable"


def _gist(judged: Judged, means: pd.Series) -> str:
    cells = list(judged.data.study.cells())
    finite = {
        row_name(cell.arm, cell.grid_point): mean
        for cell, mean in zip(cells, means.to_numpy(np.float64), strict=True)
        if math.isfinite(mean)
    }
    named = listed([f"{name} {number(mean)}" for name, mean in finite.items()]) or "none is finite"
    shown = named if len(finite) <= MOST_NAMED else spread_text(finite)
    others = len(cells) - len(finite)
    kind = "cells, arms at a grid point," if judged.data.factors else "arms"
    none = f"; {others} of {len(cells)} {kind} have none, for want of stable runs" if others else ""
    return f"Interquartile mean of the final Fréchet distance: {shown}{none}."


def _spreads(judged: Judged, values: pd.Series) -> pd.DataFrame:
    places = [(pair, point) for pair in compared_pairs(judged.data) for point in judged.data.study.grid_points()]
    return frame([_spread(judged, values, pair, point) for pair, point in places])


def _spread(judged: Judged, values: pd.Series, pair: tuple[str, str], point: Mapping[str, Any]) -> dict[str, Any]:
    both = paired_values(judged.data, values, pair, [point])[:, 0]
    both = both[np.isfinite(both).all(axis=1)]  # (S, 2)
    n = len(both)
    test = spread_test(both[:, 0], both[:, 1]) if n > 1 else None
    return {
        "arms": f"{pair[0]} against {pair[1]}",
        **point_columns(point),
        "pairs stable in both": n,
        "log ratio": test.statistic if test else None,
        "swap test p": test.p if test else None,
        "note": None if test else str(NotEstimable(reason=_no_spread(n), n=n)),
    }


def _no_spread(n: int) -> str:
    return "neither arm varies" if n > 1 else f"pairs in which both runs are stable: {n}"


def _figures(judged: Judged, values: pd.Series) -> Iterator[ReportFigure]:
    """Performance profiles at each grid point at which any run was stable."""
    thresholds = profile_thresholds(values.to_numpy())
    for point in judged.data.study.grid_points():
        found = {
            cell.arm: performance_profile(
                _of_cell(judged, values, cell), thresholds, larger_is_worse=True, confidence=1 - judged.alpha
            )
            for cell in judged.data.study.cells()
            if cell.grid_point == point
        }
        profiles = {arm: profile for arm, profile in found.items() if isinstance(profile, PerformanceProfile)}
        if any(len(profile.thresholds) > 1 for profile in profiles.values()):
            yield _figure(judged, place_of(point), profiles)


def profile_thresholds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds (T,) of performance profiles: the finite values, or as many evenly spaced ones if they are too many.

    At all of them a profile is exact; between evenly spaced ones it is read off as a step.
    """
    finite = np.unique(values[np.isfinite(values)])
    if len(finite) <= MOST_THRESHOLDS:
        return finite
    return np.linspace(finite[0], finite[-1], MOST_THRESHOLDS)


def _figure(judged: Judged, place: Place, profiles: Mapping[str, PerformanceProfile]) -> ReportFigure:
    limits = judged.limits
    lines = [] if limits is None else [ReferenceLine(value=limits.bar, label=f"bar = {number(limits.bar)}")]
    title, unit = QUANTITY[FRECHET]
    ends = listed([f"{arm} {profile.share[-1]:.0%}" for arm, profile in profiles.items()])
    shares = [
        pd.DataFrame({"arm": arm, "threshold": of.thresholds, "share": of.share, "low": of.low, "high": of.high})
        for arm, of in profiles.items()
    ]
    return ReportFigure(
        caption=Caption(
            name=f"profiles{place.suffix}",
            title=f"Performance profiles{place.where}",
            sentences=[f"Share of runs that end stable, at any distance: {ends}."],
            text="Share of runs whose final Fréchet distance is at or below each value, runs not stable never; band:"
            f" {1 - judged.alpha:.0%} bootstrap over seeds, pointwise; Clopper and Pearson's limit where the"
            " share is 0 or 1, which no resampling changes.",
            alt=f"Step curves by arm. Share of runs that end stable: {ends}.",
        ),
        data={
            "profile": pd.concat(shares, ignore_index=True),
            "line": frame([{"threshold": line.value, "label": line.label} for line in lines]),
        },
        draw=partial(performance_profiles, profiles, quantity=title, unit=unit, styles=judged.styles, lines=lines),
    )
