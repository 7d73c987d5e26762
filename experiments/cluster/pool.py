"""The places of a Ray cluster: a task a run, and what is heard of the tasks."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from textwrap import shorten
from typing import Any

import ray
from ray.exceptions import OutOfMemoryError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from experiments.cluster.mailbox import Mailbox
from experiments.cluster.nodes import Expected
from experiments.cluster.resources import Need, room
from experiments.cluster.tasks import TALK_SECONDS, make
from experiments.pools import Pool
from experiments.recording import RunRequest
from experiments.serving import LESS_MEMORY, REASON, Told

_HEARD_SECONDS, _ENDED_SECONDS = 5.0, 3.0  # for runs to find a good place to stop at; to end once interrupted


@dataclass(frozen=True, kw_only=True)
class _Task:
    request: RunRequest
    reference: Any
    end: Future[Told]


class Tasks(Pool):
    """Tasks on the cluster that this process is connected to: ``most`` at a time, or as many as it has room for.

    ``need``: the most that one of the runs needs. ``connection`` is closed once all have ended.
    """

    def __init__(self, most: int, need: Need, here: Expected, connection: ExitStack) -> None:
        self._most, self._need, self._here, self._connection = most, need, here, connection
        self._room = room(ray.nodes(), need)
        self._running: dict[int, _Task] = {}
        self._begun = 0
        self._told: SimpleQueue[tuple[int, Told]] = SimpleQueue()
        self._mailbox: Any = None
        self._stopped = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def start(self) -> None:
        """See :class:`Pool`."""
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "scheduling_strategy": here, "max_restarts": -1, "max_task_retries": -1}
        self._mailbox = ray.remote(Mailbox).options(**options).remote()
        self._listener.start()

    def has_room(self) -> bool:
        """See :class:`Pool`. Where no node is left one run waits for the next."""
        return len(self._running) < min(self._most, max(1, self._room))

    def is_busy(self) -> bool:
        """See :class:`Pool`."""
        return bool(self._running)

    def maker(self) -> int:
        """See :class:`Pool`. It is this one: Ray ends the tasks of a process that has died."""
        return os.getpid()

    def give(self, request: RunRequest) -> bool:
        """See :class:`Pool`. Ray tries nothing again: a run goes on from its checkpoint."""
        task = ray.remote(make).options(
            num_cpus=self._need.cpus,
            num_gpus=self._need.gpus,
            max_retries=0,
            scheduling_strategy="SPREAD",
            name=request.checkpoint.stem,
        )
        self._begun += 1
        reference = task.remote(request, self._begun, self._mailbox, self._here)
        end = reference.future()
        self._running[self._begun] = _Task(request=request, reference=reference, end=end)
        end.add_done_callback(partial(self._ended, self._begun))
        return True

    def heard(self, patience: float | None) -> Iterator[tuple[RunRequest, Told]]:
        """See :class:`Pool`."""
        try:
            number, told = self._told.get(timeout=patience)
        except Empty:
            return
        task = self._running.get(number)
        if task is None:  # it had ended when its last step was heard of
            return
        if told[0] != "progress":
            del self._running[number]
        yield task.request, told

    def stop(self) -> None:
        """See :class:`Pool`."""
        with suppress(RayError):
            if self._running:
                self._mailbox.stop.remote()
            for seconds, force in ((_HEARD_SECONDS, False), (_ENDED_SECONDS, True)):
                wait([task.end for task in self._running.values()], seconds)
                for task in self._running.values():
                    if not task.end.done():
                        ray.cancel(task.reference, force=force)
        self._stopped.set()
        self._connection.close()

    def _ended(self, number: int, end: "Future[Told]") -> None:
        error = end.exception()
        self._told.put((number, end.result() if error is None else ("failed", _reason(error))))

    def _listen(self) -> None:
        """In a thread of its own, for it waits for Ray: how far runs are, and for how many there is room."""
        while not self._stopped.wait(TALK_SECONDS):
            try:
                news: dict[int, int] = ray.get(self._mailbox.news.remote())
                self._room = room(ray.nodes(), self._need)
            except Exception:  # the sweep ends, or hears more when it is well again
                continue
            for number, step in news.items():
                self._told.put((number, ("progress", step)))


def _reason(error: BaseException) -> str:
    said = shorten(f"{type(error).__name__}: {error}", REASON)
    return f"{said}; {LESS_MEMORY}" if isinstance(error, OutOfMemoryError) else said
