"""Reading what was recorded, alike from a folder and from MongoDB."""

import json
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import gridfs
from bson import CodecOptions, ObjectId
from bson.codec_options import DatetimeConversion
from pymongo.collection import Collection as DatabaseCollection

from runs.addresses import folder_at, is_mongo_url
from runs.errors import UserError
from runs.filters import FIELDS, TIMES
from runs.matches import matches
from runs.mongo import Document, database, one_line_faults
from runs.reading import are_whole, read_record, read_trace, stored_time
from runs.records import COMPLETED, MEND, UNREADABLE, RunRecord, RunStore, Trace

__all__ = ["FolderStore", "MongoStore", "RunRecord", "RunStore", "Trace", "open_store"]

# what the driver would otherwise refuse, and all that is read with it
_TOLERANT: CodecOptions[Document] = CodecOptions(
    datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
_AT_ONCE = 1_000  # runs whose metrics are asked for in one query: an answer's document may take 16 MB
# what no value of a metric is: each as a condition that MongoDB judges without sending a value
_NO_NUMBER = ("string", "object", "array", "bool", "date", "objectId", "binData", "decimal")


def open_store(url: str) -> RunStore:
    """The store at this address: that of a MongoDB database, or the path of a folder (empty if it is not there).

    Raises UserError if the address cannot be parsed, is a relative path, or that of a file.
    """
    return MongoStore(url) if is_mongo_url(url) else FolderStore(folder_at(url))


@dataclass(kw_only=True)
class _Metrics:
    """What is recorded of one run's metrics: those that can be read, and why others cannot."""

    traces: dict[str, Trace] = field(default_factory=dict)  # of a folder alone
    steps: dict[str, Sequence[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class FolderStore(RunStore):
    """Runs that sacred's FileStorageObserver wrote: a folder a run, named by its id.

    Files that are missing, cut off, as a killed writer leaves them, or damaged in another way make a record incomplete.
    A run's metrics are parsed once, and again when their file changes.
    """

    def __init__(self, folder: Path) -> None:
        """Raises UserError if there is something else than a folder."""
        if folder.exists() and not folder.is_dir():
            raise UserError(f"record folder {folder}: expected a folder, found a file")
        self._folder = folder
        self._parsed: dict[Path, tuple[int, _Metrics]] = {}
        self._steps: dict[bytes, tuple[int, ...]] = {}  # kept once for all metrics of all runs that have the same

    def _find(self, query: dict[str, Any], *, completed_only: bool) -> list[RunRecord]:
        records = []
        by_id = {"_id": query["_id"]} if "_id" in query else {}  # asked of the names: no other run need be read
        for run_id in (run_id for run_id in self._ids() if matches(by_id, {"_id": run_id})):
            document, listed, faults = self._document(run_id)
            wanted = document["status"] == COMPLETED or not completed_only
            if wanted and matches(query, document):
                metrics = self._metrics(run_id)
                sizes = self._artifact_sizes(run_id, listed, faults)
                records.append(read_record(document, metrics.steps, sizes, [*faults, *metrics.faults]))
        return records

    def _traces(self, run_id: int, names: Collection[str]) -> Mapping[str, Trace]:
        return {name: series for name, series in self._metrics(run_id).traces.items() if name in names}

    def _metrics(self, run_id: int) -> _Metrics:
        path = self._folder / str(run_id) / "metrics.json"
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            changed = 0  # why, reading it says
        if path not in self._parsed or self._parsed[path][0] != changed:
            self._parsed[path] = (changed, self._parse(path))
        return self._parsed[path][1]

    def _parse(self, path: Path) -> _Metrics:
        content, fault = _json_object(path)
        metrics = _Metrics(faults=[fault] if fault else [])
        shared: dict[bytes, Trace] = {}  # metrics with the same steps share them, which halves the memory
        for name, metric in content.items():
            try:
                series = read_trace(metric)
            except ValueError as error:
                metrics.faults.append(f"metric {name!r}: {error}")
                continue
            key = series.steps.tobytes()
            first = shared.setdefault(key, series)
            metrics.traces[name] = Trace(steps=first.steps, values=series.values)
            metrics.steps[name] = self._steps.setdefault(key, tuple(series.steps.tolist()))
        return metrics

    def _artifact(self, run_id: int, name: str) -> bytes:
        try:
            return (self._folder / str(run_id) / name).read_bytes()
        except OSError as error:
            raise UserError(f"run {run_id}: {name} cannot be read: {error.strerror}; {MEND}") from None

    def _ids(self) -> list[int]:
        if not self._folder.exists():
            return []
        return sorted(int(path.name) for path in self._folder.iterdir() if _is_id(path.name) and path.is_dir())

    def _document(self, run_id: int) -> tuple[dict[str, Any], Any, list[str]]:
        """What filters see; what run.json says of artifacts; and which files cannot be read, and why."""
        files = {name: _json_object(self._folder / str(run_id) / f"{name}.json") for name in ("run", "config", "info")}
        run = {"status": UNREADABLE, **files["run"][0]}
        document = {
            "_id": run_id,
            "status": run["status"],
            "config": files["config"][0],
            "info": files["info"][0],
            "meta": run.get("meta", {}),
            **{name: stored_time(run.get(name)) for name in TIMES},
        }
        return document, run.get("artifacts", []), [fault for _, fault in files.values() if fault]

    def _artifact_sizes(self, run_id: int, listed: Any, faults: list[str]) -> dict[str, int]:
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            faults.append("artifacts: expected a list of names")
            return {}
        sizes = {name: _file_size(self._folder / str(run_id) / name) for name in listed if _is_plain(name)}
        return {name: size for name, size in sizes.items() if size is not None}


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
            found = self._collection("runs").find({"$and": parts}, [*FIELDS, "artifacts"], sort={"_id": 1})
            documents = list(found)
            metrics = self._metrics([document["_id"] for document in documents])
            lengths = self._lengths(documents)
        return [self._record(document, metrics, lengths) for document in documents]

    def _record(
        self, document: Document, metrics: Mapping[Any, _Metrics], lengths: Mapping[ObjectId, int]
    ) -> RunRecord:
        own, faults = metrics.get(document["_id"], _Metrics()), list[str]()
        sizes = {name: lengths[file_id] for name, file_id in _files(document, faults) if file_id in lengths}
        return read_record(document, own.steps, sizes, [*faults, *own.faults])

    def _collection(self, name: str) -> DatabaseCollection[Document]:
        return self._database[name].with_options(codec_options=_TOLERANT)

    def _metrics(self, run_ids: Iterable[Any]) -> Mapping[Any, _Metrics]:
        """Steps of all metrics. Values stay where they are; the same steps of however many metrics come once."""
        found: defaultdict[Any, _Metrics] = defaultdict(_Metrics)
        for some in _parts(run_ids, _AT_ONCE):
            wanted = {"$match": {"run_id": {"$in": some}}}
            values = {"$cond": [{"$isArray": "$values"}, {"$size": "$values"}, -1]}
            alike = {"_id": {"steps": "$steps", "values": values}}
            of = {"of": {"$push": {"run_id": "$run_id", "name": "$name"}}}
            for group in self._collection("metrics").aggregate([wanted, {"$group": {**alike, **of}}]):
                _add(found, group["of"], group["_id"].get("steps"), group["_id"]["values"])
            for metric in self._collection("metrics").find({**wanted["$match"], **_VALUE_THAT_IS_NONE}, _OF_A_METRIC):
                _fault(found, metric, "a value is no number")
        return found

    def _lengths(self, documents: Iterable[Document]) -> dict[ObjectId, int]:
        """Bytes of the artifacts' files, by their ids in GridFS."""
        ids = [file_id for document in documents for _, file_id in _files(document, [])]
        found = self._collection("fs.files").find({"_id": {"$in": ids}}, ["length"])
        return {file["_id"]: file["length"] for file in found if isinstance(file.get("length"), int)}

    def _traces(self, run_id: int, names: Collection[str]) -> Mapping[str, Trace]:
        traces = {}
        with one_line_faults(self._url):
            wanted = {"run_id": run_id, "name": {"$in": list(names)}}
            for metric in self._collection("metrics").find(wanted, ["name", "steps", "values"]):
                try:
                    traces[metric["name"]] = read_trace(metric)
                except (ValueError, TypeError):
                    continue  # its record says why, and is incomplete
        return traces

    def _artifact(self, run_id: int, name: str) -> bytes:
        with one_line_faults(self._url):
            run = self._collection("runs").find_one({"_id": run_id}, ["artifacts"]) or {}
            file_id = dict(_files(run, [])).get(name)
            try:
                return gridfs.GridFS(self._database).get(file_id).read()
            except gridfs.errors.GridFSError:
                raise UserError(f"run {run_id}: {name} cannot be read: parts of it are missing; {MEND}") from None


_NO_NUMBERS = ({"$eq": None}, *({"$type": kind} for kind in _NO_NUMBER))
_VALUE_THAT_IS_NONE = {"$or": [{"values": {"$elemMatch": condition}} for condition in _NO_NUMBERS]}
_OF_A_METRIC = ["run_id", "name"]


def _add(found: defaultdict[Any, _Metrics], metrics: Iterable[Document], steps: Any, values: int) -> None:
    """Note metrics that have these steps and so many values (-1: something else than values)."""
    if not isinstance(steps, list) or values < 0:
        fault = "expected lists of steps and values"
    elif not are_whole(steps):
        fault = "a step is no whole number"
    else:
        fault = "" if len(steps) == values else f"{values} values of {len(steps)} steps"
    ordered = () if fault else tuple(sorted(steps))
    for metric in metrics:
        if fault:
            _fault(found, metric, fault)
        elif _is_of_one(metric):
            own = found[metric["run_id"]]
            if metric["name"] in own.steps:
                own.faults.append(f"metric {metric['name']!r}: it is there twice")
            own.steps[metric["name"]] = ordered


def _fault(found: defaultdict[Any, _Metrics], metric: Document, fault: str) -> None:
    if _is_of_one(metric):
        found[metric["run_id"]].faults.append(f"metric {metric['name']!r}: {fault}")


def _is_of_one(metric: Document) -> bool:
    """Whether it names one run and a metric; a list of runs is found by each."""
    return isinstance(metric.get("run_id"), int | float) and isinstance(metric.get("name"), str)


def _files(document: Document, faults: list[str]) -> Iterator[tuple[str, ObjectId]]:
    """Names and ids in GridFS of a run's artifacts."""
    listed = document.get("artifacts", [])
    for entry in listed if isinstance(listed, list) else [None]:
        name, file_id = (entry.get(key) for key in ("name", "file_id")) if isinstance(entry, Mapping) else (None, None)
        if isinstance(name, str) and isinstance(file_id, ObjectId):
            yield name, file_id
        else:
            faults.append("artifacts: expected a list of names and files")


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and name == str(int(name))


def _is_plain(name: str) -> bool:
    return Path(name).name == name


def _file_size(path: Path) -> int | None:
    try:
        found = path.stat()
    except (OSError, ValueError):  # a name may be too long, or hold what no name can
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _json_object(path: Path) -> tuple[dict[str, Any], str | None]:
    """The object in a file, and why it cannot be read; an empty one without a reason if there is no file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for a writer
            return {}, f"{path.name}: expected a file"
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        return {}, f"{path.name}: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return {}, f"{path.name}: no JSON ({error})"
    return (content, None) if isinstance(content, dict) else ({}, f"{path.name}: expected an object")
