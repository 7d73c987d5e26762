"""Times to learning and to failure of synthetic studies whose answers are known."""

from pathlib import Path

import pytest

from analysis.chapters.form import Judged
from analysis.chapters.times import ArmTimes, PairTimes, arm_times, failure_sentence, pair_sentence, pair_times, times
from analysis.judging.clocks import Clock, run_times
from analysis.judging.pairs import compared_pairs
from analysis.statistics import CumulativeIncidence, FirstToFail, LogRank, NotEstimable, RestrictedMeans, SurvivalCurve
from tests.analysis.synthetic import FELL, Behaviour, judged, loaded, record, recorded, small_study
from tests.recording import synthetic_info

GOOD: list[Behaviour] = ["stable"] * 8
MIXED: list[Behaviour] = ["collapsed"] * 4 + ["diverged"] + ["stable"] * 3


def of_arm(found: Judged, arm: str, clock: Clock) -> ArmTimes:
    return arm_times(found, found.data.study.cell(arm, {}), clock, run_times(found.data, found.verdicts, clock))


def of_pair(found: Judged, clock: Clock) -> PairTimes:
    return pair_times(found, ("mlp", "dcgan"), {}, clock, run_times(found.data, found.verdicts, clock))


def said(pair: PairTimes) -> str:
    return pair_sentence(pair, 0.05)


def test_arm_that_never_learns_is_censored_at_the_budget_and_absent_after_learning(tmp_path: Path) -> None:
    found = judged(recorded(tmp_path, small_study(), {"mlp": ["unlearned"] * 8, "dcgan": GOOD}))
    learning = of_arm(found, "mlp", "learning")
    assert [(run.time, run.event) for run in learning.runs] == [(200, None)] * 8
    assert learning.n_events == 0
    assert of_arm(found, "mlp", "failure").runs == []
    assert of_arm(found, "mlp", "failure").curve == NotEstimable(reason="no runs", n=0)
    assert "no pair in which both runs learned" in said(of_pair(found, "failure"))


def test_difference_in_time_to_learning_is_what_the_slower_arm_lacks_to_the_budget(tmp_path: Path) -> None:
    pair = of_pair(judged(recorded(tmp_path, small_study(), {"mlp": ["unlearned"] * 8, "dcgan": GOOD})), "learning")
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
    found = judged(recorded(tmp_path, small_study(), {"mlp": MIXED, "dcgan": GOOD}))
    mlp = of_arm(found, "mlp", "failure")
    assert [(run.time, run.event) for run in mlp.runs] == (
        [(50, "collapsed")] * 4 + [(50, "diverged")] + [(100, None)] * 3
    )
    assert isinstance(mlp.curve, SurvivalCurve)
    assert mlp.curve.survival_at(50) == pytest.approx(3 / 8)
    assert isinstance(mlp.incidence, CumulativeIncidence)
    ends = {cause.cause: cause.incidence[-1] for cause in mlp.incidence.causes}
    assert ends == {"collapsed": pytest.approx(1 / 2), "diverged": pytest.approx(1 / 8), "nonfinite": 0}
    assert "5 of the 8 mlp runs that learned failed afterwards: 4 collapsed (incidence 0.5" in failure_sentence(mlp)
    assert [figure.caption.name for figure in times(found).figures] == ["survival", "incidence"]


def test_runs_that_all_failed_where_they_had_learned_are_drawn_without_a_warning(tmp_path: Path) -> None:
    study = small_study()
    for arm in study.arms:
        record(str(tmp_path), study, arm, 0, "collapsed", learned=FELL)
    (incidence,) = [one for one in times(judged(loaded(tmp_path, study))).figures if one.caption.name == "incidence"]
    assert incidence.draw().axes[0].get_xlim() == (0, 1)


def test_mean_time_to_failure_is_compared_up_to_the_time_every_run_was_watched(tmp_path: Path) -> None:
    pair = of_pair(judged(recorded(tmp_path, small_study(), {"mlp": MIXED, "dcgan": GOOD})), "failure")
    assert isinstance(pair.restricted, RestrictedMeans)
    assert pair.restricted.tau == 100
    assert pair.restricted.difference == pytest.approx((5 * 50 + 3 * 100) / 8 - 100)
    assert isinstance(pair.first_to_event, FirstToFail)
    assert (pair.first_to_event.first, pair.first_to_event.undecided, pair.first_to_event.p) == (5, 3, 0.0625)


def test_no_failure_in_either_arm_is_said_and_not_estimated(tmp_path: Path) -> None:
    pair = of_pair(judged(recorded(tmp_path, small_study(), {"mlp": GOOD, "dcgan": GOOD})), "failure")
    for part in (pair.restricted, pair.log_rank, pair.first_to_event):
        assert part == NotEstimable(reason="0 events; not estimable", n=8)
    assert said(pair).endswith("(8 of 8 planned pairs): 0 events; not estimable.")


def test_run_that_learns_at_its_last_probe_leaves_no_time_to_compare(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    recorded(tmp_path, study, {"mlp": ["collapsed"] * 2, "dcgan": ["stable"]})
    record(str(tmp_path), study, "dcgan", 1, learned=200)
    pair = of_pair(judged(loaded(tmp_path, study)), "failure")
    assert isinstance(pair.restricted, NotEstimable)
    assert "learned at its last probe" in said(pair)
    assert isinstance(pair.first_to_event, FirstToFail)
    assert (pair.first_to_event.first, pair.first_to_event.undecided) == (1, 1)


def test_times_are_in_generator_updates(tmp_path: Path) -> None:
    study = small_study(seeds=2, base={**small_study().document["base"], "g_steps": 3})
    found = judged(recorded(tmp_path, study, {"mlp": ["collapsed"] * 2, "dcgan": ["stable"] * 2}))
    assert [run.time for run in of_arm(found, "mlp", "learning").runs] == [300, 300]
    assert [run.time for run in of_arm(found, "mlp", "failure").runs] == [150, 150]
    assert [run.time for run in of_arm(found, "dcgan", "failure").runs] == [300, 300]
    assert times(found).tables[0].frame["known up to"].tolist() == [30] * 4


def test_run_that_broke_before_it_learned_is_not_on_the_clock_from_learning(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    extremes = synthetic_info(study.cell("mlp", {}).at_seed(0))["extremes"]
    extremes["loss_g"] = {**extremes["loss_g"], "first_nonfinite": 37}
    record(str(tmp_path), study, "mlp", 0, info={"extremes": extremes})
    found = judged(loaded(tmp_path, study))
    assert of_arm(found, "mlp", "failure").runs == []
    assert [run.event for run in of_arm(found, "mlp", "learning").runs] == ["learned"]


def test_study_without_runs_has_times_of_nobody(tmp_path: Path) -> None:
    chapter = times(judged(loaded(tmp_path, small_study())))
    arms, pairs = (table.frame for table in chapter.tables)
    assert arms["runs"].tolist() == [0] * 4
    assert arms["note"].tolist() == ["no runs"] * 4
    assert pairs["pairs"].tolist() == [0, 0]
    assert chapter.figures == ()
    assert chapter.gist.startswith("0 of 0 judged runs learned, and 0 of those failed afterwards.")


def test_every_pair_of_a_contrast_is_compared_once(tmp_path: Path) -> None:
    assert compared_pairs(loaded(tmp_path, small_study())) == [("mlp", "dcgan")]
