"""Times to learning and to failure of synthetic studies whose answers are known."""

from pathlib import Path

import pytest

from analysis.findings.time_to_event import time_to_event
from analysis.judging.judgements import judge_study
from analysis.judging.pairs import compared_pairs
from analysis.judging.study_data import StudyData
from analysis.results.times import ArmTimes, Clock, PairTimes, TimeToEvent
from analysis.statistics import CumulativeIncidence, FirstToFail, LogRank, NotEstimable, RestrictedMeans, SurvivalCurve
from tests.analysis.synthetic import Behaviour, loaded, record, recorded, small_study
from tests.recording import synthetic_info

GOOD: list[Behaviour] = ["stable"] * 8
MIXED: list[Behaviour] = ["collapsed"] * 4 + ["diverged"] + ["stable"] * 3


def times_of(data: StudyData) -> TimeToEvent:
    return time_to_event(data, judge_study(data))


def arm_times(found: TimeToEvent, arm: str, clock: Clock) -> ArmTimes:
    return next(times for times in found.arms if (times.arm, times.clock) == (arm, clock))


def pair_times(found: TimeToEvent, clock: Clock) -> PairTimes:
    (pair,) = (pair for pair in found.pairs if pair.clock == clock)
    return pair


def test_arm_that_never_learns_is_censored_at_the_budget_and_absent_after_learning(tmp_path: Path) -> None:
    found = times_of(recorded(tmp_path, small_study(), {"mlp": ["unlearned"] * 8, "dcgan": GOOD}))
    learning = arm_times(found, "mlp", "learning")
    assert [(run.time, run.event) for run in learning.runs] == [(200, None)] * 8
    assert learning.sentence == "0 of 8 mlp runs learned within 200 updates: 0 events; not estimable."
    assert arm_times(found, "mlp", "failure").runs == ()
    assert arm_times(found, "mlp", "failure").curve == NotEstimable(reason="no runs", n=0)
    assert "no run learned that could fail" in arm_times(found, "mlp", "failure").sentence
    assert "no pair in which both runs learned" in pair_times(found, "failure").sentence


def test_difference_in_time_to_learning_is_what_the_slower_arm_lacks_to_the_budget(tmp_path: Path) -> None:
    pair = pair_times(
        times_of(recorded(tmp_path, small_study(), {"mlp": ["unlearned"] * 8, "dcgan": GOOD})), "learning"
    )
    assert isinstance(pair.restricted, RestrictedMeans)
    assert (pair.restricted.tau, pair.restricted.first, pair.restricted.second) == (200, 200, 100)
    assert pair.restricted.difference == 100
    assert pair.restricted.sign_flip.p == 2 / 2**8
    assert pair.restricted.interval is None  # all pairs differ alike: nothing to resample
    assert isinstance(pair.log_rank, LogRank)
    assert pair.log_rank.chi_square == pytest.approx(8)  # (b - c)²/(b + c)
    assert isinstance(pair.first_to_event, FirstToFail)
    assert (pair.first_to_event.first, pair.first_to_event.second, pair.first_to_event.p) == (0, 8, 2 / 2**8)
    assert (pair.n_planned, pair.n) == (8, 8)


def test_failures_compete_on_the_clock_from_learning(tmp_path: Path) -> None:
    found = times_of(recorded(tmp_path, small_study(), {"mlp": MIXED, "dcgan": GOOD}))
    times = arm_times(found, "mlp", "failure")
    assert [(run.time, run.event) for run in times.runs] == (
        [(50, "collapsed")] * 4 + [(50, "diverged")] + [(100, None)] * 3
    )
    assert isinstance(times.curve, SurvivalCurve)
    assert times.curve.survival_at(50) == pytest.approx(3 / 8)
    assert isinstance(times.incidence, CumulativeIncidence)
    ends = {cause.cause: cause.incidence[-1] for cause in times.incidence.causes}
    assert ends == {"collapsed": pytest.approx(1 / 2), "diverged": pytest.approx(1 / 8), "nonfinite": 0}
    assert "5 of the 8 mlp runs that learned failed afterwards: 4 collapsed (incidence 0.5" in times.sentence
    assert "0 of the 8 dcgan runs that learned failed afterwards: 0 events; not estimable." in [
        times.sentence for times in found.arms
    ]


