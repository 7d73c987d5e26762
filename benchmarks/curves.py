"""How a study's time grows: with a run's steps and with image size, with seeds and with processes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np

from benchmarks.loop import example_config, started
from benchmarks.measure import cpu_milliseconds
from benchmarks.workers import seconds_of_runs
from experiments.networks import matched_config
from runs.processes import available_cores
from runs.schema import RunConfig
from runs.study import Cell, load_study
from runs.validation import validated

ROUNDS = 3
STEPS = (50, 100, 200, 400)
_STEPS_AT = {16: 40, 32: 20, 64: 6}  # by image size
IMAGE_SIZES = tuple(_STEPS_AT)
SEEDS = (2, 4, 8, 16)
_RUN_STEPS = 150


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What takes how many seconds: at each of ``at``, median over rounds.

    exponent: slope of log seconds over log ``at``, by least squares: 1 where time is proportional, −1 where it is
    shared out, None of a single point. demand: what is asked of it, in words; empty where nothing is.
    """

    name: str
    at: tuple[int, ...]
    seconds: tuple[float, ...]
    unit: str
    exponent: float | None
    demand: str

    def __str__(self) -> str:
        points = ", ".join(f"{at}: {seconds:.3g}" for at, seconds in zip(self.at, self.seconds, strict=True))
        demand = f"  (asked for: {self.demand})" if self.demand else ""
        exponent = "unknown" if self.exponent is None else f"{self.exponent:.2f}"
        return f"{self.name}: {points} {self.unit}; exponent {exponent}{demand}"


def curves() -> list[Curve]:
    """Of both networks by steps and by image size; of a small DCGAN study by seeds and by processes."""
    cores = len(available_cores())
    return [
        *(measured(f"{arm}, training by steps", STEPS, _by_steps(arm), "CPU s", "0.95 to 1.05") for arm in _ARMS),
        *(measured(f"{arm}, a step by image size", IMAGE_SIZES, _by_image_size(arm), "CPU s a step") for arm in _ARMS),
        measured(
            f"dcgan, runs of {_RUN_STEPS} steps in {cores} processes, by seeds",
            SEEDS,
            lambda seeds: seconds_of_runs(processes=cores, threads=1, runs=seeds, steps=_RUN_STEPS),
            "s",
            "0.9 to 1.1",
        ),
        measured(
            f"dcgan, {SEEDS[2]} runs of {_RUN_STEPS} steps, by processes",
            range(1, cores + 1),
            lambda processes: seconds_of_runs(processes=processes, threads=1, runs=SEEDS[2], steps=_RUN_STEPS),
            "s",
            "−1.1 to −0.9",
        ),
    ]


_ARMS = ("mlp", "dcgan")


def measured(name: str, at: Sequence[int], cost: Callable[[int], float], unit: str, demand: str = "") -> Curve:
    """The curve of a cost: every point once a round, so that a machine whose speed drifts treats all alike."""
    rounds = [[cost(value) for value in at] for _ in range(ROUNDS)]
    seconds = [median(costs) for costs in zip(*rounds, strict=True)]
    exponent = float(np.polyfit(np.log(at), np.log(seconds), 1)[0]) if len(at) > 1 else None
    return Curve(name=name, at=tuple(at), seconds=tuple(seconds), unit=unit, exponent=exponent, demand=demand)


def _by_steps(arm: str) -> Callable[[int], float]:
    training = started(example_config(arm))
    return lambda steps: cpu_milliseconds(lambda: training.train(steps), 1) / 1e3


def _by_image_size(arm: str) -> Callable[[int], float]:
    """Of matched networks, DCGAN's with a block more each time that the size doubles."""
    cell = next(load_study("digits").override(arms=[arm]).cells())
    trainings = {size: started(_sized(cell, size)) for size in IMAGE_SIZES}

    def cost(size: int) -> float:
        steps = _STEPS_AT[size]
        return cpu_milliseconds(lambda: trainings[size].train(steps), 1) / 1e3 / steps

    return cost


def _sized(cell: Cell, size: int) -> RunConfig:
    reference = None if cell.reference is None else _at_size(cell.reference, size)
    return matched_config(_at_size(cell.config, size), reference)


def _at_size(config: RunConfig, size: int) -> RunConfig:
    return validated(RunConfig, {**asdict(config), "image_size": size, "device": "cpu"}, "benchmark")
