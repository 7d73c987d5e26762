"""A record that is not complete: what became of its run, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from runs.contents.content import Contents, mapping
from runs.records import COMPLETED, RUNNING, RunRecord
from runs.schema import TRAINING_VERSION
from runs.standing.pace import Pace, pace_of
from runs.times import utc_now

State = Literal["running", "failed", "dead", "interrupted", "incomplete"]

_NOT_RECORDED = 1  # the version of training that did not record it


@dataclass(frozen=True, kw_only=True, eq=False)
class Unfinished:
    """A record that is not complete."""

    record: RunRecord
    state: State
    point: Mapping[str, Any]  # the grid point, if there is a grid
    host: str
    reason: str  # what is missing, or the last line of what went wrong
    pace: Pace

    @property
    def steps(self) -> int:
        """How many the run will have."""
        steps = self.record.config.get("steps")
        return steps if isinstance(steps, int) else 0

    @property
    def heard(self) -> datetime | None:
        """When its writer last gave a sign of life."""
        return self.record.heartbeat or self.record.start_time

    @property
    def silence(self) -> float | None:
        """Seconds since then."""
        return None if self.heard is None else (utc_now() - self.heard).total_seconds()


def unfinished_of(record: RunRecord, contents: Contents, point: Mapping[str, Any]) -> Unfinished:
    """What is to be known of a record that is not complete."""
    state = _state(record)
    try:
        run = contents.read(record.id).run
    except KeyError:  # deleted meanwhile
        run = {}
    return Unfinished(
        record=record,
        state=state,
        point=point,
        host=str(mapping(run.get("host")).get("hostname") or ""),
        reason=_last_line(run.get("fail_trace")) if state == "failed" else record.shortcoming or "",
        pace=_pace(record, contents),
    )


def run_of(record: RunRecord) -> tuple[str, int]:
    """Which run it is of, as far as it says so: a cell's key and a seed."""
    key, seed = record.meta.get("cell_key"), record.config.get("seed")
    return key if isinstance(key, str) else "", seed if isinstance(seed, int) else -1


def is_stale(record: RunRecord) -> bool:
    """Whether an older version of training made a record that was complete then."""
    version = record.meta.get("training_version") or _NOT_RECORDED
    return record.status == COMPLETED and isinstance(version, int) and version < TRAINING_VERSION


def _state(record: RunRecord) -> State:
    if record.status == RUNNING:
        return "dead" if record.dead else "running"
    if record.status in ("FAILED", "INTERRUPTED"):
        return "failed" if record.status == "FAILED" else "interrupted"
    return "incomplete"


def _last_line(fail_trace: Any) -> str:
    lines = "".join(map(str, fail_trace if isinstance(fail_trace, list) else [])).strip().splitlines()
    return lines[-1].strip() if lines else "no reason is recorded"


def _pace(record: RunRecord, contents: Contents) -> Pace:
    try:
        return pace_of(contents.points(record.id))
    except ValueError:  # damaged
        return Pace(step=0)
