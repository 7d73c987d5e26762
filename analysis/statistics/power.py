"""Power of the exact McNemar test."""

import math

import numpy as np
from scipy import optimize, stats

from analysis.statistics.estimates import FloatArray
from analysis.statistics.pair_counts import mcnemar_critical_count

MOST_PAIRS = 2_000
_ROUNDING = 1e-12


def discordance(p1: float, p2: float, phi: float = 0.0) -> tuple[float, float]:
    """Probabilities that only the first, and only the second, run of a pair fails.

    p1, p2: failure rates of the arms; phi: correlation of the two outcomes of a pair. Raises ValueError for rates
    outside [0, 1] and for a correlation that these rates cannot have.
    """
    _check_rate("p1", p1)
    _check_rate("p2", p2)
    both = p1 * p2 + phi * math.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    cells = (both, p1 - both, p2 - both, 1 - p1 - p2 + both)
    if not min(cells) >= -_ROUNDING:
        raise ValueError(f"rates {p1:g} and {p2:g} cannot have the correlation {phi:g}")
    return max(cells[1], 0.0), max(cells[2], 0.0)  # a rounding error below 0 is 0


def mcnemar_power(p1: float, p2: float, n: int, *, phi: float = 0.0, alpha: float = 0.05) -> float:
    """Probability that the exact McNemar test of ``n`` pairs gives p <= alpha.

    Unconditional and exact: sums over every number m of discordant pairs, Binomial(n, p10 + p01), and over every
    split of them, Binomial(m, p10/(p10 + p01)). Source: Connett, Smith & McHugh 1987.
    """
    _check_level("alpha", alpha)
    if n < 0:
        raise ValueError(f"n is {n}, expected 0 pairs or more")
    only_first, only_second = discordance(p1, p2, phi)
    return _power(only_first + only_second, _power_given_discordant(only_first, only_second, n, alpha), n)


def pairs_needed(p1: float, p2: float, *, phi: float = 0.0, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Smallest number of pairs whose power reaches ``power``; None if none up to MOST_PAIRS does.

    The test is discrete, so power may dip a little below the mark again for a few pairs more.
    """
    _check_level("alpha", alpha)
    _check_level("power", power)
    only_first, only_second = discordance(p1, p2, phi)
    if p1 == p2:
        return None
    given = _power_given_discordant(only_first, only_second, MOST_PAIRS, alpha)
    enough = (n for n in range(1, MOST_PAIRS + 1) if _power(only_first + only_second, given[: n + 1], n) >= power)
    return next(enough, None)


def detectable_rate(p2: float, n: int, *, phi: float = 0.0, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """Smallest rate p1 > p2 that ``n`` pairs tell from ``p2`` with ``power``; None where even the largest is not.

    The largest is 1, or with a correlation the highest rate that can have it beside p2.
    """
    _check_level("power", power)

    def lacking(p1: float) -> float:
        return power - mcnemar_power(p1, p2, n, phi=phi, alpha=alpha)

    low, high = _rates_with_correlation(p2, phi)
    if high < low or lacking(high) > 0:
        return None
    return low if lacking(low) <= 0 else float(optimize.brentq(lacking, low, high, xtol=1e-9))


def _rates_with_correlation(p2: float, phi: float) -> tuple[float, float]:
    """Lowest and highest p1 >= p2 that can have the correlation ``phi`` with p2 (Fréchet bounds)."""
    _check_rate("p2", p2)
    if phi == 0:
        return p2, 1.0
    q2 = 1 - p2
    share, rest = (p2, q2) if phi > 0 else (q2, p2)
    if share == 0:
        raise ValueError(f"a rate of {p2:g} cannot have the correlation {phi:g}")
    high = share / (share + phi**2 * rest)
    low = p2 if phi > 0 else max(p2, phi**2 * q2 / (p2 + phi**2 * q2))
    return low, high


def _power(p_discordant: float, given_discordant: FloatArray, n: int) -> float:
    if n * p_discordant < _ROUNDING:  # not even one discordant pair; and binom.pmf overflows near the smallest float
        return 0.0
    return float(stats.binom.pmf(np.arange(n + 1), n, p_discordant) @ given_discordant)


def _power_given_discordant(only_first: float, only_second: float, most: int, alpha: float) -> FloatArray:
    """Power with m = 0 … most discordant pairs."""
    if only_first + only_second == 0:
        return np.zeros(most + 1)
    m = np.arange(most + 1)
    critical = mcnemar_critical_count(m, alpha)
    split = stats.binom(m, only_first / (only_first + only_second))
    return np.where(m > 0, split.cdf(critical) + split.sf(m - critical - 1), 0.0)


def _check_rate(name: str, rate: float) -> None:
    if not 0 <= rate <= 1:
        raise ValueError(f"{name} is {rate}, expected a rate between 0 and 1")


def _check_level(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}, expected a number between 0 and 1")
