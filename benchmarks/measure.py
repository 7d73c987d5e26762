"""Timing in turns, so that a machine whose speed drifts treats both sides alike."""

import os
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import torch

from experiments.environment import device_name

ROUNDS = 9
_RESULTS = Path(__file__).parent / "results"
_STAT = Path("/proc/stat")


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How often the first side's cost holds the second's: median and range over rounds."""

    name: str
    median: float
    lowest: float
    highest: float
    first: float  # median cost of the first side
    second: float
    unit: str
    demand: str  # what is asked of the median, in words; empty where nothing is

    def __str__(self) -> str:
        demand = f"  (asked for: {self.demand})" if self.demand else ""
        return (
            f"{self.name}: {self.median:.3f} [{self.lowest:.3f}, {self.highest:.3f}]"
            f"  ({self.first:.4g} against {self.second:.4g} {self.unit}){demand}"
        )


def result_file(name: str) -> Path:
    """Where the figures of that name are kept."""
    return _RESULTS / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.json"


def machine() -> str:
    """Processor and number of cores."""
    return f"{device_name(torch.device('cpu'))}, {os.cpu_count()} cores"


def peak_gigabytes(process: Popen[str] | Popen[bytes]) -> float:
    """Waits for its end; the memory of its largest process. Its ``returncode`` is set."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen itself has not waited for it
    return usage.ru_maxrss / 2**20


def ratio(name: str, first: list[float], second: list[float], *, unit: str, demand: str = "") -> Ratio:
    """The ratio first/second of costs measured in turns, round by round."""
    rounds = [a / b for a, b in zip(first, second, strict=True)]
    return Ratio(
        name=name,
        median=statistics.median(rounds),
        lowest=min(rounds),
        highest=max(rounds),
        first=statistics.median(first),
        second=statistics.median(second),
        unit=unit,
        demand=demand,
    )


def cpu_milliseconds(work: Callable[[], object], repeats: int) -> float:
    """CPU time of this process for one call of ``work``, mean over repeats."""
    started = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - started) * 1e3 / repeats


def in_turns(first: Callable[[], float], second: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Costs of both sides over several rounds, one after the other in each, after a round that does not count."""
    first(), second()
    rounds = [(first(), second()) for _ in range(ROUNDS)]
    return [a for a, _ in rounds], [b for _, b in rounds]


def busy_share(seconds: float = 2.0) -> float:
    """Share of all cores' time that went to other programs, 0 to 1, over the next seconds (Linux; otherwise 0)."""
    if not _STAT.exists():
        return 0.0
    before = _idle_and_total()
    time.sleep(seconds)
    idle, total = (now - then for now, then in zip(_idle_and_total(), before, strict=True))
    return 1 - idle / total


def _idle_and_total() -> tuple[int, int]:
    numbers = [int(word) for word in _STAT.read_text().splitlines()[0].split()[1:9]]
    return numbers[3] + numbers[4], sum(numbers)
