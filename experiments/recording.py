"""One run, recorded: train a config from wherever its checkpoint stands, as one sacred run."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from experiments.captured import quickest_step, way_of
from experiments.checkpoint import load_checkpoint, save_checkpoint, set_aside
from experiments.datasets import load_images, source_of
from experiments.datasets.images import ImageData
from experiments.datasets.protocol import Source
from experiments.environment import code_state, device_name, on_this_machine, versions
from experiments.feature_space import FeatureExtractor
from experiments.features import data_digest, feature_extractor
from experiments.probes import measure_references
from experiments.sizes import refuse_too_few
from experiments.snapshots import SnapshotFolder
from experiments.training import Training, never
from runs.addresses import local_folder
from runs.artifacts import described
from runs.errors import UserError
from runs.kinds import STABILITY
from runs.observers import Run, flush, new_experiment
from runs.schema import (
    DISCRIMINATOR,
    GENERATOR,
    SAMPLES,
    SNAPSHOTS,
    TRAINING_VERSION,
    FeatureSpace,
    MatchInfo,
    RunConfig,
    RunInfo,
    config_fields,
    probe_steps,
)
from runs.snapshots import snapshot_steps
from runs.store import open_store

_CHECKPOINT_SECONDS = 5.0  # no training loses more than about this when it is killed

Progress = Callable[[int], None]  # called with the step that a run has reached


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """All that a worker needs to make one run."""

    config: RunConfig  # widths known; the device is found by whoever makes the run
    match: MatchInfo
    url: str  # where the record goes
    key: str  # of the cell; with the seed it names the checkpoint
    generation: int = 0  # how often the cell and seed were trained before, on request
    plan_hash: str | None = None
    plan: dict[str, Any] | None = None  # None: a run by hand
    snapshot_every: int | None = None  # probes; None: no snapshots
    local: Path = field(default_factory=local_folder)  # checkpoints and the feature network
    checkpoint_seconds: float = _CHECKPOINT_SECONDS

    @property
    def identity(self) -> tuple[str, int]:
        """Cell and seed: which run of a study this is."""
        return self.key, self.config.seed

    @property
    def data(self) -> tuple[Source, Path, FeatureSpace]:
        """Which images the run is trained on, and what measures them, as :func:`real_images` takes them."""
        return source_of(self.config), self.local, self.config.feature_space

    @property
    def checkpoint(self) -> Path:
        """Where this run's checkpoint is kept until its record is complete."""
        again = f"-again{self.generation}" if self.generation else ""
        return self.local / "checkpoints" / f"{self.key}-{self.config.seed}{again}.pt"

    @property
    def snapshots(self) -> SnapshotFolder:
        """Where its snapshots are kept for as long."""
        steps = snapshot_steps(self.config, self.snapshot_every)
        return SnapshotFolder(path=self.checkpoint.with_suffix(".snapshots"), steps=steps)


class NotRecorded(RuntimeError):
    """A run was trained, but its record is not complete; its checkpoint is kept."""


def record(request: RunRequest, progress: Progress = lambda step: None, stopped: Callable[[], bool] = never) -> int:
    """Train and record one run; the id of its complete record.

    Continues from the run's checkpoint if there is one, and records the whole trace into a fresh sacred run either
    way. Raises UserError if its device is not here, and NotRecorded if points are missing afterwards (the database was
    away): the next call records again without training. Raises KeyboardInterrupt, with a checkpoint, once ``stopped``.
    """
    request = replace(request, config=on_this_machine(request.config))
    torch.set_num_threads(request.config.threads)
    training = _prepared(request)
    experiment = new_experiment(STABILITY.name, config_fields(request.config), request.url)

    @experiment.main
    def train(_run: Run) -> None:
        _train(request, training, _run, progress, stopped)
        _finish(request, training, _run)

    meta = {
        "kind": STABILITY.name,
        "cell_key": request.key,
        "plan_hash": request.plan_hash,
        "training_version": TRAINING_VERSION,
        "generation": request.generation,
    }
    run = experiment.run(meta_info=meta, options={"--loglevel": "CRITICAL"})
    run_id = int(str(run._id))
    _check_recorded(request.url, run_id)
    _forget(request)
    return run_id


