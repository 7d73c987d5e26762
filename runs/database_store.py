"""Reading what sacred's MongoObserver wrote into a database."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import gridfs
from bson import CodecOptions, ObjectId
from bson.codec_options import DatetimeConversion
from pymongo.collection import Collection as DatabaseCollection

from runs.errors import UserError
from runs.filters import FIELDS
from runs.mongo import Document, database, one_line_faults
from runs.reading import are_whole, read_record, read_trace
from runs.records import COMPLETED, MEND, RunRecord, RunStore, Trace

# what the driver would otherwise refuse, and all that is read with it
_TOLERANT: CodecOptions[Document] = CodecOptions(
    datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
_AT_ONCE = 1_000  # runs whose metrics are asked for in one query: an answer's document may take 16 MB
# what no value of a metric is: each as a condition that MongoDB judges without sending a value
_NO_NUMBER = ("string", "object", "array", "bool", "date", "objectId", "binData", "decimal")


@dataclass(kw_only=True)
class _Metrics:
    """The steps of one run's metrics, in their order, and why others cannot be read."""

    steps: dict[str, tuple[int, ...]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


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
