"""Sign-flip (permutation) tests over matched pairs or seeds, and the bootstrap over pairs.

A pair whose arms are exchangeable is as likely to show the difference d as -d. Flipping the signs of pairs, all
columns of a pair together, therefore gives the null distribution of any statistic of the differences.
"""

# R resamples, N pairs or seeds

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.statistics.estimates import (
    BoolArray,
    FloatArray,
    Interval,
    Values,
    check_confidence,
    finite_interval,
    finite_vector,
)
from analysis.statistics.magnitudes import headroom, without_overflow

N_RESAMPLES = 9_999
_BATCH_VALUES = 1_000_000
_ROUNDING = 1e-12  # the same numbers added in two orders are one statistic


@dataclass(frozen=True, kw_only=True)
class PermutationTest:
    """A permutation test's statistic and two-sided p.

    exact: all 2^n sign vectors were enumerated; otherwise p is a Monte-Carlo estimate that counts the observed
    data among the ``n_resamples`` drawn, and so is never 0 (Phipson & Smyth 2010).
    """

    statistic: float
    p: float
    exact: bool
    n_resamples: int


def at_least(values: FloatArray, observed: float | FloatArray, scale: float) -> BoolArray:
    """Where ``values`` reach ``observed``; equal but for the rounding of terms of size ``scale`` is reached."""
    return values >= observed - _ROUNDING * scale


def permutation_p(
    n: int, as_extreme: Callable[[FloatArray], BoolArray], *, n_resamples: int, seed: int
) -> tuple[FloatArray, bool]:
    """Share of sign vectors that give a statistic as extreme as the observed one.

    ``as_extreme`` takes signs (R, N) of ±1 and answers (R,) or (R, k), one column a statistic. All 2^n vectors are
    enumerated when there are at most ``n_resamples``; otherwise that many are drawn from ``seed`` and
    p = (count + 1) / (n_resamples + 1). Returns p, shape () or (k,), and whether it is exact.
    """
    if n_resamples < 1:
        raise ValueError(f"n_resamples is {n_resamples}, expected at least 1")
    exact = 2**n <= n_resamples
    batches = _all_signs(n) if exact else _random_signs(n, n_resamples, seed)
    count = sum(as_extreme(signs).sum(axis=0) for signs in batches)
    p = count / 2**n if exact else (count + 1) / (n_resamples + 1)
    return np.asarray(p, dtype=np.float64), exact


def sign_sums(sizes: FloatArray, *, n_resamples: int, seed: int) -> tuple[FloatArray, bool]:
    """Σ ± size under all 2^n sign vectors or, where these are more, under ``n_resamples`` drawn; and which of both.

    The vectors are those of :func:`permutation_p`.
    """
    exact = 2 ** len(sizes) <= n_resamples
    batches = _all_signs(len(sizes)) if exact else _random_signs(len(sizes), n_resamples, seed)
    return np.concatenate([signs @ sizes for signs in batches]), exact


def _batches(n: int, total: int) -> Iterator[tuple[int, int]]:
    rows = max(1, _BATCH_VALUES // max(1, n))
    for start in range(0, total, rows):
        yield start, min(start + rows, total)


def _all_signs(n: int) -> Iterator[FloatArray]:
    for start, stop in _batches(n, 2**n):
        bits = (np.arange(start, stop)[:, None] >> np.arange(n)) & 1
        yield np.where(bits == 1, -1.0, 1.0)


def _random_signs(n: int, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    rng = np.random.default_rng(seed)
    for start, stop in _batches(n, n_resamples):
        yield np.where(rng.integers(0, 2, size=(stop - start, n)) == 1, -1.0, 1.0)


def sign_flip_test(differences: Values, *, n_resamples: int = N_RESAMPLES, seed: int = 0) -> PermutationTest:
    """Sign-flip test that the differences (N,), one a pair or seed, are symmetric about 0.

    The statistic is their mean. Differences of 0 change nothing under a flip and are left out of the enumeration,
    which is exact when 2^(non-zero differences) <= n_resamples. For differences of -1, 0 and 1 the test equals the
    exact McNemar test. Without a non-zero difference p is 1. Raises ValueError for NaN or infinity.
    Source: Fisher 1935, The Design of Experiments, §21.
    """
    d = finite_vector(differences)
    moving = np.ldexp(d[d != 0], -headroom(d))
    observed, scale = abs(float(moving.sum())), float(np.abs(moving).sum())
    p, exact = permutation_p(
        len(moving),
        lambda signs: at_least(np.abs(signs @ moving), observed, scale),
        n_resamples=n_resamples,
        seed=seed,
    )
    mean = without_overflow(np.mean, d) if len(d) else 0.0
    return PermutationTest(
        statistic=mean, p=float(p), exact=exact, n_resamples=2 ** len(moving) if exact else n_resamples
    )


def bootstrap_mean_interval(
    differences: Values, *, confidence: float = 0.95, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Interval | None:
    """BCa bootstrap interval of the mean of differences (N,), resampling pairs.

    Too short for few pairs: at .95 it holds the mean of normal differences about 87 % of the time with 8 pairs and
    92 % with 20, less if they have long tails. Where it and ``sign_flip_test`` disagree, the test is the one to trust.
    None where the data have no spread to resample: fewer than 2 differences, or all of them equal.
    Source: Efron 1987, Better bootstrap confidence intervals.
    """
    check_confidence(confidence)
    d = np.sort(finite_vector(differences))  # the same pairs in another order give the same interval
    if len(d) < 2 or d[0] == d[-1]:
        return None
    excess = headroom(d)
    d = np.ldexp(d, -excess)
    centre = d.mean()
    scale = np.abs(d - centre).max()  # the interval moves with both; without them tiny spreads underflow
    result = stats.bootstrap(
        ((d - centre) / scale,),
        np.mean,
        confidence_level=confidence,
        n_resamples=n_resamples,
        batch=max(1, _BATCH_VALUES // len(d)),
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    ends = centre + scale * np.array([result.low, result.high])
    ends[np.abs(ends) <= _ROUNDING * np.abs(d).max()] = 0  # what rounding leaves of 0 would be read as a sign
    return finite_interval(*np.ldexp(ends, excess))
