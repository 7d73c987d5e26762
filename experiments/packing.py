"""How many runs a device carries at a time: tried out by training, and remembered for each card and size of run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from pydantic import TypeAdapter, ValidationError

from experiments.captured import quickest_step
from experiments.environment import device_name
from experiments.recording import RunRequest, real_images
from experiments.spawning import spawned
from experiments.training import Training
from runs.files import replaced
from runs.processes import interrupts_held
from runs.schema import RunConfig
from runs.stopping import end_all, end_with_parent

SECONDS = 3.0  # of training for each number of runs
GAIN = 1.1  # twice as many runs must train so much faster together, or they are not worth their memory

_FILE = "packing.json"
_STEPS = 100_000  # more than anybody trains in that time


@dataclass(frozen=True, kw_only=True)
class Packing:
    """So many runs at a time train fastest. rates: steps a second of all together, by how many were tried."""

    runs: int
    rates: Mapping[int, float]

    def __str__(self) -> str:
        tried = ", ".join(f"{runs}: {rate:.0f}" for runs, rate in self.rates.items())
        return f"{self.runs} at a time (steps a second together, by how many: {tried})"


_REMEMBERED = TypeAdapter(dict[str, Packing])


def best_packing(requests: Sequence[RunRequest], most: int) -> Packing:
    """The number of runs at a time, up to ``most``, at which the costliest of these trains fastest on its device.

    Takes about half a minute, once for each card and size of run: what was found is kept beside the checkpoints.
    """
    costliest = max(requests, key=lambda one: one.match["flops_g"] + one.match["flops_d"])
    known, key = remembered(costliest.local), _key(costliest.config, most)
    if key not in known:
        with _processes(costliest) as train_together:
            known[key] = tried(train_together, most)
        with replaced(costliest.local / _FILE) as part:
            part.write_bytes(_REMEMBERED.dump_json(known, indent=1))
    return known[key]


def remembered(local: Path) -> dict[str, Packing]:
    """What was tried out, as it is kept in the folder of checkpoints and data."""
    try:
        return _REMEMBERED.validate_json((local / _FILE).read_bytes())
    except (OSError, ValidationError):  # tried again
        return {}


def tried(train_together: Callable[[int], float | None], most: int) -> Packing:
    """Twice as many at a time, as long as that is worth it.

    ``train_together``: steps a second of so many runs, all together; None where they do not fit.
    """
    rates: dict[int, float] = {}
    best, runs = 1, 1
    while runs <= most:
        rate = train_together(runs)
        if rate is None:
            break
        rates[runs] = rate
        if runs > 1 and rate < GAIN * rates[best]:
            break
        best, runs = runs, 2 * runs
    return Packing(runs=best, rates=rates)


def _key(config: RunConfig, most: int) -> str:
    size = f"{config.channels}x{config.image_size}x{config.image_size}, batch {config.batch_size}"
    widths = f"{config.architecture_g} {config.width_g}, {config.architecture_d} {config.width_d}"
    return f"{device_name(torch.device(config.device))}, up to {most}: {size}, {widths}, torch {torch.__version__}"


@contextmanager
def _processes(request: RunRequest) -> Iterator[Callable[[int], float | None]]:
    """Processes that train, started as they are needed, and what lets the first of them train at the same time."""
    started: list[tuple[BaseProcess, Connection]] = []

    def train_together(runs: int) -> float | None:
        while len(started) < runs:
            with interrupts_held():
                started.append(spawned(_train, request))
        pipes = [pipe for _, pipe in started]
        try:
            ready = [pipe.recv() for pipe in pipes]  # each says when it can
            if not all(ready):
                return None
            for pipe in pipes:
                pipe.send(SECONDS)
            return sum(pipe.recv() for pipe in pipes)
        except (EOFError, ConnectionError):
            return None

    try:
        yield train_together
    finally:
        for process, _ in started:
            process.terminate()
        end_all([process for process, _ in started])


def _train(pipe: Connection, request: RunRequest) -> None:
    """In a process: train whenever asked to, for so many seconds, and tell how many steps a second that made."""
    end_with_parent()
    config = replace(request.config, steps=_STEPS, eval_every=_STEPS, trace_every=_STEPS // 100)
    torch.set_num_threads(config.threads)
    try:
        training = Training(config, *real_images(*request.data), quickest_step)
        training.train(2)  # the first allocate
        while True:
            pipe.send(True)
            pipe.send(_rate(training, pipe.recv()))
    except (EOFError, ConnectionError):
        return
    except RuntimeError:  # out of memory, most likely: in any case so many do not fit
        pipe.send(False)


def _rate(training: Training, seconds: float) -> float:
    """Steps a second over so many seconds of training."""
    first, began = training.step, time.perf_counter()
    training.train(_STEPS - first, stopped=lambda: time.perf_counter() - began > seconds)
    return (training.step - first) / (time.perf_counter() - began)
