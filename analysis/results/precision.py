"""Power and early looks, as they stand in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.results.parts import Role


@dataclass(frozen=True, kw_only=True)
class PlanningRow:
    """Two failure rates: the pairs that tell them apart with power .8, and the power of this study's ``n`` pairs."""

    rate_first: float
    rate_second: float
    pairs_needed: int | None
    n: int
    power: float


@dataclass(frozen=True, kw_only=True)
class ContrastPrecision:
    """What a comparison of failure rates could have seen, and how it stands as an early look.

    correlation: of the two outcomes of a pair (phi); None where an arm's runs all ended alike. Power is computed for
    uncorrelated outcomes. detectable_rate: smallest rate that n pairs tell from the lower observed rate ``low_rate``
    with power .8; None if none. pairs_needed: to tell the observed rates apart with power .8; None if they are equal
    or no number of pairs up to ``analysis.statistics.power.MOST_PAIRS`` does. discordant, discordant_needed: pairs
    that differ, and how many the exact test needs to be able to reach alpha. e_value: valid at any look, 20 or more
    ends a study.
    """

    name: str
    first: str
    second: str
    grid_point: Mapping[str, Any]
    n: int
    correlation: float | None
    low_rate: float | None
    detectable_rate: float | None
    pairs_needed: int | None
    discordant: int
    discordant_needed: int
    e_value: float
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SmallestP:
    """Smallest p that the tests of a role can reach after Holm's correction over their ``family``.

    n: pairs of the contrast that has most. An exact two-sided test of n pairs gives at least 2^(1-n), and the
    smallest p of a family is multiplied by its size; 1 without pairs.
    """

    role: Role
    family: int
    n: int
    p: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Power and early looks. planning: for rates of general interest, at the number of pairs of the primary contrast.

    smallest_p: by role, what the number of pairs allows. equivalence: what can be said on the absence of differences.
    """

    alpha: float
    power: float
    contrasts: tuple[ContrastPrecision, ...]
    planning: tuple[PlanningRow, ...]
    smallest_p: tuple[SmallestP, ...]
    equivalence: str
