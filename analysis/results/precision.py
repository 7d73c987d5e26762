"""Registered margins, and the smallest p that pairs allow, as they stand in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis.results.parts import Role
from analysis.statistics import Equivalence, NotEstimable
from runs.plan import Outcome

Replicate = Literal["pair", "seed"]  # of runs at one grid point; of several pairs, of an interaction and over a grid


@dataclass(frozen=True, kw_only=True)
class SmallestP:
    """Smallest p that the tests of a role can reach after Holm's correction over their registered ``family``.

    An exact two-sided test, McNemar's, signed-rank or sign-flip, of n pairs or seeds (``replicate``) gives at least
    2^(1-n), and the smallest p of a family is multiplied by its size; 1 without pairs. n: of the test that allows the
    smallest. moving, p_moving: the same of those pairs or seeds that differ, which are all that a test can use.
    """

    role: Role
    family: int
    replicate: Replicate
    n: int
    moving: int
    p: float
    p_moving: float


@dataclass(frozen=True, kw_only=True)
class MarginResult:
    """Whether two arms were shown to differ by less than a registered margin, at one grid point and equal updates.

    unit: of the margin and of the interval. n: pairs or seeds (``replicate``) compared, of ``n_planned``. finding: with
    the interval of the difference, first minus second, at confidence 1 - 2 alpha; for not_stable Tango's, for
    stable_points of the mean, otherwise of the Hodges-Lehmann shift, an end of which is infinite where runs without a
    value, the worst rank, leave the shift unbounded. A pair in which neither has one has an unknown difference; the
    interval holds whatever it was. Each margin is judged by itself, without a correction for their number.
    first_without, second_without: runs of either arm without a value; both_without: pairs in which neither has one.
    """

    role: Role
    name: str
    first: str
    second: str
    outcome: Outcome
    grid_point: Mapping[str, Any]
    margin: float
    unit: str
    replicate: Replicate
    n: int
    n_planned: int
    first_without: int
    second_without: int
    both_without: int
    finding: Equivalence | NotEstimable

    @property
    def shown(self) -> bool:
        """Whether the difference was shown to lie within the margin."""
        return isinstance(self.finding, Equivalence) and self.finding.shown
