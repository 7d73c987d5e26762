"""What processes with pinned threads buy: runs per hour of two against one, and against one with torch's threads."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from benchmarks.measure import Ratio, ratio
from experiments.cells import matched_cells, requests
from experiments.engines import Notice, run_locally
from experiments.recording import RunRequest
from runs.study import load_study

_RUNS, _STEPS, _ROUNDS = 4, 400, 2
_WARM_STEPS = 40
_DEFAULT_THREADS = torch.get_num_threads()  # what torch takes by itself here, before any benchmark sets it


def workers() -> list[Ratio]:
    """Seconds that one process takes for a few DCGAN runs over those that two take, start of the processes left out."""
    costs: dict[str, list[float]] = {"two": [], "one": [], "threads": []}
    for _ in range(_ROUNDS):
        costs["two"].append(seconds_of_runs(processes=2, threads=1))
        costs["one"].append(seconds_of_runs(processes=1, threads=1))
        costs["threads"].append(seconds_of_runs(processes=1, threads=_DEFAULT_THREADS))
    name = f"one process with torch's {_DEFAULT_THREADS} threads / two pinned workers"
    unit = f"s for {_RUNS} runs"
    return [
        ratio("one pinned worker / two", costs["one"], costs["two"], unit=unit, demand="at least 1.9"),
        ratio(name, costs["threads"], costs["two"], unit=unit, demand="at least 1.4"),
    ]


def seconds_of_runs(*, processes: int, threads: int, runs: int = _RUNS, steps: int = _STEPS) -> float:
    """Wall time of DCGAN runs from the moment that every process has made a short first one to the end of the last."""
    with tempfile.TemporaryDirectory() as folder:
        warm = _runs(folder, threads, first_seed=1000, count=processes, steps=_WARM_STEPS)
        counted = _runs(folder, threads, first_seed=0, count=runs, steps=steps)
        return _seconds([*warm, *counted], processes)


def _seconds(requests: Sequence[RunRequest], processes: int) -> float:
    """From the end of the first so many runs to the end of all."""
    recorded, started, finished = 0, 0.0, 0.0
    for event in run_locally(requests, processes):
        if isinstance(event, Notice) or event.kind == "failed":
            raise RuntimeError(str(event))
        recorded += event.kind == "recorded"
        if event.kind == "recorded":
            finished = time.perf_counter()  # not after the loop: ending the processes takes seconds
        if recorded == processes and not started:
            started = finished
    return finished - started


def _runs(folder: str, threads: int, *, first_seed: int, count: int, steps: int) -> list[RunRequest]:
    study = load_study("digits").override(arms=["dcgan"])
    cells = [
        replace(one, config=replace(one.config, device="cpu", steps=steps, threads=threads))
        for one in matched_cells(study)
    ]
    wanted = [(one.cell.key, first_seed + i) for one in cells for i in range(count)]
    return [replace(one, key=f"bench-{one.key}") for one in requests(study, cells, wanted, folder)]
