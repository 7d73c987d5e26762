"""Worker processes of this machine: each has pinned threads and makes one run after another."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from experiments.pools import Pool
from experiments.recording import RunRequest
from experiments.serving import LESS_MEMORY, Told
from experiments.worker_process import live
from runs.processes import available_cores, interrupts_held
from runs.stopping import end_all


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
        """What it says next of its run. A process that has died has failed."""
        try:
            told: Told = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            code = self.process.exitcode
            cause = f"; killed, as when a machine has no memory left: {LESS_MEMORY}" if code == -signal.SIGKILL else ""
            told = "failed", f"its process ended with exit code {code}{cause}"
        return told


class Workers(Pool):
    """So many processes, each on cores of its own, one a thread, where there are enough."""

    def __init__(self, workers: int, threads: int) -> None:
        self._cores = own_cores(workers, threads)
        self._workers: list[Worker] = []

    def start(self) -> None:
        """See :class:`Pool`."""
        for cores in self._cores:
            with interrupts_held():
                self._workers.append(start_worker(cores))

    def has_room(self) -> bool:
        """See :class:`Pool`."""
        return self._next() is not None

    def is_busy(self) -> bool:
        """See :class:`Pool`."""
        return bool(self._busy())

    def maker(self) -> int:
        """See :class:`Pool`. A worker that died while it was idle is replaced first."""
        place = self._next()
        assert place is not None
        if not self._workers[place].process.is_alive():
            self._workers[place] = _replaced(self._workers[place])
        return self._workers[place].pid

    def give(self, request: RunRequest) -> bool:
        """See :class:`Pool`."""
        place = self._next()
        assert place is not None
        return self._workers[place].give(request)

    def heard(self, patience: float | None) -> Iterator[tuple[RunRequest, Told]]:
        """See :class:`Pool`."""
        for ready in wait([worker.pipe for worker in self._busy()], patience):
            worker = next(worker for worker in self._workers if worker.pipe is ready)
            request, told = worker.request, worker.told()
            assert request is not None
            if told[0] != "progress":
                worker.request = None
            yield request, told

    def stop(self) -> None:
        """See :class:`Pool`."""
        for worker in self._workers:
            worker.process.terminate()
            worker.pipe.close()  # an idle worker ends by this; one that still imports torch does not
        end_all([worker.process for worker in self._workers])

    def _busy(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.request is not None]

    def _next(self) -> int | None:
        """The first place that has nothing to do."""
        return next((place for place, worker in enumerate(self._workers) if worker.request is None), None)


def _replaced(worker: Worker) -> Worker:
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
    process = context.Process(target=live, args=(theirs, cores), daemon=True)
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
