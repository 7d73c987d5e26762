"""How a report's time and memory grow with the number of recorded runs."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runs.store import open_store
from runs.study import load_study
from tests.analysis.plausible import record_study

SIZES = (100, 300, 1000)  # runs


@dataclass(frozen=True, kw_only=True)
class ReportCost:
    """What one report took."""

    runs: int
    wall_seconds: float
    peak_gigabytes: float  # of its largest process

    def __str__(self) -> str:
        return f"report over {self.runs} runs: {self.wall_seconds:.1f} s, {self.peak_gigabytes:.2f} GB"


def report_costs(sizes: Sequence[int] = SIZES) -> list[ReportCost]:
    """Reports of the default study's arms over synthetic records with as many points as real ones."""
    return [_report_cost(size) for size in sizes]


def _report_cost(runs: int) -> ReportCost:
    study = load_study("digits")
    seeds = -(-runs // len(study.arms))
    with tempfile.TemporaryDirectory() as folder:
        record_study(folder, study.override(seeds=seeds))
        return _timed(seeds, folder)


def _timed(seeds: int, folder: str) -> ReportCost:
    command = [sys.executable, "-m", "benchmarks.scale", str(seeds), folder]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the report over {seeds} seeds failed with status {os.waitstatus_to_exitcode(status)}")
    return ReportCost(
        runs=seeds * len(load_study("digits").arms),
        wall_seconds=time.perf_counter() - started,
        peak_gigabytes=usage.ru_maxrss / 2**20,
    )


def _write(seeds: int, folder: str) -> None:
    """The report itself, in a process of its own."""
    from analysis.report.writing import write_report

    write_report(load_study("digits").override(seeds=seeds), open_store(folder), Path(folder, "reports"))


if __name__ == "__main__":
    _write(int(sys.argv[1]), sys.argv[2])
