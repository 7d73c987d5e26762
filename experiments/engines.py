"""Where runs execute. Locally: in a few processes, which share the runs with other sweeps of the same store."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Literal

from experiments.environment import resolve_device
from experiments.outages import Outage, Pauses
from experiments.queues import Queue
from experiments.recording import RunRequest, real_images
from experiments.workers import Worker, own_cores, replaced_worker, start_worker, stop_workers
from runs.claims import claims_at
from runs.errors import UserError
from runs.observers import check_store
from runs.processes import available_cores, interrupts_held
from runs.store import open_store

_LONGEST_LOOK = 10.0  # seconds between two looks at the runs that other sweeps make


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a worker tells: a run has reached a step, is recorded, or has failed (and whether it is tried again)."""

    kind: Literal["progress", "recorded", "failed"]
    request: RunRequest
    step: int = 0
    reason: str = ""
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What there is to say of all runs, in one line."""

    text: str


# Makes these runs, at most that many at a time (None: as many as there is room for), and tells what happens. Closing
# the events stops it. Raises UserError, when called, if the runs cannot be made where it would make them.
Engine = Callable[[Sequence[RunRequest], int | None], Generator[Event | Notice]]


def run_locally(requests: Sequence[RunRequest], workers: int | None) -> Generator[Event | Notice]:
    """Make the runs in that many processes of this machine (None: one a core); the iterator yields what happens.

    All are recorded in one store. Each process is pinned to cores of its own, one a thread of its runs, where there
    are enough. A run that raises, or whose process dies, is tried once more at the end. While a database is away
    the runs wait, and NotFinished is raised if that takes too long. Runs that another sweep makes are waited for.
    Closing the iterator stops all workers: their runs are recorded as INTERRUPTED and keep their checkpoints.
    Raises UserError at once if a device is not here.
    """
    for device in {request.config.device for request in requests}:
        resolve_device(device)
    for data in dict.fromkeys(request.data for request in requests):
        real_images(*data)  # made once, for the workers to find
    return _LocalSweep(requests).events(workers or len(available_cores()))


class _LocalSweep:
    """The workers of one sweep, and what they have to do."""

    def __init__(self, requests: Sequence[RunRequest]) -> None:
        (self._url,) = {request.url for request in requests}
        self._requests = requests
        self._queue = Queue(requests, claims_at(self._url), open_store(self._url))
        self._outage = Outage(lambda: check_store(self._url))
        self._looks = Pauses(_LONGEST_LOOK)
        self._said_that_shared = False
        self._pool: list[Worker] = []

    def events(self, workers: int) -> Generator[Event | Notice]:
        with self._queue.claims.kept_alive():
            try:
                yield from self._events(workers)
            finally:
                stop_workers(self._pool)

    def _events(self, workers: int) -> Iterator[Event | Notice]:
        threads = max(request.config.threads for request in self._requests)
        for cores in own_cores(min(workers, len(self._requests)), threads):
            with interrupts_held():
                self._pool.append(start_worker(cores))
        while self._queue.waiting or self._queue.elsewhere or self._busy():
            yield from self._hand_out()
            for ready in wait([worker.pipe for worker in self._busy()], self._patience()):
                yield from self._heard(next(worker for worker in self._pool if worker.pipe is ready))
            yield from self._look_around()

    def _busy(self) -> list[Worker]:
        return [worker for worker in self._pool if worker.request is not None]

    def _patience(self) -> float | None:
        """Seconds until there is something to look after, whatever the workers do."""
        if self._outage.lasts:
            return self._outage.pauses.left
        if self._queue.elsewhere:
            return self._looks.left
        return None if self._busy() else 0.0  # another sweep may have made the last run

    def _hand_out(self) -> Iterator[Event | Notice]:
        for place in range(len(self._pool)):
            while self._queue.waiting and self._pool[place].request is None and not self._outage.lasts:
                request = self._queue.waiting.popleft()
                try:
                    yield from self._begin(request, place)
                except UserError as error:
                    self._queue.put_back(request)
                    yield from _said(self._outage.begins(str(error)))

    def _begin(self, request: RunRequest, place: int) -> Iterator[Event | Notice]:
        """Claim a run and give it to a worker; one that died while it was idle is replaced first."""
        if not self._pool[place].process.is_alive():
            self._pool[place] = replaced_worker(self._pool[place])
        other = self._queue.claim(request, self._pool[place].pid)
        if other is not None:
            if not self._said_that_shared:
                self._said_that_shared = True
                yield Notice(text=f"{other} makes some of these runs: this sweep makes others, and waits for those")
        elif self._queue.is_recorded(request):
            self._queue.ended(request)
            yield Event(kind="recorded", request=request)
        elif self._pool[place].give(request):
            self._queue.begun(request)
        else:
            self._queue.ended(request)
            self._queue.put_back(request)

    def _heard(self, worker: Worker) -> Iterator[Event | Notice]:
        request = worker.request
        assert request is not None
        kind, detail = worker.told()
        if kind == "progress":
            yield Event(kind="progress", request=request, step=int(detail))
            return
        worker.request = None
        try:
            self._queue.ended(request)
        except UserError:  # its claim ends with the next one, or with this sweep
            yield from _said(self._outage.begins())
        if kind == "recorded":
            self._looks.reset()
            yield Event(kind="recorded", request=request)
        elif kind == "failed":
            yield Event(kind="failed", request=request, reason=str(detail), again=self._queue.failed(request))
        else:
            yield from _said(self._outage.begins())
            away = self._outage.lasts
            again = self._queue.not_taken(request, away=away)
            if not away:
                yield Event(kind="failed", request=request, reason=str(detail), again=again)

    def _look_around(self) -> Iterator[Notice]:
        """At a store that was away, and at the runs of other sweeps."""
        yield from _said(self._outage.ends())
        if not self._busy():
            self._outage.refuse_to_wait_on()
        if self._queue.elsewhere and not self._outage.lasts and self._looks.is_time():
            self._queue.look_again()


def _said(text: str | None) -> Iterator[Notice]:
    if text is not None:
        yield Notice(text=text)
