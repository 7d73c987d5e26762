"""Worker processes of this machine: each has pinned threads, or a share of a GPU, and makes one run after another."""

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from experiments.pools import Pool
from experiments.recording import RunRequest
from experiments.serving import LESS_MEMORY, Told
from experiments.spawning import spawned
from experiments.worker_process import live
from runs.processes import available_cores, interrupts_held
from runs.stopping import end_all


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a process runs: on these cores (none: on any), and on a GPU as CUDA_VISIBLE_DEVICES names it."""

    cores: Sequence[int] = ()
    gpu: str | None = None


@dataclass(kw_only=True)
class Worker:
    """A process, and the run that it is making."""

    process: BaseProcess
    pipe: Connection
    place: Place
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
    """A process a place. One whose run finds no memory left ends, while there are others: fewer at a time need less."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._workers: list[Worker] = []

    def start(self) -> None:
        """See :class:`Pool`."""
        for place in self._places:
            with interrupts_held():
                self._workers.append(_started(place))

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
            if told[0] == "failed" and LESS_MEMORY in told[1] and len(self._workers) > 1:
                self._workers.remove(worker)
                _end([worker])
                told = told[0], f"{told[1]}; from here on {len(self._workers)} at a time"
            yield request, told

    def stop(self) -> None:
        """See :class:`Pool`."""
        _end(self._workers)

    def _busy(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.request is not None]

    def _next(self) -> int | None:
        """The first place that has nothing to do."""
        return next((place for place, worker in enumerate(self._workers) if worker.request is None), None)


def _started(place: Place) -> Worker:
    """A new process. Signals are to be held until it has been noted."""
    process, pipe = spawned(live, place.cores, gpu=place.gpu)
    return Worker(process=process, pipe=pipe, place=place)


def _replaced(worker: Worker) -> Worker:
    """A new process in the place of a dead one."""
    worker.pipe.close()
    with interrupts_held():
        return _started(worker.place)


def _end(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
        worker.pipe.close()  # an idle worker ends by this; one that still imports torch does not
    end_all([worker.process for worker in workers])


def places_of(workers: int, threads: int, gpus: Sequence[str] = ()) -> list[Place]:
    """Places for so many processes: the GPUs in turn, and cores shared with no other where they suffice."""
    cores = available_cores()
    enough = workers * threads <= len(cores)
    return [
        Place(
            cores=cores[i * threads : (i + 1) * threads] if enough else (),
            gpu=gpus[i % len(gpus)] if len(gpus) > 1 else None,
        )
        for i in range(workers)
    ]
