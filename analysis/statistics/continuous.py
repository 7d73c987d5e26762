"""Continuous indices of two arms over matched pairs: final Fréchet distance, updates to the bar, mode hopping.

A failed run keeps its place as the worst there is: +inf where larger is worse, -inf where smaller is worse. Ranks,
medians and the share of pairs won use every pair; means use only the pairs in which both runs are finite, and are
conditional on that.
"""

# N pairs

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.counting import counted
from analysis.statistics.estimates import (
    FloatArray,
    Interval,
    Values,
    booleans,
    check_confidence,
    check_paired,
    two_arms,
    vector,
)
from analysis.statistics.magnitudes import magnitude, without_overflow
from analysis.statistics.mean_intervals import mean_interval
from analysis.statistics.pair_counts import PairCounts, tango_interval
from analysis.statistics.resampling import N_RESAMPLES, PermutationTest, sign_flip_test
from analysis.statistics.shifts import paired_differences, paired_shift
from analysis.statistics.signed_rank import EXACT_PAIRS, Shift, SignedRank, wilcoxon_signed_rank
from analysis.statistics.significance import signs_needed
from analysis.statistics.spread import spread_test


@dataclass(frozen=True, kw_only=True)
class FinitePairs:
    """Means over the ``n`` pairs in which both runs are finite: conditional on both having succeeded.

    mean_difference: first minus second, with its interval (see ``mean_interval``); dz: that mean over the standard
    deviation of the differences (ddof 1); sign_flip: test of that mean. None where n, or the spread of the
    differences, is too small.
    """

    n: int
    mean_first: float | None
    mean_second: float | None
    mean_difference: float | None
    interval: Interval | None
    dz: float | None
    sign_flip: PermutationTest | None


@dataclass(frozen=True, kw_only=True)
class PairedComparison:
    """A continuous index of two arms over ``n`` matched pairs, differences being first minus second.

    n_first_failed, n_second_failed: failed runs of either arm; n_both_failed: pairs that failed in both. Such a pair
    has the difference 0 in the ranks and is half a win in superiority; in the shift's interval its difference is
    unknown.
    known_within: the differences are known up to ± so much, which the shift's interval allows for.
    median_*, iqm_*: median and interquartile mean of an arm, infinite where failures reach that far.
    wilcoxon, shift: signed-rank test and Hodges-Lehmann shift over all pairs.
    superiority: P(first > second) + P(equal)/2, 1 if the first arm's value is always the larger one. Its interval
    is Tango's for the difference of wins and losses, Δ, as (1 + Δ)/2.
    finite: means over the pairs that are finite in both arms. spread: log ratio of the arms' spreads, first to
    second, over the same pairs. All are None without pairs. note: plain sentences on what the data cannot show.
    """

    larger_is_worse: bool
    confidence: float
    n: int
    n_first_failed: int
    n_second_failed: int
    n_both_failed: int
    known_within: float
    median_first: float | None
    median_second: float | None
    iqm_first: float | None
    iqm_second: float | None
    wilcoxon: SignedRank | None
    shift: Shift | None
    superiority: float | None
    superiority_interval: Interval | None
    finite: FinitePairs
    spread: PermutationTest | None
    note: tuple[str, ...]


def worst_rank(values: Values, failed: Values, *, larger_is_worse: bool) -> FloatArray:
    """Values (N,) in which every failed run stands as the worst: +inf, or -inf where smaller is worse.

    What ``values`` hold for failed runs, NaN included, is not used. ``failed`` (N,): booleans, or 0 and 1; ValueError
    for others. Source: Lachin 1999, worst-rank score analysis.
    """
    check_paired(values, failed)
    return np.where(booleans(failed), _worst(larger_is_worse), np.asarray(values, dtype=np.float64))


