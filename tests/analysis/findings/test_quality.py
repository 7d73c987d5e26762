"""Distributions of final Fréchet distances over seeds."""

from pathlib import Path

import numpy as np
import pytest

from analysis.findings.quality import MOST_THRESHOLDS, profile_thresholds, quality
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import StudyData
from analysis.results.quality import Quality
from analysis.statistics import NotEstimable, PerformanceProfile, PermutationTest
from tests.analysis.synthetic import EVERY, LEARNED, STEPS, loaded, record, recorded, small_study


def quality_of(data: StudyData) -> Quality:
    return quality(data, judge_study(data))


def test_profile_starts_at_the_best_run_and_failed_runs_never_count(tmp_path: Path) -> None:
    data = recorded(
        tmp_path, small_study(seeds=4), {"mlp": ["unlearned"] * 2 + ["stable"] * 2, "dcgan": ["stable"] * 4}
    )
    mlp, dcgan = quality_of(data).arms
    assert isinstance(mlp.profile, PerformanceProfile)
    assert isinstance(dcgan.profile, PerformanceProfile)
    np.testing.assert_allclose(mlp.profile.thresholds, [3.0, 3.01, 3.02, 3.03])  # 3 + seed/100
    np.testing.assert_allclose(dcgan.profile.share, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(mlp.profile.share, [0, 0, 0.25, 0.5])
    assert (mlp.n, mlp.n_not_stable) == (4, 2)
    assert dcgan.interquartile_mean == pytest.approx((3.01 + 3.02) / 2)
    assert mlp.interquartile_mean == np.inf
    assert mlp.sentence.endswith("no finite interquartile mean, as 2 of 4 runs were not stable.")


def test_wider_spread_of_the_first_arm_is_a_positive_log_ratio(tmp_path: Path) -> None:
    study = small_study(seeds=6)
    steps = np.arange(0, STEPS + 1, EVERY)
    for seed in study.seeds:
        wide = {"eval_frechet": np.where(steps >= LEARNED, 3.0 + seed / 10, 41.0)}
        record(str(tmp_path), study, "mlp", seed, traces=wide)
        record(str(tmp_path), study, "dcgan", seed)
    (spread,) = quality_of(loaded(tmp_path, study)).spreads
    assert isinstance(spread.test, PermutationTest)
    assert spread.test.statistic == pytest.approx(np.log(10))
    assert spread.n == 6
    assert "log ratio +2.3, swap test p =" in spread.sentence


def test_spread_of_runs_that_failed_is_not_estimable_and_says_why(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=2), {"mlp": ["unlearned"] * 2, "dcgan": ["stable"] * 2})
    (spread,) = quality_of(data).spreads
    assert spread.test == NotEstimable(reason="pairs in which both runs are stable: 0", n=0)
    assert spread.sentence.endswith("not estimable, pairs in which both runs are stable: 0.")


def test_study_without_runs_has_no_profile(tmp_path: Path) -> None:
    found = quality_of(loaded(tmp_path, small_study()))
    assert all(arm.profile == NotEstimable(reason="no runs", n=0) for arm in found.arms)
    assert all(arm.interquartile_mean is None and arm.sentence.endswith("no runs.") for arm in found.arms)


def test_thresholds_are_the_values_themselves_until_they_are_too_many() -> None:
    assert profile_thresholds(np.array([2.0, np.inf, 1.0, 2.0])).tolist() == [1, 2]
    many = profile_thresholds(np.arange(1000.0))
    assert (len(many), many[0], many[-1]) == (MOST_THRESHOLDS, 0, 999)
