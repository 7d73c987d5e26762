"""Many tests at once: Holm over named tests, Westfall-Young max-T over contrasts that share seeds."""

# S seeds, K contrasts

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.estimates import BoolArray, FloatArray
from analysis.statistics.magnitudes import headroom, magnitude
from analysis.statistics.resampling import N_RESAMPLES, at_least, permutation_p


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm-adjusted p-values in the order given (Holm 1979).

    A test that could not be computed (None) stays None and stays counted: it is adjusted for as if its p were 1.
    Raises ValueError for a p outside [0, 1], NaN included.
    """
    if any(p is not None and not 0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values must lie in [0, 1], got {list(p_values)}")
    counted = np.array([1.0 if p is None else p for p in p_values])
    order = np.argsort(counted, kind="stable")
    adjusted = np.empty(len(counted))
    # as statsmodels' multipletests, which has Python look for garbage at every call: a third of an analysis
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(counted[order] * np.arange(len(counted), 0, -1)))
    return tuple(None if p is None else float(q) for p, q in zip(p_values, adjusted, strict=True))


@dataclass(frozen=True, kw_only=True)
class MaxT:
    """Per contrast: the mean over seeds, the sign-flip p, and p adjusted for the whole family; each of length K.

    exact, n_resamples: as in PermutationTest.
    """

    means: tuple[float, ...]
    p: tuple[float, ...]
    p_adjusted: tuple[float, ...]
    exact: bool
    n_resamples: int


def max_t(contrasts: ArrayLike, *, n_resamples: int = N_RESAMPLES, seed: int = 0) -> MaxT:
    """Step-down max-T test (Westfall & Young 1993, algorithm 4.1) of contrasts (S, K), one row a seed.

    All contrasts of a seed change sign together, so their correlation is kept. The statistic is
    |Σd| / √Σd², an increasing function of |t| whose denominator no flip changes; a column of zeros has p 1.
    Raises ValueError unless the array is two-dimensional and finite: leave incomplete seeds out first.
    """
    d = np.asarray(contrasts, dtype=np.float64)
    if d.ndim != 2 or not np.isfinite(d).all():
        raise ValueError(f"contrasts must be a finite array (seeds, contrasts), got shape {d.shape}")
    moving = d[(d != 0).any(axis=1)]
    # no flip changes a column's magnitude: without it the squares of huge and of tiny values are numbers
    moving = np.ldexp(moving, [-magnitude(column) for column in moving.T])
    norms = np.sqrt((moving**2).sum(axis=0))
    scaled = np.divide(moving, norms, out=np.zeros_like(moving), where=norms > 0)
    observed = np.abs(scaled.sum(axis=0))
    order = np.argsort(-observed, kind="stable")
    p, exact = permutation_p(
        len(moving),
        lambda signs: _both_tests(np.abs(signs @ scaled), observed, order),
        n_resamples=n_resamples,
        seed=seed,
    )
    single, stepped = np.split(p, 2)
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.maximum.accumulate(stepped)
    return MaxT(
        means=tuple(_column_means(d).tolist()),
        p=tuple(single.tolist()),
        p_adjusted=tuple(adjusted.tolist()),
        exact=exact,
        n_resamples=2 ** len(moving) if exact else n_resamples,
    )


def _column_means(d: FloatArray) -> FloatArray:
    if not len(d):
        return np.zeros(d.shape[1])
    excess = [headroom(column) for column in d.T]
    return np.ldexp(np.ldexp(d, np.negative(excess)).mean(axis=0), excess)


def _both_tests(statistics: FloatArray, observed: FloatArray, order: np.ndarray) -> BoolArray:
    """Whether resamples (R, K) reach each statistic alone, then whether their successive maxima do: (R, 2K)."""
    maxima = np.maximum.accumulate(statistics[:, order[::-1]], axis=1)[:, ::-1]
    return np.hstack([at_least(statistics, observed, 1.0), at_least(maxima, observed[order], 1.0)])
