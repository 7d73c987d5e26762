"""Over a grid: how outcomes change along each factor, contrasts averaged over it, and the map of runs not stable."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.findings.crossed_cells import UNITS, CrossedCells, count_signs, effects_sentence
from analysis.findings.questions import LABELS
from analysis.judging.judgements import count_verdicts
from analysis.judging.study_data import StudyData
from analysis.results.factors import GridMean, MapCell, MapPanel, TrendResult
from analysis.results.wording import contrast_text, level_text, listed, point_text, range_text
from analysis.statistics import FactorEffects, contrast_effects, wilson
from runs.plan import Contrast, Outcome

ALL_ARMS = "all arms"


def trends(data: StudyData, verdicts: pd.DataFrame) -> Iterator[TrendResult]:
    """Of every outcome along every factor of at least two levels, over seeds where every cell of the grid has a run.

    ``verdicts``: of ``judge_study(data)``.
    """
    cells = CrossedCells(data=data, verdicts=verdicts, arms=tuple(data.study.arms))
    for factor, levels in data.study.grid.items():
        if len(levels) > 1:
            yield from (_trend(cells, factor, outcome) for outcome in UNITS)


def grid_means(data: StudyData, verdicts: pd.DataFrame) -> Iterator[GridMean]:
    """The registered contrasts of two arms, averaged over the grid, by outcome. ``verdicts``: of ``judge_study``."""
    cells = CrossedCells(data=data, verdicts=verdicts, arms=tuple(data.study.arms))
    if len(cells.points) < 2:
        return
    for outcome in UNITS:
        contrasts = [
            contrast
            for contrast in data.study.plan.contrasts
            if contrast.outcome == outcome and contrast.minus is None and set(contrast.arms) <= set(cells.arms)
        ]
        if contrasts:
            yield _grid_mean(cells, outcome, contrasts)


def _grid_mean(cells: CrossedCells, outcome: Outcome, contrasts: Sequence[Contrast]) -> GridMean:
    even = np.full(len(cells.points), 1 / len(cells.points))
    arms = dict(zip(cells.arms, np.eye(len(cells.arms)), strict=True))
    sides = {
        contrast_text(contrast.name, contrast.first, contrast.second): arms[contrast.first] - arms[contrast.second]
        for contrast in contrasts
    }
    values = cells.outcomes(outcome)
    weights = {name: np.multiply.outer(even, side) for name, side in sides.items()}
    effects = contrast_effects(values, weights, confidence=cells.confidence)
    known = sides if isinstance(effects, FactorEffects) else {}
    signs = tuple(count_signs(name, (values @ side).mean(axis=0)) for name, side in known.items())
    label = LABELS[outcome]
    subject = f"{label[0].upper()}{label[1:]} ({UNITS[outcome]}), mean over {len(cells.points)} grid points"
    return GridMean(
        outcome=outcome,
        unit=UNITS[outcome],
        n_planned=len(cells.data.study.seeds),
        effects=effects,
        signs=signs,
        sentence=effects_sentence(subject, effects, signs, alpha=1 - cells.confidence),
    )


def stability_map(data: StudyData, verdicts: pd.DataFrame) -> tuple[MapPanel, ...]:
    """A panel an arm; none without a grid. ``verdicts``: of ``judge_study(data)``."""
    return tuple(_panel(data, verdicts, arm) for arm in data.study.arms if data.factors)


def _trend(cells: CrossedCells, factor: str, outcome: Outcome) -> TrendResult:
    levels = _ordered(cells.data.study.grid[factor])
    values = cells.outcomes(outcome)
    positions = np.array([levels.index(point[factor]) for point in cells.points], dtype=np.float64)
    centred = positions - positions.mean()
    slope = centred / (centred**2).sum()
    arms = np.eye(len(cells.arms))
    sides = {ALL_ARMS: arms.mean(axis=0), **dict(zip(cells.arms, arms, strict=True))}
    weights = {name: np.multiply.outer(slope, side) for name, side in sides.items()}
    effects = contrast_effects(values, weights, confidence=cells.confidence)
    subject = f"Change of {LABELS[outcome]} from one {factor} to the next ({listed([level_text(x) for x in levels])})"
    return TrendResult(
        factor=factor,
        levels=levels,
        outcome=outcome,
        unit=UNITS[outcome],
        n_planned=len(cells.data.study.seeds),
        effects=effects,
        sentence=effects_sentence(subject, effects, alpha=1 - cells.confidence),
    )


def _ordered(levels: Sequence[Any]) -> tuple[Any, ...]:
    numeric = all(isinstance(level, int | float) for level in levels)
    return tuple(sorted(levels)) if numeric else tuple(levels)


def _panel(data: StudyData, verdicts: pd.DataFrame, arm: str) -> MapPanel:
    cells = [_map_cell(data, verdicts, arm, point) for point in data.study.grid_points()]
    sentence = _panel_sentence(arm, [cell for cell in cells if cell.not_stable.n])
    factors = {name: _ordered(levels) for name, levels in data.study.grid.items()}
    return MapPanel(arm=arm, factors=factors, cells=tuple(cells), sentence=sentence)


def _panel_sentence(arm: str, known: Sequence[MapCell]) -> str:
    """``known``: cells with runs."""
    if not known:
        return f"{arm}: no runs."
    clean = sum(cell.not_stable.count == 0 for cell in known)
    text = f"{arm}: every run stable at {clean} of {len(known)} grid points"
    worst = max(known, key=lambda cell: cell.not_stable.count / cell.not_stable.n)
    rate = worst.not_stable
    if rate.count == 0 or rate.interval is None:
        return f"{text}."
    limits = range_text(rate.interval.low, rate.interval.high)
    as_bad = sum(cell.not_stable == rate for cell in known)
    where = point_text(worst.grid_point) if as_bad == 1 else f"{as_bad} of them"
    return f"{text}; at worst {rate.count} of {rate.n} {limits} not stable, at {where}."


def _map_cell(data: StudyData, verdicts: pd.DataFrame, arm: str, point: Mapping[str, Any]) -> MapCell:
    judged = verdicts[verdicts["run_id"].isin(data.only([arm], point).used["run_id"])]
    not_stable = int(judged["not_stable"].sum())
    return MapCell(
        grid_point=point,
        not_stable=wilson(not_stable, len(judged), 1 - data.study.plan.alpha),
        verdicts=count_verdicts(judged["verdict"]),
    )
