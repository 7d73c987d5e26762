"""Signed-rank statistics of paired differences that may be tied, zero or infinite; exact up to ``EXACT_PAIRS``."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics.estimates import FloatArray, Interval, Values, check_confidence, vector
from analysis.statistics.significance import all_significant

EXACT_PAIRS = 50  # beyond, exact takes up to seconds and differs from the normal approximation by some .001 in p


@dataclass(frozen=True, kw_only=True)
class SignedRank:
    """Wilcoxon signed-rank test: the smaller of the two rank sums, and the two-sided p.

    exact: p is of all sign assignments; otherwise of the normal approximation.
    """

    statistic: float
    p: float
    exact: bool


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Hodges-Lehmann shift with its interval.

    estimate is None where the middle lies between -inf and +inf, as when as many pairs failed in one arm only as in
    the other and nothing lies between. An end of the interval is infinite where failures, or too few pairs, leave
    the shift unbounded.
    """

    estimate: float | None
    interval: Interval


def rank_sum_distribution(ranks: NDArray[np.int64]) -> FloatArray:
    """P(T = t) for t = 0 … sum(ranks), where T adds each whole-number rank with probability 1/2.

    Built up rank by rank, so it is exact for any n, with ties; O(n³) for ranks 1 … n.
    """
    probabilities = np.ones(1)
    for rank in ranks:
        probabilities = (np.pad(probabilities, (0, rank)) + np.pad(probabilities, (rank, 0))) / 2
    return probabilities


def wilcoxon_signed_rank(differences: Values) -> SignedRank:
    """Wilcoxon signed-rank test of differences (N,), zeros by Pratt's rule, exact with ties and zeros up to 50 others.

    Zeros are ranked with the rest and then left out of both sums; equal magnitudes, infinite ones included, share
    their mean rank; p comes from all sign assignments to the ranks that remain. With more than ``EXACT_PAIRS`` of them
    it is scipy's normal approximation, with its correction for ties and zeros. Without a non-zero difference the
    statistic is 0 and p is 1. Raises ValueError for NaN. Source: Wilcoxon 1945; Pratt 1959.
    """
    d = vector(differences)
    if np.count_nonzero(d) > EXACT_PAIRS:
        found = stats.wilcoxon(d, zero_method="pratt", method="asymptotic")
        return SignedRank(statistic=float(found.statistic), p=float(found.pvalue), exact=False)
    twice_ranks = np.rint(2 * stats.rankdata(np.abs(d))).astype(np.int64)
    smaller = min(int(twice_ranks[d > 0].sum()), int(twice_ranks[d < 0].sum()))
    lower_tail = float(rank_sum_distribution(twice_ranks[d != 0])[: smaller + 1].sum())
    return SignedRank(statistic=smaller / 2, p=min(1.0, 2 * lower_tail), exact=True)


def hodges_lehmann(differences: Values, confidence: float = 0.95) -> Shift:
    """Median of the Walsh averages (d_i + d_j)/2, i <= j, with the interval that inverts the signed-rank test.

    The average of +inf and -inf has no value. In the test such a pair counts one half on either side of every
    shift, so it is taken here as half at -inf and half at +inf. Ties make the interval conservative. Below the n at
    which the test can reach 1 - confidence, the interval is the whole line. With more than ``EXACT_PAIRS`` differences
    it inverts the normal approximation of the test. Raises ValueError for NaN and for an empty array.
    Source: Hodges & Lehmann 1963; Hollander, Wolfe & Chicken 2014, §3.2-3.3.
    """
    check_confidence(confidence)
    d = vector(differences)
    if len(d) == 0:
        raise ValueError("a shift needs at least one difference")
    i, j = np.triu_indices(len(d))
    with np.errstate(invalid="ignore"):  # inf - inf, set aside in the next line
        averages = d[i] / 2 + d[j] / 2
    known = np.sort(averages[~np.isnan(averages)])
    opposed = len(averages) - len(known)
    position = math.floor(_critical_rank_sum(len(d), confidence) - opposed / 2)
    if position < 0:
        interval = Interval(low=-math.inf, high=math.inf)
    else:
        interval = Interval(low=float(known[position]), high=float(known[-1 - position]))
    return Shift(estimate=_median(known), interval=interval)


def _critical_rank_sum(n: int, confidence: float) -> int:
    """Largest t that the two-sided test of untied ranks 1 … n rejects, or -1 if it does not even reject t = 0."""
    if n > EXACT_PAIRS:
        mean, deviation = n * (n + 1) / 4, math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return math.floor(mean - stats.norm.ppf(0.5 + confidence / 2) * deviation)
    tail = np.cumsum(rank_sum_distribution(np.arange(1, n + 1)))
    return int(all_significant(2 * tail, 1 - confidence).sum()) - 1


def _median(ordered: FloatArray) -> float | None:
    low, high = float(ordered[(len(ordered) - 1) // 2]), float(ordered[len(ordered) // 2])
    return None if math.isinf(low) and low == -high else low / 2 + high / 2
