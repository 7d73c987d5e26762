"""What a sweep would do and cost: cells, widths, sizes, and time and memory measured on a few steps of each cell."""

import resource
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch

from experiments.cells import MatchedCell
from experiments.datasets import source_of, why_absent
from experiments.datasets.images import ImageData
from experiments.datasets.protocol import Source
from experiments.datasets.stand_in import stand_in
from experiments.environment import on_this_machine
from experiments.feature_space import FeatureExtractor
from experiments.features import feature_extractor
from experiments.networks import match_info
from experiments.recording import RunRequest, real_images
from experiments.training import Training
from runs.addresses import local_folder
from runs.metric_writer import BYTES_A_POINT_IN_DATABASE
from runs.schema import FeatureSpace, RunConfig, probe_steps, promised_steps
from runs.snapshots import snapshot_steps
from runs.study import Study
from runs.wording import counted, disk, duration

_SECONDS_A_CELL = 0.5
BYTES_A_POINT_IN_FOLDER = 73  # of a metric: value, step, time, each on its line
_BYTES_OF_TEXTS = 11_000  # config, info and what sacred says of a run
_HEADER = (
    "arm",
    "grid",
    "hidden layers G, D",
    "width G, D",
    "parameters G",
    "parameters D",
    "MFLOP G, D",
    "s/run",
    "missing",
)


def dry_run(study: Study, cells: Sequence[MatchedCell], todo: Sequence[RunRequest], workers: int) -> None:
    """Print the study's cells, and the time, memory and disk that its missing runs would take."""
    rows: list[tuple[str, ...]] = [_HEADER]
    seconds, points, files, local = 0.0, 0, 0, local_folder()
    for one in cells:
        lacking = sum(request.key == one.cell.key for request in todo)
        cost = seconds_per_run(one.config, local) if lacking else 0.0
        seconds += lacking * cost
        points += lacking * points_per_run(one.config)
        files += lacking * (_BYTES_OF_TEXTS + _bytes_of_files(one, study.snapshot_every))
        rows.append(_row(study, one, cost, lacking))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
    for source in dict.fromkeys(source_of(one.config) for one in cells):
        if absent := why_absent(source, local):
            print(f"dataset={source.dataset}: {absent} (the times below are measured on noise in their place)")
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"seeds {study.seeds[0]} to {study.seeds[-1]}, plan {study.plan_hash}")
    if todo:
        print(_sizes(points, files))
    print(
        f"{counted(len(todo), 'run')} to train: about {duration(seconds / workers)} in {workers} processes"
        f" ({duration(seconds)} of one); times measured on a few steps of each cell"
    )


def _sizes(points: int, files: int) -> str:
    folder, database = (files + points * one for one in (BYTES_A_POINT_IN_FOLDER, BYTES_A_POINT_IN_DATABASE))
    on_gpu = f" and {disk(torch.cuda.max_memory_allocated())} of the GPU's" if torch.cuda.is_initialized() else ""
    return (
        f"records: about {disk(folder)} in a folder, or {disk(database)} in a database before it compresses;"
        f" memory: about {disk(_peak_memory())}{on_gpu} a process"
    )


def _peak_memory() -> int:
    """Bytes that this process has taken at most: a worker that makes runs of all cells takes as much."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def seconds_per_run(config: RunConfig, local: Path) -> float:
    """Seconds that a run of this config would take here: a few steps and one probe, timed and scaled up.

    Raises UserError if its device is not here.
    """
    config = on_this_machine(config)
    torch.set_num_threads(config.threads)  # as in a worker: more would wait for each other on a busy machine
    training = Training(config, *_images(source_of(config), local, config.feature_space))
    training.train(1)  # the first step allocates
    steps, started = 0, time.perf_counter()
    while time.perf_counter() - started < _SECONDS_A_CELL:
        training.train(1)
        steps += 1
    step = (time.perf_counter() - started) / steps
    started = time.perf_counter()
    training.prober.probe(training.generator.network)
    return config.steps * step + len(probe_steps(config)) * (time.perf_counter() - started)


@lru_cache(maxsize=2)
def _images(source: Source, local: Path, space: FeatureSpace) -> tuple[ImageData, FeatureExtractor]:
    """The images that a run would be trained on, or as long as they are absent noise in their place."""
    if why_absent(source, local) is None:
        return real_images(source, local, space)
    data = stand_in(source)
    return data, feature_extractor(data, local / "features", space)


def _row(study: Study, one: MatchedCell, cost: float, lacking: int) -> tuple[str, ...]:
    config, reference = one.config, study.cell(study.reference_arm, one.cell.grid_point).config
    match = match_info(config, reference)  # an unmatched arm's own match compares it with itself
    label = "" if study.is_matched(config.arm) else ", unmatched"
    depths = [(match["hidden_layers_g"], match["hidden_layers_d"])]
    depths.append((match["reference_hidden_layers_g"], match["reference_hidden_layers_d"]))
    grid = " ".join(f"{name}={value:g}" for name, value in one.cell.grid_point.items()) or "-"
    return (
        config.arm,
        grid,
        "{}, {}".format(*depths[0]) + ("" if depths[0] == depths[1] else " (depth not matched)"),
        f"{_width(config.width_g, config.inner_width_g)}, {_width(config.width_d, config.inner_width_d)}",
        f"{match['parameters_g']:,} ({match['parameters_g'] / match['reference_parameters_g'] - 1:+.2%}{label})",
        f"{match['parameters_d']:,} ({match['parameters_d'] / match['reference_parameters_d'] - 1:+.2%}{label})",
        f"{match['flops_g'] / 1e6:.2f}, {match['flops_d'] / 1e6:.2f}",
        f"{cost:.0f}" if lacking else "-",
        str(lacking),
    )


def _width(width: int | None, inner: int | None) -> str:
    return f"{width}" if inner is None else f"{width} (inner {inner})"


def points_per_run(config: RunConfig) -> int:
    """How many points of metrics a complete record has."""
    return sum(len(steps) for steps in promised_steps(config).values())


def _bytes_of_files(one: MatchedCell, snapshot_every: int | None) -> int:
    weights = 4 * (one.match["parameters_g"] + one.match["parameters_d"])
    sheet = 64 * one.config.channels * one.config.image_size**2
    kept = 1 + len(snapshot_steps(one.config, snapshot_every))
    return kept * weights + sheet * len(probe_steps(one.config))
