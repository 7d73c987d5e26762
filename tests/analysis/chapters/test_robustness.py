"""The specification curve of synthetic studies whose answers are known."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.chapters.robustness import Curve, curves, robustness, verdict_sensitivity
from analysis.judging.study_data import StudyData
from analysis.statistics import NotEstimable, SpecificationTest
from runs.plan import Thresholds
from tests.analysis.synthetic import EVERY, LEARNED, STEPS, Behaviour, judged, loaded, record, recorded, small_study

SEEDS = 6


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """No MLP run learns. DCGAN runs end at a distance of 6: below the bar of 10, above half of it, never realistic."""
    folder, study = tmp_path_factory.mktemp("specifications"), small_study(seeds=SEEDS)
    steps = np.arange(0, STEPS + 1, EVERY)
    traces = {"eval_frechet": np.where(steps >= LEARNED, 6.0, 41.0), "eval_confidence": np.full(len(steps), 0.5)}
    for seed in study.seeds:
        record(str(folder), study, "mlp", seed, "unlearned")
        record(str(folder), study, "dcgan", seed, traces=traces)
    return loaded(folder, study)


@pytest.fixture(scope="module")
def curve(data: StudyData) -> Curve:
    (found,) = curves(data)[0]
    return found


def test_difference_vanishes_under_the_thresholds_that_the_second_arm_fails_too(curve: Curve) -> None:
    deltas = curve.rows.set_index("thresholds")["Δ"]
    assert (deltas["as registered"], deltas["bar 0.125"]) == (1, 0)
    assert sorted(deltas) == [0] * 17 + [1] * 32  # the halved bar alone, and at 16 of 32 corners
    low = np.array([one.bar == 0.125 for one in curve.thresholds])
    assert (curve.rows["exact p"][low] == 1).all()


def test_joint_test_swaps_the_arms_of_a_seed_in_all_specifications_at_once(curve: Curve) -> None:
    assert isinstance(curve.test, SpecificationTest)
    assert (curve.test.median_delta, curve.test.p_median) == (1, 2 / 2**SEEDS)
    assert (curve.test.n_significant, curve.test.p_significant) == (32, 2 / 2**SEEDS)
    assert curve.sentence == (
        "mlp minus dcgan under 49 choices of thresholds: Δ in [0, 1], +1 as registered, median +1"
        " (joint sign-flip p = 0.031); significant in one direction in 32 of 49 (joint p = 0.031); 6 pairs."
    )


def test_joint_tests_stand_in_a_row_a_curve(data: StudyData) -> None:
    table = next(table for table in robustness(judged(data)).tables if table.name == "joint_tests")
    (row,) = table.frame.to_dict("records")
    assert (row["choices"], row["pairs"], row["least Δ"], row["greatest Δ"], row["median Δ"]) == (49, SEEDS, 0, 1, 1)
    assert (row["median's joint p"], row["significant"], row["their joint p"]) == (2 / 2**SEEDS, 32, 2 / 2**SEEDS)


def test_only_one_specification_is_the_registered_one(curve: Curve) -> None:
    assert (curve.rows["thresholds"] == "as registered").tolist() == [True] + [False] * 48
    assert curve.thresholds[0] == Thresholds()


def test_without_pairs_there_is_no_curve_to_test(tmp_path: Path) -> None:
    (curve,) = curves(loaded(tmp_path, small_study()))[0]
    assert curve.test == NotEstimable(reason="no complete pairs", n=0)
    assert curve.rows[["Δ", "exact p"]].isna().all(axis=None)
    assert curve.sentence.endswith("not estimable, no complete pairs.")


def test_primary_contrast_that_is_an_interaction_has_no_curve(tmp_path: Path) -> None:
    document = small_study().document
    arms = {**document["arms"], "mlp-bn": {"architecture": "mlp"}}
    primary: dict[str, Any] = {**document["plan"]["primary"], "minus": ["mlp-bn", "dcgan"]}
    data = loaded(tmp_path, small_study(arms=arms, plan={**document["plan"], "primary": primary}))
    assert curves(data) == ([], ["The primary contrast is an interaction: it has no specification curve."])
    assert robustness(judged(data)).gist == "The primary contrast is an interaction: it has no specification curve."


def test_curve_of_another_outcome_says_what_it_is_of(data: StudyData) -> None:
    plan = small_study().document["plan"]
    study = small_study(seeds=SEEDS, plan={**plan, "primary": {**plan["primary"], "outcome": "final_frechet"}})
    assert "not of the final Fréchet distance" in curves(replace(data, study=study))[1][-1]


def test_sensitivity_counts_unsettled_runs_the_other_way_in_its_last_rows(tmp_path: Path) -> None:
    behaviours: list[Behaviour] = ["stable", "unsettled", "unsettled", "collapsed"]
    data = recorded(tmp_path, small_study(seeds=4), {"mlp": behaviours, "dcgan": ["stable"] * 4})
    found = verdict_sensitivity(data)[0]
    rows = found[found["factor"].isna()].set_index("arm")
    assert rows["threshold"].tolist() == ["unsettled counted as stable"] * 2
    assert rows["value"].isna().all()
    assert rows.loc["mlp", ["stable", "unsettled", "collapsed", "changed"]].tolist() == [3, 0, 1, 2]
    assert rows.loc["dcgan", "changed"] == 0


def test_sensitivity_changes_one_threshold_at_a_time_and_says_what_it_skips(data: StudyData) -> None:
    rows, skipped = verdict_sensitivity(data)
    assert set(rows["threshold"]) == {*(field.name for field in fields(Thresholds)), "unsettled counted as stable"}
    as_registered = rows[rows["factor"] == 1]
    assert (as_registered["not learned"] == np.where(as_registered["arm"] == "mlp", SEEDS, 0)).all()
    values = rows.groupby("threshold")["value"].agg(set)
    assert values["probes"] == {2, 3, 6}
    assert values["confidence"] == {0.8, 0.9, 0.95}
    assert values["divergence"] == {1.25, 1.5, 2}
    assert skipped == []
    assert not as_registered["changed"].any()
    low = rows[(rows["threshold"] == "bar") & (rows["factor"] == 0.5)]  # DCGAN runs, too, end above half of the bar
    assert (low["not learned"] == SEEDS).all()


def test_higher_bar_in_the_sensitivity_turns_unlearned_runs_into_learned_ones(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    for seed in study.seeds:
        record(str(tmp_path), study, "mlp", seed, traces={"eval_frechet": 15.0, "eval_precision": 0.1})
        record(str(tmp_path), study, "dcgan", seed)
    rows, _ = verdict_sensitivity(loaded(tmp_path, study))
    of_bar = rows[(rows["threshold"] == "bar") & (rows["arm"] == "mlp")].set_index("factor")
    assert of_bar["not learned"].to_dict() == {1: 2, 0.5: 2, 2: 0}
    assert of_bar["changed"].to_dict() == {1: 0, 0.5: 0, 2: 2}
