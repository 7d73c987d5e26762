"""Worker processes of this machine: each has pinned threads and makes one run after another."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

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


def stop_workers(pool: Sequence[Worker]) -> None:
    """End them all within seconds: their runs are recorded as INTERRUPTED and keep their checkpoints."""
    for worker in pool:
        worker.process.terminate()
        worker.pipe.close()  # an idle worker ends by this; one that still imports torch does not
    end_all([worker.process for worker in pool])
