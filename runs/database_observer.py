"""Recording into MongoDB, patiently: a server that goes away in mid-run gets everything when it is back."""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymongo
from bson import ObjectId
from bson.errors import BSONError
from gridfs import GridFS
from pymongo.errors import ConnectionFailure, DuplicateKeyError, PyMongoError

from runs.addresses import shown
from runs.metric_writer import MetricWriter, PointsLost
from runs.mongo import database
from runs.mongo_faults import cause, one_line_faults
from runs.tamed_sacred import MongoObserver, WithoutSources, plain_json

LOG = logging.getLogger(__name__)

START_SECONDS = 15.0  # for which a run waits to be entered
CALL_SECONDS = 10.0  # for which a heartbeat, beside the training, waits for an answer
END_SECONDS = 10.0  # for which a run waits at its end, counted from the last thing that was stored
_PAUSE = 0.2

_REFUSALS = (PyMongoError, BSONError, OverflowError)


@dataclass(kw_only=True)
class _Patience:
    """How long a run may still be held up; begins with the first question."""

    until: float | None = None

    def left(self) -> float:
        """Seconds."""
        if self.until is None:
            self.until = time.monotonic() + END_SECONDS
        return self.until - time.monotonic()


@dataclass(frozen=True, kw_only=True)
class _File:
    """An artifact that is not known to be stored."""

    name: str
    content: bytes
    metadata: dict[str, Any] | None
    id: ObjectId = field(default_factory=ObjectId)


