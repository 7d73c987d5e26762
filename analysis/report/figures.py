"""The figures of a report: outcomes and pairs; and all of them."""

from collections.abc import Iterator
from functools import partial

from analysis.chapters.form import Caption, ReportFigure, place_of, row_name
from analysis.figures.effects import PairPanel, paired_slopes
from analysis.figures.outcomes import grid_waffle, waffle
from analysis.findings.grid_headline import total_verdicts
from analysis.findings.questions import LABELS
from analysis.report.designs import factor_figures, stability_figure
from analysis.report.drawing import ANSWER, Drawing
from analysis.report.forests import CONTRASTS, effect_figures
from analysis.report.medians import median_figures
from analysis.report.regions import region_figures
from analysis.report.robustness import robustness_figures
from analysis.report.training import training_figures
from analysis.results.document import ContrastResult, Results
from analysis.results.wording import composition_text, listed, point_text
from analysis.tables.contrasts import over_grid


def report_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """All figures in the order of the report, one after another, so that each can be let go once it is written."""
    if drawing.data.factors:
        yield stability_figure(drawing)
    yield grid_outcomes_figure(drawing) if drawing.over_a_grid else outcomes_figure(drawing)
    yield from median_figures(drawing)
    yield from effect_figures(drawing)
    yield from region_figures(drawing)
    yield from slope_figures(drawing)
    for point in drawing.data.study.grid_points():
        of_point, place = drawing.at(point), place_of(point)
        if len(of_point.verdicts):
            yield from training_figures(of_point, place)
    yield from factor_figures(drawing)
    for chapter in drawing.chapters:
        yield from chapter.figures
    yield from robustness_figures(drawing)


def grid_outcomes_figure(drawing: Drawing) -> ReportFigure:
    """The waffle of verdicts over a grid."""
    results, study = drawing.results, drawing.data.study
    points = [point_text({factor: run[factor] for factor in study.grid}) for run in drawing.verdicts.to_dict("records")]
    counts = "; ".join(f"{row_name(arm.arm, arm.grid_point)}: {arm.not_stable}" for arm in results.arms)
    return ReportFigure(
        caption=Caption(
            name="outcomes",
            section=ANSWER,
            title="Verdicts",
            sentences=[],
            text=f"One square a planned run ({results.counts.used} judged of {results.counts.planned}). The letter is"
            " the verdict; the number at the right counts stable runs of those judged.",
            alt="Squares, a panel an arm, a row a grid point, a column a seed, coloured by verdict."
            f" Not stable: {counts}.",
        ),
        draw=partial(
            grid_waffle,
            drawing.verdicts.assign(point=points),
            arms=list(study.arms),
            points=[point_text(point) for point in study.grid_points()],
            seeds=study.seeds,
            styles=drawing.styles,
        ),
    )


def outcome_sentences(results: Results) -> list[str]:
    """What became of each arm's runs, which a grid's headline says point by point, and stable runs above the bar."""
    return [*([] if results.regions else [f"{_compositions(results)}."]), *_above_the_bar(results)]


def _compositions(results: Results) -> str:
    return "; ".join(composition_text(name, total_verdicts(own)) for name, own in results.by_arm().items())


def _above_the_bar(results: Results) -> list[str]:
    """How many stable runs ended above the bar, realistic in precision and density, if any did."""
    parts = [
        f"{above} of {total_verdicts(own)['stable']} {name}"
        for name, own in results.by_arm().items()
        if (above := sum(arm.stable_above_bar for arm in own))
    ]
    if not parts:
        return []
    return [f"Of the stable runs, some ended above the bar with realistic samples: {listed(parts)}."]


def outcomes_figure(drawing: Drawing) -> ReportFigure:
    """The waffle of verdicts."""
    results, study = drawing.results, drawing.data.study
    rows = {row_name(cell.arm, cell.grid_point): cell.arm for cell in study.cells()}
    runs = drawing.verdicts.to_dict("records")
    names = [row_name(run["arm"], {factor: run[factor] for factor in study.grid}) for run in runs]
    primary = [contrast for contrast in results.of_role("primary") if contrast.rates is not None]
    shown = primary[0] if len(primary) == 1 else None
    composition = _compositions(results)
    pairs = f" Below: the {shown.pairs.used} matched pairs of the primary contrast." if shown else ""
    return ReportFigure(
        caption=Caption(
            name="outcomes",
            section=ANSWER,
            title="Verdicts",
            sentences=[],
            text=f"One square a planned run ({results.counts.used} judged of {results.counts.planned}). The letter is"
            f" the verdict; the number at the right counts stable runs of those judged.{pairs}",
            alt=f"Squares, a row an arm and a column a seed, coloured by verdict. {composition}.",
        ),
        draw=partial(
            waffle,
            drawing.verdicts.assign(row=names),
            rows=list(rows),
            seeds=study.seeds,
            styles={row: drawing.styles[arm] for row, arm in rows.items()},
            pair=(shown.first, shown.second) if shown else None,
            counts=shown.rates.counts if shown and shown.rates else None,
        ),
    )


def slope_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """Pairs of every contrast on a continuous outcome, if there are any."""
    shown = [contrast for contrast in drawing.results.contrasts if contrast.comparison is not None and contrast.values]
    if not shown:
        return
    yield ReportFigure(
        caption=Caption(
            name="slopes",
            section=CONTRASTS,
            title="Matched pairs",
            sentences=[],
            text="Left of each panel: one grey line a matched pair; runs without a value (not stable, or never learned)"
            " stand in the shaded lane. Right: each pair's difference, and the Hodges–Lehmann shift (square) with its"
            f" {1 - drawing.results.alpha:.0%} interval; ∞: only the first arm's run has none, −∞: only the second's."
            + (_OVER_GRID if over_grid(shown) else ""),
            alt="Lines from the first arm's value to the second's, a line a pair, with the differences beside them.",
        ),
        draw=partial(paired_slopes, [_pair_panel(contrast) for contrast in shown], styles=drawing.styles),
    )


_OVER_GRID = (
    " Of updates to the bar, conditional on both learning, a line is a seed: each arm's mean over the grid"
    " points at which the runs of both learned."
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
        without="never" if contrast.outcome == "updates_to_bar" else "not stable",
    )
