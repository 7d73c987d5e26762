"""Records that look like those of a real study, without training: each kind of arm ends as the pilot's did."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runs.schema import DISCRIMINATOR, GENERATOR, SAMPLES, RunConfig, probe_steps, trace_steps
from runs.study import Study
from tests.recording import record_run, synthetic_info, synthetic_traces, varied

Floats = NDArray[np.float64]

PIXELS = 16
REFERENCES = {  # of digits, as measured
    "held_out": (0.15, 1.00, 10, 0.954, 0.93, 0.67),
    "half_classes": (8.7, 0.95, 5, 0.54, 0.93, 0.33),
    "one_class": (31.8, 0.46, 1, 0.24, 0.90, 0.07),
    "repeated": (23.0, 0.69, 4, 0.0, 1.0, 0.04),
    "pixel_gaussian": (1.54, 0.93, 10, 0.99, 0.34, 0.23),
    "grey": (40.8, 0.0, 1, 0.0, 0.0, 0.0),
    "noise": (28.0, 0.52, 7, 0.02, 0.01, 0.0),
}
MEASURES = ("eval_frechet", "eval_diversity", "eval_modes", "eval_recall", "eval_precision", "eval_coverage")


@dataclass(frozen=True, kw_only=True)
class Fate:
    """How a run goes: its Fréchet distance falls to ``final`` with this time constant, in steps.

    ``collapse_from``: step from which it covers one class only. ``halted_at``: step after which nothing is finite.
    """

    final: float
    time_constant: float
    collapse_from: int | None = None
    halted_at: int | None = None


def fate_of(config: RunConfig, random: np.random.Generator) -> Fate:
    """As in the pilot: a plain MLP at a low rate never starts, the others differ in speed and in quality."""
    quick = config.architecture_g == "dcgan"
    if config.normalization_g == "batch":
        fate = Fate(final=1.74 if quick else 2.05, time_constant=0.04 if quick else 0.12)
    elif quick or config.lr_g >= 1e-3:
        fate = Fate(final=4.7, time_constant=0.25)
    else:
        fate = Fate(final=41.0, time_constant=0.5)
    spread = np.exp(0.15 * random.normal())
    return replace(fate, final=fate.final * spread, time_constant=fate.time_constant * config.steps * spread)


def record_study(
    url: str,
    study: Study,
    *,
    fate: Callable[[RunConfig, np.random.Generator], Fate] = fate_of,
    leave_out: Iterable[tuple[str, int]] = (),
) -> int:
    """Record every planned run of the study but those left out (arm and seed); returns how many were recorded."""
    missing = set(leave_out)
    recorded = 0
    for cell in study.cells():
        for seed in study.seeds:
            if (cell.arm, seed) in missing:
                continue
            config = varied(cell.at_seed(seed), width_g=32, width_d=32)
            random = np.random.default_rng([seed, *cell.key.encode()])
            chosen = fate(config, random)
            meta = {"cell_key": cell.key, "plan_hash": study.plan_hash}
            record_run(
                url,
                config,
                traces=synthetic_traces(
                    config, {**_step_traces(config, chosen, random), **_probes(config, chosen, random)}
                ),
                info=_info(config, study, chosen),
                artifacts={SAMPLES: _samples(config, chosen), GENERATOR: b"generator", DISCRIMINATOR: b"discriminator"},
                meta=meta,
            )
            recorded += 1
    return recorded


def _info(config: RunConfig, study: Study, fate: Fate) -> dict[str, Any]:
    info = synthetic_info(config)
    info["references"] = {name: dict(zip(MEASURES, values, strict=True)) for name, values in REFERENCES.items()}
    for values in info["references"].values():
        values.update(eval_kl=0.1, eval_confidence=0.97, eval_density=values["eval_precision"])
    flops_g, flops_d = (3_600_000, 1_900_000) if config.architecture_g == "dcgan" else (160_000, 110_000)
    info["match"] |= {"flops_g": flops_g, "flops_d": flops_d}
    info["halted_at"] = fate.halted_at
    info["plan"] = dict(study.document)
    if fate.halted_at is not None:
        for extremes in info["extremes"].values():
            extremes["first_nonfinite"] = fate.halted_at + 1
    return info


def _step_traces(config: RunConfig, fate: Fate, random: np.random.Generator) -> dict[str, Floats]:
    steps = np.array(trace_steps(config))
    wave = 0.3 * np.convolve(random.normal(size=len(steps) + 49), np.ones(50) / 7, "valid")
    noise = random.normal(size=(5, len(steps)))
    start = np.exp(-steps / (0.06 * config.steps))
    d_x = 0.5 + 0.35 * (1 - start) + 0.03 * noise[2]
    d_g_z1 = 0.5 - 0.35 * (1 - start) + 0.05 * wave + 0.03 * noise[3]
    traces = {
        "loss_d": np.abs(2 * np.log(2) * start + 0.45 + 0.1 * noise[0] + 0.2 * wave),
        "loss_g": np.abs(3.0 - 2.3 * start + wave + 0.4 * noise[1]),
        "d_x": d_x.clip(0, 1),
        "d_g_z1": d_g_z1.clip(0, 1),
        "d_g_z2": (d_g_z1 - 0.08 + 0.02 * noise[4]).clip(0, 1),
    }
    if fate.halted_at is not None:
        traces = {name: np.where(steps > fate.halted_at, np.nan, values) for name, values in traces.items()}
    return traces


def _probes(config: RunConfig, fate: Fate, random: np.random.Generator) -> dict[str, Floats]:
    steps = np.array(probe_steps(config))
    noise = random.normal(size=(2, len(steps)))
    frechet = (fate.final + (40.0 - fate.final) * np.exp(-steps / fate.time_constant)) * np.exp(0.05 * noise[0])
    narrow = np.zeros(len(steps), dtype=bool) if fate.collapse_from is None else steps >= fate.collapse_from
    frechet = np.where(narrow, 30.0, frechet)
    quality = np.exp(-frechet / 9)
    probes = {
        "eval_frechet": frechet,
        "eval_recall": np.where(narrow, 0.02, (1.2 * quality).clip(0, 0.99)),
        "eval_precision": (0.05 + 0.85 * quality + 0.03 * noise[1]).clip(0, 1),
        "eval_coverage": 0.4 * quality,
        "eval_density": 0.5 * quality,
        "eval_diversity": np.where(narrow, 0.3, (0.05 + quality).clip(0, 1.1)),
        "eval_modes": np.where(narrow, 1.0, np.round(10 * (1.5 * quality).clip(0.1, 1))),
        "eval_kl": 2 * (1 - quality),
        "eval_confidence": 0.5 + 0.4 * quality,
        "eval_hopping": (0.03 + 0.6 * (1 - quality))[1:],
        "eval_drift": (0.05 + 0.5 * (1 - quality))[1:],
        "train_seconds": steps * (0.018 if config.architecture_g == "dcgan" else 0.003),
    }
    if fate.halted_at is not None:
        for name, values in probes.items():
            if name != "train_seconds":
                values[steps[-len(values) :] > fate.halted_at] = np.nan
    return probes


def _samples(config: RunConfig, fate: Fate) -> bytes:
    """Discs out of noise, the clearer the lower the Fréchet distance; one and the same disc after a collapse."""
    steps = np.array(probe_steps(config))
    random = np.random.default_rng(config.seed)
    rows, columns = np.mgrid[:PIXELS, :PIXELS]
    middle, radius = random.uniform(5, 10, (64, 2, 1, 1)), random.uniform(2, 5, (64, 1, 1))
    discs = 255.0 * (np.hypot(rows - middle[:, 0], columns - middle[:, 1]) < radius)
    grain = random.uniform(0, 255, discs.shape)
    clarity = np.exp(-fate.final / 9) * (1 - np.exp(-steps / fate.time_constant))[:, None, None, None]
    images = clarity * discs + (1 - clarity) * grain
    if fate.collapse_from is not None:
        images[steps >= fate.collapse_from] = discs[0]
    buffer = io.BytesIO()
    pixels = images[:, :, None].astype(np.uint8)
    np.savez_compressed(
        buffer, steps=steps, images=np.broadcast_to(pixels, (*pixels.shape[:2], config.channels, *pixels.shape[3:]))
    )
    return buffer.getvalue()
