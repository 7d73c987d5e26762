"""Where runs execute. Locally: a few processes, each with pinned threads, each making one run after another."""

import logging
import multiprocessing
import os
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from experiments.environment import resolve_device
from experiments.recording import RunRequest, real_images, record
from runs.processes import available_cores, interrupts_held
from runs.stopping import StopRequest, end_all

ATTEMPTS = 2  # a crash may be the machine's; twice is the run's


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a worker tells: a run has reached a step, is recorded, or has failed (and whether it is tried again)."""

    kind: Literal["progress", "recorded", "failed"]
    request: RunRequest
    step: int = 0
    reason: str = ""
    again: bool = False


# Makes these runs, at most that many at a time (None: as many as there is room for), and tells what happens. Closing
# the events stops it. Raises UserError, when called, if the runs cannot be made where it would make them.
Engine = Callable[[Sequence[RunRequest], int | None], Generator[Event]]


@dataclass(kw_only=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    cores: list[int]
    request: RunRequest | None = None


@dataclass(kw_only=True)
class _Queue:
    """Runs still to be made, and how often each was tried."""

    waiting: deque[RunRequest]
    attempts: dict[tuple[str, int], int] = field(default_factory=dict)

    def take(self) -> RunRequest:
        request = self.waiting.popleft()
        self.attempts[request.identity] = self.attempts.get(request.identity, 0) + 1
        return request

    def put_back(self, request: RunRequest) -> None:
        """It was not begun."""
        self.waiting.appendleft(request)
        self.attempts[request.identity] -= 1

    def failed(self, request: RunRequest, reason: str) -> Event:
        again = self.attempts[request.identity] < ATTEMPTS
        if again:
            self.waiting.append(request)
        return Event(kind="failed", request=request, reason=reason, again=again)


def run_locally(requests: Sequence[RunRequest], workers: int | None) -> Generator[Event]:
    """Make the runs in that many processes of this machine (None: one a core); the iterator yields what happens.

    Each process is pinned to cores of its own, one a thread of its runs, where there are enough. A run that raises,
    or whose process dies, is tried once more at the end. Closing the iterator stops all workers: their runs are
    recorded as INTERRUPTED and keep their checkpoints. Raises UserError at once if a device is not here.
    """
    for device in {request.config.device for request in requests}:
        resolve_device(device)
    for data in dict.fromkeys(request.data for request in requests):
        real_images(*data)  # made once, for the workers to find
    return _events(requests, workers or len(available_cores()))


def _events(requests: Sequence[RunRequest], workers: int) -> Generator[Event]:
    queue = _Queue(waiting=deque(requests))
    threads = max(request.config.threads for request in requests)
    pool: list[_Worker] = []
    try:
        for cores in _own_cores(min(workers, len(requests)), threads):
            with interrupts_held():
                pool.append(_start_worker(cores))
        while queue.waiting or any(worker.request for worker in pool):
            for worker in list(pool):
                if worker.request is None and queue.waiting:
                    _give(worker, queue, pool)
            for ready in wait([worker.pipe for worker in pool if worker.request]):
                worker = next(worker for worker in pool if worker.pipe is ready)
                yield _next_event(worker, queue)
                if not worker.process.is_alive() and worker.request is None:
                    _replace(worker, pool)
    finally:
        _stop(pool)


def _own_cores(workers: int, threads: int) -> list[list[int]]:
    """Cores for each worker, shared with no other; empty lists where they do not suffice."""
    cores = available_cores()
    enough = workers * threads <= len(cores)
    return [cores[i * threads : (i + 1) * threads] if enough else [] for i in range(workers)]


def _give(worker: _Worker, queue: _Queue, pool: list[_Worker]) -> None:
    """Have it make the run that waits longest; one that died while it was idle is replaced first."""
    while worker.request is None:
        request = queue.take()
        try:
            worker.pipe.send(request)
            worker.request = request
        except ConnectionError:
            queue.put_back(request)
            worker = _replace(worker, pool)


def _replace(worker: _Worker, pool: list[_Worker]) -> _Worker:
    with interrupts_held():
        worker.pipe.close()
        pool[pool.index(worker)] = replacement = _start_worker(worker.cores)
    return replacement


def _next_event(worker: _Worker, queue: _Queue) -> Event:
    request = worker.request
    assert request is not None
    try:
        kind, detail = worker.pipe.recv()
    except (EOFError, ConnectionError):
        worker.process.join()
        worker.request = None
        return queue.failed(request, f"its process ended with exit code {worker.process.exitcode}")
    if kind == "progress":
        return Event(kind="progress", request=request, step=detail)
    worker.request = None
    if kind == "failed":
        return queue.failed(request, detail)
    return Event(kind="recorded", request=request)


def _start_worker(cores: list[int]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, cores), daemon=True)
    with _one_blas_thread():
        process.start()
    theirs.close()
    return _Worker(process=process, pipe=ours, cores=cores)


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """For processes started within: it must stand before they import numpy; torch's threads come from the config."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _stop(pool: Sequence[_Worker]) -> None:
    for worker in pool:
        if worker.request is not None:
            worker.process.terminate()
        worker.pipe.close()  # an idle worker ends by itself
    end_all([worker.process for worker in pool])


def _work(pipe: Connection, cores: list[int]) -> None:
    """A worker's life: one run after another until the other end of the pipe closes, or it is asked to stop."""
    stop = StopRequest()
    try:
        stop.listen()
        logging.basicConfig(format="%(message)s")
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)
        while not stop():
            request = pipe.recv()
            pipe.send(_attempt(request, pipe, stop))
    except (EOFError, ConnectionError, KeyboardInterrupt):
        return  # the sweep has ended, or ends us


def _attempt(request: RunRequest, pipe: Connection, stop: StopRequest) -> tuple[str, str]:
    def progress(step: int) -> None:
        with suppress(ConnectionError):  # of a sweep that has gone: the request to stop is on its way
            pipe.send(("progress", step))

    try:
        record(request, progress, stop)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        return "failed", f"{type(error).__name__}: {str(error) or 'no message'} ({place})"
    return "recorded", ""
