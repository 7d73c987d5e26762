"""What a report states beyond its contrasts: times to events, factors, robustness, precision, quality, oscillation.

Every part has a sentence. Where an estimate does not exist there is NotEstimable, or None with a note, in its place.
None of these tests is registered: they are exploratory and not part of any Holm family.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis.statistics import (
    CumulativeIncidence,
    FactorEffects,
    FirstToFail,
    Interval,
    LogisticModel,
    LogRank,
    NotEstimable,
    PairCounts,
    PerformanceProfile,
    PermutationTest,
    Rate,
    RestrictedMeans,
    SpecificationTest,
    SurvivalCurve,
)
from runs.plan import Outcome

# learning: from the start of training to learning. failure: from learning to failure
Clock = Literal["learning", "failure"]
Role = Literal["primary", "co-primary", "secondary"]
OscillationIndex = Literal["mode_hopping", "drift", "loss"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Median and range over ``n`` runs; infinite where runs failed as worst rank; None without runs."""

    n: int
    median: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, kw_only=True)
class RunTime:
    """One run's time on a clock, in generator updates, and the event that ended it; None if it was censored then."""

    seed: int
    time: float
    event: str | None


@dataclass(frozen=True, kw_only=True)
class ArmTimes:
    """The used runs of one arm at one grid point on one clock.

    Events of the learning clock are "learned"; a run that never learned is censored at its budget, also if it was no
    longer finite before. Events of the failure clock are the verdicts collapsed, diverged and nonfinite; only runs
    that learned before they failed are on it, and those that did not fail are censored at the end of their budget.
    probe_interval: events are known up to so many generator updates. curve: Kaplan-Meier, share without event.
    incidence: cumulative incidence by cause, on the failure clock, None on the other. runs: the times themselves.
    """

    arm: str
    grid_point: Mapping[str, Any]
    clock: Clock
    probe_interval: int
    curve: SurvivalCurve | NotEstimable
    incidence: CumulativeIncidence | NotEstimable | None
    runs: tuple[RunTime, ...]
    sentence: str


@dataclass(frozen=True, kw_only=True)
class PairTimes:
    """Times to an event of two arms over the matched pairs whose runs are both on the clock.

    n_planned, n: pairs planned, and compared. restricted: mean time without event up to ``restricted.tau``, which is
    the budget on the learning clock, and the time up to which every run was watched on the failure clock.
    first_to_event: which run of a pair had the event first. Differences are first minus second.
    """

    first: str
    second: str
    grid_point: Mapping[str, Any]
    clock: Clock
    n_planned: int
    n: int
    restricted: RestrictedMeans | NotEstimable
    log_rank: LogRank | NotEstimable
    first_to_event: FirstToFail | NotEstimable
    sentence: str


@dataclass(frozen=True, kw_only=True)
class TimeToEvent:
    """Times to learning and to failure, by arm and by the pairs of arms that the plan compares."""

    arms: tuple[ArmTimes, ...]
    pairs: tuple[PairTimes, ...]


@dataclass(frozen=True, kw_only=True)
class FactorialResult:
    """Main effects and interaction of architecture and normalization on one outcome, one contrast a seed.

    levels: of each factor, low then high; an effect is high less low. cells: the arm at each combination, in the
    order low-low, low-high, high-low, high-high of the two factors. grid_point: None for the average over the grid.
    outcome: updates_to_bar is cut off at the budget; final_frechet is of joint ranks with failed runs as the worst.
    p_adjusted of the effects is over all ``family`` effects on this outcome, those at other grid points included.
    model: logistic model of failures beside them; None for other outcomes and for the average over the grid.
    """

    outcome: Outcome
    unit: str
    levels: Mapping[str, tuple[str, str]]
    cells: tuple[str, ...]
    grid_point: Mapping[str, Any] | None
    n_planned: int
    family: int
    effects: FactorEffects | NotEstimable
    model: LogisticModel | NotEstimable | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class TrendResult:
    """How an outcome changes along one grid factor: mean change from one level to the next, per seed.

    The slope is the least-squares one over the order of ``levels``, averaged over the other factors of the grid.
    effects: one an arm, by its name, and "all arms"; p_adjusted is over all of them. outcome: as in FactorialResult.
    """

    factor: str
    levels: tuple[Any, ...]
    outcome: Outcome
    unit: str
    n_planned: int
    effects: FactorEffects | NotEstimable
    sentence: str


@dataclass(frozen=True, kw_only=True)
class MapCell:
    """Rate of runs not stable at one grid point, and how many of its runs have each verdict."""

    grid_point: Mapping[str, Any]
    not_stable: Rate
    verdicts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class MapPanel:
    """One arm's panel of the stability map: a cell a grid point, in the order of the grid."""

    arm: str
    factors: Mapping[str, tuple[Any, ...]]
    cells: tuple[MapCell, ...]
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Factorial:
    """Effects of factors. Empty parts are for want of a 2 x 2 of arms, or of a grid; ``notes`` say so."""

    effects: tuple[FactorialResult, ...]
    trends: tuple[TrendResult, ...]
    stability_map: tuple[MapPanel, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Specification:
    """The comparison under one choice of thresholds. changes: thresholds that are not as registered, by name.

    delta: rate of runs not stable, first minus second, with Tango's interval and the exact McNemar p; None without
    pairs. verdicts: by arm.
    """

    registered: bool
    changes: Mapping[str, float]
    thresholds: Mapping[str, float]
    counts: PairCounts
    delta: float | None
    interval: Interval | None
    p: float | None
    verdicts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class SpecificationCurve:
    """The primary contrast's arms at one grid point under many choices of thresholds, the registered one first."""

    first: str
    second: str
    grid_point: Mapping[str, Any]
    specifications: tuple[Specification, ...]
    test: SpecificationTest | NotEstimable
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """How far the primary answer depends on the thresholds of verdicts. notes: how they were varied, what was not."""

    curves: tuple[SpecificationCurve, ...]
    notes: tuple[str, ...]


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
    or no number of pairs up to ``analysis.power.MOST_PAIRS`` does. discordant, discordant_needed: pairs that differ,
    and how many the exact test needs to be able to reach alpha. e_value: valid at any look, 20 or more ends a study.
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


@dataclass(frozen=True, kw_only=True)
class ArmQuality:
    """Final Fréchet distance of one arm's used runs, failed runs as the worst rank.

    interquartile_mean: infinite where failures reach into the middle half, None without runs. profile: share of runs
    at or below each distance.
    """

    arm: str
    grid_point: Mapping[str, Any]
    n: int
    n_failed: int
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
