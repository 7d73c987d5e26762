"""The registered contrasts averaged over a grid."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.findings.crossed_cells import UNITS, CrossedCells, count_signs, effects_sentence
from analysis.findings.questions import LABELS
from analysis.judging.study_data import StudyData
from analysis.results.document import ContrastResult
from analysis.results.grid_means import GridMean, SignsOverGrid
from analysis.results.wording import contrast_text
from analysis.statistics import FactorEffect, FactorEffects, contrast_effects
from runs.plan import Contrast, Outcome


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
    of = tuple(dict.fromkeys((contrast.name, contrast.first, contrast.second) for contrast in contrasts))
    sides = {contrast_text(*one): arms[one[1]] - arms[one[2]] for one in of}
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
        of=of,
        n_planned=len(cells.data.study.seeds),
        effects=effects,
        signs=signs,
        sentence=effects_sentence(subject, effects, signs, alpha=1 - cells.confidence),
    )


class ContrastMean(NamedTuple):
    """A contrast averaged over the grid: ``effect`` is one of ``effects``, in ``unit``."""

    unit: str
    effects: FactorEffects
    effect: FactorEffect
    signs: SignsOverGrid


def mean_over_grid(means: Sequence[GridMean], contrast: ContrastResult) -> ContrastMean | None:
    """The contrast's among them; None of an interaction, and where it is not estimable."""
    own = (contrast.name, contrast.first, contrast.second)
    for mean in means if contrast.minus is None else ():
        if mean.outcome == contrast.outcome and own in mean.of and isinstance(mean.effects, FactorEffects):
            place = mean.of.index(own)
            effect, signs = mean.effects.effects[place], mean.signs[place]
            return ContrastMean(unit=mean.unit, effects=mean.effects, effect=effect, signs=signs)
    return None
