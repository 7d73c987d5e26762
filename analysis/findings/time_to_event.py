"""Times to learning and from learning to failure: curves by arm, and comparisons over matched pairs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.judging.pairs import compared_pairs, paired_runs
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import VerdictCode
from analysis.results.times import ArmTimes, Clock, PairTimes, RunTime, TimeToEvent
from analysis.results.wording import drawn_text, interval_text, listed, number, p_text, point_text, range_text, signed
from analysis.statistics import (
    CumulativeIncidence,
    Durations,
    FirstToFail,
    LogRank,
    NotEstimable,
    RestrictedMeans,
    SurvivalCurve,
    aalen_johansen,
    durations,
    first_to_fail,
    kaplan_meier,
    log_rank,
    restricted_means,
)

LEARNED = "learned"
CAUSES = (VerdictCode.COLLAPSED.value, VerdictCode.DIVERGED.value, VerdictCode.NONFINITE.value)
CLOCKS: tuple[Clock, ...] = ("learning", "failure")

_CLOCK_NAMES: Mapping[Clock, str] = {"learning": "From the start to learning", "failure": "From learning to failure"}
_HAPPENED: Mapping[Clock, str] = {"learning": "learned", "failure": "failed"}

Times = Mapping[int, RunTime]


def time_to_event(data: StudyData, verdicts: pd.DataFrame) -> TimeToEvent:
    """Both clocks, for every arm at every grid point and for every pair of arms of a registered contrast.

    ``verdicts``: of ``judge_study(data)``.
    """
    times = {clock: run_times(data, verdicts, clock) for clock in CLOCKS}
    pairs = compared_pairs(data)
    return TimeToEvent(
        arms=tuple(
            _arm_times(data, cell.arm, cell.grid_point, clock, times[clock])
            for clock in CLOCKS
            for cell in data.study.cells()
        ),
        pairs=tuple(
            _pair_times(data, pair, point, clock, times[clock])
            for clock in CLOCKS
            for pair in pairs
            for point in data.study.grid_points()
        ),
    )


def run_times(data: StudyData, verdicts: pd.DataFrame, clock: Clock) -> dict[int, RunTime]:
    """The times of the runs that are on a clock, in generator updates, by run id; see ``ArmTimes``."""
    updates = data.used.set_index("run_id")["g_steps"].to_dict()
    measure = _learning_time if clock == "learning" else _failure_time
    rows = verdicts.to_dict(orient="records")
    found = {row["run_id"]: measure(row, int(updates[row["run_id"]])) for row in rows}
    return {run_id: time for run_id, time in found.items() if time is not None}


def _learning_time(row: Mapping[Any, Any], per_step: int) -> RunTime:
    if pd.isna(row["learned_step"]):
        return RunTime(seed=row["seed"], time=float(row["final_step"] * per_step), event=None)
    return RunTime(seed=row["seed"], time=float(row["learned_step"] * per_step), event=LEARNED)


def _failure_time(row: Mapping[Any, Any], per_step: int) -> RunTime | None:
    """None for a run that never learned, or was no longer finite before it did."""
    learned = row["learned_step"]
    failed = row["verdict"] in CAUSES
    end = row["onset_step"] if failed else row["final_step"]
    if pd.isna(learned) or end < learned:
        return None
    cause = str(row["verdict"]) if failed else None
    return RunTime(seed=row["seed"], time=float((end - learned) * per_step), event=cause)


def _arm_times(data: StudyData, arm: str, point: Mapping[str, Any], clock: Clock, times: Times) -> ArmTimes:
    config, confidence = data.study.cell(arm, point).config, 1 - data.study.plan.alpha
    runs = data.only([arm], point).used["run_id"]
    on_clock = [times[run_id] for run_id in runs if run_id in times]
    curve = kaplan_meier(_durations(on_clock), confidence)
    incidence = None
    if clock == "failure":
        ended, causes = [run.time for run in on_clock], [run.event for run in on_clock]
        incidence = aalen_johansen(ended, causes, causes=CAUSES, confidence=confidence)
    where = f" at {point_text(point)}" if point else ""
    interval = config.eval_every * config.g_steps
    if clock == "learning":
        sentence = _learning_sentence(arm, where, curve, config.steps * config.g_steps, interval)
    else:
        sentence = _failure_sentence(arm, where, curve, incidence, on_clock)
    return ArmTimes(
        arm=arm,
        grid_point=point,
        clock=clock,
        probe_interval=interval,
        curve=curve,
        incidence=incidence,
        runs=tuple(on_clock),
        sentence=sentence,
    )


def _durations(runs: Sequence[RunTime]) -> Durations:
    return durations([run.time for run in runs], [run.event is not None for run in runs])


def _learning_sentence(
    arm: str, where: str, curve: SurvivalCurve | NotEstimable, budget: int, probe_interval: int
) -> str:
    if isinstance(curve, NotEstimable):
        return f"Time to learning of {arm}{where}: not estimable, {curve}."
    text = f"{curve.n_events} of {curve.n} {arm} runs{where} learned within {budget:,} updates"
    if not curve.n_events:
        return f"{text}: {listed(curve.note)}."
    return (
        f"{text}; median {_median(curve)}, interval-censored: known up to the {probe_interval:,} updates between two"
        " probes."
    )


def _median(curve: SurvivalCurve) -> str:
    if curve.median is None or curve.median_interval is None:
        return "not reached"
    limits = curve.median_interval
    return f"{number(curve.median)} updates {range_text(limits.low, limits.high)}"


def _failure_sentence(
    arm: str,
    where: str,
    curve: SurvivalCurve | NotEstimable,
    incidence: CumulativeIncidence | NotEstimable | None,
    runs: Sequence[RunTime],
) -> str:
    if isinstance(curve, NotEstimable) or not isinstance(incidence, CumulativeIncidence):
        return f"Time to failure of {arm}{where}: not estimable, as no run learned that could fail afterwards."
    text = f"{curve.n_events} of the {curve.n} {arm} runs{where} that learned failed afterwards"
    if not curve.n_events:
        return f"{text}: {listed(curve.note)}."
    counts = Counter(run.event for run in runs)
    shares = [
        f"{counts[cause.cause]} {cause.cause} (incidence {number(cause.incidence[-1])}"
        f" {range_text(cause.low[-1], cause.high[-1])} by {number(incidence.times[-1])} updates after learning)"
        for cause in incidence.causes
        if cause.low is not None and cause.high is not None
    ]
    return f"{text}: {listed(shares)}."


def _pair_times(
    data: StudyData, pair: tuple[str, str], point: Mapping[str, Any], clock: Clock, times: Times
) -> PairTimes:
    runs = paired_runs(data, pair, [point])[:, 0].tolist()
    both = [[times[run_id] for run_id in ids] for ids in runs if all(run_id in times for run_id in ids)]
    first, second = (_durations([runs[side] for runs in both]) for side in (0, 1))
    restricted = _restricted(data, first, second, _horizon(data, pair[0], point, clock, first, second))
    tests, tally = (log_rank(first, second), first_to_fail(first, second)), (len(both), len(data.study.seeds))
    return PairTimes(
        first=pair[0],
        second=pair[1],
        grid_point=point,
        clock=clock,
        n_planned=len(data.study.seeds),
        n=len(both),
        restricted=restricted,
        log_rank=tests[0],
        first_to_event=tests[1],
        sentence=" ".join(_pair_sentence(pair, point, clock, restricted, tests, tally, data.study.plan.alpha)),
    )


def _horizon(
    data: StudyData, arm: str, point: Mapping[str, Any], clock: Clock, first: Durations, second: Durations
) -> float:
    """Time up to which every run was watched: the budget, or on the failure clock the earliest censoring."""
    config = data.study.cell(arm, point).config
    censored = [time for sample in (first, second) for time in sample.time[~sample.observed]]
    return float(min([config.steps * config.g_steps, *(censored if clock == "failure" else [])]))


def _restricted(data: StudyData, first: Durations, second: Durations, tau: float) -> RestrictedMeans | NotEstimable:
    if tau == 0:
        return NotEstimable(reason="a run learned at its last probe: no time after learning to compare", n=first.n)
    return restricted_means(first, second, tau=tau, confidence=1 - data.study.plan.alpha)


def _pair_sentence(
    pair: tuple[str, str],
    point: Mapping[str, Any],
    clock: Clock,
    restricted: RestrictedMeans | NotEstimable,
    tests: tuple[LogRank | NotEstimable, FirstToFail | NotEstimable],
    pairs: tuple[int, int],
    alpha: float,
) -> Iterator[str]:
    where = f", at {point_text(point)}" if point else ""
    n = f"{pairs[0]} of {pairs[1]} planned pairs"
    by_log_rank, earlier = tests
    yield f"{_CLOCK_NAMES[clock]}, {pair[0]} minus {pair[1]}{where} ({n}):"
    if isinstance(earlier, NotEstimable):
        reason = "no pair in which both runs learned" if clock == "failure" and not pairs[0] else str(earlier)
        yield f"{reason}."
        return
    if isinstance(restricted, RestrictedMeans):
        yield (
            f"mean time up to {number(restricted.tau)} updates {number(restricted.first)} against"
            f" {number(restricted.second)}, difference {signed(restricted.difference)}"
            f" {interval_text(restricted.interval)}, sign-flip{drawn_text(restricted.sign_flip)}"
            f" {p_text(restricted.sign_flip.p, alpha)};"
        )
    else:
        yield f"mean time: {restricted};"
    in_pairs = p_text(by_log_rank.p, alpha) if isinstance(by_log_rank, LogRank) else f"none, {by_log_rank}"
    yield f"log-rank within pairs (asymptotic) {in_pairs};"
    yield (
        f"{pair[0]} {_HAPPENED[clock]} first in {earlier.first}, {pair[1]} in {earlier.second}, together in"
        f" {earlier.tied}, undecided in {earlier.undecided}, sign test {p_text(earlier.p, alpha)}."
    )
