"""Sums of numbers near the largest that there are: taken of the numbers over a power of two, which is exact."""

from collections.abc import Callable

import numpy as np

from analysis.statistics.estimates import FloatArray

_LARGEST = 1024  # no finite number reaches 2 to this power


def magnitude(values: FloatArray) -> int:
    """The exponent k with 2^(k - 1) <= largest finite |value| < 2^k; 0 where there is none but 0."""
    finite = np.abs(values[np.isfinite(values)])
    return int(np.frexp(finite.max(initial=0.0))[1])


def headroom(values: FloatArray) -> int:
    """Power of two by which to divide the values before they are added up with any signs; 0 for all but huge ones.

    Division by it is exact for normal numbers, so that results are those of exact sums at another scale.
    """
    return max(0, magnitude(values) + len(values).bit_length() + 1 - _LARGEST)


def without_overflow(statistic: Callable[[FloatArray], float], values: FloatArray) -> float:
    """A statistic of ``values`` that scales with them, such as their mean, where its sums would overflow."""
    excess = headroom(values)
    return float(np.ldexp(statistic(np.ldexp(values, -excess)), excess))
