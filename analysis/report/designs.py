"""Factors of a design and of a grid in a report: the figures, and what they say in short."""

from collections.abc import Iterator, Sequence
from functools import partial

from analysis.chapters.form import Caption, ReportFigure, row_name
from analysis.figures.designs import MapCell, stability_map
from analysis.figures.effects import ForestRow, forest
from analysis.findings.questions import LABELS, LARGER_IS_BETTER
from analysis.report.drawing import OUTCOMES, Drawing, Heading, sign_flip_effect
from analysis.results.document import Results
from analysis.results.factors import FactorialResult, TrendResult
from analysis.results.wording import drawn_text, level_text, listed, p_text, signed
from analysis.statistics import FactorEffect, FactorEffects
from analysis.statistics.mean_intervals import METHOD

TITLE = "Factors and their interaction"


def factor_chapter(results: Results) -> Heading:
    """The effects on the rate of runs not stable."""
    shown = [result for result in _shown(results) if result.outcome == "not_stable"]
    gist = [f"{_effects_in_short(result, results.alpha)}." for result in shown]
    return Heading(
        title=TITLE,
        gist=" ".join(gist or results.factorial.notes),
        sentences=[
            *(result.sentence for result in _shown(results)),
            *(trend.sentence for trend in results.factorial.trends),
            *(results.factorial.notes if gist else ()),
        ],
        tables=("factors", "trends"),
    )


def _shown(results: Results) -> list[FactorialResult]:
    """Those of the whole study: without a grid all, with one the means over it."""
    return [result for result in results.factorial.effects if not result.grid_point]


def _effects_in_short(result: FactorialResult, alpha: float) -> str:
    if not isinstance(result.effects, FactorEffects):
        return f"Effects on the {LABELS[result.outcome]}: not estimable, {result.effects}"
    effects = [
        f"{one.name} {signed(one.estimate)} (max-T {p_text(one.p_adjusted, alpha)})" for one in result.effects.effects
    ]
    where = ", mean over the grid" if result.signs else ""
    changing = [signs.name for signs in result.signs if signs.differ]
    both = f"; of both signs at single grid points: {listed(changing)}" if changing else ""
    return f"Effects on the {LABELS[result.outcome]}{where}: {listed(effects)}{both}"


def factor_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """Forests of the effects of architecture and normalization, and of the trends over a grid."""
    results = drawing.results
    effects = [_rows(result, result.effects) for result in _shown(results)]
    if any(effects):
        yield _forest_figure(drawing, "factors", "Effects of architecture and normalization", effects)
    trends = [_rows(trend, trend.effects) for trend in results.factorial.trends if trend.outcome == "not_stable"]
    if any(trends):
        yield _forest_figure(drawing, "trends", "Trends over the grid", trends)


def _forest_figure(drawing: Drawing, name: str, title: str, rows: Sequence[Sequence[ForestRow]]) -> ReportFigure:
    drawn = [row for of_result in rows for row in of_result]
    confidence = 1 - drawing.results.alpha
    return ReportFigure(
        caption=Caption(
            name=name,
            section=TITLE,
            title=title,
            sentences=[],
            text=f"Effects over {_seeds(drawing.results)} seeds with {confidence:.0%} intervals ({METHOD}),"
            f" p by sign-flip{_drawn(drawing.results)} over seeds and by max-T over all effects on an outcome."
            " Exploratory: outside the registered contrasts.",
            alt=f"Forest plot of {len(drawn)} effects.",
        ),
        draw=partial(forest, drawn, confidence=confidence, adjusted="max-T p"),
    )


def _estimated(results: Results) -> list[FactorEffects]:
    parts = results.factorial
    designs = [*(result.effects for result in parts.effects), *(trend.effects for trend in parts.trends)]
    return [effects for effects in designs if isinstance(effects, FactorEffects)]


def _seeds(results: Results) -> int:
    """Complete seeds of the effects that can be estimated."""
    return max((effects.n_seeds for effects in _estimated(results)), default=0)


def _drawn(results: Results) -> str:
    """That signs were drawn, where they were."""
    return next((text for effects in _estimated(results) if (text := drawn_text(effects))), "")


def _rows(result: FactorialResult | TrendResult, effects: object) -> list[ForestRow]:
    if not isinstance(effects, FactorEffects):
        return []
    kind = "effect on" if isinstance(result, FactorialResult) else "change from one level to the next of"
    name = f"{kind} {LABELS[result.outcome]}"
    return [
        ForestRow(
            label=effect.name if isinstance(result, FactorialResult) else result.factor,
            arms=_difference(result, effect),
            effect=sign_flip_effect(effect, name=name, unit=result.unit, family=len(effects.effects)),
            direction=f"{'better' if result.outcome in LARGER_IS_BETTER else 'worse'} →",
        )
        for effect in effects.effects
    ]


def _difference(result: FactorialResult | TrendResult, effect: FactorEffect) -> str:
    if isinstance(result, TrendResult):
        return effect.name
    if effect.name not in result.levels:
        return "difference of differences"
    low, high = result.levels[effect.name]
    return f"{high} − {low}"


def stability_figure(drawing: Drawing) -> ReportFigure:
    """Failure rates over the grid."""
    results, (x, *others) = drawing.results, drawing.data.factors
    cells: dict[str, list[MapCell]] = {arm: [] for arm in drawing.data.study.arms}
    for arm in results.arms:
        y = ", ".join(level_text(arm.grid_point[factor]) for factor in others)
        cells[arm.arm].append(MapCell(x=level_text(arm.grid_point[x]), y=y, not_stable=arm.not_stable))
    counts = "; ".join(f"{row_name(arm.arm, arm.grid_point)}: {arm.not_stable}" for arm in results.arms)
    return ReportFigure(
        caption=Caption(
            name="stability_map",
            section=OUTCOMES,
            title="Stability map",
            sentences=[panel.sentence for panel in results.factorial.stability_map],
            text=f"Each cell: runs not stable of those judged, and the {1 - results.alpha:.0%} Wilson interval of that"
            " rate. Not stable includes runs that had not learned.",
            alt=f"Shaded tables, one an arm. {counts}.",
        ),
        draw=partial(stability_map, cells, x=x, y=", ".join(others), outcome="not stable", styles=drawing.styles),
    )
