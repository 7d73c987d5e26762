"""Which steps the runs of a folder have points at, kept in a file: thousands of runs need not be parsed to know it."""

import hashlib
import json
import os
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from runs.files import replaced

INDEX = "steps.index"  # no run's folder: these are named by numbers

Steps = Mapping[str, Sequence[int]]  # of each metric, after which it has a point
Stamp = tuple[int, int]  # of a file: when it was changed, in nanoseconds, and its size in bytes

_HEADER = b"steps of metrics, version 1, SHA-256 "
_WORTH_BYTES = 20_000_000  # of files parsed since the last time: half a second, which others are spared
_SETTLED_SECONDS = 10.0  # a file changed more recently may change again within what its clock can tell apart


@dataclass(frozen=True, kw_only=True)
class _Content:
    """Equal steps, and equal metrics of runs, are written once; the rest are numbers of places in these lists."""

    steps: list[list[int]]
    metrics: list[dict[str, int]]
    runs: dict[int, tuple[int, int, int]]  # time and size of the run's file, and its metrics


_CONTENT = TypeAdapter(_Content)


def stamp_of(path: Path | str) -> Stamp | None:
    """What tells a file from what it was before; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 (of each file of each run: twice as quick as Path.stat)
    except (OSError, ValueError):  # a name may be too long, or hold what no name can
        return None
    return found.st_mtime_ns, found.st_size


class StepIndex:
    """The steps of runs whose files are as they were when they were parsed. One that is damaged is as if it was not."""

    def __init__(self, path: Path) -> None:
        """Nothing is read before it is asked for."""
        self._path = path
        self._runs: dict[int, tuple[Stamp, Steps]] | None = None
        self._parsed_bytes = 0

    def steps(self, run_id: int, stamp: Stamp) -> Steps | None:
        """The run's steps, if its file has this stamp; None if they are not known."""
        known = self._known().get(run_id)
        return known[1] if known is not None and known[0] == stamp else None

    def note(self, run_id: int, stamp: Stamp, steps: Steps) -> None:
        """Remember the steps of a file that was parsed without a fault."""
        if time.time() - stamp[0] / 1e9 > _SETTLED_SECONDS:
            self._known()[run_id] = stamp, steps
            self._parsed_bytes += stamp[1]

    def save(self, run_ids: Collection[int]) -> None:
        """Write down what is known of these runs, if it is worth it. A folder that cannot be written goes without."""
        if self._parsed_bytes < _WORTH_BYTES:
            return
        kept = self._known().keys() & set(run_ids)
        content = json.dumps(_written({run_id: self._known()[run_id] for run_id in sorted(kept)})).encode()
        with suppress(OSError), replaced(self._path) as part:
            part.write_bytes(_header(content) + content)
        self._parsed_bytes = 0

    def _known(self) -> dict[int, tuple[Stamp, Steps]]:
        if self._runs is None:
            self._runs = _read(self._path)
        return self._runs


def _header(content: bytes) -> bytes:
    return _HEADER + hashlib.sha256(content).hexdigest().encode() + b"\n"


def _read(path: Path) -> dict[int, tuple[Stamp, Steps]]:
    try:
        header, _, rest = path.read_bytes().partition(b"\n")
        if header + b"\n" != _header(rest):
            return {}
        content = _CONTENT.validate_json(rest)
    except (OSError, ValidationError):
        return {}
    steps = [tuple(one) for one in content.steps]
    metrics = [{name: steps[place] for name, place in one.items()} for one in content.metrics]
    return {run_id: ((at, size), metrics[place]) for run_id, (at, size, place) in content.runs.items()}


def _written(runs: Mapping[int, tuple[Stamp, Steps]]) -> dict[str, object]:
    steps: dict[Sequence[int], int] = {}
    metrics: dict[tuple[tuple[str, int], ...], int] = {}
    places: dict[int, int] = {}  # by identity: most runs share what was read
    rows = {}
    for run_id, (stamp, of_run) in runs.items():
        if id(of_run) not in places:
            row = tuple((name, steps.setdefault(tuple(at), len(steps))) for name, at in of_run.items())
            places[id(of_run)] = metrics.setdefault(row, len(metrics))
        rows[run_id] = (*stamp, places[id(of_run)])
    return {"steps": list(steps), "metrics": [dict(row) for row in metrics], "runs": rows}
