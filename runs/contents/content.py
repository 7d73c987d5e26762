"""A run's record word for word, and what every store of such records can do."""

import abc
import hashlib
import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from runs.living import is_alive
from runs.records import SILENCE, UNREADABLE
from runs.times import to_millisecond, utc_now
from runs.validation import unknown

COPIED_FROM = "copied_from"  # in meta: the identity of the record that this one is a copy of

Document = Mapping[str, Any]

_IDENTITY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """All points of one metric, in the order in which they were recorded. Times are in UTC, without a zone."""

    steps: list[int]
    values: list[float]
    timestamps: list[datetime]


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """One record as sacred wrote it, points and artifacts aside: these may be large, and are read when needed.

    run: sacred's own entry (experiment, command, host, meta, status, times, result, …), its times as dates.
    """

    id: int
    run: Document
    config: Document
    info: Document
    artifacts: tuple[str, ...]  # names
    output: str = ""  # what the run printed, if sacred was asked to keep it

    @property
    def status(self) -> str:
        """As sacred stored it; UNREADABLE if the writer was killed before it had stored one."""
        return str(self.run.get("status") or UNREADABLE)

    @property
    def meta(self) -> Document:
        """What the run's maker said about it."""
        return mapping(self.run.get("meta"))

    @property
    def identity(self) -> str:
        """What the record and all its copies share, wherever they are and whatever id they have there.

        A digest of what does not change once a run has ended; of a copy, that of the record it was made from.
        """
        original, started = self.meta.get(COPIED_FROM), self.run.get("start_time")
        if isinstance(original, str) and _IDENTITY.fullmatch(original):  # it becomes part of a file's name
            return original
        content = {
            "config": self.config,
            "info": self.info,
            "meta": self.meta,
            "started": to_millisecond(started).isoformat() if isinstance(started, datetime) else None,
            **{name: self.run.get(name) for name in ("host", "command")},
        }
        return hashlib.sha256(plain_json(content).encode()).hexdigest()[:32]


class Contents(abc.ABC):
    """The records of one store. Every method raises UserError if the store cannot be read or written."""

    @abc.abstractmethod
    def ids(self) -> list[int]:
        """Of all records, the broken ones among them, in order; those that are still being copied are not there yet."""

    @abc.abstractmethod
    def read(self, run_id: int) -> Content:
        """One record. Raises KeyError if there is none."""

    @abc.abstractmethod
    def every(self) -> Iterator[Content]:
        """All records, in the order of ids."""

    @abc.abstractmethod
    def points(self, run_id: int) -> dict[str, Points]:
        """Its metrics by name. Raises ValueError if they are not what sacred writes."""

    @abc.abstractmethod
    def artifact(self, run_id: int, name: str) -> AbstractContextManager[BinaryIO]:
        """An artifact, open for reading."""

    @abc.abstractmethod
    def size(self, run_id: int) -> int:
        """About how many bytes the record takes."""

    @abc.abstractmethod
    def begun_elsewhere(self, identity: str) -> bool:
        """Whether another process has copied that record here meanwhile, or is about to."""

    @abc.abstractmethod
    def add(self, content: Content, source: "Contents") -> int:
        """Write the record ``content.id`` of another store, as ``content`` says, and return its id here.

        It keeps its id if that is above all ids here, else it gets the next one, as any new run would. Readers meet
        the whole record or none. What was left of copies of it that broke off is removed.
        """

    @abc.abstractmethod
    def half_copies(self) -> int:
        """How many copies broke off with no word: their processes were killed."""

    @abc.abstractmethod
    def remove_half_copies(self) -> None:
        """Delete what these left behind."""

    @abc.abstractmethod
    def interrupt(self, run_id: int) -> bool:
        """Have a record that still says RUNNING say INTERRUPTED; whether it did say so."""

    @abc.abstractmethod
    def remove(self, run_id: int) -> None:
        """Delete a record. If this is interrupted, what is left is found as an incomplete record of the same study."""


def absent(content: Content, name: str) -> KeyError:
    """What is raised where a record has no such artifact."""
    return KeyError(f"run {content.id}: {unknown('artifact', name, content.artifacts)}")


def mapping(value: Any) -> Document:
    """A part of a record that should be an object; an empty one if it is damaged."""
    return value if isinstance(value, Mapping) else {}


def points_of(recorded: Any) -> Points:
    """A metric's points, times as dates or as their text. Raises ValueError if sacred does not write such."""
    try:
        times = [datetime.fromisoformat(one) if isinstance(one, str) else one for one in recorded["timestamps"]]
        points = Points(steps=list(recorded["steps"]), values=list(recorded["values"]), timestamps=times)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a metric is damaged ({error})") from None
    if not len(points.steps) == len(points.values) == len(times) or not all(isinstance(one, datetime) for one in times):
        raise ValueError("a metric is damaged: it has not one step, value and time a point")
    return points


def plain_json(content: Any, indent: int | None = None) -> str:
    """JSON of a record's content; what JSON has no word for, as text."""
    return json.dumps(content, sort_keys=True, indent=indent, default=str)


def this_process() -> tuple[str, int]:
    """The host and the number by which others can tell whether it is still there."""
    return socket.gethostname(), os.getpid()


def abandoned(host: str, process: int, heard: datetime) -> bool:
    """Whether a process that was last heard of then is gone: on this host one asks, of others one waits two minutes."""
    if host == this_process()[0]:
        return process != os.getpid() and not is_alive(process)
    return utc_now() - heard > SILENCE
