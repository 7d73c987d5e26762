"""The one rule of significance: a test rejects where p <= alpha, at alpha itself too.

A test of level alpha may reject with probability alpha; p = alpha is such a result. Exact tests of few pairs have
few possible p-values, so that p = alpha does happen: 5 pairs all one way at alpha 1/16.
"""

import math

from analysis.statistics.estimates import BoolArray, FloatArray

_ROUNDING = 1e-12  # relative: p and alpha are each computed, and 3 * (0.05 / 3) is 0.05


def significant(p: float | None, alpha: float) -> bool:
    """Whether a test with this p rejects at level ``alpha``: p <= alpha. A p that could not be computed does not."""
    return p is not None and p <= alpha * (1 + _ROUNDING)


def all_significant(p: FloatArray, alpha: float) -> BoolArray:
    """:func:`significant` of every element of ``p``."""
    return p <= alpha * (1 + _ROUNDING)


def smallest_sign_p(m: int) -> float:
    """Smallest two-sided p of a test by the signs of ``m`` pairs, McNemar's or sign-flip: 2^(1 - m), at most 1."""
    return min(1.0, 2.0 ** (1 - m))


def signs_needed(alpha: float) -> int:
    """Fewest pairs with a difference of which such a test can be significant at ``alpha``."""
    fewest = max(1, math.floor(1 - math.log2(alpha)))  # that, or one more
    return fewest if significant(smallest_sign_p(fewest), alpha) else fewest + 1
