"""How good and how calm the runs ended, as it stands in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis.results.parts import Summary
from analysis.statistics import NotEstimable, PerformanceProfile, PermutationTest

OscillationIndex = Literal["mode_hopping", "drift", "loss"]


@dataclass(frozen=True, kw_only=True)
class ArmQuality:
    """Final Fréchet distance of one arm's used runs, runs that are not stable as the worst rank.

    interquartile_mean: infinite where failures reach into the middle half, None without runs. profile: share of runs
    at or below each distance.
    """

    arm: str
    grid_point: Mapping[str, Any]
    n: int
    n_not_stable: int
    interquartile_mean: float | None
    profile: PerformanceProfile | NotEstimable
    sentence: str


@dataclass(frozen=True, kw_only=True)
class SpreadResult:
    """Whether final Fréchet distances of two arms spread equally over the ``n`` pairs in which both runs are stable.

    test.statistic: log ratio of the mean absolute deviations from the median, first over second.
    """

    first: str
    second: str
    grid_point: Mapping[str, Any]
    n: int
    test: PermutationTest | NotEstimable
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How good the runs ended, as distributions over seeds."""

    arms: tuple[ArmQuality, ...]
    spreads: tuple[SpreadResult, ...]


@dataclass(frozen=True, kw_only=True)
class ArmOscillation:
    """Oscillation of one arm's used runs over the second half of their budget, by index.

    mode_hopping: mean total variation between the class histograms of consecutive probes. drift: mean distance that
    a sample's features moved between consecutive probes. loss: standard deviation of loss_g over its mean.
    """

    arm: str
    grid_point: Mapping[str, Any]
    indices: Mapping[OscillationIndex, Summary]


@dataclass(frozen=True, kw_only=True)
class OrderComparison:
    """Whether an index orders the arms by their medians as the ``reference`` index does.

    order, reference_order: arms, calmest first. n_reversed of ``n_pairs`` pairs of arms stand in the other order.
    """

    index: OscillationIndex
    reference: OscillationIndex
    grid_point: Mapping[str, Any]
    order: tuple[str, ...]
    reference_order: tuple[str, ...]
    n_pairs: int
    n_reversed: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Oscillation:
    """Oscillation late in training, and whether its indices agree on the arms. notes: what is not defined."""

    arms: tuple[ArmOscillation, ...]
    orders: tuple[OrderComparison, ...]
    notes: tuple[str, ...]
