"""The specification curve of synthetic studies whose answers are known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.findings.robustness import robustness, specifications
from analysis.judging.study_data import StudyData
from analysis.results.robustness import Robustness
from analysis.statistics import NotEstimable, SpecificationTest
from runs.plan import Thresholds
from tests.analysis.synthetic import EVERY, LEARNED, STEPS, loaded, record, small_study

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
def found(data: StudyData) -> Robustness:
    return robustness(data)


def test_specifications_are_one_at_a_time_and_the_corners_after_the_registered_one() -> None:
    registered = Thresholds()
    chosen, skipped = specifications(registered)
    assert chosen[0] == registered
    assert len(set(chosen)) == len(chosen) == 1 + 2 * 8 + 2**5
    assert skipped == []
    assert {one.probes for one in chosen} == {2, 3, 6}
    assert {round(one.confidence, 12) for one in chosen} == {0.8, 0.9, 0.95}
    assert {one.divergence for one in chosen} == {1.25, 1.5, 2.0}


def test_thresholds_that_no_study_can_declare_are_left_out_and_counted() -> None:
    chosen, (sentence,) = specifications(replace(Thresholds(), confidence=0.2))  # doubling the distance to 1: -0.6
    assert len(chosen) == 1 + (2 * 8 - 1) + 2**4
    assert sentence.startswith("17 choices of thresholds are left out")


def test_difference_vanishes_under_the_thresholds_that_the_second_arm_fails_too(found: Robustness) -> None:
    (curve,) = found.curves
    deltas = {tuple(sorted(one.changes.items())): one.delta for one in curve.specifications}
    assert deltas[()] == 1
    assert deltas[("bar", 0.125),] == 0
    assert sorted(deltas.values()) == [0] * 17 + [1] * 32  # the halved bar alone, and at 16 of 32 corners
    low = [one for one in curve.specifications if one.thresholds["bar"] == 0.125]
    assert all(one.verdicts["dcgan"]["unlearned"] == SEEDS and one.p == 1 for one in low)


def test_joint_test_swaps_the_arms_of_a_seed_in_all_specifications_at_once(found: Robustness) -> None:
    (curve,) = found.curves
    assert isinstance(curve.test, SpecificationTest)
    assert (curve.test.median_delta, curve.test.p_median) == (1, 2 / 2**SEEDS)
    assert (curve.test.n_significant, curve.test.p_significant) == (32, 2 / 2**SEEDS)
    assert curve.sentence == (
        "mlp minus dcgan under 49 choices of thresholds: Δ in [0, 1], +1 as registered, median +1"
        " (joint sign-flip p = 0.031); significant in one direction in 32 of 49 (joint p = 0.031); 6 pairs."
    )


def test_only_one_specification_is_the_registered_one(found: Robustness) -> None:
    (curve,) = found.curves
    assert [one.registered for one in curve.specifications] == [True] + [False] * 48
    assert curve.specifications[0].changes == {}


def test_without_pairs_there_is_no_curve_to_test(tmp_path: Path) -> None:
    (curve,) = robustness(loaded(tmp_path, small_study())).curves
    assert curve.test == NotEstimable(reason="no complete pairs", n=0)
    assert all(one.delta is None and one.p is None for one in curve.specifications)
    assert curve.sentence.endswith("not estimable, no complete pairs.")


def test_primary_contrast_that_is_an_interaction_has_no_curve(tmp_path: Path) -> None:
    document = small_study().document
    arms = {**document["arms"], "mlp-bn": {"architecture": "mlp"}}
    primary: dict[str, Any] = {**document["plan"]["primary"], "minus": ["mlp-bn", "dcgan"]}
    found = robustness(loaded(tmp_path, small_study(arms=arms, plan={**document["plan"], "primary": primary})))
    assert found.curves == ()
    assert found.notes == ("The primary contrast is an interaction: it has no specification curve.",)


def test_curve_of_another_outcome_says_what_it_is_of(data: StudyData) -> None:
    plan = small_study().document["plan"]
    study = small_study(seeds=SEEDS, plan={**plan, "primary": {**plan["primary"], "outcome": "final_frechet"}})
    assert "not of the final Fréchet distance" in robustness(replace(data, study=study)).notes[-1]
