"""What became of each planned run of a study, and how long the rest will take."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any

from runs.contents.content import Contents
from runs.generations import generation_of
from runs.records import RUNNING, RunRecord
from runs.standing.declared import Declared
from runs.standing.unfinished import State, Unfinished, is_stale, run_of, unfinished_of
from runs.study import Cell


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """Where one study stands.

    planned: how many runs it declares, each of which is complete, or has its last record in ``running`` or
    ``unfinished``, or is to do; None where nobody says what was planned: then every record counts as a run of its own.
    running: all that are, also those that are trained again or not planned. again: how many of the complete runs have a
    complete record of their latest training, if not all. superseded: complete records that count no more. attempts:
    incomplete records of runs that are complete by now. outside: other records of runs that the study does not declare.
    share: of all steps of the planned runs, how many are done. speed: steps a second, of all running runs together.
    left: seconds, about.
    """

    name: str
    choice: str  # in the words of make
    planned: int | None
    complete: int
    running: Sequence[Unfinished]
    unfinished: Sequence[Unfinished]
    to_do: int
    again: int | None
    superseded: int
    attempts: int
    outside: int
    share: float
    speed: float | None
    left: float | None

    @property
    def finished(self) -> bool:
        """Whether every planned run is complete; of runs that nobody planned, whether none is under way or broken."""
        return self.complete == self.planned if self.planned is not None else not (self.running or self.unfinished)

    def of(self, state: State) -> list[Unfinished]:
        """Those in that state."""
        return [one for one in (*self.running, *self.unfinished) if one.state == state]


def standing_of(declared: Declared, contents: Contents) -> Standing:
    """Where the study stands now."""
    found = _Sorted(declared)
    running = [unfinished_of(record, contents, found.point_of(record)) for record in found.alive]
    speeds = [one.pace.speed for one in running if one.pace.speed]
    return Standing(
        name=declared.study.label if declared.study else declared.name,
        choice=declared.choice,
        planned=len(found.groups) if declared.study else None,
        complete=len(found.complete),
        running=running,
        unfinished=[unfinished_of(record, contents, found.point_of(record)) for record in found.last_attempts],
        to_do=sum(not records for records in found.groups.values()),
        again=found.again,
        superseded=found.superseded,
        attempts=found.attempts,
        outside=len([one for one in found.outside if not is_stale(one) and one not in found.alive]),
        share=_share(found, running) if declared.study else 1.0,
        speed=sum(speeds) if speeds else None,
        left=_left(found, running) if declared.study else None,
    )


class _Sorted:
    """A study's records by the run that they are of."""

    def __init__(self, declared: Declared) -> None:
        self.cells: dict[Any, Cell] = {cell.key: cell for cell in declared.study.cells()} if declared.study else {}
        seeds = declared.study.seeds if declared.study else ()
        self.groups: dict[Any, list[RunRecord]] = {(key, seed): [] for seed in seeds for key in self.cells}
        self.outside: list[RunRecord] = []
        for record in declared.records:
            run = run_of(record)
            if declared.study is None:
                self.groups[record.id] = [record]
            else:
                self.groups.get(run, self.outside).append(record)
        self.alive = [record for record in declared.records if record.status == RUNNING and not record.dead]

    @cached_property
    def complete(self) -> dict[Any, list[RunRecord]]:
        """The complete records of each run that has some."""
        found = {run: [one for one in records if one.complete] for run, records in self.groups.items()}
        return {run: records for run, records in found.items() if records}

    @property
    def last_attempts(self) -> list[RunRecord]:
        """The last record of each run that is neither complete nor running."""
        waiting = [records for run, records in self.groups.items() if records and run not in self.complete]
        last = [
            max(records, key=lambda one: one.id) for records in waiting if not any(one in self.alive for one in records)
        ]
        return sorted(last, key=lambda one: one.id)

    @cached_property
    def latest(self) -> dict[Any, int]:
        """The latest training of each run that is complete."""
        return {run: max(map(generation_of, records)) for run, records in self.complete.items()}

    @property
    def again(self) -> int | None:
        """How many runs are of the latest training, if not all."""
        counts = Counter(self.latest.values())
        return counts[max(counts)] if len(counts) > 1 else None

    @property
    def superseded(self) -> int:
        """Complete records of earlier trainings, and of older versions of training."""
        earlier = [
            one for run, records in self.complete.items() for one in records if generation_of(one) < self.latest[run]
        ]
        return len(earlier) + sum(map(is_stale, self.outside))

    @property
    def attempts(self) -> int:
        """Incomplete records of runs that are complete by now."""
        return sum(not one.complete and one not in self.alive for run in self.complete for one in self.groups[run])

    def point_of(self, record: RunRecord) -> Mapping[str, Any]:
        """The grid point that it was trained at, if it is of a planned run and there is a grid."""
        cell = self.cells.get(run_of(record)[0])
        return cell.grid_point if cell else {}


def _share(found: _Sorted, running: Sequence[Unfinished]) -> float:
    reached = {run_of(one.record): one.pace.step for one in running}
    steps = {run: found.cells[run[0]].config.steps for run in found.groups}
    done = sum(most if run in found.complete else min(most, reached.get(run, 0)) for run, most in steps.items())
    return done / sum(steps.values())


def _left(found: _Sorted, running: Sequence[Unfinished]) -> float | None:
    """Seconds until all runs are complete, if as many as now go on running; None if none is, or its speed is unknown.

    A step takes as long as in those runs of the arm that are running, else as in its complete ones, else as in any arm:
    what else the machine does now will slow the rest too.
    """
    reached = {run_of(one.record): one.pace.step for one in running}
    costs = _costs(found, running)
    if not reached or not costs:
        return None
    usual, cost = fmean(costs.values()), 0.0
    for key, seed in found.groups:
        if (key, seed) not in found.complete:
            config = found.cells[key].config
            cost += (config.steps - reached.get((key, seed), 0)) * costs.get(config.arm, usual)
    return cost / len(running)


def _costs(found: _Sorted, running: Iterable[Unfinished]) -> dict[str, float]:
    """Seconds a step takes, by arm."""
    took: dict[str, list[float]] = {}
    for one in running:
        if one.pace.speed:
            took.setdefault(one.record.config["arm"], []).append(1 / one.pace.speed)
    measured: dict[str, list[float]] = {}
    for records in found.complete.values():
        for record in records:
            if record.start_time and record.stop_time and record.config.get("steps"):
                seconds = (record.stop_time - record.start_time).total_seconds()
                measured.setdefault(record.config["arm"], []).append(seconds / record.config["steps"])
    return {arm: median(values) for arm, values in {**measured, **took}.items()}
