"""Worker processes of this machine: each has pinned threads and makes one run after another."""

import logging
import multiprocessing
import os
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from textwrap import shorten
from typing import Literal

from pymongo.errors import PyMongoError

from experiments.recording import NotRecorded, RunRequest, record
from runs.addresses import is_mongo_url
from runs.processes import available_cores, interrupts_held
from runs.stopping import StopRequest, end_all

REASON = 200  # characters of what went wrong
LESS_MEMORY = "batch_size, eval_samples or widths lower, or fewer WORKERS (--workers), need less memory"
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")  # of torch's RuntimeErrors, on any device

# of a run: a step that it has reached, its end, why it failed, or why a store did not take it
Told = tuple[Literal["progress"], int] | tuple[Literal["recorded", "failed", "unrecorded"], str]


@dataclass(kw_only=True)
class Worker:
    """A process, and the run that it is making."""

    process: BaseProcess
    pipe: Connection
    cores: list[int]
    request: RunRequest | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process.pid is not None
        return self.process.pid

    def give(self, request: RunRequest) -> bool:
        """Have it make a run; False if it has died."""
        try:
            self.pipe.send(request)
        except ConnectionError:
            return False
        self.request = request
        return True

    def told(self) -> Told:
        """What it says next. A process that has died has failed."""
        try:
            told: Told = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            code = self.process.exitcode
            cause = f"; killed, as when a machine has no memory left: {LESS_MEMORY}" if code == -signal.SIGKILL else ""
            told = "failed", f"its process ended with exit code {code}{cause}"
        return told


def replaced_worker(worker: Worker) -> Worker:
    """A new process in the place of a dead one."""
    worker.pipe.close()
    with interrupts_held():
        return start_worker(worker.cores)


def own_cores(workers: int, threads: int) -> list[list[int]]:
    """Cores for each worker, shared with no other; empty lists where they do not suffice."""
    cores = available_cores()
    enough = workers * threads <= len(cores)
    return [cores[i * threads : (i + 1) * threads] if enough else [] for i in range(workers)]


def start_worker(cores: list[int]) -> Worker:
    """A new process on these cores (none: on any). Signals are to be held until it has been noted."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, cores), daemon=True)
    with _one_blas_thread():
        process.start()
    theirs.close()
    return Worker(process=process, pipe=ours, cores=cores)


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


def stop_workers(pool: Sequence[Worker]) -> None:
    """End them all within seconds: their runs are recorded as INTERRUPTED and keep their checkpoints."""
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


def _attempt(request: RunRequest, pipe: Connection, stop: StopRequest) -> Told:
    def progress(step: int) -> None:
        with suppress(ConnectionError):  # of a sweep that has gone: the request to stop is on its way
            pipe.send(("progress", step))

    try:
        record(request, progress, stop)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        reason = f"{type(error).__name__}: {shorten(str(error), REASON) or 'no message'} ({place})"
        if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
            reason = f"{reason}; {LESS_MEMORY}"
        by_server = isinstance(error, NotRecorded | PyMongoError) and is_mongo_url(request.url)
        return "unrecorded" if by_server else "failed", reason
    return "recorded", ""
