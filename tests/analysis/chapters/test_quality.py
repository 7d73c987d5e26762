"""Distributions of final Fréchet distances over seeds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.chapters.form import Chapter
from analysis.chapters.quality import MOST_THRESHOLDS, profile_thresholds, quality
from tests.analysis.synthetic import EVERY, LEARNED, STEPS, judged, loaded, record, recorded, small_study


def frames_of(chapter: Chapter) -> list[pd.DataFrame]:
    return [table.frame.set_index(table.frame.columns[0]) for table in chapter.tables]


def test_profile_starts_at_the_best_run_and_runs_not_stable_never_count(tmp_path: Path) -> None:
    data = recorded(
        tmp_path, small_study(seeds=4), {"mlp": ["unlearned"] * 2 + ["stable"] * 2, "dcgan": ["stable"] * 4}
    )
    chapter = quality(judged(data))
    (figure,) = chapter.figures
    profiles = figure.draw.args[0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(profiles["mlp"].thresholds, [3.0, 3.01, 3.02, 3.03])  # 3 + seed/100
    np.testing.assert_allclose(profiles["dcgan"].share, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(profiles["mlp"].share, [0, 0, 0.25, 0.5])
    means, _ = frames_of(chapter)
    assert means.loc["mlp", ["runs", "not stable"]].tolist() == [4, 2]
    assert means.loc["dcgan", "interquartile mean"] == pytest.approx((3.01 + 3.02) / 2)
    assert means.loc["mlp", "interquartile mean"] == np.inf
    assert means.loc["mlp", "note"] == "no finite interquartile mean, as 2 of 4 runs were not stable"
    assert chapter.gist == (
        "Interquartile mean of the final Fréchet distance: dcgan 3.01; 1 of 2 arms have none, for want of stable runs."
    )


def test_wider_spread_of_the_first_arm_is_a_positive_log_ratio(tmp_path: Path) -> None:
    study = small_study(seeds=6)
    steps = np.arange(0, STEPS + 1, EVERY)
    for seed in study.seeds:
        wide = {"eval_frechet": np.where(steps >= LEARNED, 3.0 + seed / 10, 41.0)}
        record(str(tmp_path), study, "mlp", seed, traces=wide)
        record(str(tmp_path), study, "dcgan", seed)
    _, spreads = frames_of(quality(judged(loaded(tmp_path, study))))
    row = spreads.loc["mlp against dcgan"]
    assert row["log ratio"] == pytest.approx(np.log(10))
    assert row["pairs stable in both"] == 6
    assert 0 < row["swap test p"] < 0.05


def test_spread_of_runs_that_are_not_stable_is_not_estimable_and_says_why(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=2), {"mlp": ["unlearned"] * 2, "dcgan": ["stable"] * 2})
    _, spreads = frames_of(quality(judged(data)))
    assert spreads.loc["mlp against dcgan", "note"] == "pairs in which both runs are stable: 0"


def test_study_without_runs_has_no_profile_and_no_mean(tmp_path: Path) -> None:
    chapter = quality(judged(loaded(tmp_path, small_study())))
    assert chapter.figures == ()
    assert frames_of(chapter)[0]["note"].tolist() == ["not estimable, no runs"] * 2


def test_thresholds_are_the_values_themselves_until_they_are_too_many() -> None:
    assert profile_thresholds(np.array([2.0, np.inf, 1.0, 2.0])).tolist() == [1, 2]
    many = profile_thresholds(np.arange(1000.0))
    assert (len(many), many[0], many[-1]) == (MOST_THRESHOLDS, 0, 999)
