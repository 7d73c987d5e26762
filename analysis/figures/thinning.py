"""Fewer points of a trace, without losing an extreme or a gap: what a page can carry and a reader can see."""

# P points of a trace, W windows

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runs.records import Trace


def fair_share(lengths: Sequence[int], total: int) -> int:
    """How many points each trace may keep so that all keep at most ``total``: what short ones leave goes to the others.

    The greatest s with Σ min(length, s) ≤ total, but at least 2; the longest length if all fit.
    """
    left, ordered = total, sorted(lengths)
    for place, length in enumerate(ordered):
        share = left // (len(ordered) - place)
        if length > share:
            return max(share, 2)
        left -= length
    return max(ordered, default=2)


def window_length(length: int, most: int) -> int:
    """Points of a trace in one window, of which two are kept; 1 if the trace is kept as it is."""
    return 1 if length <= most else -(-length // max(1, most // 2))


def kept_points(values: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Positions, ascending, of the points (P,) to keep: all if P ≤ ``most``, else the extremes of windows and the gaps.

    Windows are of equal length, about ``most``/2 of them. Of each the first least and the first greatest finite value
    are kept. Where values between two kept points, or before or after all, are not finite, the first of those stays
    too: a line drawn through what is kept breaks where the trace did. So at most about 2·``most`` points are kept, and
    about ``most`` where few gaps are.
    """
    length = window_length(len(values), most)
    if length == 1:
        return np.arange(len(values))
    padded = np.full(-(-len(values) // length) * length, np.nan)
    padded[: len(values)] = values
    windows = padded.reshape(-1, length)
    finite = np.isfinite(windows)
    starts = np.arange(len(windows)) * length
    least = starts + np.where(finite, windows, np.inf).argmin(axis=1)
    greatest = starts + np.where(finite, windows, -np.inf).argmax(axis=1)
    within = finite.any(axis=1)
    extremes = np.unique(np.concatenate([least[within], greatest[within]]))
    broken = np.flatnonzero(~np.isfinite(values))
    _, first = np.unique(np.searchsorted(extremes, broken), return_index=True)
    return np.union1d(extremes, broken[first])


def thinned(trace: Trace, most: int) -> Trace:
    """The trace with the points that :func:`kept_points` keeps, at their own steps and with their own values."""
    if len(trace.values) <= most:
        return trace
    kept = kept_points(trace.values, most)
    return Trace(steps=trace.steps[kept], values=trace.values[kept])
