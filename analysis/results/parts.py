"""What the parts of the results have in common."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Role = Literal["primary", "co-primary", "secondary"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Median and range over ``n`` runs; infinite where runs have no value but the worst rank; None without runs."""

    n: int
    median: float | None
    minimum: float | None
    maximum: float | None


def summarized(values: NDArray[np.float64]) -> Summary:
    """Of the values that are numbers, infinity included."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Summary(n=0, median=None, minimum=None, maximum=None)
    # the middle of two, one of them infinite, is infinite
    return Summary(n=len(known), median=float(np.median(known)), minimum=float(known.min()), maximum=float(known.max()))