class DatabaseObserver(WithoutSources, MongoObserver):
    """Records into MongoDB as sacred's MongoObserver does, each point and file once, however often it is sent.

    While the server is away points and files are kept here, and sent with a later heartbeat. At the run's end they are
    sent again for about END_SECONDS; what is then missing, and why, is said in one line, and the run goes on.
    """

    run_entry: dict[str, Any]

    def __init__(self, url: str) -> None:
        """Raises UserError if the address cannot be parsed, or nobody answers there."""
        with one_line_faults(url):
            runs = database(url)
            self.initialize(runs["runs"], GridFS(runs), metrics_collection=runs["metrics"])
        self._url = url
        self._token = uuid4().hex  # the id of a run is taken again if a server comes back empty
        self._files: list[_File] = []
        self._tried: set[ObjectId] = set()  # files
        self._lock = threading.RLock()  # the heartbeat's thread writes, and the run's own
        self._patience = _Patience()
        self._ending = False
        self._reason: str | None = None  # why something was not stored first, since it last was

    def insert(self) -> None:
        """Enter the run, under the next id. Raises UserError if the server is away for START_SECONDS, or refuses."""
        self.run_entry["host"]["record"] = self._token
        until = time.monotonic() + START_SECONDS
        with one_line_faults(self._url):
            while not self._inserted(until):
                time.sleep(_PAUSE)
        self._writer = MetricWriter(self.metrics, self.run_entry["_id"])

    def log_metrics(self, metrics_by_name: dict[str, Any], info: dict[str, Any]) -> None:
        """Store these points and those that wait, or keep them."""
        with self._lock:
            self._writer.add(metrics_by_name)
            self._try(self._writer.send)
            self._refer_to_metrics(info)

    def heartbeat_event(self, info: dict[str, Any], captured_out: str, beat_time: datetime, result: Any) -> None:
        """Store the state of the run, its ``info`` as plain values."""
        with self._lock:
            super().heartbeat_event(json.loads(plain_json(info)), captured_out, beat_time, result)

    def artifact_event(
        self, name: str, filename: str, metadata: dict[str, Any] | None = None, content_type: str | None = None
    ) -> None:
        """Store a file, or keep it."""
        self._patience.left()  # the run is held up from now on
        with self._lock:
            self._files.append(_File(name=name, content=Path(filename).read_bytes(), metadata=metadata))
            while self._files and self._try(self._send_file, held_up=True):
                pass
            self._try(self._save_running, held_up=True, progress=False)

    def save(self) -> None:
        """Store the run's state, or leave it to the next time."""
        self._try(self._save_running, progress=False)

    def hurry(self) -> None:
        """The run has ended: whatever is sent from now on holds it up."""
        self._patience.left()
        self._ending = True

    def final_save(self, attempts: int) -> None:
        """Store all that waits and the run's last state; say what is missing if the server does not take it."""
        self.hurry()
        with self._lock:
            while not (finished := self._finished()) and self._patience.left() > 0:
                time.sleep(_PAUSE)
            if not finished:
                LOG.warning("run %s is not recorded completely: %s", self.run_entry["_id"], self._lack())

    def _finished(self) -> bool:
        while self._files and self._try(self._send_file):
            pass
        sent = not self._writer.waiting or self._try(self._writer.send)
        self._refer_to_metrics(self.run_entry["info"])
        return self._try(self._save_final, progress=False) and sent and not self._files

    def _try(self, send: Callable[[], None], *, held_up: bool = False, progress: bool = True) -> bool:
        """Whether this worked; sacred would not ask again an observer that raised once."""
        # a heartbeat beside a run that is held up already has no more time than that: the run waits for its lock
        held_up = held_up or self._ending or self._patience.until is not None
        seconds = self._patience.left() if held_up else CALL_SECONDS
        if seconds <= 0:
            return False
        try:
            with pymongo.timeout(seconds):
                send()
        except _REFUSALS as error:
            if self._reason is None or isinstance(error, PointsLost):  # that no waiting mends
                self._reason = cause(error, self._url)
            return False
        if progress:
            self._patience, self._reason = _Patience(), None
        return True

    def _refer_to_metrics(self, info: dict[str, Any]) -> None:
        """As viewers look them up."""
        if references := self._writer.references():
            info["metrics"] = references

    def _inserted(self, until: float) -> bool:
        try:
            with pymongo.timeout(max(1.0, until - time.monotonic())):
                self._insert_once()
        except ConnectionFailure:
            if time.monotonic() > until:
                raise
            return False
        return True

    def _insert_once(self) -> None:
        while True:
            if self.run_entry.get("_id") is None:
                last = self.runs.find_one({"_id": {"$type": "number"}}, ["_id"], sort=[("_id", -1)])
                self.run_entry["_id"] = int(last["_id"]) + 1 if last else 1
            try:
                self.runs.insert_one(self.run_entry)
                return
            except DuplicateKeyError:
                if self.runs.find_one(self._mine, ["_id"]):  # by an attempt whose answer was lost
                    return
                self.run_entry["_id"] = None

    def _send_file(self) -> None:
        file = self._files[0]
        if file.id not in self._tried or not self.fs.exists(file.id):
            if file.id in self._tried:
                self.fs.delete(file.id)  # parts of it, from an attempt that was cut off
            self._tried.add(file.id)
            where = f"artifact://{self.runs.name}/{self.run_entry['_id']}/{file.name}"
            written = self.fs.new_file(_id=file.id, filename=where, metadata=file.metadata)
            written.write(file.content)
            written.close()
        self.run_entry["artifacts"].append({"name": file.name, "file_id": file.id})
        del self._files[0]

    def _save_running(self) -> None:
        # an update that arrives late, after the run's end, must not set it back
        self._set_entry({**self._mine, "status": "RUNNING"})

    def _save_final(self) -> None:
        self._set_entry(self._mine)

    def _set_entry(self, where: dict[str, Any]) -> None:
        if not self.runs.update_one(where, {"$set": self.run_entry}).matched_count:
            raise PyMongoError("the database has lost the run")

    @property
    def _mine(self) -> dict[str, Any]:
        return {"_id": self.run_entry["_id"], "host.record": self._token}

    def _lack(self) -> str:
        points, files = self._writer.waiting, len(self._files)
        lacking = [f"{points} points"] * bool(points) + [f"{files} files"] * bool(files) or ["its end"]
        return f"{shown(self._url)} did not take {' and '.join(lacking)}: {self._reason}"
