"""Power and early looks, as they stand in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.results.parts import Role
from analysis.statistics import Equivalence, NotEstimable
from runs.plan import Outcome


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

    level: alpha over the ``family`` of tests that are corrected together, which the smallest p of them has to reach.
    All that follows is at that level. correlation: of the two outcomes of a pair (phi); None where an arm's runs all
    ended alike. detectable_rate: smallest rate that n pairs tell from the lower observed rate ``low_rate`` with power
    .8, outcomes uncorrelated; None if none. pairs_needed: to tell the observed rates apart with power .8, were they and
    the observed correlation the true ones, uncorrelated where that is None; pairs_needed_uncorrelated: without
    correlation. None if the rates are equal or no number of pairs up to ``analysis.statistics.power.MOST_PAIRS`` does.
    discordant, discordant_needed: pairs that differ, and how many the exact test needs to be able to reach the level.
    e_value: valid at any look; ``enough`` or more, the family over alpha, ends a study.
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
    pairs_needed_uncorrelated: int | None
    level: float
    family: int
    discordant: int
    discordant_needed: int
    e_value: float
    enough: float
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SmallestP:
    """Smallest p that the tests of a role can reach after Holm's correction over their registered ``family``.

    An exact two-sided test, McNemar's, signed-rank or sign-flip, of n pairs or seeds gives at least 2^(1-n), and the
    smallest p of a family is multiplied by its size; 1 without pairs. n: of the test that allows the smallest. moving,
    p_moving: the same of those pairs or seeds that differ, which are all that a test can use.
    """

    role: Role
    family: int
    n: int
    moving: int
    p: float
    p_moving: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class MarginResult:
    """Whether two arms were shown to differ by less than a registered margin, at one grid point and equal updates.

    unit: of the margin and of the interval. n: pairs compared, of ``n_planned``. finding: with the interval of the
    difference, first minus second, at confidence 1 - 2 alpha; for not_stable Tango's, otherwise of the Hodges-Lehmann
    shift, an end of which is infinite where runs without a value, the worst rank, leave the shift unbounded. A pair in
    which neither has one has an unknown difference; the interval holds whatever it was. Each margin is judged by
    itself, without a correction for their number. notes: why it was not shown, and what the interval rests on.
    """

    role: Role
    name: str
    first: str
    second: str
    outcome: Outcome
    grid_point: Mapping[str, Any]
    margin: float
    unit: str
    n: int
    n_planned: int
    finding: Equivalence | NotEstimable
    sentence: str
    notes: tuple[str, ...]

    @property
    def shown(self) -> bool:
        """Whether the difference was shown to lie within the margin."""
        return isinstance(self.finding, Equivalence) and self.finding.shown


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Power and early looks. planning: for rates of general interest, at the number of pairs of the primary contrast.

    smallest_p: by role, what the number of pairs allows. equivalence: one a registered margin and grid point, where the
    arms of its contrast are in the report. without_margin: what holds for contrasts without a margin; None if each has
    one.
    """

    alpha: float
    power: float
    contrasts: tuple[ContrastPrecision, ...]
    planning: tuple[PlanningRow, ...]
    smallest_p: tuple[SmallestP, ...]
    equivalence: tuple[MarginResult, ...]
    without_margin: str | None
