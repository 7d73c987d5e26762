"""What do architecture and normalization do, each and together, and what the factors of the grid?

Of four arms that cross the two, and along each factor of the grid: contrasts within a seed, tested over seeds.
"""

# S complete seeds, P grid points, A arms

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from analysis.chapters.form import Caption, Chapter, Judged, ReportFigure
from analysis.figures.effects import ForestRow, forest, forest_rows, over_seeds
from analysis.findings.crossed_cells import (
    LEVELS,
    UNITS,
    CrossedCells,
    crossed_arms,
    effects_by_place,
    effects_sentence,
)
from analysis.findings.questions import LABELS, LARGER_IS_BETTER
from analysis.judging.pairs import outcome_values, paired_values
from analysis.results.grid_means import SignsOverGrid
from analysis.results.wording import drawn_text, level_text, listed, p_text, point_text, signed, signs_text
from analysis.statistics import (
    FactorEffect,
    FactorEffects,
    LogisticModel,
    NotEstimable,
    contrast_effects,
    logistic_gee,
    two_level_contrasts,
)
from analysis.statistics.mean_intervals import METHOD
from analysis.tables.columns import ends, frame, interval, level, reason
from analysis.tables.formats import ABSENT, Table
from runs.plan import Outcome

TITLE = "Factors and their interaction"
ALL_ARMS = "all arms"
_NO_DESIGN = (
    "No four arms cross architecture and normalization at equal other settings: their effects are not estimable."
)
_NO_GRID = "The study has no grid: there is no trend and no map."
_DIFFERENCES = {
    name: f"{LEVELS[name][1]} − {LEVELS[name][0]}" if name in LEVELS else "difference of differences"
    for name in two_level_contrasts(LEVELS)
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Effects on one outcome, at a place or along a factor; an outcome is as ``CrossedCells.outcomes`` gives it.

    place: columns that say where, or along what. p_adjusted of the effects is over all on this outcome at all places.
    signs: of means over the grid, one an effect. model: logistic model of failures beside them, at single places.
    differences: by effect, what is taken from what. whole: of the whole study, not of one point of several.
    """

    outcome: Outcome
    place: Mapping[str, str]
    planned: int
    effects: FactorEffects | NotEstimable
    signs: Sequence[SignsOverGrid] = ()
    model: LogisticModel | NotEstimable | None = None
    differences: Mapping[str, str]
    whole: bool
    sentence: str

    @property
    def estimated(self) -> Sequence[FactorEffect]:
        """None where they cannot be."""
        return self.effects.effects if isinstance(self.effects, FactorEffects) else ()


def factors(judged: Judged) -> Chapter:
    """Forests and tables of the effects of the crossed factors, and of the trends over the grid."""
    crossed, along = crossed_effects(judged), trends(judged)
    whole = [found for found in crossed if found.whole]
    notes = [*([] if crossed else [_NO_DESIGN]), *([] if judged.data.factors else [_NO_GRID])]
    gist = [f"{_in_short(found, judged.alpha)}." for found in whole if found.outcome == "not_stable"]
    return Chapter(
        name="factors",
        title=TITLE,
        gist=" ".join(gist or notes),
        sentences=[*(found.sentence for found in (*whole, *along)), *(notes if gist else [])],
        tables=(_factors_table(crossed, judged.alpha), _trends_table(along, judged.alpha)),
        figures=list(_figures(judged, [*crossed, *along], whole, along)),
    )


def crossed_effects(judged: Judged) -> list[Found]:
    """Main effects and interaction of every four of arms that cross the factors, by outcome and grid point."""
    designs = [
        CrossedCells(data=judged.data, verdicts=judged.verdicts, arms=arms) for arms in crossed_arms(judged.data)
    ]
    return [found for design in designs for outcome in UNITS for found in _two_by_two(design, outcome)]


def _two_by_two(design: CrossedCells, outcome: Outcome) -> Iterator[Found]:
    """One a grid point, after the mean over the grid if there is one."""
    for point, effects, signs in effects_by_place(design, outcome):
        model = _model(design, point) if outcome == "not_stable" and point is not None else None
        at = "mean over the grid" if point is None else point_text(point)
        yield Found(
            outcome=outcome,
            place={"outcome": LABELS[outcome], **({"at": at} if at else {})},
            planned=len(design.data.study.seeds),
            effects=effects,
            signs=signs,
            model=model,
            differences=_DIFFERENCES,
            whole=not point,
            sentence=effects_sentence(_subject(design, outcome, point), effects, signs, alpha=1 - design.confidence)
            + _model_text(model),
        )


def _model(design: CrossedCells, point: Mapping[str, Any]) -> LogisticModel | NotEstimable:
    by_run = outcome_values(design.verdicts, "not_stable")
    table = paired_values(design.data, by_run, design.arms, [point]).reshape(-1, 2, 2) == 1
    return logistic_gee(table, LEVELS, confidence=design.confidence)


def _subject(design: CrossedCells, outcome: Outcome, point: Mapping[str, Any] | None) -> str:
    where = ", mean over the grid" if point is None else f", at {point_text(point)}" if point else ""
    label = LABELS[outcome]
    return f"{label[0].upper()}{label[1:]} ({UNITS[outcome]}) over {listed(design.arms)}{where}"


def _model_text(model: LogisticModel | NotEstimable | None) -> str:
    """The log odds, or why there are none, after a space; empty where there is no model."""
    if model is None:
        return ""
    if isinstance(model, NotEstimable):
        return f" {str(model)[0].upper()}{str(model)[1:]}."
    odds = listed([f"{effect.name} {signed(effect.log_odds)}" for effect in model.effects])
    return f" Log odds by the logistic model: {odds}."


def trends(judged: Judged) -> list[Found]:
    """Of every outcome along every factor of at least two levels, over seeds where every cell of the grid has a run."""
    cells = CrossedCells(data=judged.data, verdicts=judged.verdicts, arms=tuple(judged.data.study.arms))
    along = [factor for factor, levels in judged.data.study.grid.items() if len(levels) > 1]
    return [_trend(cells, factor, outcome) for factor in along for outcome in UNITS]


def _trend(cells: CrossedCells, factor: str, outcome: Outcome) -> Found:
    """Mean change from one level to the next, the least-squares slope over their order, averaged over other factors."""
    levels = _ordered(cells.data.study.grid[factor])
    positions = np.array([levels.index(point[factor]) for point in cells.points], dtype=np.float64)
    centred = positions - positions.mean()
    slope = centred / (centred**2).sum()
    arms = np.eye(len(cells.arms))
    sides = {ALL_ARMS: arms.mean(axis=0), **dict(zip(cells.arms, arms, strict=True))}
    weights = {name: np.multiply.outer(slope, side) for name, side in sides.items()}
    effects = contrast_effects(cells.outcomes(outcome), weights, confidence=cells.confidence)
    told = [level_text(value) for value in levels]
    return Found(
        outcome=outcome,
        place={"factor": factor, "levels": ", ".join(told), "outcome": LABELS[outcome]},
        planned=len(cells.data.study.seeds),
        effects=effects,
        differences={name: name for name in sides},
        whole=True,
        sentence=effects_sentence(
            f"Change of {LABELS[outcome]} from one {factor} to the next ({listed(told)})",
            effects,
            alpha=1 - cells.confidence,
        ),
    )


def _ordered(levels: Sequence[Any]) -> tuple[Any, ...]:
    numeric = all(isinstance(value, int | float) for value in levels)
    return tuple(sorted(levels)) if numeric else tuple(levels)


def _in_short(found: Found, alpha: float) -> str:
    if not found.estimated:
        return f"Effects on the {LABELS[found.outcome]}: not estimable, {found.effects}"
    effects = [f"{one.name} {signed(one.estimate)} (max-T {p_text(one.p_adjusted, alpha)})" for one in found.estimated]
    where = ", mean over the grid" if found.signs else ""
    changing = [signs.name for signs in found.signs if signs.differ]
    both = f"; of both signs at single grid points: {listed(changing)}" if changing else ""
    return f"Effects on the {LABELS[found.outcome]}{where}: {listed(effects)}{both}"


def _factors_table(crossed: Sequence[Found], alpha: float) -> Table:
    return Table(
        name="factors",
        caption="Effects of architecture (DCGAN less MLP), normalization (BatchNorm less none) and their interaction,"
        " one contrast a seed; max-T p is over all effects on an outcome. Interval of an effect:"
        f" {METHOD}. Log odds: logistic GEE, exchangeable within a"
        " seed; ranks are joint ranks of all runs, those that are not stable sharing the worst.",
        frame=frame([row for found in crossed for row in _factor_rows(found)], whole=("seeds",)),
        p=("sign-flip p", "max-T p", "log odds p"),
        intervals={f"{name} {level(alpha)}": interval(name) for name in ("effect", "log odds")},
    )


def _factor_rows(found: Found) -> Iterator[dict[str, Any]]:
    model = {effect.name: effect for effect in found.model.effects} if isinstance(found.model, LogisticModel) else {}
    signs = {one.name: signs_text(one) for one in found.signs}
    for row in _rows(found):
        odds = model.get(row["of"])
        yield {
            **row,
            "log odds": odds.log_odds if odds else None,
            **ends("log odds", odds.interval if odds else None),
            "log odds p": odds.p if odds else None,
            "note": _note(found, signs.get(row["of"]), reason(found.effects, found.model)),
        }


def _trends_table(along: Sequence[Found], alpha: float) -> Table:
    return Table(
        name="trends",
        caption="Mean change from one level of a grid factor to the next, one slope a seed; max-T p is over all arms."
        f" Interval: {METHOD}.",
        frame=frame([{**row, "note": _note(one, reason(one.effects))} for one in along for row in _rows(one)]),
        p=("sign-flip p", "max-T p"),
        intervals={f"effect {level(alpha)}": interval("effect")},
    )


def _rows(found: Found) -> list[dict[str, Any]]:
    """A row an effect; one without numbers if they are not estimable."""
    if isinstance(found.effects, NotEstimable):
        counts = {"seeds": found.effects.n, "planned": found.planned}
        return [{**found.place, "of": ABSENT, **counts, "unit": UNITS[found.outcome]}]
    return [
        {
            **found.place,
            "of": effect.name,
            "seeds": found.effects.n_seeds,
            "planned": found.planned,
            "effect": effect.estimate,
            **ends("effect", effect.interval),
            "sign-flip p": effect.p,
            "max-T p": effect.p_adjusted,
            "unit": UNITS[found.outcome],
        }
        for effect in found.effects.effects
    ]


def _note(found: Found, *more: str | None) -> str | None:
    notes = found.effects.note if isinstance(found.effects, FactorEffects) else ()
    return "; ".join([*notes, *(note for note in more if note)]) or None


def _figures(
    judged: Judged, everything: Sequence[Found], whole: Sequence[Found], along: Sequence[Found]
) -> Iterator[ReportFigure]:
    """Forests of the effects of architecture and normalization, and of the trends over a grid."""
    estimated = [one.effects for one in everything if isinstance(one.effects, FactorEffects)]
    seeds = max((effects.n_seeds for effects in estimated), default=0)
    drawn = next((text for effects in estimated if (text := drawn_text(effects))), "")  # that signs were, if they were
    effects = [row for one in whole for row in _forest_rows(one, "effect on")]
    of_failures = [one for one in along if one.outcome == "not_stable"]
    changes = [row for one in of_failures for row in _forest_rows(one, "change from one level to the next of")]
    for name, title, rows in (
        ("factors", "Effects of architecture and normalization", effects),
        ("trends", "Trends over the grid", changes),
    ):
        if rows:
            yield ReportFigure(
                caption=Caption(
                    name=name,
                    title=title,
                    sentences=[],
                    text=f"Effects over {seeds} seeds with {1 - judged.alpha:.0%} intervals ({METHOD}),"
                    f" p by sign-flip{drawn} over seeds and by max-T over all effects on an outcome."
                    " Exploratory: outside the registered contrasts.",
                    alt=f"Forest plot of {len(rows)} effects.",
                ),
                data=forest_rows(rows),
                draw=partial(forest, rows, confidence=1 - judged.alpha, adjusted="max-T p"),
            )


def _forest_rows(found: Found, kind: str) -> list[ForestRow]:
    return [
        ForestRow(
            label=found.place.get("factor", effect.name),
            arms=found.differences[effect.name],
            effect=over_seeds(effect, name=f"{kind} {LABELS[found.outcome]}", unit=UNITS[found.outcome]),
            direction=f"{'better' if found.outcome in LARGER_IS_BETTER else 'worse'} →",
        )
        for effect in found.estimated
    ]
