"""Failure rates of two arms over matched pairs, each with an interval, and the tests that compare them."""

import math
from dataclasses import dataclass

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from analysis.statistics.estimates import Interval, Values, check_confidence
from analysis.statistics.pair_counts import (
    PairCounts,
    check_count,
    conditional_odds_ratio,
    mcnemar_exact_p,
    mcnemar_mid_p,
    newcombe_interval,
    tango_interval,
)
from analysis.statistics.significance import significant, signs_needed, smallest_sign_p


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A rate count/n with its Wilson interval; both are None where n is 0, and ``str()`` says "no runs"."""

    count: int
    n: int
    estimate: float | None
    interval: Interval | None

    def __str__(self) -> str:
        if self.estimate is None or self.interval is None:
            return "no runs"
        return f"{self.count}/{self.n} = {self.estimate:.3f} [{self.interval.low:.3f}, {self.interval.high:.3f}]"


@dataclass(frozen=True, kw_only=True)
class PairedRates:
    """Two failure rates compared over matched pairs.

    p_exact, p_mid: two-sided McNemar p, exact and mid-p (secondary); None without pairs, 1 without discordant ones.
    delta: failure rate of the first arm minus that of the second, with Tango's and Newcombe's intervals.
    odds_ratio: conditional odds ratio b/c with its exact interval; infinite where c = 0, None where m = 0.
    note: plain sentences on what these counts cannot show.
    """

    counts: PairCounts
    confidence: float
    first: Rate
    second: Rate
    p_exact: float | None
    p_mid: float | None
    delta: float | None
    tango: Interval | None
    newcombe: Interval | None
    odds_ratio: float | None
    odds_ratio_interval: Interval | None
    note: tuple[str, ...]


def wilson(count: int, n: int, confidence: float = 0.95) -> Rate:
    """Rate count/n with Wilson's score interval (Wilson 1927); n = 0 gives no estimate.

    Raises ValueError unless both are whole numbers, 0 <= count <= n.
    """
    check_confidence(confidence)
    count, n = check_count(count, "count"), check_count(n, "n")
    if count > n:
        raise ValueError(f"count is {count}, expected at most n = {n}")
    if n == 0:
        return Rate(count=0, n=0, estimate=None, interval=None)
    low, high = proportion_confint(count, n, alpha=1 - confidence, method="wilson")
    # at the ends the formula gives 0 and 1 up to rounding
    interval = Interval(low=float(low) if count else 0.0, high=float(high) if count < n else 1.0)
    return Rate(count=count, n=n, estimate=count / n, interval=interval)


def paired_rates(
    first: PairCounts | pd.DataFrame | Values, second: Values | None = None, *, confidence: float = 0.95
) -> PairedRates:
    """Compare two failure rates over matched pairs: their counts, or whether each failed.

    ``first`` is either PairCounts, or a DataFrame (n, 2) with one row a pair, or with ``second`` an array (n,) an arm;
    see ``PairCounts.from_outcomes``, also for the errors raised.
    Tests: exact McNemar and its mid-p (Fagerland, Lydersen & Laake 2013). Difference: Tango 1998 score interval,
    and method 10 of Newcombe 1998. Conditional odds ratio: b/c with the Clopper-Pearson interval of b/m.
    """
    check_confidence(confidence)
    counts = _counts(first, second)
    a, b, c = counts.a, counts.b, counts.c
    odds_ratio, odds_ratio_interval = conditional_odds_ratio(b, c, confidence)
    return PairedRates(
        counts=counts,
        confidence=confidence,
        first=wilson(a + b, counts.n, confidence),
        second=wilson(a + c, counts.n, confidence),
        p_exact=mcnemar_exact_p(b, c) if counts.n else None,
        p_mid=mcnemar_mid_p(b, c) if counts.n else None,
        delta=counts.delta,
        tango=tango_interval(counts, confidence),
        newcombe=newcombe_interval(counts, confidence),
        odds_ratio=odds_ratio,
        odds_ratio_interval=odds_ratio_interval,
        note=_notes(counts, confidence),
    )


def _counts(first: PairCounts | pd.DataFrame | Values, second: Values | None) -> PairCounts:
    if not isinstance(first, PairCounts):
        return PairCounts.from_outcomes(first, second)
    if second is not None:
        raise ValueError("PairCounts hold both arms already: give nothing beside them")
    return first


def e_value(b: int, c: int) -> float:
    """E-value against equal discordance, E = 2^m Beta(b + 1, c + 1) with m = b + c.

    The likelihood ratio of a uniform prior on P(the first failed | discordant) to 1/2. Valid at any look: under the
    null hypothesis E ever reaches 20 with probability at most 1/20 (Ville 1939). 1 without discordant pairs.
    """
    m = check_count(b, "b") + check_count(c, "c")
    try:
        return 2**m / ((m + 1) * math.comb(m, b))
    except OverflowError:  # more than about 1,000 pairs, all one way
        return math.inf


def _notes(counts: PairCounts, confidence: float) -> tuple[str, ...]:
    alpha = 1 - confidence
    if counts.n == 0:
        return ("no complete pairs",)
    if counts.m == 0:
        return ("no discordant pairs; p = 1",)
    if not significant(smallest_sign_p(counts.m), alpha):
        return (f"discordant pairs: {counts.m}; the exact test needs {signs_needed(alpha)} to reach p = {alpha:.2g}",)
    return ()
