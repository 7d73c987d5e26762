"""Whole records without training: written quickly, through the same observers that training uses."""

import functools
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from runs.observers import observer_for
from runs.records import Trace, trace
from runs.representation import OF_DISCRIMINATOR
from runs.schema import (
    DISCRIMINATOR,
    GENERATOR,
    PROBES,
    REFERENCES,
    SAMPLES,
    STEP_TRACES,
    RunConfig,
    RunInfo,
    config_fields,
    probe_steps,
    promised_steps,
)
from runs.seen import Along, ClassMoves, Seen, UnitPictures

Status = Literal["COMPLETED", "FAILED", "INTERRUPTED", "RUNNING"]


def record_run(
    url: str,
    config: RunConfig,
    *,
    traces: Mapping[str, Trace] | None = None,
    info: Mapping[str, Any] | None = None,
    artifacts: Mapping[str, bytes] | None = None,
    meta: Mapping[str, Any] | None = None,
    status: Status = "COMPLETED",
    start_time: datetime | None = None,
) -> int:
    """Record one run, with synthetic content where none is given, and return its id.

    Points and heartbeats bear the time ``start_time`` (UTC without a zone, now by default). A run left RUNNING is one
    whose process was killed after its first heartbeat.
    """
    observer = observer_for(url)
    time = start_time or datetime.now(UTC).replace(tzinfo=None)
    run_id = observer.started_event(
        {"name": "gan-stability", "sources": [], "base_dir": "."},
        "main",
        {"hostname": "synthetic"},
        time,
        config_fields(config),
        dict(meta or {}),
        None,
    )
    for name, content in (synthetic_artifacts(config) if artifacts is None else artifacts).items():
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(content)
            observer.artifact_event(name, file.name)
    recorded_info = dict(synthetic_info(config) if info is None else info)
    observer.log_metrics(_metrics(synthetic_traces(config) if traces is None else traces, time), recorded_info)
    observer.heartbeat_event(recorded_info, "", time, None)
    end = time + timedelta(seconds=20)
    if status == "COMPLETED":
        observer.completed_event(end, None)
    elif status == "INTERRUPTED":
        observer.interrupted_event(end, status)
    elif status == "FAILED":
        observer.failed_event(end, ["RuntimeError: synthetic"])
    return int(run_id)


def synthetic_traces(config: RunConfig, given: Mapping[str, ArrayLike] | None = None) -> dict[str, Trace]:
    """Every point that the config promises: random, the same for the same seed and arm.

    ``given``: values of chosen traces, one number for all their steps or one a step.
    """
    random = np.random.default_rng([config.seed, *config.arm.encode()])
    values: dict[str, Any] = {name: random.random(len(steps)) for name, steps in promised_steps(config).items()}
    values["train_seconds"] = np.cumsum(values["train_seconds"])
    values |= given or {}
    return {
        name: trace(steps, np.broadcast_to(np.asarray(values[name], dtype=float), len(steps)))
        for name, steps in promised_steps(config).items()
    }


def synthetic_info(config: RunConfig) -> dict[str, Any]:
    """An ``info`` that is complete; the stream digests depend on the seed alone, as they should."""
    info: RunInfo = {
        "match": {
            "reference": None if config.arm == "dcgan" else "dcgan",
            "parameters_g": 1000,
            "parameters_d": 800,
            "reference_parameters_g": 1000,
            "reference_parameters_d": 800,
            "hidden_layers_g": 2,
            "hidden_layers_d": 2,
            "reference_hidden_layers_g": 2,
            "reference_hidden_layers_d": 2,
            "flops_g": 5000,
            "flops_d": 4000,
        },
        "versions": {"torch": "2.14.1"},
        "device": "synthetic CPU",
        "code": {"commit": None, "modified": False},
        "streams": {name: f"{name}-{config.seed}" for name in ("order", "noise_d", "noise_g", "noise_eval")},
        "features": {"hash": "0123456789abcdef", "accuracy": 0.978},
        "classes": 10,
        "references": {reference: _reference(reference) for reference in REFERENCES},
        "extremes": {name: {"minimum": 0.0, "maximum": 1.0, "first_nonfinite": None} for name in STEP_TRACES},
        "halted_at": None,
        "plan": None,
    }
    return dict(info)


def synthetic_artifacts(config: RunConfig) -> dict[str, bytes]:
    """Sample images of one grey at every probe, and weights that are none."""
    samples = _samples(len(probe_steps(config)), config.eval_every, config.steps, config.channels, config.image_size)
    return {SAMPLES: samples, GENERATOR: b"generator", DISCRIMINATOR: b"discriminator"}


def representation_info(dimensions: Mapping[str, int]) -> dict[str, Any]:
    """What ``info`` of a measurement must have, of features by their name."""
    code = {"commit": None, "modified": None}
    content = {"versions": {}, "code": code, "weights": "w", "images": "i", "accuracies": {}, "blocks": {}}
    return {**content, "dimensions": dict(dimensions)}


def synthetic_seen(
    *, channels: int = 1, size: int = 16, units: int = 8, filters: int = 32, rows: int = 4, snapshots: int = 0
) -> Seen:
    """Pictures of random pixels, of so many units of an MLP, rows of interpolations and snapshots of 40 units."""
    random = np.random.default_rng(0)

    def pictures(*shape: int) -> np.ndarray:
        return random.integers(0, 256, (*shape, channels, size, size), dtype=np.uint8)

    def of_units() -> UnitPictures:
        return UnitPictures(
            block=np.array("hidden_2"),
            units=np.arange(units),
            chosen=random.integers(0, 100, (units, 4)),
            activations=random.random((units, 4), dtype=np.float32),
            images=pictures(units, 4),
            gradients=pictures(units, 4),
            filters=pictures(filters),
            filter_norms=random.random(filters, dtype=np.float32),
        )

    along = Along(
        steps=np.arange(snapshots),
        image=pictures(1)[0],
        discriminator={"hidden_1": random.random((snapshots, 1, 40), dtype=np.float32)},
        generator={"8x8_up": random.random((snapshots, 8, 8), dtype=np.float32)},
        samples=pictures(snapshots),
    )
    return Seen(
        of={name: of_units() for name in OF_DISCRIMINATOR},
        interpolations=pictures(rows, 9),
        along=along if snapshots else None,
        arithmetic=ClassMoves(classes=np.arange(3), images=pictures(2, 4)),
    )


def varied(config: RunConfig, **changes: Any) -> RunConfig:
    """The config with other values in some fields, validated like any other."""
    return RunConfig(**{**{field.name: getattr(config, field.name) for field in fields(config)}, **changes})


def _reference(name: str) -> dict[str, float]:
    frechet = {"held_out": 0.15, "half_classes": 8.7, "grey": 48.0}.get(name, 25.0)
    real = 0.95 if name == "held_out" else 0.3
    return {**dict.fromkeys(PROBES, real), "eval_frechet": frechet, "eval_modes": 10.0}


@functools.lru_cache(maxsize=8)
def _samples(probes: int, eval_every: int, steps: int, channels: int, size: int) -> bytes:
    at = np.array([*range(0, steps, eval_every), steps])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, steps=at, images=np.full((probes, 64, channels, size, size), 128, dtype=np.uint8))
    return buffer.getvalue()


def _metrics(traces: Mapping[str, Trace], time: datetime) -> dict[str, dict[str, Sequence[Any]]]:
    return {
        name: {
            "steps": series.steps.tolist(),
            "values": series.values.tolist(),
            "timestamps": [time] * len(series.steps),
        }
        for name, series in traces.items()
    }
