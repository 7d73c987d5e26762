"""Effects of crossed factors: contrasts within each seed, tested over seeds.

All cells of a design run the same seeds and so are not independent. A contrast of one seed's cells takes what they
share away; the seeds are the independent units.
"""

# S seeds, C cells, F factors of two levels each: C = 2^F

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.estimates import FloatArray, Interval, NotEstimable
from analysis.statistics.mean_intervals import mean_interval, why_no_mean_interval
from analysis.statistics.multiplicity import max_t
from analysis.statistics.resampling import N_RESAMPLES
from analysis.statistics.significance import significant, signs_needed, smallest_sign_p

Levels = Mapping[str, tuple[str, str]]
_ROUNDING = 1e-9  # of the terms of a sum that is 0


@dataclass(frozen=True, kw_only=True)
class FactorEffect:
    """One contrast: its mean over seeds with its interval, the sign-flip p, and p adjusted over all contrasts.

    interval: see ``mean_interval``; None where all seeds gave the same value, or are too few. moving: seeds whose
    contrast is not 0, the only ones that a sign-flip test can use.
    """

    name: str
    estimate: float
    interval: Interval | None
    p: float
    p_adjusted: float
    moving: int


@dataclass(frozen=True, kw_only=True)
class FactorEffects:
    """Contrasts over ``n_seeds`` complete seeds; exact, n_resamples: as in PermutationTest."""

    n_seeds: int
    effects: tuple[FactorEffect, ...]
    exact: bool
    n_resamples: int
    note: tuple[str, ...]


def two_level_contrasts(factors: Levels) -> dict[str, FloatArray]:
    """Weights (2,)*F of all main effects and interactions, by name, as "architecture × normalization".

    ``factors`` gives each factor's levels, in the order of the axes. A main effect is the second level less the
    first, averaged over the other factors; an interaction of two the difference of such differences, and so on.
    """
    names = list(factors)
    weights = {}
    for size in range(1, len(names) + 1):
        for chosen in itertools.combinations(names, size):
            signs = [np.array([-1.0, 1.0]) if name in chosen else np.array([0.5, 0.5]) for name in names]
            product = np.ones(())
            for axis in signs:
                product = np.multiply.outer(product, axis)
            weights[" × ".join(chosen)] = product
    return weights


def factor_effects(
    outcomes: ArrayLike,
    factors: Levels,
    *,
    confidence: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> FactorEffects | NotEstimable:
    """Main effects and interactions of two-level factors on outcomes (S, 2, …, 2), axis f + 1 being factor f.

    See ``two_level_contrasts`` and ``contrast_effects``. Raises ValueError for another shape.
    """
    y = np.asarray(outcomes, dtype=np.float64)
    if not factors or y.shape[1:] != (2,) * len(factors):
        raise ValueError(f"outcomes of {len(factors)} two-level factors have shape (seeds, 2, …), got {y.shape}")
    weights = two_level_contrasts(factors)
    return contrast_effects(y, weights, confidence=confidence, n_resamples=n_resamples, seed=seed)


def contrast_effects(
    outcomes: ArrayLike,
    weights: Mapping[str, ArrayLike],
    *,
    confidence: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> FactorEffects | NotEstimable:
    """Contrasts Σ weight · outcome per seed, tested by sign-flip and, over all of them, by step-down max-T.

    ``outcomes`` (S, …) holds one value a seed and cell: 0 or 1 for a verdict, a time cut off at the budget, a
    distance. Each of ``weights`` has the shape of one seed's cells and adds up to 0, for example levels less their
    mean for a trend over a grid factor. NotEstimable without seeds. Raises ValueError for weights of another shape
    or sum, and for NaN or infinite outcomes: leave incomplete seeds out first.
    """
    y = np.asarray(outcomes, dtype=np.float64)
    arrays = {name: np.asarray(w, dtype=np.float64) for name, w in weights.items()}
    for name, w in arrays.items():
        if w.shape != y.shape[1:] or not math.isclose(w.sum(), 0, abs_tol=_ROUNDING * np.abs(w).sum()):
            raise ValueError(f"weights of {name!r} must have shape {y.shape[1:]} and sum 0")
    if not np.isfinite(y).all():
        raise ValueError("outcomes must be finite: leave incomplete seeds out first")
    if len(y) == 0:
        return NotEstimable(reason="no complete seeds", n=0)
    per_seed = np.stack([_contrast(y * w) for w in arrays.values()], axis=1)
    test = max_t(per_seed, n_resamples=n_resamples, seed=seed)
    effects = [
        FactorEffect(
            name=name,
            estimate=mean,
            interval=mean_interval(d, confidence=confidence, n_resamples=n_resamples, seed=seed),
            p=p,
            p_adjusted=adjusted,
            moving=int(np.count_nonzero(d)),
        )
        for name, d, mean, p, adjusted in zip(arrays, per_seed.T, test.means, test.p, test.p_adjusted, strict=True)
    ]
    return FactorEffects(
        n_seeds=len(y),
        effects=tuple(effects),
        exact=test.exact,
        n_resamples=test.n_resamples,
        note=_notes(per_seed, confidence),
    )


def _contrast(terms: FloatArray) -> FloatArray:
    """Sum (S,) of every seed's terms (S, …); exactly 0 where they cancel but for rounding.

    What rounding leaves of equal outcomes has the same sign in every seed, and would pass for an effect.
    """
    rows = terms.reshape(len(terms), -1)
    total = rows.sum(axis=1)
    return np.where(np.abs(total) <= _ROUNDING * np.abs(rows).sum(axis=1), 0.0, total)


def _notes(per_seed: FloatArray, confidence: float) -> tuple[str, ...]:
    n, alpha = len(per_seed), 1 - confidence
    moving = int((per_seed != 0).any(axis=1).sum())
    if significant(smallest_sign_p(moving), alpha):
        return ()
    notes = [f"seeds with any effect: {moving} of {n}; cannot reach p = {alpha:.2g}; descriptive only"]
    if n < signs_needed(alpha):
        notes.append(why_no_mean_interval(n, confidence, "seeds"))
    return tuple(notes)
