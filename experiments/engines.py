"""How runs are made: by a pool of places, which share the runs with other sweeps of the same store."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from experiments.environment import on_this_machine, resolve_device
from experiments.outages import Outage, Pauses
from experiments.packing import best_packing
from experiments.pools import Pool
from experiments.queues import Queue
from experiments.recording import RunRequest, real_images
from experiments.serving import Told
from experiments.spawning import visible_gpus
from experiments.workers import Workers, places_of
from runs.claims import claims_at
from runs.errors import UserError
from runs.observers import check_store
from runs.processes import available_cores
from runs.store import open_store
from runs.wording import counted

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


# Makes these runs, at most that many at a time (None: as many as there is room for), that many on each GPU (None: as
# many as train fastest), and tells what happens. Closing the events stops it. Raises UserError, when called, if the
# runs cannot be made where it would make them.
Engine = Callable[[Sequence[RunRequest], int | None, int | None], Generator[Event | Notice]]


def run_locally(
    requests: Sequence[RunRequest], workers: int | None, runs_per_gpu: int | None = None
) -> Generator[Event | Notice]:
    """Make the runs in that many processes of this machine; the iterator yields what happens.

    None: one a core, or on GPUs ``runs_per_gpu`` a GPU (None: as many as train fastest, which is tried out); the GPUs
    take turns. All are recorded in one store. Each process is pinned to cores of its own, one a thread of its runs,
    where there are enough. A run that raises, or whose process dies, is tried once more at the end. While a database is
    away the runs wait, and NotFinished is raised if that takes too long. Runs that another sweep makes are waited for.
    Closing the iterator stops all workers: their runs are recorded as INTERRUPTED and keep their checkpoints.
    Raises UserError at once if a device is not here.
    """
    devices = {resolve_device(request.config.device) for request in requests}
    gpus = visible_gpus() if "cuda" in devices else []
    if runs_per_gpu is not None and not gpus:
        raise UserError(f"{runs_per_gpu} runs a GPU: no run of these is made on a GPU here; give the number of workers")
    room, said = _room(requests, workers, runs_per_gpu, gpus)
    threads = max(request.config.threads for request in requests)
    return _saying(said, make_all(requests, Workers(places_of(min(room, len(requests)), threads, gpus))))


def _room(
    requests: Sequence[RunRequest], workers: int | None, runs_per_gpu: int | None, gpus: Sequence[str]
) -> tuple[int, str | None]:
    """How many runs at a time, and what there is to say of it."""
    if workers is not None:
        return workers, None
    cores = len(available_cores())
    if not gpus:
        return cores, None
    if runs_per_gpu is not None:
        return runs_per_gpu * len(gpus), None
    if len(requests) <= len(gpus):
        return len(requests), None
    _make_data(requests)
    here = [replace(request, config=on_this_machine(request.config)) for request in requests]
    packing = best_packing(here, most=max(1, cores // len(gpus)))
    return packing.runs * len(gpus), f"{counted(len(gpus), 'GPU')}, on each {packing}"


def _saying(text: str | None, events: Generator[Event | Notice]) -> Generator[Event | Notice]:
    yield from _said(text)
    yield from events


def make_all(requests: Sequence[RunRequest], pool: Pool) -> Generator[Event | Notice]:
    """Make the runs in the pool's places; the iterator yields what happens. See :func:`run_locally`."""
    _make_data(requests)
    return _Sweep(requests, pool).events()


def _make_data(requests: Sequence[RunRequest]) -> None:
    """Once, for the places to find."""
    for data in dict.fromkeys(request.data for request in requests):
        real_images(*data)


class _Sweep:
    """The places of one sweep, and what they have to do."""

    def __init__(self, requests: Sequence[RunRequest], pool: Pool) -> None:
        (self._url,) = {request.url for request in requests}
        self._queue = Queue(requests, claims_at(self._url), open_store(self._url))
        self._outage = Outage(lambda: check_store(self._url))
        self._looks = Pauses(_LONGEST_LOOK)
        self._said_that_shared = False
        self._pool = pool

    def events(self) -> Generator[Event | Notice]:
        with self._queue.claims.kept_alive():
            try:
                self._pool.start()
                yield from self._events()
            finally:
                self._pool.stop()

    def _events(self) -> Iterator[Event | Notice]:
        while self._queue.waiting or self._queue.elsewhere or self._pool.is_busy():
            yield from self._hand_out()
            for request, told in self._pool.heard(self._patience()):
                yield from self._take_in(request, told)
            yield from self._look_around()

    def _patience(self) -> float | None:
        """Seconds until there is something to look after, whatever is told of runs."""
        if self._outage.lasts:
            return self._outage.pauses.left
        if self._queue.elsewhere:
            return self._looks.left
        return None if self._pool.is_busy() else 0.0  # another sweep may have made the last run

    def _hand_out(self) -> Iterator[Event | Notice]:
        while self._queue.waiting and not self._outage.lasts and self._pool.has_room():
            request = self._queue.waiting.popleft()
            try:
                yield from self._begin(request)
            except UserError as error:
                self._queue.put_back(request)
                yield from _said(self._outage.begins(str(error)))

    def _begin(self, request: RunRequest) -> Iterator[Event | Notice]:
        """Claim a run and give it to a place."""
        other = self._queue.claim(request, self._pool.maker())
        if other is not None:
            if not self._said_that_shared:
                self._said_that_shared = True
                yield Notice(text=f"{other} makes some of these runs: this sweep makes others, and waits for those")
        elif self._queue.is_recorded(request):
            self._queue.ended(request)
            yield Event(kind="recorded", request=request)
        elif self._pool.give(request):
            self._queue.begun(request)
        else:
            self._queue.ended(request)
            self._queue.put_back(request)

    def _take_in(self, request: RunRequest, told: Told) -> Iterator[Event | Notice]:
        kind, detail = told
        if kind == "progress":
            yield Event(kind="progress", request=request, step=int(detail))
            return
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
        if not self._pool.is_busy():
            self._outage.refuse_to_wait_on()
        if self._queue.elsewhere and not self._outage.lasts and self._looks.is_time():
            self._queue.look_again()


def _said(text: str | None) -> Iterator[Notice]:
    if text is not None:
        yield Notice(text=text)