def paired_comparison(
    first: Values | pd.DataFrame,
    second: Values | None = None,
    *,
    larger_is_worse: bool,
    confidence: float = 0.95,
    known_within: float = 0.0,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> PairedComparison:
    """Compare a continuous index over matched pairs; element i of both arrays (N,) belongs to pair i.

    In their stead a DataFrame (N, 2), one row a pair, the first arm's column first. Failed runs are infinite (see
    ``worst_rank``). Values that are read off now and then, such as times at probes, have differences that are known up
    to ±``known_within`` only. Resampling is a function of ``seed`` alone. Raises ValueError for NaN (leave missing
    pairs out), an infinity of the better sign, unequal lengths, Series of unequal indexes, and other than two columns.
    """
    check_confidence(confidence)
    if not 0 <= known_within < math.inf:
        raise ValueError(f"known_within is {known_within}, expected a finite number of 0 or more")
    x, y = (_checked(arm, larger_is_worse) for arm in two_arms(first, second))
    d = paired_differences(x, y)
    both_finite = np.isfinite(x) & np.isfinite(y)
    n = len(d)
    superiority, superiority_interval = _superiority(d, confidence)
    return PairedComparison(
        larger_is_worse=larger_is_worse,
        confidence=confidence,
        n=n,
        n_first_failed=int(np.isinf(x).sum()),
        n_second_failed=int(np.isinf(y).sum()),
        n_both_failed=int((np.isinf(x) & np.isinf(y)).sum()),
        known_within=known_within,
        median_first=without_overflow(np.median, x) if n else None,
        median_second=without_overflow(np.median, y) if n else None,
        iqm_first=interquartile_mean(x),
        iqm_second=interquartile_mean(y),
        wilcoxon=wilcoxon_signed_rank(d) if n else None,
        shift=paired_shift(x, y, confidence, known_within=known_within) if n else None,
        superiority=superiority,
        superiority_interval=superiority_interval,
        finite=_finite_pairs(x[both_finite], y[both_finite], confidence, n_resamples, seed),
        spread=spread_test(x[both_finite], y[both_finite], n_resamples=n_resamples, seed=seed),
        note=tuple(_notes(x, y, d, confidence)),
    )


def interquartile_mean(values: Values) -> float | None:
    """Mean of the middle half: a quarter of the runs, rounded down, is cut at either end; None without runs.

    Infinite when failures reach into the middle half. Raises ValueError for NaN. Source: Agarwal et al. 2021, §4.3.
    """
    runs = vector(values)
    return without_overflow(lambda scaled: float(stats.trim_mean(scaled, 0.25)), runs) if len(runs) else None


def _superiority(d: FloatArray, confidence: float) -> tuple[float | None, Interval | None]:
    wins = PairCounts(a=0, b=int((d > 0).sum()), c=int((d < 0).sum()), d=int((d == 0).sum()))
    excess = tango_interval(wins, confidence)
    if wins.delta is None or excess is None:
        return None, None
    return (1 + wins.delta) / 2, Interval(low=(1 + excess.low) / 2, high=(1 + excess.high) / 2)


def _finite_pairs(x: FloatArray, y: FloatArray, confidence: float, n_resamples: int, seed: int) -> FinitePairs:
    d = x - y
    n = len(d)
    return FinitePairs(
        n=n,
        mean_first=without_overflow(np.mean, x) if n else None,
        mean_second=without_overflow(np.mean, y) if n else None,
        mean_difference=without_overflow(np.mean, d) if n else None,
        interval=mean_interval(d, confidence=confidence, n_resamples=n_resamples, seed=seed),
        dz=_standardized_mean(d),
        sign_flip=sign_flip_test(d, n_resamples=n_resamples, seed=seed) if n else None,
    )


def _standardized_mean(d: FloatArray) -> float | None:
    """Mean over standard deviation; None where that is 0."""
    if len(d) < 2 or d.min() == d.max():
        return None
    scaled = np.ldexp(d, -magnitude(d))  # the squares of huge and of tiny differences are no numbers
    sd = float(scaled.std(ddof=1))
    return float(scaled.mean() / sd) if sd > 0 else None


def _notes(x: FloatArray, y: FloatArray, d: FloatArray, confidence: float) -> Iterator[str]:
    if len(d) == 0:
        yield "no complete pairs"
        return
    alpha, n = 1 - confidence, len(d)
    needed, moving = signs_needed(alpha), int((d != 0).sum())
    if n < needed:
        yield f"{counted(n, 'pair')} cannot reach p = {alpha:.2g}; descriptive only"
    elif moving < needed:
        yield f"pairs that differ: {moving} of {n}; cannot reach p = {alpha:.2g}; descriptive only"
    if moving > EXACT_PAIRS:
        yield f"p is of the normal approximation: more than {EXACT_PAIRS} pairs differ"
    failed = np.isinf(x), np.isinf(y)
    if (failed[0] & failed[1]).any():
        both = int((failed[0] & failed[1]).sum())
        pairs = f"{both} of {counted(n, 'pair')}"
        yield f"neither run has a value in {pairs}: ties in rank, but of unknown shift, which its interval holds"
    if (failed[0] | failed[1]).any():
        finite = n - int((failed[0] | failed[1]).sum())
        yield f"means are conditional: both runs finite in {finite} of {counted(n, 'pair')}"


def _checked(values: Values, larger_is_worse: bool) -> FloatArray:
    array = vector(values)
    if (array == -_worst(larger_is_worse)).any():
        raise ValueError("an infinite value must be the worst one: +inf if larger is worse, else -inf")
    return array


def _worst(larger_is_worse: bool) -> float:
    return math.inf if larger_is_worse else -math.inf