def test_mean_time_to_failure_is_compared_up_to_the_time_every_run_was_watched(tmp_path: Path) -> None:
    pair = pair_times(times_of(recorded(tmp_path, small_study(), {"mlp": MIXED, "dcgan": GOOD})), "failure")
    assert isinstance(pair.restricted, RestrictedMeans)
    assert pair.restricted.tau == 100
    assert pair.restricted.difference == pytest.approx((5 * 50 + 3 * 100) / 8 - 100)
    assert isinstance(pair.first_to_event, FirstToFail)
    assert (pair.first_to_event.first, pair.first_to_event.undecided, pair.first_to_event.p) == (5, 3, 0.0625)


def test_no_failure_in_either_arm_is_said_and_not_estimated(tmp_path: Path) -> None:
    pair = pair_times(times_of(recorded(tmp_path, small_study(), {"mlp": GOOD, "dcgan": GOOD})), "failure")
    for part in (pair.restricted, pair.log_rank, pair.first_to_event):
        assert part == NotEstimable(reason="0 events; not estimable", n=8)
    assert pair.sentence.endswith("(8 of 8 planned pairs): 0 events; not estimable.")


def test_run_that_learns_at_its_last_probe_leaves_no_time_to_compare(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    recorded(tmp_path, study, {"mlp": ["collapsed"] * 2, "dcgan": ["stable"]})
    record(str(tmp_path), study, "dcgan", 1, learned=200)
    pair = pair_times(times_of(loaded(tmp_path, study)), "failure")
    assert isinstance(pair.restricted, NotEstimable)
    assert "learned at its last probe" in pair.sentence
    assert isinstance(pair.first_to_event, FirstToFail)
    assert (pair.first_to_event.first, pair.first_to_event.undecided) == (1, 1)


def test_times_are_in_generator_updates(tmp_path: Path) -> None:
    study = small_study(seeds=2, base={**small_study().document["base"], "g_steps": 3})
    found = times_of(recorded(tmp_path, study, {"mlp": ["collapsed"] * 2, "dcgan": ["stable"] * 2}))
    assert [run.time for run in arm_times(found, "mlp", "learning").runs] == [300, 300]
    assert [run.time for run in arm_times(found, "mlp", "failure").runs] == [150, 150]
    assert [run.time for run in arm_times(found, "dcgan", "failure").runs] == [300, 300]
    assert arm_times(found, "dcgan", "failure").probe_interval == 30


def test_run_that_broke_before_it_learned_is_not_on_the_clock_from_learning(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    extremes = synthetic_info(study.cell("mlp", {}).at_seed(0))["extremes"]
    extremes["loss_g"] = {**extremes["loss_g"], "first_nonfinite": 37}
    record(str(tmp_path), study, "mlp", 0, info={"extremes": extremes})
    found = times_of(loaded(tmp_path, study))
    assert arm_times(found, "mlp", "failure").runs == ()
    assert [run.event for run in arm_times(found, "mlp", "learning").runs] == ["learned"]


def test_study_without_runs_has_times_of_nobody(tmp_path: Path) -> None:
    found = times_of(loaded(tmp_path, small_study()))
    assert all(times.runs == () and "not estimable" in times.sentence for times in found.arms)
    assert all(isinstance(pair.restricted, NotEstimable) and pair.n == 0 for pair in found.pairs)


def test_every_pair_of_a_contrast_is_compared_once(tmp_path: Path) -> None:
    assert compared_pairs(loaded(tmp_path, small_study())) == [("mlp", "dcgan")]
