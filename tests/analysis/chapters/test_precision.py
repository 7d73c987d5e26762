"""What comparisons could have seen, held against closed forms and the power that gave rise to them."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.chapters.form import Chapter
from analysis.chapters.precision import correlation, power_row, power_sentence, precision, smallest_p_sentence
from analysis.results.document import ContrastResult
from analysis.results.precision import SmallestP
from analysis.statistics import PairCounts, mcnemar_power
from tests.analysis.synthetic import judged, loaded, recorded, small_study

EIGHT_ONE_WAY = PairCounts(a=0, b=8, c=0, d=0)
SEEN = (
    "MLP against DCGAN, mlp against dcgan: 8 pairs tell a rate of runs not stable of 0.802 or more from 0 with power"
    " 0.8, outcomes uncorrelated; e-value 28.4, which reaches the 20 that would end an early look."
)


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> ContrastResult:
    """A contrast of rates, whatever its counts."""
    found, _ = judged(loaded(tmp_path_factory.mktemp("none"), small_study(seeds=1))).findings.contrasts
    return found


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    """Of eight pairs that all differ one way."""
    behaviours: dict[str, Any] = {"mlp": ["unlearned"] * 8, "dcgan": ["stable"] * 8}
    return precision(judged(recorded(tmp_path_factory.mktemp("eight"), small_study(), behaviours)))


def frames_of(chapter: Chapter) -> dict[str, pd.DataFrame]:
    return {table.name: table.frame for table in chapter.tables}


def test_correlation_of_outcomes_is_phi() -> None:
    assert correlation(PairCounts(a=5, b=0, c=0, d=5)) == 1
    assert correlation(PairCounts(a=0, b=5, c=5, d=0)) == -1
    assert correlation(PairCounts(a=4, b=4, c=1, d=1)) == 0
    assert correlation(PairCounts(a=4, b=0, c=4, d=0)) is None  # the first arm always fails


def test_eight_discordant_pairs_one_way_end_an_early_look(eight: Chapter) -> None:
    (row,) = frames_of(eight)["precision"].to_dict("records")
    assert row["e-value"] == pytest.approx(28.444, abs=5e-4)
    assert (row["pairs"], row["discordant"], row["discordant needed"], row["lower rate"]) == (8, 8, 6, 0)
    assert mcnemar_power(row["rate told from it"], 0, 8) == pytest.approx(0.8)
    assert row["φ"] is None
    assert eight.gist == SEEN
    assert eight.sentences[0].startswith("With 8 pairs, the primary test can reach 0.05")


def test_pairs_needed_without_a_correlation_say_what_they_assume(eight: Chapter) -> None:
    (row,) = frames_of(eight)["precision"].to_dict("records")
    assert row["pairs needed"] == row["without φ"] == 6
    assert row["note"] == (
        "were these rates the true ones and outcomes uncorrelated, 6 pairs would tell them apart with power 0.8;"
        " correlation within pairs not estimable: the runs of an arm all ended alike"
    )


def test_pairs_needed_are_given_at_the_observed_correlation_and_without(primary: ContrastResult) -> None:
    row = power_row(primary, PairCounts(a=20, b=8, c=2, d=20), 0.05)
    assert row["φ"] == pytest.approx((20 * 20 - 8 * 2) / (28 * 22))
    assert (row["pairs needed"], row["without φ"]) == (115, 289)
    assert (
        "were these rates and this correlation (+0.623) the true ones, 115 pairs would tell them apart with power 0.8;"
        " without correlation 289 pairs"
    ) in row["note"]


def test_equal_rates_cannot_be_told_apart_by_any_number_of_pairs(primary: ContrastResult) -> None:
    row = power_row(primary, PairCounts(a=0, b=4, c=4, d=0), 0.05)
    assert (row["φ"], row["pairs needed"], row["rate told from it"]) == (-1, None, None)
    assert row["e-value"] == pytest.approx(2**8 / (9 * math.comb(8, 4)))
    assert "tell no rate from 0.5 with power 0.8" in power_sentence(primary, row, 0.05)
    assert row["note"] == "the observed rates are equal: no number of pairs would tell them apart"


def test_fewer_discordant_pairs_than_the_test_needs_are_said(primary: ContrastResult) -> None:
    row = power_row(primary, PairCounts(a=0, b=3, c=0, d=0), 0.05)
    assert row["note"].startswith("discordant pairs: 3; the exact test needs 6 to reach its level; were these rates")
    assert row["pairs"] == 3


def test_each_of_several_tests_is_held_against_the_level_of_holms_first_step(primary: ContrastResult) -> None:
    one_of_four = replace(primary, effect=replace(primary.effect, family=4))
    row = power_row(one_of_four, EIGHT_ONE_WAY, 0.05)
    assert row["discordant needed"] == 8  # 2^(1-7) is above .05 / 4
    assert mcnemar_power(row["rate told from it"], 0, 8, alpha=0.05 / 4) == pytest.approx(0.8)
    said = power_sentence(one_of_four, row, 0.05)
    assert "(level 0.013: Holm's first step among 4 tests)" in said
    assert "does not reach the 80 that would end an early look" in said


@pytest.mark.parametrize(("alpha", "enough", "ends"), [(0.05, "20", "reaches"), (0.01, "100", "does not reach")])
def test_e_value_that_ends_an_early_look_is_one_over_alpha(
    primary: ContrastResult, alpha: float, enough: str, ends: str
) -> None:
    row = power_row(primary, EIGHT_ONE_WAY, alpha)
    assert row["e-value"] == pytest.approx(28.444, abs=5e-4)
    said = power_sentence(primary, row, alpha)
    assert f"e-value 28.4, which {ends} the {enough} that would end an early look" in said


def test_planning_table_has_the_published_numbers_of_pairs(eight: Chapter) -> None:
    planning = frames_of(eight)["planning"]
    assert planning["pairs needed"].tolist() == [19, 28, 46, 103]
    assert planning["pairs here"].tolist() == [8] * 4
    assert planning["power here"].tolist() == [
        mcnemar_power(first, second, 8)
        for first, second in planning[["first rate", "second rate"]].itertuples(index=False)
    ]


def test_without_pairs_nothing_could_have_been_seen(tmp_path: Path) -> None:
    chapter = precision(judged(recorded(tmp_path, small_study(), {"mlp": ["stable"] * 2, "dcgan": []})))
    (row,) = frames_of(chapter)["precision"].to_dict("records")
    assert [row[name] for name in ("lower rate", "rate told from it", "pairs needed", "e-value")] == [
        None,
        None,
        None,
        1,
    ]
    assert "nothing could have been seen" in chapter.gist
    assert set(frames_of(chapter)["planning"]["power here"]) == {0}


def test_study_without_a_contrast_of_rates_says_what_its_pairs_allow(tmp_path: Path) -> None:
    plan = small_study().document["plan"]
    quality = {**plan["primary"], "outcome": "final_frechet"}
    chapter = precision(judged(loaded(tmp_path, small_study(seeds=1, plan={**plan, "primary": quality}))))
    assert frames_of(chapter)["precision"].empty
    assert chapter.gist.startswith("With 0 pairs, the primary test cannot reach 0.05, whatever the data")
    assert [sentence[:24] for sentence in chapter.sentences] == ["No margin was registered"]


def test_study_none_of_whose_contrasts_can_be_made_says_so(tmp_path: Path) -> None:
    chapter = precision(judged(loaded(tmp_path, small_study(seeds=1).override(arms=["mlp"]))))
    assert chapter.gist == "No registered contrast could be made, so nothing could have been seen."


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            SmallestP(role="secondary", family=8, replicate="pair", n=8, moving=8, p=0.0625, p_moving=0.0625),
            "With 8 pairs, 8 secondary tests under Holm's correction cannot reach 0.05, whatever the data: smallest"
            " possible p = 0.062.",
        ),
        (
            SmallestP(role="secondary", family=4, replicate="pair", n=8, moving=0, p=4 / 2**7, p_moving=1),
            "With 8 pairs, 4 secondary tests under Holm's correction can reach 0.05: smallest possible p = 0.031; at"
            " most 0 differ in one of them, with which it is p = 1.",
        ),
        (
            SmallestP(role="primary", family=1, replicate="pair", n=8, moving=3, p=2 / 2**8, p_moving=2 / 2**3),
            "With 8 pairs, the primary test can reach 0.05: smallest possible p = 0.0078; 3 of them differ, with which"
            " it is p = 0.25.",
        ),
        (
            SmallestP(role="primary", family=1, replicate="seed", n=4, moving=4, p=2 / 2**4, p_moving=2 / 2**4),
            "With 4 seeds, the primary test cannot reach 0.05, whatever the data: smallest possible p = 0.12.",
        ),
    ],
)
def test_smallest_p_is_said_with_what_it_is_of(found: SmallestP, said: str) -> None:
    assert smallest_p_sentence(found, 0.05) == said
