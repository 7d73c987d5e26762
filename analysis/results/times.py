"""Times to learning and to failure, as they stand in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis.statistics import CumulativeIncidence, FirstToFail, LogRank, NotEstimable, RestrictedMeans, SurvivalCurve

# learning: from the start of training to learning. failure: from learning to failure
Clock = Literal["learning", "failure"]


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
