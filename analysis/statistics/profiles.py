"""Performance profiles: the share of runs that are at least as good as each of many thresholds."""

# S seeds, T thresholds

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.estimates import FloatArray, NotEstimable, Values, check_confidence, finite_vector
from analysis.statistics.resampling import N_RESAMPLES


@dataclass(frozen=True, kw_only=True, eq=False)
class PerformanceProfile:
    """Share of runs at least as good as each threshold (T,), with a pointwise band from resampling seeds.

    Where the share is 0 or 1 resampling sees no spread, and the band is Clopper and Pearson's of as many seeds: with n
    of them rates up to some 3.7/n stay open at .95.
    """

    n_seeds: int
    confidence: float
    thresholds: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray


def performance_profile(
    values: ArrayLike,
    thresholds: Values,
    *,
    larger_is_worse: bool,
    confidence: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> PerformanceProfile | NotEstimable:
    """Profile of values (S,), or (S, cells) when each seed ran several cells; failed runs are infinite.

    A run counts at threshold t where its value is at most t, or at least t where smaller is worse. The band is the
    percentile bootstrap over whole seeds (Agarwal et al. 2021, §4.2), exact at shares of 0 and 1. NotEstimable without
    runs. Raises ValueError for NaN.
    """
    check_confidence(confidence)
    runs, limits = np.asarray(values, dtype=np.float64), finite_vector(thresholds)
    if np.isnan(runs).any():
        raise ValueError("a value is NaN: set failed runs to the worst rank")
    if runs.size == 0:
        return NotEstimable(reason="no runs", n=0)
    by_seed = runs.reshape(len(runs), -1, 1)
    reached = (by_seed <= limits if larger_is_worse else by_seed >= limits).mean(axis=1)
    n = len(runs)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_resamples)
    low, high = np.quantile(drawn @ reached / n, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    share, open_end = reached.mean(axis=0), (0.5 - confidence / 2) ** (1 / n)
    low, high = np.where(share == 1, open_end, low), np.where(share == 0, 1 - open_end, high)
    return PerformanceProfile(n_seeds=n, confidence=confidence, thresholds=limits, share=share, low=low, high=high)
