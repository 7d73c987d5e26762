"""From what lies in a store, of whatever type, to records: damage makes one incomplete and ends no command."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runs.filters import TIMES
from runs.kinds import KINDS, kind_name
from runs.records import UNREADABLE, RunRecord, Trace, trace
from runs.times import to_millisecond

Steps = Mapping[str, Sequence[int]]  # of each metric, after which steps it has a point

_PARTS = ("config", "info", "meta")


def read_record(
    document: Mapping[str, Any], steps: Steps, artifacts: Mapping[str, int], faults: Iterable[str] = ()
) -> RunRecord:
    """The record of a run. ``document``: as filters see it; ``faults``: what of the rest could not be read, and why."""
    found = [*faults]
    parts = {name: _object(name, document.get(name), found) for name in _PARTS}
    # MongoObserver notes the metrics' ids in the info, for its viewers
    info = {key: value for key, value in parts["info"].items() if key != "metrics"}
    kind = KINDS.get(kind_name(parts["meta"]))
    times = {name: _time(name, document.get(name), found) for name in TIMES}
    run_id, status = _id(document["_id"], found), _status(document.get("status"), found)
    return RunRecord(
        id=run_id,
        status=status,
        config=kind.completed(parts["config"]) if kind else parts["config"],
        info=info,
        meta=parts["meta"],
        steps=steps,
        artifacts=artifacts,
        damage="; ".join(found) or None,
        **times,
    )


def read_trace(metric: Any) -> Trace:
    """A recorded metric. Raises ValueError if it is anything but as many numbers as whole steps."""
    steps, values = (metric.get(name) for name in ("steps", "values")) if isinstance(metric, Mapping) else (None, None)
    if not isinstance(steps, list) or not isinstance(values, list):
        raise ValueError("expected lists of steps and values")
    if len(steps) != len(values):
        raise ValueError(f"{len(values)} values of {len(steps)} steps")
    if not are_whole(steps):
        raise ValueError("a step is no whole number")
    if not _all_of(values, (int, float)):
        raise ValueError("a value is no number")
    try:
        return trace(steps, values)
    except OverflowError:
        raise ValueError("a number is too large") from None


def are_whole(steps: Iterable[Any]) -> bool:
    """Whether all of these are whole numbers."""
    return _all_of(steps, (int,))


def stored_time(text: Any) -> Any:
    """A time of a file as MongoDB keeps it, in UTC and to the millisecond; whatever is none as it is."""
    try:
        time = datetime.fromisoformat(text)
        time = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (TypeError, ValueError, OverflowError):
        return text
    return to_millisecond(time)


def _all_of(values: Iterable[Any], kinds: tuple[type, ...]) -> bool:
    return all(issubclass(kind, kinds) and kind is not bool for kind in set(map(type, values)))


def _object(name: str, content: Any, faults: list[str]) -> Mapping[str, Any]:
    if content is None:  # a writer that was killed had not said it yet
        return {}
    if isinstance(content, Mapping):
        return content
    faults.append(f"{name}: expected an object, found {_named(content)}")
    return {}


def _status(status: Any, faults: list[str]) -> str:
    if isinstance(status, str):
        return status
    if status is not None:
        faults.append(f"status: expected a text, found {_named(status)}")
    return UNREADABLE


def _id(number: Any, faults: list[str]) -> Any:
    if isinstance(number, int) or (isinstance(number, float) and number.is_integer()):
        return int(number)
    faults.append(f"_id: expected a whole number, found {number}")
    return number


def _time(name: str, time: Any, faults: list[str]) -> datetime | None:
    if isinstance(time, datetime):
        return time
    if time is not None:
        faults.append(f"{name}: expected a time, found {_named(time)}")
    return None


def _named(content: Any) -> str:
    return "a text" if isinstance(content, str) else f"a {type(content).__name__}"
