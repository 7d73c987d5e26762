"""The forests of a report: which figure a study gets, and what its rows stand for."""

import math
from pathlib import Path

import pytest

from analysis.chapters.contrasts import contrasts
from analysis.chapters.form import ReportFigure
from runs.study import Study
from tests.analysis.synthetic import judged, loaded, record, small_study


def drawn(folder: Path, study: Study) -> dict[str, ReportFigure]:
    """The forests of what the folder holds on a study, by name."""
    chapter = contrasts(judged(loaded(folder, study)))
    return {figure.caption.name: figure for figure in chapter.all_figures()}


def forests(folder: Path, study: Study) -> dict[str, ReportFigure]:
    """Of a study whose MLP never learns at beta1 0.9, nor does the first seed's at 0.5."""
    for point in study.grid_points():
        for seed in study.seeds:
            fails = point.get("beta1") == 0.9 or seed == study.seeds[0]
            record(str(folder), study, "mlp", seed, "unlearned" if fails else "stable", point=point)
            record(str(folder), study, "dcgan", seed, point=point)
    return drawn(folder, study)


@pytest.fixture(scope="module")
def over_a_grid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ReportFigure]:
    return forests(tmp_path_factory.mktemp("grid"), small_study(seeds=3, grid={"beta1": [0.5, 0.9]}))


def test_grid_has_a_panel_a_contrast_and_a_row_a_point_with_the_mean_last(
    over_a_grid: dict[str, ReportFigure],
) -> None:
    primary, co_primary = over_a_grid["contrasts"].draw().axes
    for axes in (primary, co_primary):
        assert [label.get_text() for label in axes.get_yticklabels()] == ["0.5", "0.9", "mean"]
    estimates = [line.get_xdata()[0] for line in primary.lines if line.get_gid() == "estimate"]
    (mean,) = (line.get_xdata()[0] for line in primary.lines if line.get_gid() == "mean")
    assert estimates == [pytest.approx(1 / 3), 1]
    assert mean == pytest.approx(2 / 3)


def test_pairs_of_which_only_one_run_learned_are_counted_beside_the_row(
    over_a_grid: dict[str, ReportFigure],
) -> None:
    co_primary = over_a_grid["contrasts"].draw().axes[1]
    counts = [text.get_text() for text in co_primary.texts if text.get_gid() == "infinite"]
    assert counts == ["0", "1", "0", "3"]  # −∞ and +∞ at beta1 0.5, then at 0.9


def test_caption_explains_the_mean_only_where_one_is_drawn(over_a_grid: dict[str, ReportFigure]) -> None:
    assert "Diamond" in over_a_grid["contrasts"].caption.text
    at_equal_time = over_a_grid["contrasts_equal_compute"]
    assert "Diamond" not in at_equal_time.caption.text
    assert not any(line.get_gid() == "mean" for axes in at_equal_time.draw().axes for line in axes.lines)


def test_interaction_in_ranks_at_some_points_only_has_an_axis_for_each_unit(tmp_path: Path) -> None:
    arms = {
        f"{architecture}-{normalization}": {"architecture": architecture, "normalization": normalization, "width_g": 8}
        for architecture in ("mlp", "dcgan")
        for normalization in ("none", "batch")
    }
    first, second, *minus = arms
    primary = {"name": "crossed", "outcome": "updates_to_bar", "first": first, "second": second, "minus": minus}
    plan = {
        "primary": primary,
        "co_primary": {"name": "one", "outcome": "not_stable", "first": first, "second": second},
    }
    study = small_study(seeds=2, arms=arms, grid={"beta1": [0.5, 0.9]}, reference_arm=first, plan=plan)
    for cell in study.cells():
        for seed in study.seeds:
            fails = cell.arm == first and cell.grid_point["beta1"] == 0.9
            record(str(tmp_path), study, cell.arm, seed, "unlearned" if fails else "stable", point=cell.grid_point)
    axes = drawn(tmp_path, study)["contrasts"].draw().axes
    assert [one.get_xlabel() for one in axes] == ["generator updates", "ranks", "share of runs\nworse for first →"]
    assert [[label.get_text() for label in one.get_yticklabels()] for one in axes[:2]] == [["0.5"], ["0.9"]]


def test_study_without_a_grid_keeps_one_row_a_contrast(tmp_path: Path) -> None:
    forest = forests(tmp_path, small_study(seeds=3))["contrasts"].draw()
    labels = [label.get_text() for axes in forest.axes for label in axes.get_yticklabels()]
    assert labels == ["MLP against DCGAN\nmlp − dcgan"] * 2
    (estimate,) = (line.get_xdata()[0] for axes in forest.axes for line in axes.lines if line.get_gid() == "estimate")
    assert math.isclose(estimate, 1 / 3)


def test_contrasts_over_the_grid_have_a_forest_of_their_own_beside_those_at_each_point(tmp_path: Path) -> None:
    arms = {"name": "MLP against DCGAN", "first": "mlp", "second": "dcgan"}
    plan = {
        "primary": {**arms, "outcome": "stable_points"},
        "co_primary": {**arms, "outcome": "updates_where_both_learn"},
        "secondaries": [{**arms, "outcome": "not_stable"}],
    }
    found = forests(tmp_path, small_study(seeds=3, grid={"beta1": [0.5, 0.9]}, plan=plan))
    assert list(found) == [
        *("contrasts_over_grid", "contrasts", "stable_points", "slopes"),
        *("contrasts_equal_compute_over_grid", "contrasts_equal_compute"),
    ]
    whole, at_points = found["contrasts_over_grid"], found["contrasts"]
    assert [axes.get_xlabel() for axes in whole.draw().axes] == [
        "difference in stable grid points (more is better)\nbetter for first →",
        "Hodges–Lehmann shift of updates to the bar, conditional on both learning (generator updates)"
        "\nworse for first →",
    ]
    (stable, _) = whole.draw().axes
    estimates = [line.get_xdata()[0] for line in stable.lines if line.get_gid() == "estimate"]
    assert estimates == [pytest.approx(-4 / 3)]  # two seeds lack a point, the first both
    assert "an effect above 0 speaks for the first arm" in whole.caption.text
    assert "conditional on both having learned" in whole.caption.text
    assert [len(axes.get_yticks()) for axes in at_points.draw().axes] == [3]
