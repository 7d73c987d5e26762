"""The Hodges-Lehmann shift between two arms, of pairs whose difference may be unknown or known up to an interval only.

A pair that failed in both arms is a tie for the ranks, but not for a shift: what its difference would have been had
the runs gone on is not known. Times that are seen at probes only are known up to the interval between two of them.
"""

# N pairs

import math

import numpy as np

from analysis.statistics.estimates import FloatArray, Interval
from analysis.statistics.signed_rank import Shift, hodges_lehmann


def paired_differences(first: FloatArray, second: FloatArray) -> FloatArray:
    """First minus second (N,); 0 where both failed, infinite where one did.

    Raises ValueError for finite values so large that their difference is not: it would pass for a failed run.
    """
    failed = np.isinf(first) | np.isinf(second)
    both_failed = np.isinf(first) & np.isinf(second)
    with np.errstate(over="ignore"):  # refused in the next lines
        differences = np.subtract(first, second, out=np.zeros(len(first)), where=~both_failed)
    if np.isinf(differences[~failed]).any():
        raise ValueError("the difference of two finite values is too large for a number")
    return differences


def shift_interval(first: FloatArray, second: FloatArray, confidence: float, *, known_within: float = 0.0) -> Interval:
    """Hodges-Lehmann interval of first minus second (N,) that holds whatever the difference of two failed runs was.

    As ties, which :func:`paired_differences` makes of them, they would speak for equality: arms that never learn would
    be shown to learn equally fast. So the low end takes all of them as -inf and the high end as +inf. Differences that
    are known up to ±``known_within`` widen it by as much. Failed runs are +inf; N is at least 1.
    """
    low, high = (end.interval for end in _completions(first, second, confidence))
    return Interval(low=low.low - known_within, high=high.high + known_within)


def paired_shift(
    first: FloatArray, second: FloatArray, confidence: float = 0.95, *, known_within: float = 0.0
) -> Shift:
    """Hodges-Lehmann shift of first minus second (N,), with the interval of :func:`shift_interval`.

    The estimate takes pairs that failed in both arms as ties. It is None where they are so many that it could as well
    be infinite.
    """
    interval = shift_interval(first, second, confidence, known_within=known_within)
    low, high = (end.estimate for end in _completions(first, second, confidence))
    bounded = low is not None and high is not None and (low == high or (math.isfinite(low) and math.isfinite(high)))
    estimate = hodges_lehmann(paired_differences(first, second), confidence).estimate if bounded else None
    return Shift(estimate=estimate, interval=interval)


def _completions(first: FloatArray, second: FloatArray, confidence: float) -> tuple[Shift, Shift]:
    """The shifts if all differences of two failed runs were -inf, and if they were +inf."""
    differences, unknown = paired_differences(first, second), np.isinf(first) & np.isinf(second)
    low, high = (hodges_lehmann(np.where(unknown, end, differences), confidence) for end in (-math.inf, math.inf))
    return low, high
