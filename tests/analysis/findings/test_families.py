"""Families of tests and the gate between them, with p-values that are given."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.findings.contrasts import at_equal_updates
from analysis.findings.families import corrected, enough_evidence, families, family_sizes
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import StudyData
from analysis.results.document import ContrastResult
from analysis.results.families import Standing
from analysis.results.parts import Role
from analysis.statistics import PairCounts, paired_rates
from tests.analysis.synthetic import loaded, record, small_study

ARMS = {"first": "mlp", "second": "dcgan"}
MIXED: dict[str, Any] = {
    "primary": {"name": "MLP against DCGAN", "outcome": "not_stable", **ARMS},
    "co_primary": {"name": "MLP against DCGAN", "outcome": "updates_where_both_learn", **ARMS},
    "secondaries": [
        {"name": "tolerance", "outcome": "stable_points", **ARMS},
        {"name": "quality", "outcome": "final_frechet", **ARMS},
    ],
}


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """One seed at two grid points, every run recorded."""
    folder = tmp_path_factory.mktemp("complete")
    study = small_study(seeds=1, grid={"beta1": [0.5, 0.9]}, plan=MIXED)
    for point in study.grid_points():
        for arm in study.arms:
            record(str(folder), study, arm, 0, point=point)
    return loaded(folder, study)


@pytest.fixture(scope="module")
def answers(complete: StudyData) -> tuple[ContrastResult, ...]:
    return at_equal_updates(complete, judge_study(complete))


def with_p(results: Sequence[ContrastResult], role: Role, *p_values: float) -> list[ContrastResult]:
    """The results with those p-values in the tests of a role."""
    left = iter(p_values)
    return [replace(one, effect=replace(one.effect, p=next(left))) if one.role == role else one for one in results]


def standings(results: Sequence[ContrastResult], data: StudyData) -> dict[Role, set[Standing]]:
    found = corrected(results, data)
    return {
        role: {one.standing for one in found if one.role == role} for role in ("primary", "co-primary", "secondary")
    }


def test_a_contrast_over_the_grid_is_one_test_and_another_one_a_grid_point(complete: StudyData) -> None:
    assert family_sizes(complete.study) == {"primary": 2, "co-primary": 1, "secondary": 1 + 2}


def test_sizes_are_those_registered_whatever_arms_the_command_line_leaves_out(complete: StudyData) -> None:
    cut = complete.study.override(arms=["dcgan"])
    assert family_sizes(cut) == family_sizes(complete.study)


@pytest.mark.parametrize(
    ("p_values", "standing"),
    [
        ((0.02, 0.05), "confirmatory"),  # Holm: 0.04 and 0.05, and p = alpha is significant
        ((0.02, 0.0501), "exploratory"),
        ((0.03, 0.03), "exploratory"),  # Holm: 0.06 twice
        ((0.0001, 1.0), "exploratory"),  # not every primary test
    ],
)
def test_co_primary_is_confirmatory_only_where_every_primary_test_is_significant(
    complete: StudyData, answers: Sequence[ContrastResult], p_values: tuple[float, float], standing: Standing
) -> None:
    given = with_p(answers, "primary", *p_values)
    found = standings(given, complete)
    assert found == {"primary": {"confirmatory"}, "co-primary": {standing}, "secondary": {"confirmatory"}}
    _, co_primary, secondary = families(corrected(given, complete), complete)
    assert (co_primary.standing, co_primary.size, co_primary.n_computed) == (standing, 1, 1)
    why = "as every primary test is significant" if standing == "confirmatory" else "as not every primary test is"
    assert f"gatekeeper: {standing}, {why}" in co_primary.sentence
    assert secondary.sentence == (
        "3 secondary tests, corrected together by Holm's method: a family of their own at α = 0.05, beside the"
        " primary's."
    )


def test_a_primary_test_that_was_not_computed_keeps_the_gate_shut(
    complete: StudyData, answers: Sequence[ContrastResult]
) -> None:
    one_left = [one for one in with_p(answers, "primary", 0.001, 0.001) if one.grid_point != {"beta1": 0.9}]
    assert standings(one_left, complete)["co-primary"] == {"exploratory"}


def test_contrasts_at_equal_computation_support_and_are_in_no_family(
    complete: StudyData, answers: Sequence[ContrastResult]
) -> None:
    elsewhere = [replace(one, scale="equal compute") for one in with_p(answers, "primary", 0.001, 0.001)]
    assert set().union(*standings(elsewhere, complete).values()) == {"supporting"}


def test_at_an_early_look_no_p_stands_and_an_e_value_of_the_family_over_alpha_does(
    complete: StudyData, answers: Sequence[ContrastResult]
) -> None:
    runs = complete.runs.assign(complete=[False, *complete.runs["complete"][1:]])
    early = replace(complete, runs=runs)
    significant = with_p(answers, "primary", 0.0001, 0.0001)
    assert standings(significant, early) == {
        "primary": {"exploratory"},
        "co-primary": {"exploratory"},
        "secondary": {"exploratory"},
    }
    enough = paired_rates(PairCounts(a=0, b=9, c=0, d=0))  # E = 51.2, of the 2 / 0.05 = 40 that two tests need
    shown = [replace(one, rates=enough) if one.role == "primary" else one for one in significant]
    assert standings(shown, early)["primary"] == {"confirmatory"}
    assert standings(shown, early)["co-primary"] == {"exploratory"}
    too_little = paired_rates(PairCounts(a=0, b=8, c=0, d=0))  # E = 28.4: enough for one test, not for two
    not_shown = [replace(one, rates=too_little) if one.role == "primary" else one for one in significant]
    assert standings(not_shown, early)["primary"] == {"exploratory"}


def test_evidence_that_ends_a_study_is_one_over_alpha_times_the_tests() -> None:
    assert (enough_evidence(0.05, 1), enough_evidence(0.01, 1), enough_evidence(0.05, 4)) == (20, 100, 80)


def test_gate_of_one_primary_test_names_it_as_one(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    for arm in study.arms:
        record(str(tmp_path), study, arm, 0)
    data = loaded(tmp_path, study)
    primary, co_primary = families(at_equal_updates(data, judge_study(data)), data)
    assert primary.sentence == "1 primary test at α = 0.05."
    assert co_primary.sentence == (
        "1 co-primary test, behind the primary as gatekeeper: exploratory, as the primary test is not significant."
    )