def _check_recorded(url: str, run_id: int) -> None:
    try:
        found = open_store(url).find({"_id": run_id}, complete_only=False)
    except UserError as error:
        raise NotRecorded(f"run {run_id} was trained, but its record cannot be read: {error}") from None
    shortcoming = found[0].shortcoming if found else "it is not there"
    if shortcoming:
        raise NotRecorded(f"run {run_id} was trained, but its record is not complete: {shortcoming}")


@lru_cache(maxsize=2)
def real_images(source: Source, local: Path, space: FeatureSpace = "own") -> tuple[ImageData, FeatureExtractor]:
    """The data of a config and what measures its samples, kept for the next run of the same process."""
    data = load_images(source, local)
    refuse_too_few(source, data)
    return data, feature_extractor(data, local / "features", space)


def _prepared(request: RunRequest) -> Training:
    """The training where its checkpoint left it, or at its start if there is none to continue.

    A checkpoint that cannot be used, for whatever reason, is set aside: left there it would stop its run for good.
    """
    training = _untrained(request)
    try:
        kept = load_checkpoint(request.checkpoint)
        if kept is not None and _continues(request, kept):
            training.restore(kept["training"])
            return training
    except (MemoryError, torch.OutOfMemoryError):
        raise  # the machine's fault: when there is room the same checkpoint serves
    except Exception as error:
        set_aside(request.checkpoint, error)
        training = _untrained(request)  # the other may be restored by half
    _forget(request)  # snapshots of two trainings are never mixed
    return training


def _untrained(request: RunRequest) -> Training:
    return Training(request.config, *real_images(*request.data), quickest_step)


def _continues(request: RunRequest, kept: dict[str, Any]) -> bool:
    """Whether a checkpoint is of this training, with the snapshots that are wanted up to its step."""
    return kept["config"] == config_fields(request.config) and request.snapshots.reach(kept["training"]["step"])


def _forget(request: RunRequest) -> None:
    request.checkpoint.unlink(missing_ok=True)
    request.snapshots.remove()


def _train(request: RunRequest, training: Training, run: Run, progress: Progress, stopped: Callable[[], bool]) -> None:
    saved, snapshots = time.monotonic(), request.snapshots

    def publish() -> None:
        for name, value, step in training.recorder.new_points():
            run.log_scalar(name, value, step)

    def save() -> None:
        save_checkpoint(request.checkpoint, {"config": config_fields(request.config), "training": training.state()})

    def at_probe() -> None:
        nonlocal saved
        publish()
        snapshots.take(training)  # before the checkpoint: those of a step that it has reached are there
        if training.finished or time.monotonic() - saved >= request.checkpoint_seconds:
            save()
            saved = time.monotonic()
        progress(training.step)

    publish()  # what a checkpoint brought along
    training.run(at_probe, stopped)
    if not training.finished:
        if training.sheets:
            save()
        raise KeyboardInterrupt


def _finish(request: RunRequest, training: Training, run: Run) -> None:
    run.info.update(_info(request, training))
    with tempfile.TemporaryDirectory() as folder:
        paths = _write_artifacts(request, training, Path(folder))
        run.info["artifacts"] = described(paths)
        for path in paths:
            run.add_artifact(str(path), path.name)
    flush(run)


def _info(request: RunRequest, training: Training) -> RunInfo:
    data, extractor = real_images(*request.data)
    return RunInfo(
        match=request.match,
        versions=versions(),
        device=device_name(training.device),
        code=code_state(),
        streams=training.digests(),
        features={
            "hash": extractor.hash,
            "accuracy": extractor.accuracy,
            "space": extractor.space,
            "real_images": len(training.prober.real.features),
            "data": data_digest(data),
            "checked": data.checked,
        },
        classes=data.classes,
        references=measure_references(data, training.prober.extractor, request.config.eval_samples),
        extremes=training.recorder.extremes(),
        halted_at=training.halted_at,
        plan=request.plan,
        step=way_of(training.take_step),
    )


def _write_artifacts(request: RunRequest, training: Training, folder: Path) -> list[Path]:
    samples, generator, discriminator = folder / SAMPLES, folder / GENERATOR, folder / DISCRIMINATOR
    images = torch.stack(training.sheets).numpy()
    np.savez_compressed(samples, steps=np.array(probe_steps(training.config)), images=images)
    weights = training.weights()
    save_file(weights["generator"], generator)
    save_file(weights["discriminator"], discriminator)
    if request.snapshot_every is None:
        return [samples, generator, discriminator]
    request.snapshots.join(folder / SNAPSHOTS)
    return [samples, generator, discriminator, folder / SNAPSHOTS]
