"""A declared contrast, at one grid point and on one scale, with the runs that answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.judging.judgements import count_verdicts
from analysis.judging.study_data import MatchedSeed
from analysis.results.document import Budget, Scale
from analysis.results.parts import Role
from analysis.results.wording import flop_unit
from analysis.statistics import MissingPairs, worst_rank
from runs.plan import Contrast, Outcome

Floats = NDArray[np.float64]

LABELS: Mapping[Outcome, str] = {
    "not_stable": "rate of runs not stable",
    "final_frechet": "final Fréchet distance",
    "updates_to_bar": "updates to the bar",
    "mode_hopping": "mode hopping",
}
UNITS: Mapping[Outcome, str] = {
    "not_stable": "share of runs",
    "final_frechet": "Fréchet distance",
    "updates_to_bar": "generator updates",
    "mode_hopping": "total variation",
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A contrast at one grid point and on one scale, with what is needed to answer it.

    seeds: every planned one, with the runs of the contrast's arms in their order. verdicts: of ``judge_study`` at the
    budgets, which are one an arm.
    """

    contrast: Contrast
    role: Role
    scale: Scale
    point: Mapping[str, Any]
    seeds: Sequence[MatchedSeed]
    verdicts: pd.DataFrame
    budgets: tuple[Budget, ...]
    probe_interval: Mapping[str, int]  # by arm, in generator updates
    confidence: float

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
        if self.contrast.outcome != "updates_to_bar":
            return 0.0
        if not self.in_flops:
            return float(max(self.probe_interval.values()))
        intervals = self._flops_between_probes()
        return (max(intervals) + min(intervals)) / self._flop_unit[1]

    def values(self, seeds: Sequence[MatchedSeed]) -> Floats:
        """The outcome (seeds, arms) at matched seeds; larger is worse, +inf is the worst rank."""
        by_run = outcome_values(self.verdicts, self.contrast.outcome)
        rows = [by_run.loc[seed.recorded_ids] for seed in seeds]
        table = np.array(rows, dtype=np.float64).reshape(len(seeds), len(self.contrast.arms))
        return self._in_flops(table) if self.in_flops else table

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
        return {
            arm: count_verdicts(verdicts.loc[[seed.recorded_ids[place] for seed in seeds]])
            for place, arm in enumerate(self.contrast.arms)
        }

    @property
    def _flop_unit(self) -> tuple[str, int]:
        return flop_unit(max(budget.flops or 0 for budget in self.budgets))

    def _in_flops(self, updates: Floats) -> Floats:
        """Computation of so many updates, in ``unit``, in whole probe intervals of the arm whose interval is cheapest.

        No finer difference is known. Operations are whole numbers, rounded half up to whole intervals as such.
        """
        by_arm = self._costs()
        costs = [by_arm[arm] for arm in self.contrast.arms]
        interval = min(self._flops_between_probes())
        size = self._flop_unit[1]

        def computed(updates: float, flops: int, g_steps: int) -> float:
            if not np.isfinite(updates):
                return updates
            whole = int(updates) // g_steps * flops
            return (2 * whole + interval) // (2 * interval) * interval / size

        rows = [[computed(value, *cost) for value, cost in zip(row, costs, strict=True)] for row in updates.tolist()]
        return np.array(rows, dtype=np.float64).reshape(updates.shape)

    def _costs(self) -> dict[str, tuple[int, int]]:
        """FLOPs and updates of G of a step, by arm."""
        return {budget.arm: (budget.flops_per_step or 0, budget.g_steps) for budget in self.budgets}

    def _flops_between_probes(self) -> list[int]:
        return [flops * self.probe_interval[arm] // g_steps for arm, (flops, g_steps) in self._costs().items()]


def label_of(outcome: Outcome, scale: Scale) -> str:
    """What is compared of an outcome on that scale."""
    return "FLOPs to the bar" if _in_flops(outcome, scale) else LABELS[outcome]


def _in_flops(outcome: Outcome, scale: Scale) -> bool:
    """At equal compute the way to the bar is measured in what is equal there."""
    return outcome == "updates_to_bar" and scale == "equal compute"


def outcome_values(verdicts: pd.DataFrame, outcome: Outcome) -> pd.Series:
    """The outcome of every run of a frame of ``judge_study``, by run id; larger is worse.

    not_stable: 1 or 0. updates_to_bar: +inf if never learned. final_frechet and mode_hopping: +inf, the worst rank,
    for a run that is not stable; NaN where a stable run has no value.
    """
    by_run = verdicts.set_index("run_id")
    if outcome in ("not_stable", "updates_to_bar"):
        return by_run[outcome].astype(np.float64)
    values = worst_rank(by_run[outcome], by_run["not_stable"], larger_is_worse=True)
    return pd.Series(values, index=by_run.index, name=outcome)
