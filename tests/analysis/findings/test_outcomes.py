"""Results of studies whose answers are known."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.judging.judgements import judge_study
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import VerdictCode
from analysis.results.document import SCHEMA_VERSION, ContrastResult, Results, Scale, to_json
from analysis.results.plain import to_plain
from analysis.statistics import Interval
from tests.analysis.synthetic import (
    Behaviour,
    loaded,
    record,
    recorded,
    references,
    results_of,
    small_study,
)

GOOD: list[Behaviour] = ["stable"] * 8
NOT_YET: list[Behaviour] = ["unlearned"] * 8


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """No MLP run learns, every DCGAN run is stable."""
    return recorded(tmp_path_factory.mktemp("classic"), small_study(), {"mlp": NOT_YET, "dcgan": GOOD})


@pytest.fixture(scope="module")
def factorial(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """A 2 x 2 in which only the MLP without BatchNorm fails, and BatchNorm makes DCGAN better and quicker."""
    arms = {
        "mlp": {"architecture": "mlp", "normalization": "none"},
        "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
        "dcgan-nobn": {"architecture": "dcgan", "normalization": "none"},
        "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
        "mlp-lr1e-3": {"architecture": "mlp", "normalization": "none", "lr": 1e-3},
    }
    plan = {
        "primary": contrast("MLP against DCGAN", "not_stable", "mlp", "dcgan"),
        "co_primary": contrast("MLP against DCGAN", "updates_to_bar", "mlp", "dcgan"),
        "secondaries": [
            contrast("BatchNorm within MLP", "not_stable", "mlp", "mlp-bn"),
            contrast("BatchNorm within DCGAN", "final_frechet", "dcgan-nobn", "dcgan"),
            contrast("BatchNorm within DCGAN", "updates_to_bar", "dcgan-nobn", "dcgan"),
            contrast("architecture with BatchNorm", "mode_hopping", "mlp-bn", "dcgan"),
            {**contrast("interaction", "not_stable", "mlp", "mlp-bn"), "minus": ["dcgan-nobn", "dcgan"]},
            {**contrast("interaction", "updates_to_bar", "mlp", "mlp-bn"), "minus": ["dcgan-nobn", "dcgan"]},
            contrast("learning rate within MLP", "not_stable", "mlp", "mlp-lr1e-3"),
        ],
    }
    folder = tmp_path_factory.mktemp("factorial")
    study = small_study(arms=arms, plan=plan)
    for seed in study.seeds:
        record(str(folder), study, "mlp", seed, "unlearned")
        record(str(folder), study, "mlp-bn", seed)
        frechet = np.where(np.arange(0, 201, 10) >= 150, 5.0 + seed / 10, 41.0)
        record(str(folder), study, "dcgan-nobn", seed, learned=150, traces={"eval_frechet": frechet})
        record(str(folder), study, "dcgan", seed)
        record(str(folder), study, "mlp-lr1e-3", seed, "collapsed" if seed == 0 else "unlearned")
    return loaded(folder, study)


def contrast(name: str, outcome: str, first: str, second: str) -> dict[str, Any]:
    return {"name": name, "outcome": outcome, "first": first, "second": second}


def named(results: Results, name: str, outcome: str) -> ContrastResult:
    return next(found for found in results.contrasts if (found.name, found.outcome) == (name, outcome))


def test_verdict_frame_has_a_row_a_run_and_tells_steps_in_updates(tmp_path: Path) -> None:
    study = small_study(seeds=3, base={**small_study().document["base"], "g_steps": 2})
    ends: dict[str, list[Behaviour]] = {
        "mlp": ["unlearned", "collapsed", "nonfinite"],
        "dcgan": ["stable", "diverged", "unsettled"],
    }
    frame = judge_study(recorded(tmp_path, study, ends))
    assert frame["verdict"].tolist() == ["unlearned", "collapsed", "nonfinite", "stable", "diverged", "unsettled"]
    assert frame["learned_step"].isna().tolist() == [True, False, False, False, False, False]
    assert frame["updates_to_bar"].tolist() == [math.inf, 200, 200, 200, 200, 200]
    assert frame["onset_step"].fillna(-1).tolist() == [-1, 150, 150, -1, 150, -1]
    assert frame["extent"].dropna().tolist() == ["total"]
    assert frame["not_stable"].tolist() == [True, True, True, False, True, True]
    assert frame["final_step"].tolist() == [200] * 6
    assert frame["mode_hopping"].tolist() == pytest.approx([0.05] * 6)
    assert frame["final_frechet"].isna().tolist() == [False, False, True, False, False, False]


def test_extremes_tell_of_steps_that_no_point_was_recorded_at(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    extremes = {
        name: {"minimum": 0.0, "maximum": 1.0, "first_nonfinite": 137 if name == "loss_g" else None}
        for name in ("loss_d", "loss_g", "d_x", "d_g_z1", "d_g_z2", "grad_norm_d", "grad_norm_g")
    } | {name: {"minimum": 0.0, "maximum": 1.0, "first_nonfinite": None} for name in ("weight_norm_d", "weight_norm_g")}
    record(str(tmp_path), study, "mlp", 0, info={"extremes": extremes})
    (row,) = judge_study(loaded(tmp_path, study)).to_dict(orient="records")
    assert (row["verdict"], row["onset_step"], row["evidence_trace"]) == ("nonfinite", 137, "loss_g")


def test_study_without_runs_has_verdicts_of_nobody(tmp_path: Path) -> None:
    data = loaded(tmp_path, small_study())
    assert judge_study(data).empty
    results = results_of(data)
    assert results.counts.missing == 16
    assert results.of_role("primary")[0].effect.p is None
    assert results.headline[-1] == "No run is complete: nothing can be said yet."
    assert json.loads(to_json(results))["references"] is None


def test_classic_contrast_has_eight_discordant_pairs(classic: StudyData) -> None:
    (primary,) = results_of(classic).of_role("primary")
    assert primary.rates is not None
    assert primary.bounds is None
    assert to_plain(primary.rates.counts) == {"a": 0, "b": 8, "c": 0, "d": 0}
    assert primary.effect.estimate == 1
    assert primary.effect.p == primary.effect.p_holm == 2 / 2**8
    assert primary.effect.interval is not None
    assert primary.effect.interval.low == pytest.approx(0.3512, abs=5e-5)  # Tango's at b = n = 8
    assert primary.composition["mlp"][VerdictCode.UNLEARNED] == 8
    assert (primary.pairs.planned, primary.pairs.used) == (8, 8)


def test_headline_names_cause_budget_and_learning_rate(classic: StudyData) -> None:
    sentences = results_of(classic).headline
    assert sentences[0] == (
        "8 of 8 mlp runs had not learned after 200 updates at lr 2e-4;"
        " 8 of 8 dcgan runs were stable after 200 updates at lr 2e-4."
    )
    assert "Δ = +1 [+0.351, +1] (mlp minus dcgan, exact McNemar p = 0.0078): more dcgan runs" in sentences[1]
    assert sentences[2] == (
        "All of the 8 mlp runs counted as not stable had not learned within the budget,"
        " and are not judged for collapse or divergence."
    )
    assert "instab" not in " ".join(sentences)
    assert "unstable" not in " ".join(sentences)


def test_headline_says_the_opposite_if_the_numbers_do(tmp_path: Path) -> None:
    results = results_of(recorded(tmp_path, small_study(), {"mlp": GOOD, "dcgan": ["collapsed"] * 8}))
    assert results.headline[0].startswith("8 of 8 mlp runs were stable after 200 updates at lr 2e-4; 8 of 8 dcgan runs")
    assert "8 of 8 dcgan runs had collapsed after 200 updates at lr 2e-4" in results.headline[0]
    assert "Δ = −1 [−1, −0.351]" in results.headline[1]
    assert "more mlp runs ended stable" in results.headline[1]
    assert "had not learned" not in " ".join(results.headline[:2])


def test_headline_never_calls_an_unshown_difference_absent(tmp_path: Path) -> None:
    mixed: list[Behaviour] = ["unlearned", "collapsed", *GOOD[:6]]
    results = results_of(recorded(tmp_path, small_study(), {"mlp": mixed, "dcgan": GOOD}))
    assert results.headline[0].startswith("6 of 8 mlp runs were stable, 1 of 8 had not learned, 1 of 8 had collapsed")
    assert "no difference is shown, and none within that interval is excluded" in results.headline[1]
    assert results.headline[2] == (
        "1 of the 2 mlp runs counted as not stable had not learned within the budget, and is not judged for collapse or"
        " divergence."
    )


def test_headline_tells_of_an_unlearned_run_that_came_near_the_bar_and_left_again(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    frechet = np.interp(np.arange(0, 201, 10), [0, 100, 200], [41.0, 11.0, 300.0])
    record(str(tmp_path), study, "mlp", 0, "unlearned", traces={"eval_frechet": frechet})
    record(str(tmp_path), study, "dcgan", 0)
    results = results_of(loaded(tmp_path, study))
    assert results.headline[1].startswith("Over 1 matched pair the rate")
    assert results.headline[2:4] == (
        "The 1 mlp run counted as not stable had not learned within the budget, and is not judged for collapse or"
        " divergence.",
        "1 mlp run that had not learned ended above 1.5 times its own best Fréchet distance: not merely slow to learn.",
    )
    assert (results.arms[0].degraded, results.arms[0].degraded_unlearned) == (0, 1)
    (row, _) = judge_study(loaded(tmp_path, study)).to_dict(orient="records")
    assert "best 11 at step 100, 300 at the end" in row["evidence"]


def test_unsettled_runs_are_not_stable_and_counted_by_themselves(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(), {"mlp": [*GOOD[:5], *["unsettled"] * 3], "dcgan": GOOD})
    results = results_of(data)
    assert results.headline[0].startswith("5 of 8 mlp runs were stable, 3 of 8 ended unsettled after 200 updates")
    assert (results.arms[0].verdicts["unsettled"].count, results.arms[0].not_stable.count) == (3, 3)
    frame = judge_study(data)
    unsettled = frame[frame["verdict"] == "unsettled"]
    assert unsettled["not_stable"].all()
    assert unsettled["onset_step"].isna().all()
    assert unsettled["extent"].isna().all()
    assert set(unsettled["evidence"]) == {"Fréchet distance 20 above 10, and not realistic, at the end"}


def test_runs_are_held_against_a_gaussian_of_pixels(tmp_path: Path) -> None:
    study = small_study(seeds=4)
    gaussian = references() | {"pixel_gaussian": {**references()["pixel_gaussian"], "eval_frechet": 1.54}}
    last = np.arange(0, 201, 10) == 200
    ends = [(1.53, 0.51), (1.54, 0.5), (1.53, 0.1), (math.nan, math.nan)]  # equal does not beat, NaN never does
    for seed, (frechet, precision) in enumerate(ends):
        traces = {"eval_frechet": np.where(last, frechet, 1.0), "eval_precision": np.where(last, precision, 0.9)}
        record(str(tmp_path), study, "mlp", seed, info={"references": gaussian}, traces=traces)
        record(str(tmp_path), study, "dcgan", seed, info={"references": gaussian})
    data = loaded(tmp_path, study)
    frame = judge_study(data)
    assert frame["beats_gaussian_frechet"].tolist()[:4] == [True, False, True, False]
    assert frame["beats_gaussian_precision"].tolist()[:4] == [True, False, False, False]
    assert frame["beats_gaussian_frechet"].dtype == frame["beats_gaussian_precision"].dtype == bool
    mlp, dcgan = results_of(data).arms
    assert (mlp.beats_gaussian_frechet, mlp.beats_gaussian_precision) == (2, 1)
    assert (dcgan.beats_gaussian_frechet, dcgan.beats_gaussian_precision) == (0, 4)
    # at an earlier budget the probe there counts
    early = judge_study(data, until={"mlp": 100})
    assert early["beats_gaussian_frechet"].tolist()[:4] == [True] * 4


def test_never_learned_is_the_worst_rank_of_updates_to_the_bar(classic: StudyData) -> None:
    (co_primary,) = results_of(classic).of_role("co-primary")
    assert co_primary.comparison is not None
    assert co_primary.comparison.n_first_failed == 8
    assert co_primary.comparison.superiority == 1
    assert [(pair.first, pair.second) for pair in co_primary.values] == [(math.inf, 100)] * 8
    assert co_primary.effect.p == 2 / 2**8
    assert "median never against 100" in co_primary.sentence


def test_arms_that_never_learn_are_not_called_equal_and_have_no_shift(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=7), {"mlp": ["unlearned"] * 7, "dcgan": ["unlearned"] * 7})
    (co_primary,) = results_of(data).of_role("co-primary")
    assert (co_primary.effect.estimate, co_primary.effect.interval) == (None, Interval(low=-math.inf, high=math.inf))
    assert co_primary.sentence == (
        "Updates to the bar, mlp minus dcgan: median never against never; shift = not estimable [−∞, +∞], Wilcoxon"
        " signed-rank p = 1; neither run learned in any pair; 7 of 7 planned pairs."
    )
    assert co_primary.notes[-1] == "no shift: in too many pairs neither run has a value"


def test_runs_that_learn_at_the_same_probe_are_known_to_differ_up_to_a_probe_interval(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(), {"mlp": ["stable"] * 8, "dcgan": ["stable"] * 8})
    (co_primary,) = results_of(data).of_role("co-primary")
    assert co_primary.sentence == (
        "Updates to the bar, mlp minus dcgan: median 100 against 100; shift = 0 [−10, +10], Wilcoxon signed-rank p = 1;"
        " seen at the same time in all 8 pairs; 8 of 8 planned pairs."
    )
    assert co_primary.known_within == 10
    assert "differences are known up to ±10, by which the interval is wider" in co_primary.notes[-1]


def test_sentence_counts_the_pairs_that_are_larger_equal_and_unknown(tmp_path: Path) -> None:
    study = small_study(seeds=6)
    for seed, (mlp, dcgan) in enumerate([(150, 100), (150, 100), (100, 150), (100, 100), (None, 100), (None, None)]):
        for arm, learned in (("mlp", mlp), ("dcgan", dcgan)):
            record(str(tmp_path), study, arm, seed, "unlearned" if learned is None else "stable", learned=learned or 0)
    (co_primary,) = results_of(loaded(tmp_path, study)).of_role("co-primary")
    assert (
        "larger for mlp in 3 of 6 pairs, for dcgan in 1, seen at the same time in 1, neither run learned in 1; 6 of 6"
    ) in co_primary.sentence


@pytest.mark.parametrize(
    ("scale", "within"),
    [
        ("equal updates", 10.0),
        (
            "equal compute",
            10 * 64 * (4 * (20_000 + 5_000) + 8 * (16_000 + 4_000)) / 1e6,
        ),  # MFLOP, ten steps of each arm
    ],
)
def test_times_are_known_up_to_the_longest_probe_interval_and_its_rounding(
    classic: StudyData, scale: Scale, within: float
) -> None:
    (co_primary,) = results_of(classic).of_role("co-primary", scale)
    assert co_primary.known_within == pytest.approx(within)
    (primary,) = results_of(classic).of_role("primary", scale)
    assert primary.known_within == 0


def test_failures_that_balance_have_no_shift_and_a_reason(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(), {"mlp": NOT_YET[:4] + GOOD[:4], "dcgan": GOOD[:4] + NOT_YET[:4]})
    (co_primary,) = results_of(data).of_role("co-primary")
    assert co_primary.effect.estimate is None
    assert co_primary.effect.p == 1
    assert "no shift: the middle lies between" in co_primary.notes[-1]
    assert "shift = not estimable" in co_primary.sentence


def test_failed_runs_are_the_worst_rank_of_continuous_outcomes(factorial: StudyData) -> None:
    result = named(results_of(factorial), "BatchNorm within DCGAN", "final_frechet")
    assert result.effect.estimate == pytest.approx(2.315)  # 5 + seed/10 less 3 + seed/100
    assert all(math.isfinite(pair.first) for pair in result.values)
    plan = {**factorial.study.document["plan"]}
    plan["secondaries"] = [contrast("quality", "final_frechet", "mlp-lr1e-3", "dcgan")]
    study = small_study(arms=factorial.study.document["arms"], plan=plan)
    failed = results_of(replace(factorial, study=study)).of_role("secondary")[0]
    assert [pair.first for pair in failed.values] == [math.inf] * 8


def test_interaction_is_the_difference_of_differences_of_each_seed(factorial: StudyData) -> None:
    result = named(results_of(factorial), "interaction", "not_stable")
    assert result.effect.estimate == 1
    assert result.effect.p == 2 / 2**8
    assert result.effect.interval is None
    assert "no spread to tell from" in " ".join(result.notes)
    assert [(pair.first, pair.second) for pair in result.values] == [(1, 0)] * 8


def test_interaction_with_failed_runs_is_of_ranks(factorial: StudyData) -> None:
    result = named(results_of(factorial), "interaction", "updates_to_bar")
    # 16 runs at 100 updates share rank 8.5, 8 at 150 rank 20.5, 8 that never learned rank 28.5
    assert result.effect.unit == "ranks"
    assert result.effect.estimate == (28.5 - 8.5) - (20.5 - 8.5)
    assert "joint ranks" in " ".join(result.notes)


def test_secondaries_are_corrected_together(factorial: StudyData) -> None:
    secondaries = results_of(factorial).of_role("secondary")
    assert {result.effect.family for result in secondaries} == {7}
    smallest = min(result.effect.p for result in secondaries if result.effect.p is not None)
    first = next(result for result in secondaries if result.effect.p == smallest)
    assert first.effect.p_holm == pytest.approx(7 * smallest)


def test_contrasts_left_out_on_the_command_line_stay_counted(factorial: StudyData) -> None:
    study = factorial.study.override(arms=["mlp", "mlp-bn", "dcgan"])
    part = replace(factorial.only(["mlp", "mlp-bn", "dcgan"]), study=study)
    results = results_of(part)
    assert [result.name for result in results.of_role("secondary")] == [
        "BatchNorm within MLP",
        "architecture with BatchNorm",
    ]
    normalization = results.of_role("secondary")[0].effect
    assert (normalization.p, normalization.family) == (2 / 2**8, 7)
    assert normalization.p_holm == pytest.approx(7 * 2 / 2**8)
    assert sum("is left out: its arms are not all in this report" in problem for problem in results.problems) == 5
    assert results.stamps[-1].kind == "EXPLORATORY"
    assert "arms=mlp,mlp-bn,dcgan" in results.stamps[-1].reasons[0]


def test_headline_says_how_much_of_the_contrast_the_controls_explain(factorial: StudyData) -> None:
    results = results_of(factorial)
    text = "\n".join(results.controls)
    assert not set(results.controls) & set(results.headline)
    assert (
        "Changing only the normalization, none to batch (mlp against mlp-bn): Δ = +1 [+0.351, +1], Holm p = 0.055,"
        " 8 of 8 planned pairs: as an estimate the whole difference between mlp and dcgan."
    ) in text
    assert (
        "Changing only the learning rate, 2e-4 to 1e-3 (mlp against mlp-lr1e-3): Δ = 0 [−0.324, +0.324], Holm p = 1,"
        " 8 of 8 planned pairs: as an estimate nothing of the difference between mlp and dcgan."
    ) in text
    assert (
        "With the architecture of mlp, mlp-bn makes the whole difference as an estimate, over 8 of 8 planned pairs; no"
        " margin is registered within which mlp-bn would count as equal to dcgan."
    ) in text
    assert "as well as" not in text


def test_missing_runs_stamp_the_results_interim_and_bound_the_difference(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(), {"mlp": ["unlearned"] * 6, "dcgan": ["stable"] * 7})
    results = results_of(data)
    assert [stamp.kind for stamp in results.stamps] == ["INTERIM"]
    assert results.stamps[0].reasons == ("3 of 16 planned runs have no complete record.",)
    assert (results.counts.planned, results.counts.complete, results.counts.missing) == (16, 13, 3)
    (primary,) = results.of_role("primary")
    assert (primary.pairs.planned, primary.pairs.used, primary.pairs.missing) == (8, 6, 2)
    assert primary.bounds is not None
    assert primary.bounds.n_missing == 2
    assert primary.bounds.delta_low == pytest.approx((6 - 1) / 8)  # at seed 6 the DCGAN is known to be stable
    assert primary.bounds.delta_high == 1
    assert results.stamps[0].reasons[0].startswith("3 of 16")
    assert "The 2 pairs that are not compared could make Δ anything from +0.625 to +1." in results.headline


def test_early_look_quotes_the_e_value_in_place_of_p(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(), {"mlp": ["unlearned"] * 6, "dcgan": ["stable"] * 7})
    told = results_of(data).headline
    assert not any("p =" in paragraph for paragraph in told)
    assert (
        "Over 6 matched pairs the rate of runs that were not stable differs by Δ = +1 [+0.219, +1] (mlp minus dcgan, at"
        " this early look an e-value of 9.14, of the 20 that would end the study): no difference is shown yet."
    ) in told
    co_primary = next(paragraph for paragraph in told if paragraph.startswith("Co-primary"))
    assert co_primary.startswith("Co-primary, exploratory, as planned runs are missing: Updates to the bar")
    assert co_primary.endswith("no sequential test is defined for this outcome, and no p is valid at an early look.")


def test_early_look_that_reaches_one_over_alpha_shows_the_difference(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=9), {"mlp": ["unlearned"] * 9, "dcgan": ["stable"] * 8})
    told = results_of(data).headline
    assert any(
        "an e-value of 28.4, of the 20 that would end the study): more dcgan runs ended stable." in paragraph
        for paragraph in told
    )


def test_co_primary_of_a_complete_study_stands_behind_the_primary(tmp_path: Path) -> None:
    told = results_of(recorded(tmp_path / "shown", small_study(), {"mlp": ["unlearned"] * 8, "dcgan": ["stable"] * 8}))
    assert any(
        paragraph.startswith("Co-primary, confirmatory, as the primary test is significant: Updates to the bar")
        for paragraph in told.headline
    )
    same = results_of(recorded(tmp_path / "same", small_study(), {"mlp": ["stable"] * 8, "dcgan": ["stable"] * 8}))
    assert any(
        paragraph.startswith("Co-primary, exploratory, as the primary test is not significant: Updates to the bar")
        for paragraph in same.headline
    )


def test_bounds_of_the_difference_use_the_surviving_run_of_every_pair_but_of_an_excluded_one(tmp_path: Path) -> None:
    study = small_study(seeds=8)
    alone: dict[int, tuple[str, Behaviour]] = {
        4: ("mlp", "stable"),
        5: ("mlp", "unlearned"),
        6: ("dcgan", "collapsed"),
    }
    for seed in range(4):
        record(str(tmp_path), study, "mlp", seed, "unlearned")
        record(str(tmp_path), study, "dcgan", seed)
    for seed, (arm, behaviour) in alone.items():
        record(str(tmp_path), study, arm, seed, behaviour)
    streams = {"order": "else", "noise_d": "noise_d-7", "noise_g": "noise_g-7", "noise_eval": "noise_eval-7"}
    record(str(tmp_path), study, "mlp", 7, "unlearned", info={"streams": streams})
    record(str(tmp_path), study, "dcgan", 7)
    (primary,) = results_of(loaded(tmp_path, study)).of_role("primary")
    assert (primary.pairs.used, primary.pairs.missing, primary.pairs.excluded) == (4, 3, 1)
    assert primary.bounds is not None
    assert to_plain(primary.bounds.first_failed.counts) == {"a": 1, "b": 4 + 2, "c": 0, "d": 1}
    assert to_plain(primary.bounds.second_failed.counts) == {"a": 1, "b": 4, "c": 3, "d": 0}
    assert (primary.bounds.delta_low, primary.bounds.delta_high) == (1 / 8, 6 / 8)


def test_pair_with_other_minibatches_is_excluded_and_named(tmp_path: Path) -> None:
    study = small_study(seeds=8)
    recorded(tmp_path, study, {"mlp": NOT_YET, "dcgan": ["stable"] * 7})
    streams = {"order": "else", "noise_d": "noise_d-7", "noise_g": "noise_g-7", "noise_eval": "noise_eval-7"}
    record(str(tmp_path), study, "dcgan", 7, info={"streams": streams})
    results = results_of(loaded(tmp_path, study))
    (primary,) = results.of_role("primary")
    assert (primary.pairs.used, primary.pairs.missing, primary.pairs.excluded) == (7, 0, 1)
    assert results.problems == ("mlp and dcgan are not compared at seed 7: runs 8 and 16 did not see the same order.",)
    assert results.stamps == ()


def test_plan_changed_after_the_runs_stamps_the_results_exploratory(tmp_path: Path) -> None:
    before = small_study(seeds=1)
    recorded(tmp_path, before, {"mlp": ["unlearned"], "dcgan": ["stable"]})
    after = small_study(seeds=1, plan={**before.document["plan"], "thresholds": {"bar": 0.5}})
    (stamp,) = results_of(loaded(tmp_path, after)).stamps
    assert stamp.kind == "EXPLORATORY"
    assert stamp.reasons == (
        "The plan changed after runs were made: plan.thresholds.bar: 0.25 (the default) before, 0.5 now.",
    )


def test_stable_runs_that_end_above_the_bar_are_counted(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    realistic = {"eval_precision": 0.9, "eval_density": 1.0, "eval_confidence": 0.99}
    record(str(tmp_path), study, "mlp", 0, traces={"eval_frechet": 15.0, **realistic})
    record(str(tmp_path), study, "mlp", 1)
    for seed in study.seeds:
        record(str(tmp_path), study, "dcgan", seed)
    mlp, dcgan = results_of(loaded(tmp_path, study)).arms
    assert (mlp.verdicts["stable"].count, mlp.stable_above_bar) == (2, 1)
    assert (dcgan.verdicts["stable"].count, dcgan.stable_above_bar) == (2, 0)


def test_json_holds_no_number_that_is_not_one(factorial: StudyData) -> None:
    results = results_of(factorial)
    content = json.loads(to_json(results), parse_constant=pytest.fail)
    assert content["schema_version"] == SCHEMA_VERSION
    assert content["plan_hash"] == factorial.study.plan_hash
    assert content["counts"] == {"planned": 40, "complete": 40, "missing": 0, "excluded": 0, "used": 40}
    assert content["arms"][0]["verdicts"]["unlearned"]["count"] == 8
    pair = content["contrasts"][1]["values"][0]
    assert pair == {"seed": 0, "first": None, "first_note": "infinite", "second": 100.0}
    unexplained = [path for path, parent, key in _nulls(content) if f"{key}_note" not in parent]
    named_fields = {path.split(".")[-1] for path in unexplained}
    assert named_fields <= {
        "minus", "rates", "bounds", "comparison", "interaction", "interval", "p_holm", "dz", "sign_flip", "spread",
        "stable_points",
        "mean_first", "mean_second", "mean_difference", "odds_ratio", "odds_ratio_interval", "width_g", "width_d",
        "inner_width_g", "inner_width_d",
        "estimate", "correlation", "detectable_rate", "event", "high", "incidence", "low", "median", "median_interval",
        "model", "pairs_needed", "pairs_needed_uncorrelated", "factor", "value",
    }  # fmt: skip


def _nulls(content: Any, path: str = "") -> Iterator[tuple[str, Any, str]]:
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        if value is None:
            yield f"{path}.{key}", content, str(key)
        yield from _nulls(value, f"{path}.{key}")


def test_plain_form_refuses_what_json_does_not_know() -> None:
    assert to_plain({"x": (1, math.nan)}) == {"x": [1, None]}
    assert to_plain({"x": -math.inf}) == {"x": None, "x_note": "minus infinity"}
    assert to_plain({"x": np.array([1.0, math.inf])}) == {"x": [1.0, None]}
    with pytest.raises(TypeError, match="set"):
        to_plain({"x": {1}})
