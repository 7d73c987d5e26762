"""Stability regions, how many recipes of a grid an arm is stable at, as they stand in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.statistics import MissingSeedBounds, PermutationTest


@dataclass(frozen=True, kw_only=True)
class SeedRegion:
    """One seed of an arm: at how many grid points its run was judged, and at how many of those it ended stable."""

    seed: int
    stable: int
    judged: int


@dataclass(frozen=True, kw_only=True)
class ArmRegion:
    """Where over the ``n_points`` of a grid an arm ended stable.

    n_complete: seeds with a judged run at every grid point; mean: of their stable grid points, None without such a
    seed. best: the grid points with the most stable runs, several if they have as many of as many: ``best_stable`` of
    ``best_judged`` each. Chosen by what was seen, so as good as that arm's luck there.
    """

    arm: str
    n_points: int
    seeds: tuple[SeedRegion, ...]
    n_complete: int
    mean: float | None
    best: tuple[Mapping[str, Any], ...]
    best_stable: int
    best_judged: int


@dataclass(frozen=True, kw_only=True)
class StablePoints:
    """What a contrast on stable grid points rests on; more is better.

    means: by arm, of a seed's stable points among ``n_points``, over the seeds compared; None without any.
    more_first, more_second, equal: seeds in which the first arm, the second, or neither has more; of an interaction,
    in which the first pair's difference is the larger, the smaller, or equal to the other's.
    test: sign-flip over seeds. bounds: with the incomplete seeds at their worst and best; None without any.
    """

    n_points: int
    means: Mapping[str, float | None]
    more_first: int
    more_second: int
    equal: int
    test: PermutationTest | None
    bounds: MissingSeedBounds | None
