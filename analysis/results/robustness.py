"""How far verdicts depend on their thresholds, as it stands in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.statistics import Interval, NotEstimable, PairCounts, SpecificationTest
from runs.plan import Outcome


@dataclass(frozen=True, kw_only=True)
class SensitivityRow:
    """Verdicts of one arm, over the whole grid, with one threshold changed. factor 1: as registered.

    Without factor and value: thresholds as registered, and unsettled runs (so ``threshold``) counted as stable.
    changed: how many of its runs then have another verdict than as registered.
    """

    threshold: str
    factor: float | None
    value: float | None
    arm: str
    verdicts: Mapping[str, int]
    changed: int


@dataclass(frozen=True, kw_only=True)
class Specification:
    """The comparison under one choice of thresholds. changes: thresholds that are not as registered, by name.

    delta: rate of runs not stable, first minus second, with Tango's interval and the exact McNemar p; over a grid
    stable grid points with the interval of their mean and the sign-flip p, and no counts of pairs. None without pairs.
    verdicts: by arm.
    """

    registered: bool
    changes: Mapping[str, float]
    thresholds: Mapping[str, float]
    counts: PairCounts | None
    delta: float | None
    interval: Interval | None
    p: float | None
    verdicts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class SpecificationCurve:
    """The primary contrast's arms under many choices of thresholds, the registered one first.

    grid_point: empty without a grid, and for the stable points over it. unit: of the differences.
    """

    outcome: Outcome
    unit: str
    first: str
    second: str
    minus: tuple[str, str] | None
    grid_point: Mapping[str, Any]
    specifications: tuple[Specification, ...]
    test: SpecificationTest | NotEstimable
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """How far the primary answer depends on the thresholds of verdicts. notes: how they were varied, what was not."""

    curves: tuple[SpecificationCurve, ...]
    notes: tuple[str, ...]
