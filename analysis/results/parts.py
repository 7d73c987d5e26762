"""What the parts of the results have in common."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["primary", "co-primary", "secondary"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Median and range over ``n`` runs; infinite where runs have no value but the worst rank; None without runs."""

    n: int
    median: float | None
    minimum: float | None
    maximum: float | None
