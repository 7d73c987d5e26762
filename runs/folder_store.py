"""Reading what sacred's FileStorageObserver wrote: a folder a run, named by its id."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs.errors import UserError
from runs.filters import TIMES
from runs.matches import matches
from runs.reading import read_record, stored_time
from runs.record_files import file_size, json_object, parsed_metrics, series_of
from runs.records import COMPLETED, MEND, UNREADABLE, RunRecord, RunStore, Trace
from runs.step_index import INDEX, Stamp, StepIndex, Steps, stamp_of

_FILES = ("run", "config", "info")
_METRICS = "metrics.json"


@dataclass(kw_only=True)
class _Metrics:
    """What is recorded of one run's metrics: those that can be read, and why others cannot."""

    traces: dict[str, Trace] = field(default_factory=dict)
    steps: Steps = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class _Run:
    """What the files of one run say, while they are as they were then.

    document: what filters see. artifacts: the names that run.json lists. record: if the run ended well, of these files.
    """

    stamps: Sequence[Stamp | None]
    document: dict[str, Any]
    artifacts: list[str]
    faults: list[str]
    record: RunRecord | None = None


class FolderStore(RunStore):
    """Runs in a folder.

    Files that are missing, cut off, as a killed writer leaves them, or damaged in another way make a record incomplete.
    A run's files are parsed once, and again when they change; the steps of its metrics, which are most of it, once for
    all commands.
    """

    def __init__(self, folder: Path) -> None:
        """Raises UserError if there is something else than a folder."""
        if folder.exists() and not folder.is_dir():
            raise UserError(f"record folder {folder}: expected a folder, found a file")
        self._folder = folder
        self._index = StepIndex(folder / INDEX)
        self._runs: dict[int, _Run] = {}
        self._parsed: dict[int, tuple[Stamp | None, _Metrics]] = {}
        self._steps: dict[bytes, tuple[int, ...]] = {}  # kept once for all metrics of all runs that have the same

    def _find(self, query: dict[str, Any], *, completed_only: bool) -> list[RunRecord]:
        records, ids = [], self._ids()
        by_id = {"_id": query["_id"]} if "_id" in query else {}  # asked of the names: no other run need be read
        for run_id in (run_id for run_id in ids if matches(by_id, {"_id": run_id})):
            run = self._run(run_id)
            wanted = run.document["status"] == COMPLETED or not completed_only
            if wanted and matches(query, run.document):
                records.append(self._record(run_id, run))
        self._index.save(ids)
        return records

    def _traces(self, run_id: int, names: Collection[str]) -> Mapping[str, Trace]:
        return {name: series for name, series in self._metrics(run_id).traces.items() if name in names}

    def _artifact(self, run_id: int, name: str) -> bytes:
        try:
            return Path(self._path(run_id, name)).read_bytes()
        except OSError as error:
            raise UserError(f"run {run_id}: {name} cannot be read: {error.strerror}; {MEND}") from None

    def _ids(self) -> list[int]:
        if not self._folder.exists():
            return []
        with os.scandir(self._folder) as found:
            return sorted(int(one.name) for one in found if _is_id(one.name) and one.is_dir())

    def _run(self, run_id: int) -> _Run:
        """What the run's files say now."""
        stamps = [stamp_of(self._path(run_id, name)) for name in (*(f"{name}.json" for name in _FILES), _METRICS)]
        known = self._runs.get(run_id)
        if known is None or known.stamps != stamps:
            known = self._runs[run_id] = self._read(run_id, stamps)
        return known

    def _read(self, run_id: int, stamps: Sequence[Stamp | None]) -> _Run:
        files = {name: json_object(self._path(run_id, f"{name}.json")) for name in _FILES}
        run = {"status": UNREADABLE, **files["run"][0]}
        document = {
            "_id": run_id,
            "status": run["status"],
            "config": files["config"][0],
            "info": files["info"][0],
            "meta": run.get("meta", {}),
            **{name: stored_time(run.get(name)) for name in TIMES},
        }
        faults = [fault for _, fault in files.values() if fault]
        artifacts = list(_artifact_names(run.get("artifacts", []), faults))
        return _Run(stamps=stamps, document=document, artifacts=artifacts, faults=faults)

    def _record(self, run_id: int, run: _Run) -> RunRecord:
        sizes = {name: size for name in run.artifacts if (size := file_size(self._path(run_id, name))) is not None}
        if run.record is not None and run.record.artifacts == sizes:
            return run.record
        steps, faults = self._steps_of(run_id)
        record = read_record(run.document, steps, sizes, [*run.faults, *faults])
        if record.status == COMPLETED:  # of others time alone tells whether they are dead
            run.record = record
        return record

    def _steps_of(self, run_id: int) -> tuple[Steps, Sequence[str]]:
        stamp = stamp_of(self._path(run_id, _METRICS))
        known = self._index.steps(run_id, stamp) if stamp else None
        if known is not None:
            return known, ()
        metrics = self._metrics(run_id)
        if stamp and not metrics.faults:
            self._index.note(run_id, stamp, metrics.steps)
        return metrics.steps, metrics.faults

    def _metrics(self, run_id: int) -> _Metrics:
        path = self._path(run_id, _METRICS)
        stamp = stamp_of(path)
        if run_id not in self._parsed or self._parsed[run_id][0] != stamp:
            self._parsed[run_id] = stamp, self._parse(path)
        return self._parsed[run_id][1]

    def _path(self, run_id: int, name: str) -> str:
        """A text: of each file of thousands of runs, a Path takes longer to make than its file to look at."""
        return f"{self._folder}/{run_id}/{name}"

    def _parse(self, path: str) -> _Metrics:
        content, fault = json_object(path, parsed_metrics)
        traces, steps, faults = dict[str, Trace](), dict[str, Sequence[int]](), [fault] if fault else []
        shared: dict[bytes, Trace] = {}  # metrics with the same steps share them, which halves the memory
        for name, metric in content.items():
            try:
                series = series_of(metric)
            except ValueError as error:
                faults.append(f"metric {name!r}: {error}")
                continue
            key = series.steps.tobytes()
            first = shared.setdefault(key, series)
            traces[name] = Trace(steps=first.steps, values=series.values)
            if key not in self._steps:
                self._steps[key] = tuple(series.steps.tolist())
            steps[name] = self._steps[key]
        return _Metrics(traces=traces, steps=steps, faults=faults)


def _artifact_names(listed: Any, faults: list[str]) -> Iterator[str]:
    if isinstance(listed, list) and all(isinstance(name, str) for name in listed):
        yield from (name for name in listed if Path(name).name == name)
    else:
        faults.append("artifacts: expected a list of names")


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and name == str(int(name))
