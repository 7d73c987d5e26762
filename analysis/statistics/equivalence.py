"""Saying that two arms do not differ: only ever against a margin, by two one-sided tests.

A difference that is not significant is not an absent one. It is called absent where its whole 1 - 2 alpha interval
lies within the margin, which is where both one-sided tests at level alpha reject a difference of the margin or more
(Schuirmann 1987; Westlake 1972).
"""

import math
from dataclasses import dataclass

from analysis.statistics.estimates import FloatArray, Interval
from analysis.statistics.pair_counts import PairCounts, tango_interval
from analysis.statistics.signed_rank import hodges_lehmann


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Whether a difference was shown to lie within ±``margin``; ``str()`` says it in words.

    interval: of the difference, at confidence 1 - 2 ``alpha``; None where there were no data for one. ``shown`` is
    False where the data cannot tell as well as where they show a larger difference: the interval tells which.
    """

    margin: float
    alpha: float
    interval: Interval | None
    shown: bool

    def __str__(self) -> str:
        verdict = "difference lies within" if self.shown else "not shown: a difference within"
        return f"{verdict} ±{_digits(self.margin)} ({self._interval_words()})"

    def _interval_words(self) -> str:
        if self.interval is None:
            return "no pairs, so no interval"
        level, low, high = 100 * (1 - 2 * self.alpha), self.interval.low, self.interval.high
        return f"{level:.3g} % interval [{_signed(low)}, {_signed(high)}]"


def within_margin(interval: Interval | None, margin: float, *, alpha: float = 0.05) -> Equivalence:
    """Judge an interval of confidence 1 - 2 ``alpha`` against ±``margin``, in the units of the difference.

    Shown only if both ends lie strictly inside: at ±margin itself the one-sided test does not reject. An infinite
    end, or no interval, shows nothing. Raises ValueError unless margin is positive and finite and 0 < alpha < 1/2.
    """
    check_margin(margin)
    equivalence_confidence(alpha)
    inside = interval is not None and -margin < interval.low and interval.high < margin
    return Equivalence(margin=margin, alpha=alpha, interval=interval, shown=inside)


def rates_within_margin(counts: PairCounts, margin: float, *, alpha: float = 0.05) -> Equivalence:
    """Whether two failure rates differ by less than ``margin``, by Tango's score interval of Δ.

    Tango 1998 proposed the interval for this test. Raises ValueError unless 0 < margin < 1: no larger one is a claim.
    """
    check_margin(margin, below=1.0)
    return within_margin(tango_interval(counts, equivalence_confidence(alpha)), margin, alpha=alpha)


def shift_within_margin(differences: FloatArray, margin: float, *, alpha: float = 0.05) -> Equivalence:
    """Whether the Hodges-Lehmann shift of paired differences (N,) is less than ``margin``.

    The interval is exact, so fewer than 5 pairs show nothing at alpha .05, and neither do differences of which so
    many are infinite (one run of the pair failed) that the interval has an infinite end.
    """
    confidence = equivalence_confidence(alpha)
    interval = hodges_lehmann(differences, confidence).interval if len(differences) else None
    return within_margin(interval, margin, alpha=alpha)


def equivalence_confidence(alpha: float) -> float:
    """Confidence 1 - 2 ``alpha`` of the interval that makes both one-sided tests; ValueError unless 0 < alpha < 1/2."""
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}, expected a number between 0 and 1/2")
    return 1 - 2 * alpha


def check_margin(margin: float, *, below: float = math.inf) -> None:
    """Raise ValueError unless 0 < margin < ``below``."""
    if not 0 < margin < below:
        raise ValueError(f"margin is {margin}, expected a number above 0 and below {below:g}")


def _signed(value: float) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{'∞' if math.isinf(value) else _digits(abs(value))}"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
