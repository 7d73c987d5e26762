"""What commands take over a folder of thousands of records, synthetic ones with as many points as real ones."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import peak_gigabytes
from runs.study import Study, load_study
from tests.analysis.plausible import record_study

SIZES = (10_000,)

_STUDY = "digits"
_WRITTEN = 20  # seeds whose records the store's own writer makes, at a tenth of a second each; others are their copies
_ROOT = Path(__file__).parent.parent
_QUERY = ("-m", "runs.query", f'{{"config.study": "{_STUDY}"}}', "--format", "csv")


@dataclass(frozen=True, kw_only=True)
class CommandCost:
    """What one command took over so many records. peak_gigabytes: memory of the process."""

    command: str
    runs: int
    wall_seconds: float
    peak_gigabytes: float
    demand: str = ""

    def __str__(self) -> str:
        demand = f"  (asked for: {self.demand})" if self.demand else ""
        return f"{self.command}, {self.runs:,} runs: {self.wall_seconds:.1f} s, {self.peak_gigabytes:.2f} GB{demand}"


def command_costs(sizes: Sequence[int] = SIZES) -> list[CommandCost]:
    """First and second query, start of a sweep that has one run to make, status and report: at least so many runs."""
    return [cost for runs in sizes for cost in _costs(runs)]


def _costs(runs: int) -> list[CommandCost]:
    study = load_study(_STUDY)
    seeds = _WRITTEN * -(-runs // (_WRITTEN * len(list(study.cells()))))
    whole = study.override(seeds=seeds)
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder, "records")
        recorded = _record(records, whole)

        def cost(name: str, arguments: Sequence[str], demand: str = "", until: str | None = None) -> CommandCost:
            seconds, gigabytes = _timed(folder, arguments, until)
            return CommandCost(
                command=name, runs=recorded, wall_seconds=seconds, peak_gigabytes=gigabytes, demand=demand
            )

        of_study = (_STUDY, "--seeds", str(seeds))
        return [
            cost("query, the first of this folder", _QUERY),
            cost("query", _QUERY, "at most 5 s"),
            cost("sweep, until it trains", ("-m", "experiments.sweep", *of_study), "at most 10 s", "training "),
            cost("status", ("-m", "runs.status", *of_study)),
            cost("report", ("-m", "analysis.report", *of_study), "at most 300 s and 4 GB"),
        ]


def _record(records: Path, study: Study) -> int:
    """Records of all runs of the study but the last; how many."""
    written = record_study(str(records), study.override(seeds=_WRITTEN))
    wanted = len(list(study.cells())) * len(study.seeds) - 1
    for run_id in range(written + 1, wanted + 1):
        source, target = records / str((run_id - 1) % written + 1), records / str(run_id)
        shutil.copytree(source, target)
        config = json.loads((source / "config.json").read_text())
        config["seed"] += _WRITTEN * ((run_id - 1) // written)
        (target / "config.json").write_text(json.dumps(config))
    return wanted


def _timed(folder: str, arguments: Sequence[str], until: str | None) -> tuple[float, float]:
    """Seconds to the end of a command, or to a line that contains ``until``, which ends it, and its gigabytes."""
    environment = {**os.environ, "GAN_STABILITY_LOCAL": folder, "MONGO_URL": ""}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if until is not None and until in line:
            process.send_signal(signal.SIGTERM)
            break
    seconds = time.perf_counter() - started
    process.stdout.close()
    gigabytes = peak_gigabytes(process)
    if until is None and process.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(arguments)} failed with status {process.returncode}")
    return seconds, gigabytes
