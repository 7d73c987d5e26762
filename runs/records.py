"""What a store gives back: records of runs, and their traces."""

import abc
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runs.artifacts import is_as_recorded
from runs.completeness import shortcoming
from runs.errors import UserError
from runs.filters import checked_query
from runs.kinds import KINDS, STABILITY, RunKind, kind_name
from runs.printable import one_line
from runs.times import utc_now
from runs.validation import unknown

COMPLETED = "COMPLETED"
RUNNING = "RUNNING"
UNREADABLE = "UNREADABLE"  # the writer of a folder was killed before it had said anything

MEND = "put the file back from a copy, or delete that run's record and run the same sweep again"

SILENCE = timedelta(minutes=2)  # heartbeats come every ten seconds


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """A quantity along training: its values (P,) after these steps (P,), in the order of steps."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


def trace(steps: Iterable[int], values: Iterable[float]) -> Trace:
    """A trace of points in any order. Raises ValueError or TypeError if these are not pairs of numbers."""
    at, recorded = np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64)
    if at.ndim != 1 or at.shape != recorded.shape:
        raise ValueError("expected one value a step")
    if np.any(at[:-1] > at[1:]):
        order = np.argsort(at, kind="stable")
        at, recorded = at[order], recorded[order]
    at.flags.writeable = recorded.flags.writeable = False  # stores hand out the same arrays again
    return Trace(steps=at, values=recorded)


def checked_metrics(names: Collection[str]) -> Collection[str]:
    """The same names. Raises UserError if no kind of run has a metric of one of them."""
    known = [metric for kind in KINDS.values() for metric in kind.metrics]
    for name in names:
        if name not in known:
            raise UserError(unknown("metric", name, known))
    return names


@dataclass(frozen=True, kw_only=True, eq=False)
class RunRecord:
    """What is kept of one run, its traces aside. Times are in UTC, without a zone."""

    id: int
    status: str  # as sacred stored it: it proves nothing, see ``shortcoming``
    config: Mapping[str, Any]
    info: Mapping[str, Any]
    meta: Mapping[str, Any]
    start_time: datetime | None
    stop_time: datetime | None
    heartbeat: datetime | None
    steps: Mapping[str, Sequence[int]]  # of each metric: after which it has a point, in their order
    artifacts: Mapping[str, int]  # sizes in bytes, by name
    damage: str | None = None  # what of it could not be read, and why

    @property
    def complete(self) -> bool:
        """Whether everything is recorded that its kind and its config promise; only such records are analysed."""
        return self.shortcoming is None

    @cached_property
    def shortcoming(self) -> str | None:
        """What keeps the record from being complete, in one line; None if nothing does."""
        if self.damage:
            return one_line(f"damaged: {self.damage}")
        if self.status != COMPLETED:
            return "status " + ("RUNNING, but dead" if self.dead else one_line(self.status))
        kind = KINDS.get(kind_name(self.meta))
        if kind is None:
            return one_line(unknown("kind of run", kind_name(self.meta), KINDS))
        lacking = shortcoming(kind, self.config, self.info, self.meta, self.steps, self.artifacts)
        return one_line(lacking) if lacking else None

    @property
    def dead(self) -> bool:
        """Whether it says RUNNING though nothing has been heard of it for two minutes: it was killed."""
        heard = self.heartbeat or self.start_time
        return self.status == RUNNING and (heard is None or utc_now() - heard > SILENCE)


class RunStore(abc.ABC):
    """Where runs are recorded, for reading. Every kind of store answers the same query alike."""

    def find(
        self,
        query: Mapping[str, Any] | None = None,
        *,
        kind: RunKind[Any] = STABILITY,
        complete_only: bool = True,
    ) -> list[RunRecord]:
        """The records of one kind of run that match a Mongo-style filter, in the order of their ids.

        The filter is over ``{_id, status, config, info, meta, start_time, stop_time, heartbeat}``, times as dates or
        ISO texts; see :func:`runs.filters.checked_query`. Raises UserError if it is refused, or if the store cannot
        be read.
        """
        checked = {"$and": [kind.filter, checked_query({} if query is None else query)]}
        records = self._find(checked, completed_only=complete_only)
        return [record for record in records if record.complete or not complete_only]

    def traces(self, record: RunRecord, names: Collection[str]) -> dict[str, Trace]:
        """These traces of a run; one that was never recorded has no points.

        Raises UserError if no kind of run has a metric of a name, or if the store cannot be read.
        """
        recorded = self._traces(record.id, checked_metrics(names))
        return {name: recorded.get(name) or trace([], []) for name in names}

    def artifact(self, record: RunRecord, name: str) -> bytes:
        """Content of a file that was recorded with a run.

        Raises UserError if there is none of that name, or if it cannot be read or is not what was recorded.
        """
        if name not in record.artifacts:
            raise UserError(f"run {record.id}: {unknown('artifact', name, record.artifacts)}")
        content = self._artifact(record.id, name)
        if not is_as_recorded(record.info, name, content):
            raise UserError(f"run {record.id}: {name} is not what was recorded, its bytes have changed; {MEND}")
        return content

    @abc.abstractmethod
    def _find(self, query: dict[str, Any], *, completed_only: bool) -> list[RunRecord]:
        """The records that match a checked filter, by id; ``completed_only`` may spare reading what has failed."""

    @abc.abstractmethod
    def _traces(self, run_id: int, names: Collection[str]) -> Mapping[str, Trace]:
        """Those of the traces that were recorded."""

    @abc.abstractmethod
    def _artifact(self, run_id: int, name: str) -> bytes:
        """Content of an artifact that the run's record names. Raises UserError if it cannot be read."""
