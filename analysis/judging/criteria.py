"""What verdicts are made of: probes, the limits they are held against, and where probes are beyond them."""

# N runs, P probes; (…, P): of one run (P,), of several (N, P)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from runs.plan import Thresholds

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LABELLED = 2  # classes; with fewer there are no labels to count modes or confidence by


@dataclass(frozen=True, kw_only=True)
class Probes:
    """One run's probes in the order of their steps; every array has shape (P,), or (N, P) of several runs.

    ``confidence`` and ``modes`` are None where the data have no labels. Values are as recorded, NaN included.
    """

    steps: NDArray[np.int64]
    frechet: Floats
    precision: Floats
    density: Floats
    recall: Floats
    diversity: Floats
    confidence: Floats | None = None
    modes: Floats | None = None

    @classmethod
    def stacked(cls, runs: Sequence[Self]) -> Self:
        """Those of several runs with equally many probes, of images of one kind."""
        each = [run.arrays() for run in runs]
        return cls(**{name: np.stack([arrays[name] for arrays in each]) for name in each[0]})

    def until(self, step: int) -> Self:
        """The probes up to and including that step."""
        kept = self.steps <= step
        return replace(self, **{name: array[kept] for name, array in self.arrays().items()})

    @cached_property
    def finite(self) -> Flags:
        """Probes (…, P) at which everything measured is a finite number."""
        return np.logical_and.reduce([np.isfinite(array) for array in self.arrays().values()])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that there are, by name of the field."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: array for name, array in arrays.items() if array is not None}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Thresholds as values of the probes; ``confidence`` and ``modes`` are None where the data have no labels."""

    bar: float  # Fréchet distance: at or below it a run has learned
    precision: float  # at or above all three of these, samples are realistic
    density: float
    confidence: float | None
    recall: float  # below it a run that has learned has collapsed
    modes: float | None  # so it has below this number of modes
    diversity: float  # that of real images of one class: a collapse below it is total
    divergence: float  # times a run's best Fréchet distance so far
    probes: int  # consecutive probes that make a state


def limits_from(references: Mapping[str, Mapping[str, float]], thresholds: Thresholds, classes: int) -> Limits:
    """Thresholds times what reference images score; ``references`` as in ``RunInfo["references"]``."""
    held_out = references["held_out"]
    labelled = classes >= LABELLED
    return Limits(
        bar=thresholds.bar * references["grey"]["eval_frechet"],
        precision=thresholds.precision * held_out["eval_precision"],
        density=thresholds.density * held_out["eval_density"],
        confidence=thresholds.confidence if labelled else None,
        recall=thresholds.recall * held_out["eval_recall"],
        modes=thresholds.modes * classes if labelled else None,
        diversity=references["one_class"]["eval_diversity"],
        divergence=thresholds.divergence,
        probes=thresholds.probes,
    )


def first_learned_step(probes: Probes, limits: Limits) -> int | None:
    """The step of the first of one run's :func:`learned_probes`; None if there is none."""
    learned = learned_probes(probes, limits)
    return int(probes.steps[learned.argmax()]) if learned.any() else None


def learned_probes(probes: Probes, limits: Limits) -> Flags:
    """Probes (…, P) from learning on: from the first at or below the bar, or the first of the first realistic stretch,
    whichever is earlier.
    """
    begins = (probes.frechet <= limits.bar) | starting(realistic_probes(probes, limits), limits.probes)
    return np.logical_or.accumulate(begins, axis=-1)


def realistic_probes(probes: Probes, limits: Limits) -> Flags:
    """Probes (…, P) whose samples are realistic, though perhaps narrow."""
    realistic = (probes.precision >= limits.precision) & (probes.density >= limits.density)
    if limits.confidence is not None and probes.confidence is not None:
        realistic &= probes.confidence >= limits.confidence
    return realistic


def narrow_probes(probes: Probes, limits: Limits) -> Flags:
    """Probes (…, P) whose samples cover less of the data than a run that works may."""
    narrow = probes.recall < limits.recall
    if limits.modes is not None and probes.modes is not None:
        narrow |= probes.modes < limits.modes
    return narrow


def risen_probes(probes: Probes, limits: Limits) -> Flags:
    """Probes (…, P) whose Fréchet distance has risen too far above the best so far, wherever the bar is."""
    best = np.fmin.accumulate(probes.frechet, axis=-1)
    return probes.frechet > limits.divergence * best


def diverging_probes(probes: Probes, limits: Limits) -> Flags:
    """Probes (…, P) at which a run that had reached the bar is above it again, and risen."""
    reached = np.logical_or.accumulate(probes.frechet <= limits.bar, axis=-1)
    return reached & risen_probes(probes, limits) & (probes.frechet > limits.bar)


def healthy_probes(probes: Probes, limits: Limits) -> Flags:
    """Probes (…, P) of a run that works: at or below the bar or realistic, not narrow, and not both risen and above it.

    A probe with a value that is not finite is not healthy.
    """
    good = (probes.frechet <= limits.bar) | realistic_probes(probes, limits)
    risen = risen_probes(probes, limits) & (probes.frechet > limits.bar)
    return good & ~narrow_probes(probes, limits) & ~risen & probes.finite


def starting(flags: Flags, least: int) -> Flags:
    """Where (…, P) so many true flags begin, or that many more."""
    begins = np.zeros_like(flags)
    if least <= flags.shape[-1]:
        begins[..., : flags.shape[-1] - least + 1] = sliding_window_view(flags, least, axis=-1).all(axis=-1)
    return begins


def ending(flags: Flags, least: int) -> Flags:
    """Whether (…) the last so many flags are all true."""
    return flags[..., -least:].all(axis=-1) & (flags.shape[-1] >= least)


def stretches(flags: Flags, least: int) -> list[tuple[int, int]]:
    """Runs of at least ``least`` true flags, as half-open ranges of positions."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2) if end - start >= least]


def final_stretch(flags: Flags, least: int) -> int:
    """Length of the run of true flags at the end, 0 if it is shorter than ``least``."""
    length = len(flags) if flags.all() else int(flags[::-1].argmin())
    return length if length >= least else 0
