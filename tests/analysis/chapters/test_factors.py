"""Effects of factors on synthetic studies whose answers are known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.chapters.factors import ALL_ARMS, Found, crossed_effects, factors, trends
from analysis.chapters.form import Chapter
from analysis.chapters.outcomes import outcomes
from analysis.findings.crossed_cells import UNITS, crossed_arms
from analysis.findings.questions import LABELS
from analysis.judging.study_data import StudyData
from analysis.statistics import FactorEffect, FactorEffects, LogisticModel, NotEstimable
from analysis.tables.formats import ABSENT
from tests.analysis.synthetic import Behaviour, judged, loaded, record, recorded, small_study

ARMS: dict[str, Any] = {
    "first": {"architecture": "dcgan", "normalization": "none"},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "last": {"architecture": "mlp", "normalization": "batch"},
    "other": {"architecture": "mlp", "normalization": "none", "lr": 1e-3},
}
INTERACTION = "architecture × normalization"
GOOD: list[Behaviour] = ["stable"] * 8
BAD: list[Behaviour] = ["unlearned"] * 8


def effects_of(data: StudyData) -> list[Found]:
    return crossed_effects(judged(data))


def result(found: list[Found], outcome: str) -> Found:
    return next(one for one in found if one.outcome == outcome)


def by_name(effects: FactorEffects | NotEstimable) -> Mapping[str, FactorEffect]:
    assert isinstance(effects, FactorEffects)
    return {effect.name: effect for effect in effects.effects}


def two_by_two(folder: Path, behaviours: Mapping[str, list[Behaviour]]) -> StudyData:
    study = small_study(arms=ARMS)
    return recorded(folder, study, {"first": GOOD, "dcgan": GOOD, "mlp": GOOD, "last": GOOD, **behaviours})


def table(chapter: Chapter, name: str) -> pd.DataFrame:
    """Its rows by outcome, and by what the effect is of."""
    frame = next(table.frame for table in chapter.all_tables() if table.name == name)
    return frame.set_index(["outcome", "of"])


@pytest.fixture(scope="module")
def one_cell_fails(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """Only the MLP without BatchNorm fails, at every seed."""
    return effects_of(two_by_two(tmp_path_factory.mktemp("one-cell"), {"mlp": BAD}))


def test_design_is_found_from_the_configs_and_not_from_names(tmp_path: Path) -> None:
    assert crossed_arms(loaded(tmp_path, small_study(arms=ARMS))) == [("mlp", "last", "first", "dcgan")]


def test_two_arms_of_one_recipe_form_no_design(tmp_path: Path) -> None:
    data = loaded(tmp_path, small_study(arms={**ARMS, "again": ARMS["last"]}))
    assert crossed_arms(data) == []
    assert factors(judged(data)).gist.startswith("No four arms cross architecture and normalization")


def test_effects_of_a_single_failing_cell_are_half_half_and_one(one_cell_fails: list[Found]) -> None:
    found = result(one_cell_fails, "not_stable")
    effects = by_name(found.effects)
    assert [effects[name].estimate for name in ("architecture", "normalization")] == [-0.5, -0.5]
    interaction = effects["architecture × normalization"]
    assert (interaction.estimate, interaction.p, interaction.p_adjusted) == (1, 2 / 2**8, 2 / 2**8)
    assert isinstance(found.model, NotEstimable)
    assert "8 of 8 not stable in cell architecture mlp, normalization none" in found.sentence
    assert "see the sign-flip test" in found.sentence


def test_updates_to_the_bar_are_cut_off_at_the_budget(one_cell_fails: list[Found]) -> None:
    effects = by_name(result(one_cell_fails, "updates_to_bar").effects)
    # 200 for the runs that never learned, 100 for all others
    assert effects["architecture"].estimate == -50
    assert effects["architecture × normalization"].estimate == 100


def test_final_distances_are_ranked_over_all_cells_with_failures_last(one_cell_fails: list[Found]) -> None:
    found = result(one_cell_fails, "final_frechet")
    # the cells of a seed tie, so seed s has rank 3 s + 2 in three cells; failures share rank (25 + 32)/2
    expected = sum(28.5 - (3 * seed + 2) for seed in range(8)) / 8
    assert by_name(found.effects)["architecture × normalization"].estimate == pytest.approx(expected)
    assert "Final Fréchet distance (ranks)" in found.sentence


def test_logistic_model_stands_beside_where_every_cell_has_both_outcomes(tmp_path: Path) -> None:
    def failing(*seeds: int) -> list[Behaviour]:
        return ["unlearned" if seed in seeds else "stable" for seed in range(8)]

    cells = {"mlp": failing(0, 1, 2, 3, 4, 5), "last": failing(0, 2, 6), "first": failing(1, 3, 4), "dcgan": failing(7)}
    found = result(effects_of(two_by_two(tmp_path, cells)), "not_stable")
    assert isinstance(found.model, LogisticModel)
    assert by_name(found.effects)["architecture"].estimate == pytest.approx((3 + 1 - 6 - 3) / 16)
    assert "Log odds by the logistic model: architecture −" in found.sentence


def test_seeds_that_lack_a_cell_are_left_out(tmp_path: Path) -> None:
    found = result(effects_of(two_by_two(tmp_path, {"first": GOOD[:5]})), "not_stable")
    assert isinstance(found.effects, FactorEffects)
    assert (found.effects.n_seeds, found.planned) == (5, 8)
    empty = result(effects_of(loaded(tmp_path / "empty", small_study(arms=ARMS))), "not_stable")
    assert empty.effects == NotEstimable(reason="no complete seeds", n=0)
    assert empty.sentence.endswith(
        "not estimable, no complete seeds. Complete seeds: 0; the logistic model is not"
        " estimable, see the sign-flip test."
    )


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """Over three learning rates, declared out of order: the MLP learns at the lowest only, the DCGAN at all."""
    folder = tmp_path_factory.mktemp("grid")
    study = small_study(seeds=6, grid={"lr": [1e-3, 5e-5, 2e-4]})
    for point in study.grid_points():
        for seed in study.seeds:
            record(str(folder), study, "mlp", seed, "stable" if point["lr"] == 5e-5 else "unlearned", point=point)
            record(str(folder), study, "dcgan", seed, point=point)
    return loaded(folder, study)


def test_trend_is_the_slope_over_the_order_of_the_levels(grid: StudyData) -> None:
    trend = result(trends(judged(grid)), "not_stable")
    assert (trend.place["factor"], trend.place["levels"]) == ("lr", "5e-5, 2e-4, 1e-3")
    effects = by_name(trend.effects)
    assert {name: effect.estimate for name, effect in effects.items()} == {
        ALL_ARMS: pytest.approx(0.25),  # failures 0, 1, 1 at the three levels: half a level; and none
        "mlp": pytest.approx(0.5),
        "dcgan": 0,
    }
    assert (effects["mlp"].p, effects["dcgan"].p) == (2 / 2**6, 1)
    assert trend.sentence.startswith("Change of rate of runs not stable from one lr to the next (5e-5, 2e-4 and 1e-3):")


def test_map_says_of_each_arm_where_it_is_stable_and_where_worst(grid: StudyData) -> None:
    figure = next(one for one in outcomes(judged(grid)).figures if one.caption.name == "stability_map")
    mlp, dcgan = figure.caption.sentences
    start = "mlp: every run stable at 1 of 3 grid points; at worst 6 of 6 [0.61, 1] not stable"
    assert mlp == f"{start}, at 2 of them."
    assert dcgan.startswith("dcgan: every run stable at 3 of 3 grid points")
    for cell in ("mlp · lr 1e-3: 6/6", "mlp · lr 5e-5: 0/6", "mlp · lr 2e-4: 6/6", "dcgan · lr 1e-3: 0/6"):
        assert cell in figure.caption.alt


def test_table_has_a_row_an_effect_in_its_unit_and_says_why_there_are_no_log_odds(tmp_path: Path) -> None:
    rows = table(factors(judged(two_by_two(tmp_path, {"mlp": BAD}))), "factors")
    assert rows["unit"].groupby("outcome", sort=False).unique().explode().to_dict() == {
        "rate of runs not stable": "share of runs",
        "updates to the bar": "generator updates, at most the budget",
        "final Fréchet distance": "ranks",
    }
    failures = rows.loc["rate of runs not stable"]
    assert failures["effect"].to_dict() == {"architecture": -0.5, "normalization": -0.5, INTERACTION: 1}
    assert set(failures["max-T p"]) == {2 / 2**8}
    assert (failures["seeds"].tolist(), failures["planned"].tolist()) == ([8] * 3, [8] * 3)
    assert failures["log odds"].isna().all()
    assert failures["note"].str.contains("8 of 8 not stable in cell architecture mlp, normalization none").all()
    assert rows["effect"]["updates to the bar", INTERACTION] == 100


def test_effects_that_cannot_be_estimated_have_one_row_with_their_reason(tmp_path: Path) -> None:
    rows = table(factors(judged(loaded(tmp_path, small_study(arms=ARMS)))), "factors")
    assert rows.index.tolist() == [(LABELS[outcome], ABSENT) for outcome in UNITS]
    assert (rows["seeds"].tolist(), rows["planned"].tolist()) == ([0] * 3, [8] * 3)
    assert rows["unit"].tolist() == list(UNITS.values())
    assert rows["note"].str.startswith("no complete seeds").all()


def test_study_without_a_grid_has_no_trend_no_map_and_says_so(tmp_path: Path) -> None:
    of_study = judged(two_by_two(tmp_path, {"mlp": BAD}))
    assert "stability_map" not in {figure.caption.name for figure in outcomes(of_study).all_figures()}
    chapter = factors(of_study)
    tables = {table.name: len(table.frame) for table in chapter.tables}
    assert tables == {"factors": 9, "trends": 0}
    assert chapter.sentences[-1] == "The study has no grid: there is no trend and no map."
    assert chapter.gist.startswith("Effects on the rate of runs not stable: architecture −0.5 (max-T p = ")


def test_effects_over_a_grid_are_corrected_over_all_its_points(tmp_path: Path) -> None:
    study = small_study(
        seeds=2, arms={arm: ARMS[arm] for arm in ("first", "dcgan", "mlp", "last")}, grid={"beta1": [0.5, 0.9]}
    )
    for cell in study.cells():
        for seed in study.seeds:
            fails = cell.arm == "mlp" and cell.grid_point["beta1"] == 0.9
            record(str(tmp_path), study, cell.arm, seed, "unlearned" if fails else "stable", point=cell.grid_point)
    found = [one for one in effects_of(loaded(tmp_path, study)) if one.outcome == "not_stable"]
    assert [one.place["at"] for one in found] == ["mean over the grid", "beta1 0.5", "beta1 0.9"]
    assert [one.whole for one in found] == [True, False, False]
    assert [len(effect.signs) for effect in found] == [3, 0, 0]
    interaction = found[0].signs[2]
    assert (interaction.name, interaction.above, interaction.zero) == ("architecture × normalization", 1, 1)
    interactions = [by_name(effect.effects)["architecture × normalization"].estimate for effect in found]
    assert interactions == [pytest.approx(0.5), 0, 1]
    assert [effect.model is None for effect in found] == [True, False, False]


def test_adjusted_p_at_one_grid_point_pays_for_the_effects_at_the_others(tmp_path: Path) -> None:
    """The MLP without BatchNorm fails in three seeds at one point, and in the other three at the other.

    At a point all three effects are of the same three seeds: alone, max-T gives 2/2³. Both points together are as
    extreme where either has three equal signs: 1 − (1 − 2/2³)². The mean over the grid moves in all six seeds.
    """
    crossed = {arm: ARMS[arm] for arm in ("first", "dcgan", "mlp", "last")}
    study = small_study(seeds=6, arms=crossed, grid={"beta1": [0.5, 0.9]})
    failing = {0.5: (0, 1, 2), 0.9: (3, 4, 5)}
    for cell in study.cells():
        for seed in study.seeds:
            bad = cell.arm == "mlp" and seed in failing[cell.grid_point["beta1"]]
            record(str(tmp_path), study, cell.arm, seed, "unlearned" if bad else "stable", point=cell.grid_point)
    rows = table(factors(judged(loaded(tmp_path, study))), "factors").loc["rate of runs not stable"]
    assert rows.groupby("at")["sign-flip p"].unique().explode().to_dict() == {
        "mean over the grid": 2 / 2**6,
        "beta1 0.5": 2 / 2**3,
        "beta1 0.9": 2 / 2**3,
    }
    assert rows.groupby("at")["max-T p"].unique().explode().to_dict() == {
        "mean over the grid": 2 / 2**6,
        "beta1 0.5": 7 / 16,
        "beta1 0.9": 7 / 16,
    }


def test_interaction_that_turns_round_between_grid_points_averages_to_zero_and_says_so(tmp_path: Path) -> None:
    """MLP without BatchNorm fails at the first point alone, MLP with it at the second: interactions +1 and −1."""
    fails = {"mlp": 0.5, "last": 0.9}
    study = small_study(
        seeds=2, arms={arm: ARMS[arm] for arm in ("first", "dcgan", "mlp", "last")}, grid={"beta1": [0.5, 0.9]}
    )
    for cell in study.cells():
        for seed in study.seeds:
            bad = fails.get(cell.arm) == cell.grid_point["beta1"]
            record(str(tmp_path), study, cell.arm, seed, "unlearned" if bad else "stable", point=cell.grid_point)
    found = result(effects_of(loaded(tmp_path, study)), "not_stable")
    assert by_name(found.effects)["architecture × normalization"].estimate == 0
    assert {signs.name: (signs.above, signs.zero, signs.below) for signs in found.signs} == {
        "architecture": (0, 0, 2),  # one of the two MLPs fails at each point
        "normalization": (1, 0, 1),
        "architecture × normalization": (1, 0, 1),
    }
    assert found.sentence.count("both signs, which chance alone can give") == 2
