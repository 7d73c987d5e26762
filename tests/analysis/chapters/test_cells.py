"""What stands in the cells of a report's tables: stability regions, budgets, and an arm's two players."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.chapters.contrasts import contrasts
from analysis.chapters.outcomes import outcomes
from analysis.chapters.setting import setting
from analysis.tables.formats import Table
from runs.study import Study
from tests.analysis.synthetic import judged, loaded, record, small_study

GRID = {"beta1": [0.5, 0.9]}
ARMS = {
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
    "dcgan-nobn": {"architecture": "dcgan", "normalization": "none"},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
}
REGION = {"name": "MLP against DCGAN", "outcome": "stable_points", "first": "mlp", "second": "dcgan"}
LEARNING = {"name": "learning", "outcome": "updates_where_both_learn", "first": "mlp", "second": "dcgan"}
INTERACTION = {"name": "interaction", "outcome": "final_frechet", "first": "mlp", "second": "mlp-bn"}


def tables_of(folder: Path, study: Study) -> dict[str, Table]:
    found = judged(loaded(folder, study))
    chapters = (setting(found), outcomes(found), contrasts(found))
    return {table.name: table for chapter in chapters for table in chapter.all_tables() if len(table.frame)}


def rows_of(table: Table, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in table.frame[list(columns)].itertuples(index=False)]


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """Two arms over two points, three seeds: mlp ends stable at one point only, and lacks a run of seed 2."""
    folder = tmp_path_factory.mktemp("regions")
    study = small_study(seeds=3, grid=GRID, plan={"primary": REGION, "co_primary": LEARNING})
    for seed in study.seeds:
        for beta1 in GRID["beta1"]:
            record(str(folder), study, "dcgan", seed, point={"beta1": beta1})
            if (seed, beta1) != (2, 0.9):
                behaviour = "stable" if beta1 == 0.5 else "unlearned"
                record(str(folder), study, "mlp", seed, behaviour, point={"beta1": beta1})  # type: ignore[arg-type]
    return tables_of(folder, study)


def test_regions_count_stable_points_over_the_seeds_that_have_every_run(regions: dict[str, Table]) -> None:
    assert rows_of(regions["regions"], "arm", "grid points", "seeds", "planned", "mean of stable points") == [
        ("mlp", 2, 2, 3, 1.0),
        ("dcgan", 2, 3, 3, 2.0),
    ]
    assert rows_of(regions["regions"], "least", "greatest", "best at", "stable there", "judged there") == [
        (1, 1, "beta1 0.5", 3, 3),
        (2, 2, "beta1 0.5; beta1 0.9", 3, 3),
    ]


def test_stable_points_of_a_seed_are_empty_where_a_run_lacks(regions: dict[str, Table]) -> None:
    frame = regions["stable_points"].frame
    assert frame["seed"].tolist() == [0, 1, 2]
    assert frame["dcgan"].tolist() == [2, 2, 2]
    assert frame["mlp"].tolist()[:2] == [1, 1] and pd.isna(frame["mlp"].iloc[2])
    assert regions["stable_points"].cells["mlp"].tolist() == ["1", "1", "–"]


def test_a_study_without_a_grid_has_no_table_of_regions(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    for arm in study.arms:
        record(str(tmp_path), study, arm, 0)
    assert not {"regions", "stable_points"} & set(tables_of(tmp_path, study))


def test_budgets_of_an_interaction_name_all_four_arms_and_cost_what_their_networks_do(tmp_path: Path) -> None:
    plan = {
        "primary": {**INTERACTION, "minus": ["dcgan-nobn", "dcgan"]},
        "co_primary": {"name": "learning", "outcome": "updates_to_bar", "first": "mlp", "second": "dcgan"},
    }
    study = small_study(seeds=1, arms=ARMS, plan=plan)
    for arm in study.arms:
        flops = 10**9 if arm.startswith("mlp") else 10**10  # of one image, forward; a step takes 64 x 12 of them
        record(str(tmp_path), study, arm, 0, match={"flops_g": flops, "flops_d": flops})
    budgets = tables_of(tmp_path, study)["budgets"].frame.set_index(["role", "scale"])
    equal, compute = budgets.loc[("primary", "equal updates")], budgets.loc[("primary", "equal compute")]
    assert equal["updates"] == "200 each"
    assert equal["FLOPs"] == "mlp 154 TFLOP, mlp-bn 154 TFLOP, dcgan-nobn 1.54 PFLOP, dcgan 1.54 PFLOP"
    assert compute["updates"] == "mlp 200, mlp-bn 200, dcgan-nobn 20, dcgan 20"
    assert compute["FLOPs"] == "154 TFLOP each"


@pytest.mark.parametrize("inner", [None, 104])
def test_a_layer_that_matching_made_of_another_width_is_shown_where_there_is_one(
    tmp_path: Path, inner: int | None
) -> None:
    mlp = {"architecture": "mlp", "normalization": "none", "width": 14, "inner_width_d": inner}
    study = small_study(seeds=1, arms={"mlp": mlp, "dcgan": {"architecture": "dcgan", "width": 8}})
    for arm in study.arms:
        record(str(tmp_path), study, arm, 0)
    players = tables_of(tmp_path, study)["players"]
    assert rows_of(players, "arm", "player", "width")[:2] == [("mlp", "G", 14), ("mlp", "D", 14)]
    assert ("inner width" in players.frame) is ("Inner width" in players.caption) is (inner is not None)
    if inner is not None:
        assert players.cells["inner width"].tolist() == ["–", "104", "–", "–"]


def test_players_have_a_row_each_with_what_of_them_was_matched(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    for arm in study.arms:
        record(str(tmp_path), study, arm, 0, match={"parameters_g": 1000, "parameters_d": 796 if arm == "mlp" else 800})
    players = tables_of(tmp_path, study)["players"]
    assert rows_of(players, "arm", "player", "excess") == [
        ("mlp", "G", "+0.00%"),
        ("mlp", "D", "−0.50%"),
        ("dcgan", "G", "+0.00%"),
        ("dcgan", "D", "+0.00%"),
    ]
