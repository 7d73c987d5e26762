"""The figures of a report: outcomes, contrasts, sensitivity; and the order of all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.plots_designs import MapCell, stability_map
from analysis.plots_effects import ForestRow, PairPanel, forest, paired_slopes
from analysis.plots_outcomes import sensitivity, waffle
from analysis.questions import LABELS
from analysis.report_drawing import Caption, Drawing, ReportFigure, place_of
from analysis.report_tables import contrast_arms
from analysis.report_training import training_figures
from analysis.results import ContrastResult, Results
from analysis.wording import composition_text, point_text


def report_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """All figures in the order of the report, one after another, so that each can be let go once it is written."""
    yield outcomes_figure(drawing)
    if drawing.data.factors:
        yield stability_figure(drawing)
    yield from effect_figures(drawing.results)
    yield from slope_figures(drawing)
    for point in drawing.data.study.grid_points():
        of_point = drawing.at(point)
        if len(of_point.verdicts):
            yield from training_figures(of_point, place_of(point))
    if drawing.results.counts.used:
        yield sensitivity_figure(drawing)


def outcomes_figure(drawing: Drawing) -> ReportFigure:
    """The waffle of verdicts."""
    results, study = drawing.results, drawing.data.study
    rows = {_row_name(cell.arm, cell.grid_point): cell.arm for cell in study.cells()}
    runs = drawing.verdicts.to_dict("records")
    names = [_row_name(run["arm"], {factor: run[factor] for factor in study.grid}) for run in runs]
    primary = [contrast for contrast in results.of_role("primary") if contrast.rates is not None]
    shown = primary[0] if len(primary) == 1 else None
    composition = "; ".join(
        composition_text(_row_name(arm.arm, arm.grid_point), {code: rate.count for code, rate in arm.verdicts.items()})
        for arm in results.arms
    )
    pairs = f" Below: the {shown.pairs.used} matched pairs of the primary contrast." if shown else ""
    return ReportFigure(
        caption=Caption(
            name="outcomes",
            section="Outcomes",
            title="Outcomes",
            sentences=[f"{composition}."],
            text=f"One square a planned run ({results.counts.used} judged of {results.counts.planned}). The letter is"
            f" the verdict; the number at the right counts stable runs of those judged.{pairs}",
            alt=f"Squares, a row an arm and a column a seed, coloured by verdict. {composition}.",
        ),
        figure=waffle(
            drawing.verdicts.assign(row=names),
            rows=list(rows),
            seeds=study.seeds,
            styles={row: drawing.styles[arm] for row, arm in rows.items()},
            pair=(shown.first, shown.second) if shown else None,
            counts=shown.rates.counts if shown and shown.rates else None,
        ),
    )


def _row_name(arm: str, point: Mapping[str, Any]) -> str:
    return f"{arm} · {point_text(point)}" if point else arm


def effect_figures(results: Results) -> Iterator[ReportFigure]:
    """Forests of the registered contrasts, at equal updates and at equal training time."""
    at_compute = results.contrasts_at_equal_compute
    for name, title, contrasts in (
        ("contrasts", "Registered contrasts", results.contrasts),
        ("contrasts_equal_compute", "Registered contrasts at equal training time", at_compute),
    ):
        if contrasts:
            yield _forest_figure(name, title, contrasts, confidence=1 - results.alpha)


def _forest_figure(name: str, title: str, contrasts: Sequence[ContrastResult], confidence: float) -> ReportFigure:
    n = max(contrast.pairs.used for contrast in contrasts)
    return ReportFigure(
        caption=Caption(
            name=name,
            section=title,
            title=title,
            sentences=[contrast.sentence for contrast in contrasts if contrast.role != "secondary"],
            text=f"Effects with {confidence:.0%} intervals, first minus second, over up to {n} pairs each; bold:"
            " primary and co-primary. Effects in different units have axes of their own. An arrow is an end at"
            " infinity, where runs failed. Holm's correction is over all tests of a role.",
            alt=f"Forest plot. {' '.join(contrast.sentence for contrast in contrasts)}",
        ),
        figure=forest([_forest_row(contrast) for contrast in _by_effect(contrasts)], confidence=confidence),
    )


def _forest_row(contrast: ContrastResult) -> ForestRow:
    return ForestRow(
        label=_row_name(contrast.name, contrast.grid_point),
        arms=contrast_arms(contrast),
        effect=contrast.effect,
        strong=contrast.role != "secondary",
    )


def _by_effect(contrasts: Sequence[ContrastResult]) -> list[ContrastResult]:
    """Effects of one kind and unit side by side, in the order in which each kind first comes."""
    kinds = list(dict.fromkeys((contrast.effect.name, contrast.effect.unit) for contrast in contrasts))
    return sorted(contrasts, key=lambda contrast: kinds.index((contrast.effect.name, contrast.effect.unit)))


def slope_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """Pairs of every contrast on a continuous outcome, if there are any."""
    shown = [
        contrast
        for contrast in drawing.results.contrasts
        if contrast.minus is None and contrast.outcome != "not_stable" and contrast.values
    ]
    if not shown:
        return
    yield ReportFigure(
        caption=Caption(
            name="slopes",
            section="Registered contrasts",
            title="Matched pairs",
            sentences=[contrast.sentence for contrast in shown],
            text="Left of each panel: one grey line a matched pair; runs that failed, or never learned, stand in the"
            " shaded lane. Right: each pair's difference, and the Hodges–Lehmann shift (square) with its"
            f" {1 - drawing.results.alpha:.0%} interval; ∞: only the first arm's run failed, −∞: only the second's.",
            alt="Lines from the first arm's value to the second's, a line a pair, with the differences beside them.",
        ),
        figure=paired_slopes([_pair_panel(contrast) for contrast in shown], styles=drawing.styles),
    )


def _pair_panel(contrast: ContrastResult) -> PairPanel:
    return PairPanel(
        title=_row_name(contrast.name, contrast.grid_point),
        first=contrast.first,
        second=contrast.second,
        quantity=LABELS[contrast.outcome],
        unit=contrast.effect.unit,
        values=contrast.values,
        effect=contrast.effect,
        log=contrast.outcome == "final_frechet",
        failed="never" if contrast.outcome == "updates_to_bar" else "failed",
    )


def stability_figure(drawing: Drawing) -> ReportFigure:
    """Failure rates over the grid."""
    results, (x, *others) = drawing.results, drawing.data.factors
    cells: dict[str, list[MapCell]] = {arm: [] for arm in drawing.data.study.arms}
    for arm in results.arms:
        y = ", ".join(_level(arm.grid_point, factor) for factor in others)
        cells[arm.arm].append(MapCell(x=_level(arm.grid_point, x), y=y, failures=arm.not_stable))
    counts = "; ".join(f"{_row_name(arm.arm, arm.grid_point)}: {arm.not_stable}" for arm in results.arms)
    return ReportFigure(
        caption=Caption(
            name="stability_map",
            section="Outcomes",
            title="Stability map",
            sentences=["How many runs were not stable at the end of the budget, at every grid point."],
            text=f"Each cell: runs not stable of those judged, and the {1 - results.alpha:.0%} Wilson interval of that"
            " rate. Not stable includes runs that had not learned.",
            alt=f"Shaded tables, one an arm. {counts}.",
        ),
        figure=stability_map(cells, x=x, y=", ".join(others), outcome="not stable", styles=drawing.styles),
    )


def _level(point: Mapping[str, Any], factor: str) -> str:
    return point_text({factor: point[factor]}).removeprefix(f"{factor} ")


def sensitivity_figure(drawing: Drawing) -> ReportFigure:
    """How verdicts move when a threshold is halved or doubled."""
    rows = drawing.results.sensitivity
    moving = [
        f"{label} ({count} {'run' if count == 1 else 'runs'})" for label, count in _moved(drawing.results).items()
    ]
    summary = f"Verdicts move with {', '.join(moving)}" if moving else "No verdict moves with any threshold"
    skipped = "".join(f" {sentence}." for sentence in drawing.results.sensitivity_skipped)
    return ReportFigure(
        caption=Caption(
            name="sensitivity",
            section="Sensitivity to the thresholds",
            title="Sensitivity to the thresholds",
            sentences=[f"{summary}; each was halved and doubled in turn."],
            text="For each arm and threshold, a bar of verdicts at each of the values above the panel, from top to"
            f" bottom; the other thresholds as registered.{skipped}",
            alt=f"Bars of verdict counts by arm and threshold. {summary}.",
        ),
        figure=sensitivity(rows, arms=list(drawing.data.study.arms), styles=drawing.styles),
    )


def _moved(results: Results) -> dict[str, int]:
    """By threshold and factor: the least number of runs whose verdict must have changed, where any has."""
    registered = {(row.threshold, row.arm): row.verdicts for row in results.sensitivity if row.factor == 1}
    moved: dict[str, int] = {}
    for row in results.sensitivity:
        before = registered[row.threshold, row.arm]
        label = f"{row.threshold} × {row.factor:g}"
        moved[label] = moved.get(label, 0) + sum(abs(row.verdicts[code] - n) for code, n in before.items()) // 2
    return {label: count for label, count in moved.items() if count}
