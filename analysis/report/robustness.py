"""Robustness to the thresholds in a report: the figures, and what they say in short."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from analysis.chapters.form import Caption, ReportFigure, place_of
from analysis.counting import counted
from analysis.figures.designs import Specification, specification_curve
from analysis.figures.outcomes import sensitivity
from analysis.report.drawing import Drawing, Heading
from analysis.results.document import Results
from analysis.results.robustness import SpecificationCurve
from analysis.results.verdict_words import AS_STABLE
from analysis.statistics import SpecificationTest, significant
from analysis.tables.columns import contrast_arms

TITLE = "Robustness to the thresholds"


def robustness_chapter(results: Results) -> Heading:
    """The joint test over all choices of thresholds."""
    curves = results.robustness.curves
    gist = [curves[0].sentence] if len(curves) == 1 else [_curves_in_short(results)] if curves else []
    return Heading(
        title=TITLE,
        gist=" ".join(gist or results.robustness.notes),
        sentences=results.robustness.notes if gist else (),
        tables=(),
    )


def _curves_in_short(results: Results) -> str:
    curves = results.robustness.curves
    tests = [curve.test for curve in curves if isinstance(curve.test, SpecificationTest)]
    clear = sum(significant(test.p_median, results.alpha) for test in tests)
    n = len(curves[0].specifications)
    return (
        f"{curves[0].first} minus {curves[0].second} under {n} choices of thresholds: median Δ with a joint"
        f" p ≤ {results.alpha:g} at {clear} of {len(curves)} grid points ({len(curves) - len(tests)} not estimable)."
    )


def robustness_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """The specification curve of the primary contrast, and how each threshold moves the verdicts."""
    for curve in drawing.results.robustness.curves:
        if isinstance(curve.test, SpecificationTest):
            yield _curve_figure(drawing, curve)
    if drawing.results.counts.used:
        yield sensitivity_figure(drawing)


def _curve_figure(drawing: Drawing, curve: SpecificationCurve) -> ReportFigure:
    place, alpha = place_of(curve.grid_point), drawing.results.alpha
    over_grid = curve.outcome == "stable_points"
    kind, test = ("", "sign-flip") if over_grid else (" Tango", "exact McNemar")
    return ReportFigure(
        caption=Caption(
            name=f"specifications{place.suffix}",
            section=TITLE,
            title=f"Specification curve{place.where}",
            sentences=[curve.sentence],
            text=f"Above: Δ under every choice of thresholds with its {1 - alpha:.0%}{kind} interval, dark where the"
            f" {test} p is at most {alpha:g}, ringed as registered. Below: what each chooses.",
            alt=f"Differences in ascending order, with their thresholds below. {curve.sentence}",
        ),
        draw=partial(
            specification_curve,
            [
                Specification(
                    delta=one.delta, interval=one.interval, p=one.p, choices=one.thresholds, registered=one.registered
                )
                for one in curve.specifications
                if one.delta is not None
            ],
            alpha=alpha,
            contrast=contrast_arms(curve),
            unit=curve.unit,
            largest=float(len(drawing.data.study.grid_points())) if over_grid else 1.0,
        ),
    )


def sensitivity_figure(drawing: Drawing) -> ReportFigure:
    """How verdicts move when a threshold is halved or doubled."""
    rows = drawing.results.sensitivity
    moving = [f"{label} ({counted(count, 'run')})" for label, count in _moved(drawing.results).items()]
    summary = f"Verdicts move with {', '.join(moving)}" if moving else "No verdict moves with any threshold"
    skipped = "".join(f" {sentence}." for sentence in drawing.results.sensitivity_skipped)
    return ReportFigure(
        caption=Caption(
            name="sensitivity",
            section=TITLE,
            title="Sensitivity to the thresholds",
            sentences=[f"{summary}; each was halved and doubled in turn where it can be."],
            text="For each arm and threshold, a bar of verdicts at each of the values above the panel, from top to"
            " bottom; the other thresholds as registered. Last: all as registered, unsettled runs counted as stable."
            f"{skipped}",
            alt=f"Bars of verdict counts by arm and threshold. {summary}.",
        ),
        draw=partial(sensitivity, rows, arms=list(drawing.data.study.arms), styles=drawing.styles),
    )


def _moved(results: Results) -> dict[str, int]:
    """By threshold and factor, and with unsettled runs as stable: how many have another verdict, where any has."""
    moved: Counter[str] = Counter()
    for row in results.sensitivity:
        moved[AS_STABLE if row.factor is None else f"{row.threshold} × {row.factor:g}"] += row.changed
    return {label: count for label, count in moved.items() if count}
