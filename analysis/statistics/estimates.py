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
    try:
        shapes = np.shape(first), np.shape(second)
    except ValueError:  # rows of unequal length
        raise ValueError("pairs need two one-dimensional arrays, got nested lists") from None
    if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
        raise ValueError(f"pairs need two one-dimensional arrays of one length, got shapes {shapes[0]} and {shapes[1]}")


def two_arms(first: Values | pd.DataFrame, second: Values | None) -> tuple[Values, Values]:
    """Two arrays (N,), as given or as the two columns of a DataFrame with one row a pair.

    Raises ValueError for a DataFrame of other than two columns or with a ``second`` beside it, for an array without
    one, and where ``check_paired`` does.
    """
    if isinstance(first, pd.DataFrame):
        if second is not None or first.shape[1] != 2:
            raise ValueError(
                f"a DataFrame stands alone and has two columns, one an arm; this has {list(first.columns)}"
            )
        return first.iloc[:, 0], first.iloc[:, 1]
    if second is None:
        raise ValueError("expected two arrays, one an arm, or a DataFrame of two columns")
    check_paired(first, second)
    return first, second


def vector(values: Values) -> FloatArray:
    """One-dimensional float array of ``values``; ValueError unless they are numbers in one dimension, without NaN."""
    try:
        given = np.asarray(values)
        array = given.astype(np.float64) if given.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        array = None
    if array is None or array.ndim != 1 or np.isnan(array).any():
        raise ValueError(f"expected numbers in one dimension, without NaN, got {values!r}")
    return array


def booleans(values: Values) -> BoolArray:
    """One-dimensional boolean array of booleans or of 0 and 1; ValueError for anything else, NaN and None included."""
    try:
        array = vector(values)
    except ValueError:
        array = None
    if array is None or not np.isin(array, (0, 1)).all():
        raise ValueError(f"expected booleans, or 0 and 1, in one dimension, got {values!r}")
    return array.astype(np.bool_)


def finite_vector(values: Values) -> FloatArray:
    """Like ``vector``; ValueError for infinity too."""
    array = vector(values)
    if np.isinf(array).any():
        raise ValueError(f"expected finite numbers, got {array}")
    return array
