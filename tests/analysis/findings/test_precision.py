"""What comparisons could have seen, held against closed forms and the power that gave rise to them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.findings.contrasts import at_equal_updates
from analysis.findings.precision import correlation, least_p, precision
from analysis.judging.judgements import judge_study
from analysis.results.precision import Precision
from analysis.statistics import PairCounts, mcnemar_power
from tests.analysis.synthetic import Behaviour, loaded, record, recorded, small_study

STABLE: list[Behaviour] = ["stable"] * 8


def precision_of(folder: Path, mlp: Sequence[Behaviour], dcgan: Sequence[Behaviour]) -> Precision:
    data = recorded(folder, small_study(), {"mlp": mlp, "dcgan": dcgan})
    return precision(data.study.plan, at_equal_updates(data, judge_study(data)))


def test_correlation_of_outcomes_is_phi() -> None:
    assert correlation(PairCounts(a=5, b=0, c=0, d=5)) == 1
    assert correlation(PairCounts(a=0, b=5, c=5, d=0)) == -1
    assert correlation(PairCounts(a=4, b=4, c=1, d=1)) == 0
    assert correlation(PairCounts(a=4, b=0, c=4, d=0)) is None  # the first arm always fails


def test_eight_discordant_pairs_one_way_end_an_early_look(tmp_path: Path) -> None:
    (found,) = precision_of(tmp_path, ["unlearned"] * 8, ["stable"] * 8).contrasts
    assert found.e_value == pytest.approx(28.444, abs=5e-4)
    assert (found.n, found.discordant, found.discordant_needed, found.low_rate) == (8, 8, 6, 0)
    assert found.detectable_rate is not None
    assert mcnemar_power(found.detectable_rate, 0, 8) == pytest.approx(0.8)
    assert found.pairs_needed == 6
    assert found.correlation is None
    assert found.sentence == (
        "MLP against DCGAN, mlp against dcgan: 8 pairs tell a rate of runs not stable of 0.802 or more from 0 with"
        " power 0.8, outcomes uncorrelated; e-value 28.4, which reaches the 20 that would end an early look."
    )


def test_pairs_needed_are_given_at_the_observed_correlation_and_without(tmp_path: Path) -> None:
    mlp: list[Behaviour] = ["unlearned"] * 28 + ["stable"] * 22
    dcgan: list[Behaviour] = ["unlearned"] * 20 + ["stable"] * 8 + ["unlearned"] * 2 + ["stable"] * 20
    data = recorded(tmp_path, small_study(seeds=50), {"mlp": mlp, "dcgan": dcgan})
    contrasts = at_equal_updates(data, judge_study(data))
    (primary,) = (contrast for contrast in contrasts if contrast.role == "primary")
    assert primary.rates is not None
    assert primary.rates.counts == PairCounts(a=20, b=8, c=2, d=20)
    (found,) = precision(data.study.plan, contrasts).contrasts
    assert found.correlation == pytest.approx((20 * 20 - 8 * 2) / (28 * 22))
    assert (found.pairs_needed, found.pairs_needed_uncorrelated) == (115, 289)
    assert (
        "were these rates and this correlation (+0.623) the true ones, 115 pairs would tell them apart with power 0.8;"
        " without correlation 289 pairs"
    ) in found.notes


def test_pairs_needed_without_a_correlation_say_what_they_assume(tmp_path: Path) -> None:
    (found,) = precision_of(tmp_path, ["unlearned"] * 8, ["stable"] * 8).contrasts
    assert found.pairs_needed == found.pairs_needed_uncorrelated == 6
    assert found.notes == (
        "were these rates the true ones and outcomes uncorrelated, 6 pairs would tell them apart with power 0.8",
        "correlation within pairs not estimable: the runs of an arm all ended alike",
    )


def test_equal_rates_cannot_be_told_apart_by_any_number_of_pairs(tmp_path: Path) -> None:
    half: list[Behaviour] = ["unlearned"] * 4 + ["stable"] * 4
    (found,) = precision_of(tmp_path, half, half[::-1]).contrasts
    assert (found.correlation, found.pairs_needed, found.detectable_rate) == (-1, None, None)
    assert found.e_value == pytest.approx(2**8 / (9 * math.comb(8, 4)))
    assert "tell no rate from 0.5 with power 0.8" in found.sentence
    assert "the observed rates are equal" in found.notes[0]


def test_fewer_discordant_pairs_than_the_test_needs_are_said(tmp_path: Path) -> None:
    (found,) = precision_of(tmp_path, ["unlearned"] * 3, ["stable"] * 3).contrasts
    assert found.notes[0] == "discordant pairs: 3; the exact test needs 6 to reach its level"
    assert found.n == 3


def test_planning_table_has_the_published_numbers_of_pairs(tmp_path: Path) -> None:
    found = precision_of(tmp_path, ["stable"] * 8, ["stable"] * 8)
    assert [row.pairs_needed for row in found.planning] == [19, 28, 46, 103]
    assert all(row.n == 8 and row.power == mcnemar_power(row.rate_first, row.rate_second, 8) for row in found.planning)


def test_without_pairs_nothing_could_have_been_seen(tmp_path: Path) -> None:
    found = precision_of(tmp_path, ["stable"] * 2, [])
    (contrast,) = found.contrasts
    assert (contrast.low_rate, contrast.detectable_rate, contrast.pairs_needed, contrast.e_value) == (
        None,
        None,
        None,
        1,
    )
    assert "nothing could have been seen" in contrast.sentence
    assert {row.power for row in found.planning} == {0}


def test_absence_of_a_difference_is_not_claimed_without_a_margin(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=1), {})
    contrasts = [replace(one, rates=None) for one in at_equal_updates(data, judge_study(data))]
    found = precision(data.study.plan, contrasts)
    assert found.contrasts == ()
    assert found.equivalence == ()
    assert str(found.without_margin).startswith("No margin was registered")


def test_eight_pairs_cannot_show_one_of_eight_secondaries(tmp_path: Path) -> None:
    secondaries = [
        {"name": f"{arm} against DCGAN", "outcome": outcome, "first": arm, "second": "dcgan"}
        for arm in ("mlp", "a", "b", "c")
        for outcome in ("final_frechet", "mode_hopping")
    ]
    study = small_study()
    arms = {**study.arms, **dict.fromkeys("abc", study.arms["mlp"])}
    study = small_study(arms=arms, plan={**study.document["plan"], "secondaries": secondaries})
    data = recorded(
        tmp_path, study, {"dcgan": ["stable"] * 8, **dict.fromkeys(("mlp", "a", "b", "c"), ["unlearned"] * 8)}
    )
    contrasts = at_equal_updates(data, judge_study(data))
    found = {row.role: row for row in precision(data.study.plan, contrasts).smallest_p}
    assert (found["primary"].family, found["primary"].p) == (1, 2 / 2**8)
    assert (found["secondary"].family, found["secondary"].n, found["secondary"].p) == (8, 8, 8 * 2 / 2**8)
    assert found["secondary"].sentence == (
        "With 8 pairs, 8 secondary tests under Holm's correction cannot reach 0.05, whatever the data: smallest"
        " possible p = 0.062."
    )
    reached = min(contrast.effect.p_holm or 1 for contrast in contrasts if contrast.role == "secondary")
    assert reached >= found["secondary"].p


def test_smallest_p_is_of_the_registered_family_also_where_arms_are_left_out(tmp_path: Path) -> None:
    study = small_study()
    secondaries = [
        {"name": arm, "outcome": "not_stable", "first": arm, "second": "dcgan"} for arm in ("a", "b", "c", "d")
    ]
    arms = {**study.arms, **dict.fromkeys("abcd", study.arms["mlp"])}
    study = small_study(arms=arms, plan={**study.document["plan"], "secondaries": secondaries})
    data = recorded(tmp_path, study.override(arms=["mlp", "a", "dcgan"]), dict.fromkeys(("mlp", "a", "dcgan"), STABLE))
    found = {row.role: row for row in precision(study.plan, at_equal_updates(data, judge_study(data))).smallest_p}
    assert (found["secondary"].family, found["secondary"].p) == (4, 4 * 2 / 2**8)
    assert "With 8 pairs, 4 secondary tests under Holm's correction can reach 0.05" in found["secondary"].sentence


def test_smallest_p_of_the_pairs_that_differ_is_what_a_test_can_still_reach(tmp_path: Path) -> None:
    found = precision_of(tmp_path, ["unlearned"] * 3 + STABLE[:5], STABLE)
    primary = next(row for row in found.smallest_p if row.role == "primary")
    assert (primary.n, primary.p, primary.moving, primary.p_moving) == (8, 2 / 2**8, 3, 2 / 2**3)
    assert primary.sentence == (
        "With 8 pairs, the primary test can reach 0.05: smallest possible p = 0.0078; 3 of them differ, with which it"
        " is p = 0.25."
    )


def test_each_test_of_a_family_counts_with_its_own_pairs_and_seeds(tmp_path: Path) -> None:
    plan = {
        "primary": {"name": "MLP", "outcome": "stable_points", "first": "mlp", "second": "dcgan"},
        "co_primary": {"name": "MLP", "outcome": "updates_where_both_learn", "first": "mlp", "second": "dcgan"},
        "secondaries": [{"name": "MLP", "outcome": "not_stable", "first": "mlp", "second": "dcgan"}],
    }
    study = small_study(seeds=6, grid={"beta1": [0.5, 0.9]}, plan=plan)
    for seed in study.seeds:
        for point in study.grid_points():
            for arm in study.arms:
                if seed < 4 or point["beta1"] == 0.5:  # two seeds lack the second point
                    record(str(tmp_path), study, arm, seed, point=point)
    data = loaded(tmp_path, study)
    found = {row.role: row for row in precision(study.plan, at_equal_updates(data, judge_study(data))).smallest_p}
    assert (found["primary"].n, found["primary"].family, found["primary"].p) == (4, 1, 2 / 2**4)
    assert (found["secondary"].n, found["secondary"].family, found["secondary"].p) == (6, 2, 2 * 2 / 2**6)
    assert found["primary"].sentence.startswith("With 4 seeds, the primary test cannot reach 0.05, whatever the data")


def test_drawn_sign_flips_reach_no_p_below_one_in_their_number(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=1), {"mlp": ["stable"], "dcgan": ["stable"]})
    primary, co_primary = at_equal_updates(data, judge_study(data))
    over_seeds = replace(primary, outcome="stable_points")
    assert [least_p(over_seeds, n) for n in (8, 13, 14, 60)] == [2 / 2**8, 2 / 2**13, 2 / 2**14, 1 / 10_000]
    assert least_p(co_primary, 60) == 2 / 2**60


@pytest.mark.parametrize(("alpha", "enough", "ends"), [(0.05, "20", "reaches"), (0.01, "100", "does not reach")])
def test_e_value_that_ends_an_early_look_is_one_over_alpha(
    tmp_path: Path, alpha: float, enough: str, ends: str
) -> None:
    study = small_study(plan={**small_study().document["plan"], "alpha": alpha})
    data = recorded(tmp_path, study, {"mlp": ["unlearned"] * 8, "dcgan": STABLE})
    (found,) = precision(study.plan, at_equal_updates(data, judge_study(data))).contrasts
    assert found.e_value == pytest.approx(28.444, abs=5e-4)
    assert f"e-value 28.4, which {ends} the {enough} that would end an early look" in found.sentence
