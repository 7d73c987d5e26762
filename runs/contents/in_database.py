"""Records in a MongoDB database, as sacred's MongoObserver writes them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, BinaryIO, cast

import gridfs
from bson import ObjectId
from bson.errors import InvalidDocument
from pymongo.errors import DuplicateKeyError

from runs.contents.content import (
    Content,
    Contents,
    Points,
    abandoned,
    absent,
    mapping,
    points_of,
    this_process,
)
from runs.filters import TIMES
from runs.metric_writer import BYTES_A_POINT_IN_DATABASE
from runs.mongo import Document, database, one_line_faults
from runs.records import COMPLETED, RUNNING
from runs.times import utc_now

COPYING = "COPYING"  # the status of a record that is not there yet
_FORMAT = "MongoObserver-0.7.0"  # of sacred's documents, for its viewers
_NUMBERED = {"_id": {"$type": "number"}}  # sacred's option -i makes ids of text
_READ = {**_NUMBERED, "status": {"$ne": COPYING}}


class DatabaseContents(Contents):
    """Records that sacred's MongoObserver wrote.

    A copy is a document of the status COPYING until its points and artifacts are there too. That document says whose it
    is, and which files it will have: what a killed process has written of it can be found and removed.
    """

    def __init__(self, url: str) -> None:
        """Nothing is read yet. Raises UserError if the address cannot be parsed."""
        self._url = url
        self._database = database(url)
        self._runs, self._metrics = self._database["runs"], self._database["metrics"]

    def ids(self) -> list[int]:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            return [document["_id"] for document in self._runs.find(_READ, ["_id"], sort={"_id": 1})]

    def read(self, run_id: int) -> Content:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            return _content(self._document(run_id))

    def every(self) -> Iterator[Content]:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            yield from map(_content, self._runs.find(_READ, sort={"_id": 1}))

    def points(self, run_id: int) -> dict[str, Points]:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            found = list(self._metrics.find({"run_id": run_id}))
        return {str(metric.get("name")): points_of(metric) for metric in found}

    def artifact(self, run_id: int, name: str) -> AbstractContextManager[BinaryIO]:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            document = self._document(run_id)
            files = _artifact_files(document)
            if name not in files:
                raise absent(_content(document), name)
            return cast(AbstractContextManager[BinaryIO], self._files.get(files[name]))

    def size(self, run_id: int) -> int:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            files = _artifact_files(self._document(run_id)).values()
            found = self._database["fs.files"].find({"_id": {"$in": list(files)}}, ["length"])
            count = {"$project": {"points": {"$size": "$values"}}}
            points = sum(one["points"] for one in self._metrics.aggregate([{"$match": {"run_id": run_id}}, count]))
            return sum(int(one["length"]) for one in found) + BYTES_A_POINT_IN_DATABASE * points

    def begun_elsewhere(self, identity: str) -> bool:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            found = list(self._runs.find({**_NUMBERED, "meta.copied_from": identity}, ["status", "copying"]))
        return any(one["status"] != COPYING or not _abandoned(one) for one in found)

    def add(self, content: Content, source: Contents) -> int:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            for left in self._half_copies(content.identity):
                self.remove(left)
            try:
                return self._add(content, source)
            except (InvalidDocument, OverflowError) as error:
                raise ValueError(f"MongoDB cannot hold it: {error}") from None

    def _add(self, content: Content, source: Contents) -> int:
        run_id = self._begin(content, {name: ObjectId() for name in source.points(content.id)})
        try:
            self._fill(run_id, source, content)
            self._publish(run_id, content.status)
        except BaseException:
            self.remove(run_id)
            raise
        return run_id

    def half_copies(self) -> int:
        """See :class:`Contents`."""
        return len(self._half_copies())

    def remove_half_copies(self) -> None:
        """See :class:`Contents`."""
        for run_id in self._half_copies():
            self.remove(run_id)

    def _half_copies(self, identity: str | None = None) -> list[int]:
        """Ids of what copies (of one record, or of any) left behind whose process was killed."""
        of_it = {} if identity is None else {"meta.copied_from": identity}
        with one_line_faults(self._url):
            begun = list(self._runs.find({"status": COPYING, **of_it}, ["copying"]))
        return [one["_id"] for one in begun if _abandoned(one)]

    def interrupt(self, run_id: int) -> bool:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            run = self._document(run_id)
            heard = {name: run.get(name) for name in ("heartbeat", "start_time")}
            ended = {"status": "INTERRUPTED", "stop_time": heard["heartbeat"] or heard["start_time"]}
            unchanged = {"_id": run_id, "status": RUNNING, "heartbeat": heard["heartbeat"]}
            return bool(self._runs.update_one(unchanged, {"$set": ended}).matched_count)

    def remove(self, run_id: int) -> None:
        """See :class:`Contents`."""
        with one_line_faults(self._url):
            run = self._runs.find_one({"_id": run_id}, ["artifacts", "status"]) or {}
            if run.get("status") == COMPLETED:
                self._runs.update_one({"_id": run_id}, {"$set": {"status": "DELETED"}})
            for file_id in _artifact_files(run).values():
                self._files.delete(file_id)
            self._metrics.delete_many({"run_id": run_id})
            self._runs.delete_one({"_id": run_id})

    @property
    def _files(self) -> gridfs.GridFS:
        return gridfs.GridFS(self._database)

    def _document(self, run_id: int) -> Document:
        found = self._runs.find_one({"_id": run_id})
        if found is None:
            raise KeyError(run_id)
        return found

    def _begin(self, content: Content, metrics: dict[str, ObjectId]) -> int:
        """Take an id as sacred does, by inserting a document that has it."""
        host, process = this_process()
        shown = [{"name": name, "id": str(metric)} for name, metric in metrics.items()]  # for sacred's viewers
        document: Document = {
            "format": _FORMAT,
            **content.run,
            "status": COPYING,
            "copying": {"host": host, "process": process, "heard": utc_now()},
            "config": dict(content.config),
            "info": {**content.info, **({"metrics": shown} if shown else {})},
            "artifacts": [{"name": name, "file_id": ObjectId()} for name in content.artifacts],
            "captured_out": content.output,
        }
        last = self._last_id()
        document["_id"] = content.id if content.id > last else last + 1
        while True:
            try:
                self._runs.insert_one(document)
                return int(document["_id"])
            except DuplicateKeyError:
                document["_id"] = self._last_id() + 1

    def _last_id(self) -> int:
        found = self._runs.find_one(_NUMBERED, ["_id"], sort={"_id": -1})
        return 0 if found is None else int(found["_id"])

    def _fill(self, run_id: int, source: Contents, content: Content) -> None:
        begun = self._document(run_id)
        ids = {metric["name"]: ObjectId(metric["id"]) for metric in begun["info"].get("metrics", [])}
        for name, one in source.points(content.id).items():
            points = {"steps": one.steps, "values": one.values, "timestamps": one.timestamps}
            self._metrics.insert_one({"_id": ids[name], "run_id": run_id, "name": name, **points})
        for entry in begun["artifacts"]:
            self._say_that_we_live(run_id)
            place = f"artifact://{self._runs.name}/{run_id}/{entry['name']}"
            with source.artifact(content.id, entry["name"]) as original:
                self._files.put(original, _id=entry["file_id"], filename=place, contentType="application/octet-stream")

    def _say_that_we_live(self, run_id: int) -> None:
        self._runs.update_one({"_id": run_id}, {"$set": {"copying.heard": utc_now()}})

    def _publish(self, run_id: int, status: str) -> None:
        whole = {"$set": {"status": status}, "$unset": {"copying": ""}}
        if not self._runs.update_one({"_id": run_id, "status": COPYING}, whole).matched_count:
            raise KeyError(f"run {run_id} was taken for left behind, and removed, while it was being copied")


def _content(document: Document) -> Content:
    apart = ("_id", "config", "info", "artifacts", "captured_out", "format", "copying")
    # the metrics' ids in the info are for viewers of this database
    info = {name: value for name, value in mapping(document.get("info")).items() if name != "metrics"}
    run = {name: value for name, value in document.items() if name not in apart}
    return Content(
        id=document["_id"],
        run=run | {name: run[name] if isinstance(run[name], datetime) else None for name in TIMES if name in run},
        config=mapping(document.get("config")),
        info=info,
        artifacts=tuple(_artifact_files(document)),
        output=str(document.get("captured_out") or ""),
    )


def _artifact_files(document: Document) -> dict[str, Any]:
    """Ids of its files by the artifact's name; of several of one name the last."""
    entries = document.get("artifacts")
    entries = [mapping(entry) for entry in entries] if isinstance(entries, list) else []
    return {str(entry["name"]): entry["file_id"] for entry in entries if {"name", "file_id"} <= entry.keys()}


def _abandoned(document: Document) -> bool:
    begun = mapping(document.get("copying"))
    host, process, heard = (begun.get(name) for name in ("host", "process", "heard"))
    return not (isinstance(process, int) and isinstance(heard, datetime)) or abandoned(str(host), process, heard)
