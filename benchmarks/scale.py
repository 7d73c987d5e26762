"""How a report's time, memory and size grow with the number of recorded runs, without and with a grid."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import peak_gigabytes
from runs.store import open_store
from runs.study import load_study
from tests.analysis.plausible import record_study

# runs, by study: one without a grid and one over 8 grid points
SIZES: Mapping[str, Sequence[int]] = {"digits": (100, 300, 1000), "learning_rates": (100, 1000)}


@dataclass(frozen=True, kw_only=True)
class ReportCost:
    """What one report took.

    peak_gigabytes: memory of its largest process. page_megabytes: size of report.html, in 10^6 bytes.
    """

    study: str
    grid_points: int
    runs: int
    wall_seconds: float
    peak_gigabytes: float
    page_megabytes: float

    def __str__(self) -> str:
        points = f", {self.grid_points} grid points" if self.grid_points > 1 else ""
        return (
            f"report over {self.runs} runs of {self.study}{points}: {self.wall_seconds:.1f} s,"
            f" {self.peak_gigabytes:.2f} GB, page of {self.page_megabytes:.1f} MB"
        )


def report_costs(sizes: Mapping[str, Sequence[int]] = SIZES) -> list[ReportCost]:
    """Reports of studies over synthetic records with as many points as real ones, with at least so many runs each."""
    return [_report_cost(name, runs) for name, numbers in sizes.items() for runs in numbers]


def _report_cost(name: str, runs: int) -> ReportCost:
    study = load_study(name)
    cells = len(list(study.cells()))
    seeds = -(-runs // cells)
    with tempfile.TemporaryDirectory() as folder:
        record_study(folder, study.override(seeds=seeds))
        wall_seconds, peak_gigabytes = _timed(name, seeds, folder)
        (page,) = Path(folder, "reports").glob("*/report.html")
        return ReportCost(
            study=study.name,
            grid_points=cells // len(study.arms),
            runs=cells * seeds,
            wall_seconds=wall_seconds,
            peak_gigabytes=peak_gigabytes,
            page_megabytes=page.stat().st_size / 1e6,
        )


def _timed(name: str, seeds: int, folder: str) -> tuple[float, float]:
    """Seconds and gigabytes of writing the report."""
    command = [sys.executable, "-m", "benchmarks.scale", name, str(seeds), folder]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    gigabytes = peak_gigabytes(process)
    if process.returncode:
        raise RuntimeError(f"the report of {name} over {seeds} seeds failed with status {process.returncode}")
    return time.perf_counter() - started, gigabytes


def _write(name: str, seeds: int, folder: str) -> None:
    """The report itself, in a process of its own."""
    from analysis.report.writing import write_report

    write_report(load_study(name).override(seeds=seeds), open_store(folder), Path(folder, "reports"))


if __name__ == "__main__":
    _write(sys.argv[1], int(sys.argv[2]), sys.argv[3])
