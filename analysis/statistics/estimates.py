"""What every estimate shares: its interval, the reason where there is none, and the checks of paired input."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Values = FloatArray | BoolArray | NDArray[np.int64] | Sequence[float] | pd.Series


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval [low, high]; an end may be infinite, never NaN."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class NotEstimable:
    """Stands where an estimate would, with the reason why these data cannot give it.

    ``n`` counts the units (runs, pairs or seeds) that were at hand. ``str()`` gives the reason.
    """

    reason: str
    n: int

    def __str__(self) -> str:
        return self.reason


def finite_interval(low: float, high: float) -> Interval | None:
    """Interval of a library's two ends, None where the library could not compute one of them."""
    return Interval(low=float(low), high=float(high)) if np.isfinite([low, high]).all() else None


def check_confidence(confidence: float) -> None:
    """Raise ValueError unless 0 < confidence < 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected a number between 0 and 1")


def check_paired(first: Values | Sequence[str], second: Values | Sequence[str]) -> None:
    """Raise ValueError unless both are one-dimensional and element i of one belongs to element i of the other.

    Two pandas Series must carry the same index in the same order, so that pairs are never matched by accident.
    """
    if isinstance(first, pd.Series) and isinstance(second, pd.Series) and not first.index.equals(second.index):
        raise ValueError("the two Series have different indexes: align them by pair first")
    shapes = np.shape(first), np.shape(second)
    if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
        raise ValueError(f"pairs need two one-dimensional arrays of one length, got shapes {shapes[0]} and {shapes[1]}")


def vector(values: Values) -> FloatArray:
    """One-dimensional float array of ``values``; ValueError if it has another shape or holds NaN."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or np.isnan(array).any():
        raise ValueError(f"expected numbers in one dimension, without NaN, got {array}")
    return array


def finite_vector(values: Values) -> FloatArray:
    """Like ``vector``; ValueError for infinity too."""
    array = vector(values)
    if np.isinf(array).any():
        raise ValueError(f"expected finite numbers, got {array}")
    return array
