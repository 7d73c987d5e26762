"""A study's planned runs with all that was recorded of them, as data frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from analysis.judging.guards import unmatched
from runs.schema import PROBES
from runs.store import RunRecord, Trace
from runs.study import Study


@dataclass(frozen=True, kw_only=True)
class MatchedSeed:
    """The runs of several arms at one seed and grid point, in the order of the arms asked for.

    ``run_ids`` are None where there is no complete record. ``problem`` is None if all runs are used and matched, else
    says in words why they cannot be compared; ``missing`` tells whether that is for want of a run.
    """

    seed: int
    run_ids: tuple[int | None, ...]
    problem: str | None
    missing: bool

    @property
    def recorded_ids(self) -> list[int]:
        """The runs that are there: without a problem, those of all arms."""
        return [run_id for run_id in self.run_ids if run_id is not None]


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyData:
    """A study and its record, ready to be judged.

    ``runs`` has one row a *planned* run, by cell in the study's order, then by seed:

    - ``run_id`` (Int64): NA where no complete record exists
    - ``arm`` (categorical, in the order of declaration), ``seed`` (int64), one column a grid factor, ``cell_key``
    - ``complete`` (bool): a complete record exists
    - ``exclusion`` (object): None, or in words why a complete record is not used
    - ``used`` (bool): complete and not excluded; only these runs have traces here
    - from the config: steps, d_steps, g_steps, lr_g, lr_d, width_g, width_d; from the match: parameters_g and _d,
      reference_parameters_g and _d, flops_g and _d; ``halted_at``, the step after which parameters were not finite
      (all nullable numbers); plan_hash, feature_hash, device, commit. Missing where there is no complete record

    ``records`` holds the used runs' records by run id, ``series`` their traces by run id and name.
    ``problems``: sentences, one for everything that a reader of the results has to know about the record.
    ``plan_changes``: what changed in the study file after runs were made: dotted path, value before and value now.
    """

    study: Study
    runs: pd.DataFrame
    records: Mapping[int, RunRecord]
    series: Mapping[int, Mapping[str, Trace]]
    problems: tuple[str, ...]
    plan_changes: tuple[str, ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the grid's factors: columns of ``runs`` and of the tidy frames."""
        return tuple(self.study.grid)

    @property
    def plan_changed(self) -> bool:
        """Whether a used run was made under another content of the study file."""
        return bool(self.plan_changes)

    @property
    def used(self) -> pd.DataFrame:
        """The rows of ``runs`` that are used, with ``run_id`` as plain integers."""
        used = self.runs[self.runs["used"]]
        return used.assign(run_id=used["run_id"].astype(np.int64))

    @property
    def references(self) -> Mapping[str, Mapping[str, float]] | None:
        """Reference images' probe values, by name and probe, of the first used run; None without one."""
        first = next(iter(self.records), None)
        return None if first is None else self.references_of(first)

    @property
    def classes(self) -> int | None:
        """Number of classes of the first used run's data; None without one."""
        first = next(iter(self.records), None)
        return None if first is None else self.classes_of(first)

    def references_of(self, run_id: int) -> Mapping[str, Mapping[str, float]]:
        """Reference images' probe values of that run's data."""
        return self.records[run_id].info["references"]

    def classes_of(self, run_id: int) -> int:
        """Number of classes of that run's data."""
        return int(self.records[run_id].info["classes"])

    def only(self, arms: Sequence[str] | None = None, point: Mapping[str, Any] | None = None) -> Self:
        """The same data with fewer runs: those of some arms, at one grid point."""
        kept = pd.Series(True, index=self.runs.index)
        if arms is not None:
            kept &= self.runs["arm"].isin(list(arms))
        for factor, level in (point or {}).items():
            kept &= self.runs[factor] == level
        return replace(self, runs=self.runs[kept])

    def matched_seeds(self, arms: Sequence[str], point: Mapping[str, Any]) -> list[MatchedSeed]:
        """One entry a planned seed: the runs of those arms at that grid point, and whether they are comparable."""
        levels = tuple(point[factor] for factor in self.factors)
        rows = self._rows
        return [self._matched_seed(seed, [rows[arm, seed, *levels] for arm in arms]) for seed in self.study.seeds]

    @cached_property
    def _rows(self) -> dict[tuple[Any, ...], Mapping[Any, Any]]:
        """The rows of ``runs`` by arm, seed and the grid's levels."""
        rows = self.runs.to_dict(orient="records")
        return {(row["arm"], row["seed"], *(row[factor] for factor in self.factors)): row for row in rows}

    def _matched_seed(self, seed: int, runs: Sequence[Mapping[Any, Any]]) -> MatchedSeed:
        ids = tuple(int(run["run_id"]) if run["complete"] else None for run in runs)
        absent = [run["exclusion"] or f"no complete run of {run['arm']}" for run in runs if not run["used"]]
        if absent:
            problem: str | None = "; ".join(absent)
        else:
            problem = unmatched([self.records[run_id] for run_id in ids if run_id is not None])
        return MatchedSeed(seed=seed, run_ids=ids, problem=problem, missing=None in ids)

    def tidy(self, names: Sequence[str] = PROBES) -> pd.DataFrame:
        """Traces of all used runs: columns run_id, arm, seed, the grid factors, trace, step, value; a row a point.

        Rows are in the order of ``names``, then of ``runs``, then of steps. ``arm`` and ``trace`` are categorical.
        """
        used = self.used
        points = [self.series[run_id][name] for name in names for run_id in used["run_id"]]
        lengths = np.array([len(trace.steps) for trace in points], dtype=np.int64)
        rows = np.repeat(np.tile(np.arange(len(used)), len(names)), lengths)
        codes = np.repeat(np.repeat(np.arange(len(names)), len(used)), lengths)
        frame = used[["run_id", "arm", "seed", *self.factors]].take(rows).reset_index(drop=True)
        return frame.assign(
            trace=pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names))),
            step=np.concatenate([np.empty(0, np.int64), *(trace.steps for trace in points)]),
            value=np.concatenate([np.empty(0), *(trace.values for trace in points)]),
        )
