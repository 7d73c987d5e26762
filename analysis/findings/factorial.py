"""Effects of architecture and normalization where the arms of a study cross them, and of the factors of its grid.

All cells of a design run the same seeds, so a contrast is taken within each seed and tested over seeds.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.findings.crossed_cells import UNITS, CrossedCells, Floats, count_signs, effects_sentence
from analysis.findings.grid_effects import grid_means, stability_map, trends
from analysis.findings.questions import LABELS
from analysis.judging.pairs import outcome_values, paired_values
from analysis.judging.study_data import StudyData
from analysis.results.factors import Factorial, FactorialResult, SignsOverGrid
from analysis.results.wording import listed, point_text, signed
from analysis.statistics import (
    FactorEffects,
    LogisticModel,
    NotEstimable,
    contrast_effects,
    logistic_gee,
    two_level_contrasts,
)
from runs.plan import Outcome
from runs.schema import BOTH_PLAYERS, RunConfig, config_fields, of_both_players

Levels = Mapping[str, tuple[str, str]]

LEVELS: Levels = {"architecture": ("mlp", "dcgan"), "normalization": ("none", "batch")}
_CROSSED = tuple(field for factor in LEVELS for field in BOTH_PLAYERS[factor])
_NO_DESIGN = (
    "No four arms cross architecture and normalization at equal other settings: their effects are not estimable."
)
_NO_GRID = "The study has no grid: there is no trend and no map."
# what may differ between the cells of a design besides its factors: names, and widths, which matching finds
_FREE = ("study", "arm", "seed", "width_g", "width_d", "inner_width_g", "inner_width_d", *_CROSSED)


def factorial(data: StudyData, verdicts: pd.DataFrame) -> Factorial:
    """Effects of the factors that the study crosses. ``verdicts``: of ``judge_study(data)``."""
    designs = [CrossedCells(data=data, verdicts=verdicts, arms=arms) for arms in crossed_arms(data)]
    return Factorial(
        effects=tuple(result for design in designs for outcome in UNITS for result in _two_by_two(design, outcome)),
        trends=tuple(trends(data, verdicts)),
        means=tuple(grid_means(data, verdicts)),
        stability_map=stability_map(data, verdicts),
        notes=(*(() if designs else (_NO_DESIGN,)), *(() if data.factors else (_NO_GRID,))),
    )


def crossed_arms(data: StudyData) -> list[tuple[str, ...]]:
    """Fours of arms that cross the two factors and share all other settings, in the order of ``FactorialResult.cells``.

    Found from the arms' configs. Arms of one recipe leave it open which of them is the cell, and form none.
    """
    first = data.study.grid_points()[0]
    groups: dict[tuple[Any, ...], dict[tuple[str, ...], list[str]]] = {}
    for arm in data.study.arms:
        config = data.study.cell(arm, first).config
        cell = tuple(of_both_players(config, factor) for factor in LEVELS)
        groups.setdefault(_other_settings(config), {}).setdefault(cell, []).append(arm)
    cells = list(itertools.product(*LEVELS.values()))
    whole = [group for group in groups.values() if all(len(group.get(cell, [])) == 1 for cell in cells)]
    return [tuple(group[cell][0] for cell in cells) for group in whole]


def _other_settings(config: RunConfig) -> tuple[Any, ...]:
    return tuple(value for name, value in config_fields(config).items() if name not in _FREE)


def _two_by_two(design: CrossedCells, outcome: Outcome) -> Iterator[FactorialResult]:
    """A result a grid point, after the average over the grid if there is one."""
    values, points = design.outcomes(outcome), design.points
    contrasts = two_level_contrasts(LEVELS)
    # one row of weights over the grid points for each result, and the point that it belongs to
    places: list[tuple[Mapping[str, Any] | None, Floats]] = list(zip(points, np.eye(len(points)), strict=True))
    if len(points) > 1:
        places.insert(0, (None, np.full(len(points), 1 / len(points))))
    weights = {
        f"{place} {name}": np.multiply.outer(over_grid, weight.ravel())
        for place, (_, over_grid) in enumerate(places)
        for name, weight in contrasts.items()
    }
    found = contrast_effects(values, weights, confidence=design.confidence)
    for place, (point, _) in enumerate(places):
        own = slice(place * len(contrasts), (place + 1) * len(contrasts))
        effects = _named(found, own, list(contrasts))
        signs = _signs(found, list(contrasts)) if point is None else ()
        model = _model(design, point) if outcome == "not_stable" and point is not None else None
        yield FactorialResult(
            outcome=outcome,
            unit=UNITS[outcome],
            levels=LEVELS,
            cells=design.arms,
            grid_point=point,
            n_planned=len(design.data.study.seeds),
            family=len(weights),
            effects=effects,
            signs=signs,
            model=model,
            sentence=effects_sentence(_subject(design, outcome, point), effects, signs, alpha=1 - design.confidence)
            + _model_text(model),
        )


def _named(found: FactorEffects | NotEstimable, own: slice, names: Sequence[str]) -> FactorEffects | NotEstimable:
    """Those of the effects, by their own names."""
    if isinstance(found, NotEstimable):
        return found
    chosen = zip(found.effects[own], names, strict=True)
    return replace(found, effects=tuple(replace(effect, name=name) for effect, name in chosen))


def _signs(found: FactorEffects | NotEstimable, names: Sequence[str]) -> tuple[SignsOverGrid, ...]:
    """Of each effect over the grid points, which stand after the average over them."""
    if isinstance(found, NotEstimable):
        return ()
    at_points = [effect.estimate for effect in found.effects[len(names) :]]
    return tuple(count_signs(name, at_points[place :: len(names)]) for place, name in enumerate(names))


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
