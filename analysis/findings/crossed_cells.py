"""Which arms cross architecture and normalization, outcomes of crossed cells by seed, and sentences on effects."""

# S complete seeds, P grid points, A arms

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.judging.pairs import outcome_values, paired_values
from analysis.judging.study_data import StudyData
from analysis.results.grid_means import SignsOverGrid
from analysis.results.wording import drawn_text, interval_text, p_text, signed, signs_text
from analysis.statistics import FactorEffect, FactorEffects, NotEstimable, contrast_effects, two_level_contrasts
from runs.plan import Outcome
from runs.schema import BOTH_PLAYERS, RunConfig, config_fields, of_both_players

Floats = NDArray[np.float64]

Levels = Mapping[str, tuple[str, str]]

LEVELS: Levels = {"architecture": ("mlp", "dcgan"), "normalization": ("none", "batch")}  # of each factor, low then high
_CROSSED = tuple(field for factor in LEVELS for field in BOTH_PLAYERS[factor])
# what may differ between the cells of a design besides its factors: names, and widths, which matching finds
_FREE = ("study", "arm", "seed", "width_g", "width_d", "inner_width_g", "inner_width_d", *_CROSSED)
# the outcomes whose effects are estimated
UNITS: Mapping[Outcome, str] = {
    "not_stable": "share of runs",
    "updates_to_bar": "generator updates, at most the budget",
    "final_frechet": "ranks",
}


@dataclass(frozen=True, kw_only=True)
class CrossedCells:
    """Cells whose outcomes are analysed together: every one of ``arms`` at every grid point.

    verdicts: of ``judge_study(data)``.
    """

    data: StudyData
    verdicts: pd.DataFrame
    arms: tuple[str, ...]

    @property
    def points(self) -> list[dict[str, Any]]:
        """The grid points; one empty point without a grid."""
        return self.data.study.grid_points()

    @property
    def confidence(self) -> float:
        """Of intervals."""
        return 1 - self.data.study.plan.alpha

    def outcomes(self, outcome: Outcome) -> Floats:
        """Outcomes (S, P, A) at seeds where every cell has one; finite, larger is worse.

        updates_to_bar is cut off at the budget; final_frechet is in joint ranks, runs not stable sharing the worst.
        """
        by_run = outcome_values(self.verdicts, outcome)
        values = paired_values(self.data, by_run, self.arms, self.points)
        values = values[~np.isnan(values).any(axis=(1, 2))]
        if outcome == "updates_to_bar":
            return np.minimum(values, self._budgets())
        return stats.rankdata(values).reshape(values.shape) if outcome == "final_frechet" else values

    def _budgets(self) -> Floats:
        """Budgets (P, A) in generator updates."""
        configs = [[self.data.study.cell(arm, point).config for arm in self.arms] for point in self.points]
        return np.array([[config.steps * config.g_steps for config in row] for row in configs], dtype=np.float64)


def crossed_arms(data: StudyData) -> list[tuple[str, ...]]:
    """Fours of arms that cross the factors and share all other settings, by the cells of LEVELS, the last one quickest.

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


class EffectsAt(NamedTuple):
    """Main effects and interaction at a grid point; ``point`` is None for their means over the grid.

    signs: of the estimates at the grid points, one an effect; empty where ``effects`` are no means over them.
    """

    point: Mapping[str, Any] | None
    effects: FactorEffects | NotEstimable
    signs: tuple[SignsOverGrid, ...]


def effects_by_place(design: CrossedCells, outcome: Outcome) -> list[EffectsAt]:
    """The mean over the grid, if there is one, and every grid point; p_adjusted is over all effects at all of them.

    The arms of ``design`` are as ``crossed_arms`` gives them.
    """
    points, contrasts = design.points, two_level_contrasts(LEVELS)
    places: list[tuple[Mapping[str, Any] | None, Floats]] = list(zip(points, np.eye(len(points)), strict=True))
    if len(points) > 1:
        places.insert(0, (None, np.full(len(points), 1 / len(points))))
    weights = {
        _at(place, name): np.multiply.outer(over_grid, weight.ravel())
        for place, (_, over_grid) in enumerate(places)
        for name, weight in contrasts.items()
    }
    together = contrast_effects(design.outcomes(outcome), weights, confidence=design.confidence)
    if isinstance(together, NotEstimable):
        return [EffectsAt(point, together, ()) for point, _ in places]
    found = {effect.name: effect for effect in together.effects}
    named = [[replace(found[_at(place, name)], name=name) for name in contrasts] for place in range(len(places))]
    at_points = [effect for own, (point, _) in zip(named, places, strict=True) if point is not None for effect in own]
    signs = tuple(count_signs(name, [one.estimate for one in at_points if one.name == name]) for name in contrasts)
    return [
        EffectsAt(point, replace(together, effects=tuple(own)), signs if point is None else ())
        for own, (point, _) in zip(named, places, strict=True)
    ]


def _at(place: int, name: str) -> str:
    return f"{place} {name}"


def count_signs(name: str, estimates: Iterable[float]) -> SignsOverGrid:
    """Of an effect's estimates, one a grid point."""
    signs = Counter(np.sign(list(estimates)).tolist())
    return SignsOverGrid(name=name, above=signs[1], zero=signs[0], below=signs[-1])


def effects_sentence(
    subject: str,
    effects: FactorEffects | NotEstimable,
    signs: Sequence[SignsOverGrid] = (),
    *,
    alpha: float,
) -> str:
    """All effects with intervals and both p, or why there are none; of averages over a grid with their ``signs``."""
    if isinstance(effects, NotEstimable):
        return f"{subject}: not estimable, {effects}."
    at_points = {one.name: f" ({signs_text(one)})" for one in signs}
    parts = "; ".join(
        _effect_text(effect, drawn_text(effects), alpha) + at_points.get(effect.name, "") for effect in effects.effects
    )
    notes = "".join(f" {note[0].upper()}{note[1:]}." for note in effects.note)
    return f"{subject}: {parts}; {effects.n_seeds} complete seeds.{notes}"


def _effect_text(effect: FactorEffect, drawn: str, alpha: float) -> str:
    return (
        f"{effect.name} {signed(effect.estimate)} {interval_text(effect.interval)}, sign-flip{drawn}"
        f" {p_text(effect.p, alpha)}, max-T {p_text(effect.p_adjusted, alpha)}"
    )
