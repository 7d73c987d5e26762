"""Reading what was recorded, alike from a folder and from MongoDB."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import gridfs
import numpy as np
from numpy.typing import NDArray

from runs.addresses import folder_at, is_mongo_url
from runs.errors import UserError
from runs.filters import FIELDS, TIMES
from runs.kinds import KINDS, kind_name
from runs.matches import matches
from runs.mongo import database, one_line_faults
from runs.records import COMPLETED, UNREADABLE, RunRecord, RunStore, Trace, trace

__all__ = ["FolderStore", "MongoStore", "RunRecord", "RunStore", "Trace", "open_store"]


def open_store(url: str) -> RunStore:
    """The store at this address: that of a MongoDB database, or the path of a folder (empty if it is not there).

    Raises UserError if the address cannot be parsed, is a relative path, or that of a file.
    """
    return MongoStore(url) if is_mongo_url(url) else FolderStore(folder_at(url))


class FolderStore(RunStore):
    """Runs that sacred's FileStorageObserver wrote: a folder a run, named by its id.

    Files that are missing or cut off, as a killed writer leaves them, make a record incomplete. A run's metrics are
    parsed once, and again when their file changes.
    """

    def __init__(self, folder: Path) -> None:
        """Raises UserError if there is something else than a folder."""
        if folder.exists() and not folder.is_dir():
            raise UserError(f"record folder {folder}: expected a folder, found a file")
        self._folder = folder
        self._parsed: dict[Path, tuple[int, dict[str, Trace]]] = {}

    def _find(self, query: dict[str, Any], *, completed_only: bool) -> list[RunRecord]:
        records = []
        for run_id in self._ids():
            document = self._document(run_id)
            wanted = document["status"] == COMPLETED or not completed_only
            if wanted and matches(query, document):
                points = {name: len(series.steps) for name, series in self._metrics(run_id).items()}
                records.append(_record(document, points, self._artifact_names(run_id)))
        return records

    def _traces(self, run_id: int, names: Collection[str]) -> Mapping[str, Trace]:
        return {name: series for name, series in self._metrics(run_id).items() if name in names}

    def _metrics(self, run_id: int) -> Mapping[str, Trace]:
        path = self._folder / str(run_id) / "metrics.json"
        try:
            changed = path.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if path not in self._parsed or self._parsed[path][0] != changed:
            self._parsed[path] = (changed, _parsed_metrics(_json_object(path)))
        return self._parsed[path][1]

    def _artifact(self, run_id: int, name: str) -> bytes:
        return (self._folder / str(run_id) / name).read_bytes()

    def _ids(self) -> list[int]:
        if not self._folder.exists():
            return []
        return sorted(int(path.name) for path in self._folder.iterdir() if path.name.isdecimal() and path.is_dir())

    def _document(self, run_id: int) -> dict[str, Any]:
        folder = self._folder / str(run_id)
        run = {"status": UNREADABLE, **_json_object(folder / "run.json")}
        return {
            "_id": run_id,
            "status": run["status"],
            "config": _json_object(folder / "config.json"),
            "info": _json_object(folder / "info.json"),
            "meta": run.get("meta", {}),
            **{name: _time(run.get(name)) for name in TIMES},
        }

    def _artifact_names(self, run_id: int) -> list[str]:
        folder = self._folder / str(run_id)
        listed = _json_object(folder / "run.json").get("artifacts", [])
        return [name for name in listed if (folder / name).is_file()]


class MongoStore(RunStore):
    """Runs that sacred's MongoObserver wrote into a database."""

    def __init__(self, url: str) -> None:
        """Nothing is read yet. Raises UserError if the address cannot be parsed."""
        self._url = url
        self._database = database(url)

    def _find(self, query: dict[str, Any], *, completed_only: bool) -> list[RunRecord]:
        parts: list[dict[str, Any]] = [query, {"_id": {"$type": "number"}}]  # sacred's option -i makes ids of text
        if completed_only:
            parts.append({"status": COMPLETED})
        with one_line_faults(self._url):
            documents = list(self._database["runs"].find({"$and": parts}, [*FIELDS, "artifacts"], sort={"_id": 1}))
            points = self._points([document["_id"] for document in documents])
        return [
            _record(document, points[document["_id"]], [entry["name"] for entry in document.get("artifacts", [])])
            for document in documents
        ]

    def _points(self, run_ids: list[int]) -> Mapping[int, dict[str, int]]:
        """Counted by the database: the values stay where they are."""
        wanted = {"$match": {"run_id": {"$in": run_ids}}}
        count = {"$project": {"run_id": 1, "name": 1, "points": {"$size": "$values"}}}
        points: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for metric in self._database["metrics"].aggregate([wanted, count]):
            points[metric["run_id"]][metric["name"]] = metric["points"]
        return points

    def _traces(self, run_id: int, names: Collection[str]) -> Mapping[str, Trace]:
        with one_line_faults(self._url):
            found = self._database["metrics"].find(
                {"run_id": run_id, "name": {"$in": list(names)}}, ["name", "steps", "values"]
            )
            return {metric["name"]: trace(metric["steps"], metric["values"]) for metric in found}

    def _artifact(self, run_id: int, name: str) -> bytes:
        with one_line_faults(self._url):
            run = self._database["runs"].find_one({"_id": run_id}, ["artifacts"]) or {}
            file_ids = [entry["file_id"] for entry in run.get("artifacts", []) if entry["name"] == name]
            return gridfs.GridFS(self._database).get(file_ids[-1]).read()


def _record(document: Mapping[str, Any], points: Mapping[str, int], artifacts: Collection[str]) -> RunRecord:
    # MongoObserver notes the metrics' ids in the info, for its viewers
    info = {key: value for key, value in (document.get("info") or {}).items() if key != "metrics"}
    meta = document.get("meta") or {}
    kind = KINDS.get(kind_name(meta))
    return RunRecord(
        id=document["_id"],
        status=document["status"],
        config=kind.completed(document["config"]) if kind else document["config"],
        info=info,
        meta=meta,
        points=points,
        artifacts=artifacts,
        **{name: document.get(name) for name in TIMES},
    )


def _json_object(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one if the file is missing or cut off."""
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    except OSError as error:
        raise UserError(f"record {path} cannot be read: {error.strerror}") from None
    return content if isinstance(content, dict) else {}


def _parsed_metrics(metrics: Mapping[str, Any]) -> dict[str, Trace]:
    """Metrics as arrays; those with the same steps share them, which halves the memory."""
    shared: dict[bytes, NDArray[np.int64]] = {}
    parsed = {name: trace(metric["steps"], metric["values"]) for name, metric in metrics.items()}
    return {
        name: Trace(steps=shared.setdefault(series.steps.tobytes(), series.steps), values=series.values)
        for name, series in parsed.items()
    }


def _time(text: str | None) -> datetime | None:
    """A time as MongoDB keeps it, to the millisecond."""
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
