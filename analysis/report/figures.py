"""The figures of a report: outcomes and contrasts; and all of them."""

from collections.abc import Iterator, Sequence

from analysis.figures.effects import ForestRow, PairPanel, forest, paired_slopes
from analysis.figures.outcomes import waffle
from analysis.findings.controls import architecture_alone
from analysis.findings.questions import LABELS
from analysis.report.designs import factor_figures, stability_figure
from analysis.report.drawing import Caption, Drawing, ReportFigure, place_of, row_name
from analysis.report.quality import hopping_figures, profile_figures
from analysis.report.robustness import robustness_figures
from analysis.report.times import time_figures
from analysis.report.training import training_figures
from analysis.results.document import ContrastResult, Results
from analysis.results.wording import composition_text
from analysis.tables.columns import contrast_arms


def report_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """All figures in the order of the report, one after another, so that each can be let go once it is written."""
    yield outcomes_figure(drawing)
    if drawing.data.factors:
        yield stability_figure(drawing)
    yield from effect_figures(drawing.results)
    yield from slope_figures(drawing)
    for point in drawing.data.study.grid_points():
        of_point, place = drawing.at(point), place_of(point)
        if len(of_point.verdicts):
            yield from training_figures(of_point, place)
            yield from time_figures(of_point, place)
            yield from profile_figures(of_point, place)
            yield from hopping_figures(of_point, place)
    yield from factor_figures(drawing)
    yield from robustness_figures(drawing)


def outcomes_figure(drawing: Drawing) -> ReportFigure:
    """The waffle of verdicts."""
    results, study = drawing.results, drawing.data.study
    rows = {row_name(cell.arm, cell.grid_point): cell.arm for cell in study.cells()}
    runs = drawing.verdicts.to_dict("records")
    names = [row_name(run["arm"], {factor: run[factor] for factor in study.grid}) for run in runs]
    primary = [contrast for contrast in results.of_role("primary") if contrast.rates is not None]
    shown = primary[0] if len(primary) == 1 else None
    composition = "; ".join(
        composition_text(row_name(arm.arm, arm.grid_point), {code: rate.count for code, rate in arm.verdicts.items()})
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


def effect_figures(results: Results) -> Iterator[ReportFigure]:
    """Forests of the registered contrasts, at equal updates and at equal training time."""
    at_compute = results.contrasts_at_equal_compute
    for name, title, contrasts in (
        ("contrasts", "Registered contrasts", results.contrasts),
        ("contrasts_equal_compute", "Registered contrasts at equal training time", at_compute),
    ):
        if contrasts:
            first = [contrast.sentence for contrast in contrasts if contrast.role != "secondary"]
            alone = architecture_alone(results) if contrasts is results.contrasts else ()
            yield _forest_figure(name, title, contrasts, [*first, *alone], confidence=1 - results.alpha)


def _forest_figure(
    name: str, title: str, contrasts: Sequence[ContrastResult], sentences: Sequence[str], confidence: float
) -> ReportFigure:
    n = max(contrast.pairs.used for contrast in contrasts)
    return ReportFigure(
        caption=Caption(
            name=name,
            section=title,
            title=title,
            sentences=sentences,
            text=f"Effects with {confidence:.0%} intervals, first minus second, over up to {n} pairs each; bold:"
            " primary and co-primary. Effects in different units have axes of their own. An arrow is an end at"
            " infinity, where runs failed. Holm's correction is over all tests of a role.",
            alt=f"Forest plot. {' '.join(contrast.sentence for contrast in contrasts)}",
        ),
        figure=forest([_forest_row(contrast) for contrast in _by_effect(contrasts)], confidence=confidence),
    )


def _forest_row(contrast: ContrastResult) -> ForestRow:
    return ForestRow(
        label=row_name(contrast.name, contrast.grid_point),
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
        title=row_name(contrast.name, contrast.grid_point),
        first=contrast.first,
        second=contrast.second,
        quantity=LABELS[contrast.outcome],
        unit=contrast.effect.unit,
        values=contrast.values,
        effect=contrast.effect,
        log=contrast.outcome == "final_frechet",
        failed="never" if contrast.outcome == "updates_to_bar" else "failed",
    )
