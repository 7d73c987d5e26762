"""Counts of matched pairs by outcome, and what follows from them: McNemar p, difference, conditional odds ratio.

With "failed" standing for whatever binary outcome is compared:
a both failed, b only the first arm's run, c only the second's, d neither; m = b + c, n = a + b + c + d.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from analysis.statistics.estimates import Interval, Values, booleans, check_confidence, two_arms
from analysis.statistics.significance import all_significant


@dataclass(frozen=True, kw_only=True)
class PairCounts:
    """Counts of matched pairs by outcome, kept as int; raises ValueError for a negative or fractional count."""

    a: int
    b: int
    c: int
    d: int

    def __post_init__(self) -> None:
        for name in "abcd":
            object.__setattr__(self, name, check_count(getattr(self, name), name))

    @classmethod
    def from_outcomes(cls, first_failed: Values | pd.DataFrame, second_failed: Values | None = None) -> "PairCounts":
        """Count pairs from two arrays (n,) of booleans, or of 0 and 1; element i of both belongs to pair i.

        In their stead a DataFrame (n, 2), one row a pair, the first arm's column first. Raises ValueError for other
        values, NaN included, for unequal lengths, Series with different indexes, or other than two columns.
        """
        first, second = (booleans(arm) for arm in two_arms(first_failed, second_failed))
        return cls(
            a=int((first & second).sum()),
            b=int((first & ~second).sum()),
            c=int((~first & second).sum()),
            d=int((~first & ~second).sum()),
        )

    @property
    def n(self) -> int:
        """All pairs."""
        return self.a + self.b + self.c + self.d

    @property
    def m(self) -> int:
        """Discordant pairs, the only ones that tell the arms apart."""
        return self.b + self.c

    @property
    def delta(self) -> float | None:
        """Difference of the failure rates, first minus second: (b - c) / n; None without pairs."""
        return (self.b - self.c) / self.n if self.n else None


def mcnemar_exact_p(b: int, c: int) -> float:
    """Two-sided exact conditional McNemar p: a sign test of b against c discordant pairs; 1 where there are none.

    Raises ValueError unless both are whole numbers of 0 or more.
    """
    b, c = check_count(b, "b"), check_count(c, "c")
    return float(stats.binomtest(b, b + c, 0.5).pvalue) if b + c else 1.0


def mcnemar_critical_count(m: ArrayLike, alpha: float) -> NDArray[np.int64]:
    """Largest min(b, c) that the exact McNemar test calls significant (p <= alpha) with ``m`` discordant pairs.

    Works elementwise; -1 where even the most extreme outcome is not significant.
    """
    pairs = np.asarray(m, dtype=np.int64)
    count = stats.binom.ppf(alpha / 2, pairs, 0.5).astype(np.int64)
    reached = all_significant(2 * stats.binom.cdf(count, pairs, 0.5), alpha)
    return np.where(reached, count, count - 1)


def mcnemar_mid_p(b: int, c: int) -> float:
    """Two-sided McNemar mid-p: half the weight on outcomes as extreme as the one observed.

    Exact p less pmf(min(b, c)) where b and c differ; where they are equal only one outcome is that extreme, and
    mid-p = 1 - pmf(b)/2 (Fagerland, Lydersen & Laake 2013, supplement). 1 where there are no discordant pairs.
    Raises ValueError unless both are whole numbers of 0 or more.
    """
    b, c = check_count(b, "b"), check_count(c, "c")
    if b + c == 0:
        return 1.0
    tied = float(stats.binom.pmf(min(b, c), b + c, 0.5))
    return 1 - tied / 2 if b == c else mcnemar_exact_p(b, c) - tied


def tango_interval(counts: PairCounts, confidence: float = 0.95) -> Interval | None:
    """Tango's score interval of the paired difference (b - c) / n (Tango 1998, Statistics in Medicine 17, 891).

    The limits δ solve (b - c - nδ)² = z² n (2q + δ(1 - δ)), where q is the maximum-likelihood rate of "only the
    second failed" under the difference δ. Both sides vanish at the estimate without discordant pairs and when all
    pairs are discordant in one direction; there the limits have the closed forms ±z²/(n + z²), respectively
    (n - z²)/(n + z²) and 1. None without pairs.
    """
    check_confidence(confidence)
    b, c, n = counts.b, counts.c, counts.n
    if n == 0:
        return None
    z2 = float(stats.norm.ppf(0.5 + confidence / 2)) ** 2
    inner = (n - z2) / (n + z2)
    if counts.m == 0:
        return Interval(low=-z2 / (n + z2), high=z2 / (n + z2))
    if b == n:
        return Interval(low=inner, high=1.0)
    if c == n:
        return Interval(low=-1.0, high=-inner)

    def excess(delta: float) -> float:
        return (b - c - n * delta) ** 2 - z2 * _tango_variance(b, c, n, delta)

    estimate = (b - c) / n
    return Interval(
        low=float(optimize.brentq(excess, -1.0, estimate, xtol=1e-13)),
        high=float(optimize.brentq(excess, estimate, 1.0, xtol=1e-13)),
    )


def _tango_variance(b: int, c: int, n: int, delta: float) -> float:
    """Variance of b - c when the true difference is ``delta``."""
    linear = -b - c + (2 * n - b + c) * delta
    constant = -c * delta * (1 - delta)
    q = (math.sqrt(linear**2 - 8 * n * constant) - linear) / (4 * n)
    return n * (2 * q + delta * (1 - delta))


def newcombe_interval(counts: PairCounts, confidence: float = 0.95) -> Interval | None:
    """Method 10 of Newcombe 1998 (Statistics in Medicine 17, 2635) for the paired difference; None without pairs.

    Combines the two arms' Wilson intervals, correlated by a φ that is drawn towards 0 by n/2 where it is positive.
    """
    check_confidence(confidence)
    if counts.n == 0:
        return None
    a, b, c, n = counts.a, counts.b, counts.c, counts.n
    p1, p2 = (a + b) / n, (a + c) / n
    below1, above1 = _wilson_distances(a + b, n, confidence)
    below2, above2 = _wilson_distances(a + c, n, confidence)
    phi = _corrected_phi(counts)
    return Interval(
        low=p1 - p2 - math.sqrt((below1 - above2) ** 2 + 2 * (1 - phi) * below1 * above2),
        high=p1 - p2 + math.sqrt((above1 - below2) ** 2 + 2 * (1 - phi) * above1 * below2),
    )


def _wilson_distances(count: int, n: int, confidence: float) -> tuple[float, float]:
    low, high = proportion_confint(count, n, alpha=1 - confidence, method="wilson")
    return count / n - float(low), float(high) - count / n


def _corrected_phi(counts: PairCounts) -> float:
    a, b, c, d = counts.a, counts.b, counts.c, counts.d
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    covariance: float = a * d - b * c
    if covariance > 0:
        covariance = max(covariance - counts.n / 2, 0)
    return covariance / math.sqrt(margins)


def conditional_odds_ratio(b: int, c: int, confidence: float = 0.95) -> tuple[float | None, Interval | None]:
    """Conditional odds ratio b/c of failing in the first arm, and its exact interval.

    The Clopper-Pearson limits p of b/m, as odds p/(1 - p). c = 0: infinite, with an interval that ends at infinity;
    no discordant pairs: None, None. Raises ValueError unless both are whole numbers of 0 or more.
    """
    check_confidence(confidence)
    b, c = check_count(b, "b"), check_count(c, "c")
    if b + c == 0:
        return None, None
    limits = stats.binomtest(b, b + c, 0.5).proportion_ci(confidence, method="exact")
    return _odds(b, c), Interval(low=_odds(limits.low, 1 - limits.low), high=_odds(limits.high, 1 - limits.high))


def _odds(success: float, failure: float) -> float:
    return float(success / failure) if failure else math.inf


def check_count(count: object, name: str) -> int:
    """Return ``count`` as an int; ValueError unless it is a whole number of 0 or more."""
    if not isinstance(count, int | float | np.integer | np.floating) or not float(count).is_integer() or count < 0:
        raise ValueError(f"{name} is {count}, counts are whole numbers of 0 or more")
    return int(count)
