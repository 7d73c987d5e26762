"""What a task does on its node: it makes one run, says how far it is, and hears whether to stop."""

import threading
from types import TracebackType
from typing import Any

import ray
from ray.exceptions import RayError

from experiments.cluster.nodes import Expected, difference
from experiments.recording import RunRequest
from experiments.serving import Told, attempt

TALK_SECONDS = 1.0  # between two words with the sweep
_SILENT_SECONDS = 30.0  # without an answer after which the sweep is gone, or this node is cut off from it


def make(request: RunRequest, number: int, mailbox: Any, here: Expected) -> Told:
    """Make a run, as the attempt of that number, if this node has what it has to; ``mailbox``: handle of a Mailbox."""
    fault = difference(here)
    if fault:
        return "failed", f"node {node_name()} cannot make it: {fault}"
    with _Line(mailbox, number) as line:
        try:
            return attempt(request, line.reach, line.stopped)
        except KeyboardInterrupt:
            return "failed", "it was stopped, for it heard nothing of the sweep"


def compare(here: Expected) -> str | None:
    """What this node has otherwise than expected, as :func:`difference` says it."""
    return difference(here)


def node_name() -> str:
    """Of the node on which this is called, as messages name it."""
    return str(ray.util.get_node_ip_address())


class _Line:
    """Reports to the mailbox from a thread of its own, about once a second."""

    def __init__(self, mailbox: Any, number: int) -> None:
        self._mailbox, self._number = mailbox, number
        self._step: int | None = None
        self._stop, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def __enter__(self) -> "_Line":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def reach(self, step: int) -> None:
        """The run has reached a step."""
        self._step = step

    def stopped(self) -> bool:
        """Whether the run is to stop."""
        return self._stop.is_set()

    def _talk(self) -> None:
        while True:
            try:
                stop = ray.get(self._mailbox.report.remote(self._number, self._step), timeout=_SILENT_SECONDS)
            except RayError:
                stop = True
            if stop:
                self._stop.set()
            if stop or self._ended.wait(TALK_SECONDS):
                return
