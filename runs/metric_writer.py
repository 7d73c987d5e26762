"""Points on their way into a database: kept until they are known to be there, and stored once however often sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, PyMongoError

BYTES_A_POINT_IN_DATABASE = 35  # about: step, value and time, each with its place in a list

_DUPLICATE_KEY = 11000
_PARTS = ("steps", "values", "timestamps")


class PointsLost(PyMongoError):
    """The database has fewer points than it once took, or points that nobody sent."""


@dataclass(kw_only=True)
class _Series:
    """One metric: how many of its points are stored, and those that are not known to be."""

    id: ObjectId = field(default_factory=ObjectId)  # chosen here: two upserts cannot make two documents
    stored: int = 0
    waiting: dict[str, list[Any]] = field(default_factory=lambda: {part: [] for part in _PARTS})

    def push(self, run_id: int, name: str) -> UpdateOne:
        """Append what waits if exactly the points before it are there."""
        return UpdateOne(
            {"_id": self.id, "values": {"$size": self.stored}},
            {
                "$push": {part: {"$each": points} for part, points in self.waiting.items()},
                "$setOnInsert": {"run_id": run_id, "name": name},
            },
            upsert=self.stored == 0,
        )

    def take_stored(self, points: int) -> None:
        """Note that the database has so many."""
        if not self.stored <= points <= self.stored + len(self.waiting["values"]):
            raise PointsLost(f"it has {points} points where it took {self.stored}")
        self.waiting = {part: values[points - self.stored :] for part, values in self.waiting.items()}
        self.stored = points


class MetricWriter:
    """Writes the metrics of one run, in the documents of sacred's MongoObserver: one a metric.

    A ``$push`` that is sent again after its answer was lost would store its points twice. On a standalone MongoDB
    nobody prevents that, for it has no retryable writes; a replica set only knows the driver's own second attempt by
    its transaction number, and takes one of ours for a new write. So each push names the number of points before it.
    """

    def __init__(self, metrics: Collection[dict[str, Any]], run_id: int) -> None:
        self._metrics = metrics
        self._run_id = run_id
        self._series: dict[str, _Series] = {}

    def add(self, metrics: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Keep points, by metric, until they are sent: steps, values and timestamps."""
        for name, points in metrics.items():
            waiting = self._series.setdefault(name, _Series()).waiting
            for part in _PARTS:
                waiting[part].extend(points[part])

    @property
    def waiting(self) -> int:
        """How many points are not known to be stored."""
        return sum(len(series.waiting["values"]) for series in self._series.values())

    def references(self) -> list[dict[str, str]]:
        """Name and id of each metric that is there, as viewers look them up in a run's ``info``."""
        return [{"name": name, "id": str(series.id)} for name, series in self._series.items() if series.stored]

    def send(self) -> None:
        """Store what waits; call it again after any error. Raises PyMongoError, and PointsLost if that is of no use."""
        if self._send_once():
            return
        self._look_up()  # an earlier attempt had been stored after all
        if not self._send_once():
            raise PointsLost("another writer changes its points")

    def _send_once(self) -> bool:
        waiting = {name: series for name, series in self._series.items() if series.waiting["values"]}
        if not waiting:
            return True
        pushes = [series.push(self._run_id, name) for name, series in waiting.items()]
        try:
            result = self._metrics.bulk_write(pushes, ordered=False)
        except BulkWriteError as error:
            if any(fault["code"] != _DUPLICATE_KEY for fault in error.details["writeErrors"]):
                self._look_up()
                raise
            return False
        if result.matched_count + len(result.upserted_ids or {}) < len(pushes):
            return False
        for series in waiting.values():
            series.take_stored(series.stored + len(series.waiting["values"]))
        return True

    def _look_up(self) -> None:
        """Count what is there, without fetching it."""
        wanted = {"$match": {"_id": {"$in": [series.id for series in self._series.values()]}}}
        found = self._metrics.aggregate([wanted, {"$project": {"points": {"$size": "$values"}}}])
        points = {document["_id"]: document["points"] for document in found}
        for series in self._series.values():
            series.take_stored(points.get(series.id, 0))
