"""A declared contrast, at one grid point or over the grid and on one scale, with the runs that answer it."""

# S seeds, P grid points, A arms

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.judging.judgements import count_verdicts
from analysis.judging.pairs import outcome_values
from analysis.judging.study_data import MatchedSeed
from analysis.results.document import Budget, Scale
from analysis.results.parts import Role
from analysis.results.wording import flop_unit, point_text
from analysis.statistics import MissingPairs
from runs.plan import Contrast, Outcome

Floats = NDArray[np.float64]

LABELS: Mapping[Outcome, str] = {
    "not_stable": "rate of runs not stable",
    "final_frechet": "final Fréchet distance",
    "updates_to_bar": "updates to the bar",
    "mode_hopping": "mode hopping",
    "stable_points": "stable grid points",
    "updates_where_both_learn": "updates to the bar, conditional on both learning",
}
LABELS_IN_FLOPS: Mapping[Outcome, str] = {
    "updates_to_bar": "FLOPs to the bar",
    "updates_where_both_learn": "FLOPs to the bar, conditional on both learning",
}
LARGER_IS_BETTER: frozenset[Outcome] = frozenset({"stable_points"})  # of all others it is worse
TIMES: frozenset[Outcome] = frozenset({"updates_to_bar", "updates_where_both_learn"})
UNITS: Mapping[Outcome, str] = {
    "not_stable": "share of runs",
    "final_frechet": "Fréchet distance",
    "updates_to_bar": "generator updates",
    "mode_hopping": "total variation",
    "stable_points": "grid points",
    "updates_where_both_learn": "generator updates",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A grid point at which a contrast is asked.

    seeds: every planned one, with the runs of the contrast's arms in their order. budgets: one an arm. probe_interval:
    by arm, in generator updates.
    """

    point: Mapping[str, Any]
    seeds: Sequence[MatchedSeed]
    budgets: tuple[Budget, ...]
    probe_interval: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A contrast on one scale, with what is needed to answer it.

    places: its grid point; of an outcome over the grid all points. verdicts: of ``judge_study`` at their budgets.
    """

    contrast: Contrast
    role: Role
    scale: Scale
    places: tuple[Place, ...]
    verdicts: pd.DataFrame
    confidence: float

    @property
    def point(self) -> Mapping[str, Any]:
        """Its grid point; empty over the grid, and without one."""
        return {} if self.contrast.over_grid else self.places[0].point

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """One an arm and grid point."""
        return tuple(budget for place in self.places for budget in place.budgets)

    @cached_property
    def seeds(self) -> tuple[MatchedSeed, ...]:
        """Every planned seed with the runs of the contrast's arms in their order, one grid point after another."""
        return matched_over([place.point for place in self.places], [place.seeds for place in self.places])

    @property
    def units(self) -> str:
        """What is compared within: pairs of runs, or seeds of several."""
        return "pairs" if self.contrast.minus is None and not self.contrast.over_grid else "seeds"

    @property
    def in_flops(self) -> bool:
        """Whether the outcome is an amount of computation."""
        return _in_flops(self.contrast.outcome, self.scale)

    @property
    def label(self) -> str:
        """What is compared."""
        return label_of(self.contrast.outcome, self.scale)

    @property
    def unit(self) -> str:
        """Its unit; of FLOPs the largest of which the greatest budget holds one at least."""
        return self._flop_unit[0] if self.in_flops else UNITS[self.contrast.outcome]

    @property
    def known_within(self) -> float:
        """Up to ± how much differences are known, in the unit: times are seen at probes only, other outcomes exactly.

        A time is at most one probe interval too long, of its own arm; FLOPs are rounded to another one.
        """
        if self.contrast.outcome not in TIMES:
            return 0.0
        if not self.in_flops:
            return float(max(max(place.probe_interval.values()) for place in self.places))
        intervals = [_flops_between_probes(place) for place in self.places]
        return max(max(one) + min(one) for one in intervals) / self._flop_unit[1]

    def values(self, seeds: Sequence[MatchedSeed]) -> Floats:
        """The outcome (S, A) at matched seeds, NaN where a seed has none.

        Larger is worse but for ``LARGER_IS_BETTER``, +inf is the worst rank.
        """
        table = self._of_runs(seeds)
        if self.contrast.outcome == "stable_points":
            return (table == 0).sum(axis=1).astype(np.float64)
        if self.in_flops:
            parts = [self._in_flops(table[:, number], place) for number, place in enumerate(self.places)]
            table = np.stack(parts, axis=1)
        return _where_all_learned(table) if self.contrast.over_grid else table[:, 0]

    def learned_together(self, seeds: Sequence[MatchedSeed]) -> int:
        """Of an outcome that is a time: at how many seeds and grid points the runs of all arms learned."""
        return int(np.isfinite(self._of_runs(seeds)).all(axis=2).sum())

    def _of_runs(self, seeds: Sequence[MatchedSeed]) -> Floats:
        """What the outcome is made of (S, P, A), by ``outcome_values``."""
        by_run = outcome_values(self.verdicts, self.contrast.outcome)
        rows = [by_run.loc[seed.recorded_ids] for seed in seeds]
        return np.array(rows, dtype=np.float64).reshape(len(seeds), len(self.places), len(self.contrast.arms))

    def missing_pairs(self) -> MissingPairs:
        """The pairs of a contrast of two arms that are not compared; of one that lacks a run, the other's end is known.

        Pairs left out for another reason count as unknown, whatever their runs did.
        """
        failed = self.verdicts.set_index("run_id")["not_stable"].to_dict()
        return MissingPairs.from_known(
            (failed.get(seed.run_ids[0]), failed.get(seed.run_ids[1])) if seed.missing else (None, None)
            for seed in self.seeds
            if seed.problem is not None
        )

    def composition(self, seeds: Sequence[MatchedSeed]) -> dict[str, dict[str, int]]:
        """How many of the runs at those seeds have each verdict, by arm."""
        verdicts = self.verdicts.set_index("run_id")["verdict"]
        arms = self.contrast.arms
        return {
            arm: count_verdicts(verdicts.loc[[run for seed in seeds for run in seed.recorded_ids[place :: len(arms)]]])
            for place, arm in enumerate(arms)
        }

    def limits_of_missing(self) -> Floats:
        """Least and greatest difference (M, 2) in stable grid points that incomplete seeds allow.

        A run that is there is known, but for those at points where runs are left out for another reason than absence.
        """
        weights: Counter[int] = Counter()  # of an arm's place among the arms; an interaction may name an arm twice
        for place, arm in enumerate(self.contrast.arms):
            weights[self.contrast.arms.index(arm)] += (1, -1, -1, 1)[place]
        by_run = self.verdicts.set_index("run_id")["not_stable"]
        failed = {int(run_id): bool(value) for run_id, value in zip(by_run.index, by_run, strict=True)}
        rows = []
        for number, seed in enumerate(self.seeds):
            if seed.problem is not None:
                ends = list(_limits([place.seeds[number] for place in self.places], weights, failed))
                rows.append(np.sum(ends, axis=0))
        return np.array(rows, dtype=np.float64).reshape(len(rows), 2)

    @property
    def _flop_unit(self) -> tuple[str, int]:
        return flop_unit(max(budget.flops or 0 for budget in self.budgets))

    def _in_flops(self, updates: Floats, place: Place) -> Floats:
        """Computation of so many updates, in ``unit``, in whole probe intervals of the arm whose interval is cheapest.

        No finer difference is known. Operations are whole numbers, rounded half up to whole intervals as such.
        """
        by_arm = _costs(place)
        costs = [by_arm[arm] for arm in self.contrast.arms]
        interval = min(_flops_between_probes(place))
        size = self._flop_unit[1]

        def computed(updates: float, flops: int, g_steps: int) -> float:
            if not np.isfinite(updates):
                return updates
            whole = int(updates) // g_steps * flops
            return (2 * whole + interval) // (2 * interval) * interval / size

        rows = [[computed(value, *cost) for value, cost in zip(row, costs, strict=True)] for row in updates.tolist()]
        return np.array(rows, dtype=np.float64).reshape(updates.shape)


def _costs(place: Place) -> dict[str, tuple[int, int]]:
    """FLOPs and updates of G of a step, by arm."""
    return {budget.arm: (budget.flops_per_step or 0, budget.g_steps) for budget in place.budgets}


def _flops_between_probes(place: Place) -> list[int]:
    return [flops * place.probe_interval[arm] // g_steps for arm, (flops, g_steps) in _costs(place).items()]


def matched_over(
    points: Sequence[Mapping[str, Any]], at_points: Sequence[Sequence[MatchedSeed]]
) -> tuple[MatchedSeed, ...]:
    """Every seed with its runs at all points, one point after another; a problem at one of them is one of the seed."""
    if len(points) == 1:
        return tuple(at_points[0])
    return tuple(_joined(points, seeds) for seeds in zip(*at_points, strict=True))


def _joined(points: Sequence[Mapping[str, Any]], at_points: Sequence[MatchedSeed]) -> MatchedSeed:
    problems = [
        f"at {point_text(point)}: {seed.problem}"
        for point, seed in zip(points, at_points, strict=True)
        if seed.problem is not None
    ]
    return MatchedSeed(
        seed=at_points[0].seed,
        run_ids=tuple(run_id for seed in at_points for run_id in seed.run_ids),
        problem="; ".join(problems) or None,
        missing=any(seed.missing for seed in at_points),
    )


def _where_all_learned(times: Floats) -> Floats:
    """Means (S, A) of times (S, P, A) over the grid points at which all arms have one; NaN where there is none."""
    learned = np.isfinite(times).all(axis=2, keepdims=True)
    count = learned.sum(axis=1)
    total = np.where(learned, times, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _limits(
    at_places: Sequence[MatchedSeed], weights: Mapping[int, int], failed: Mapping[int, bool]
) -> Iterator[tuple[int, int]]:
    """What each run of a seed adds at least and at most to a weighted sum of stable runs."""
    for seed in at_places:
        for place, weight in weights.items():
            run_id = seed.run_ids[place]
            known = None if run_id is None or (seed.problem and not seed.missing) else failed.get(run_id)
            if known is None:
                yield min(weight, 0), max(weight, 0)
            else:
                yield weight * (not known), weight * (not known)


def label_of(outcome: Outcome, scale: Scale) -> str:
    """What is compared of an outcome on that scale."""
    return (LABELS_IN_FLOPS if _in_flops(outcome, scale) else LABELS)[outcome]


def _in_flops(outcome: Outcome, scale: Scale) -> bool:
    """At equal compute the way to the bar is measured in what is equal there."""
    return outcome in TIMES and scale == "equal compute"


def without_value(outcome: Outcome) -> str:
    """Which runs have no value of the outcome but the worst rank: «that never learned»."""
    return "that never learned" if outcome in TIMES else "that are not stable"
