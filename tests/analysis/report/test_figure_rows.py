"""What results.json holds of figures: rows of every one, and the very values that are drawn."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.chapters.form import ReportFigure
from analysis.report.contents import Contents
from analysis.results.document import to_json
from tests.analysis.pages import contents
from tests.analysis.plausible import record_study
from tests.analysis.synthetic import Behaviour, loaded, recorded, small_study

MIXED: Sequence[Behaviour] = ("stable", "unlearned", "collapsed", "diverged", "nonfinite", "unsettled")
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A report's figures, and the rows of each as a reader of results.json finds them."""

    figures: dict[str, ReportFigure]
    rows: dict[str, list[Row]]

    def of(self, name: str, mark: str, **where: Any) -> list[Row]:
        return [
            row
            for row in self.rows[name]
            if row["mark"] == mark and all(row[column] == value for column, value in where.items())
        ]


def written(report: Contents) -> Written:
    chapters = json.loads(to_json(report.results))["chapters"]
    return Written(
        figures={figure.caption.name: figure for figure in report.figures()},
        rows={name: rows for chapter in chapters.values() for name, rows in chapter["figures"].items()},
    )


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Of a study without a grid in which runs end in every way."""
    folder = tmp_path_factory.mktemp("one")
    return written(contents(recorded(folder, small_study(seeds=6), {"mlp": MIXED, "dcgan": MIXED[::-1]})))


@pytest.fixture(scope="module")
def over_a_grid(tmp_path_factory: pytest.TempPathFactory) -> Written:
    primary = {"name": "MLP against DCGAN", "outcome": "stable_points", "first": "mlp", "second": "dcgan"}
    study = small_study(seeds=3, grid={"lr": [2e-4, 1e-3]}, plan={**small_study().document["plan"], "primary": primary})
    folder = tmp_path_factory.mktemp("grid")
    record_study(str(folder), study)
    return written(contents(loaded(folder, study)))


@pytest.mark.parametrize("study", ["one", "over_a_grid"])
def test_every_figure_has_flat_rows(study: str, request: pytest.FixtureRequest) -> None:
    found: Written = request.getfixturevalue(study)
    assert found.rows.keys() == found.figures.keys()
    assert len(found.rows) > 15
    for name, rows in found.rows.items():
        assert rows, name
        assert not [value for row in rows for value in row.values() if isinstance(value, dict | list)], name


def lines(figure: Figure, gid: str) -> list[Any]:
    """Lines of that id, panel by panel."""
    return [line for axes in figure.axes for line in axes.lines if line.get_gid() == gid]


def values(rows: Sequence[Row], *columns: str) -> np.ndarray:
    return np.array([[row[column] for column in columns] for row in rows], dtype=np.float64)


@pytest.mark.parametrize(("name", "trace", "place"), [("losses", "loss_g", 1), ("probes", "eval_frechet", 0)])
def test_curves_over_training_are_those_drawn(one: Written, name: str, trace: str, place: int) -> None:
    axes: Any = one.figures[name].draw().axes[place]
    runs = [np.asarray(path.vertices) for path in axes.collections[0].get_paths()]
    assert len(runs) == len(MIXED)
    for seed, run in enumerate(runs):
        drawn = one.of(name, "run", trace=trace, arm="mlp", seed=seed)
        np.testing.assert_array_equal(values(drawn, "step", "value"), run)
    median = next(line for line in axes.lines if line.get_gid() == "median")
    of_arm = one.of(name, "median", trace=trace, arm="mlp")
    np.testing.assert_array_equal(values(of_arm, "step", "median"), np.asarray(median.get_xydata()))
    onsets = next(line for line in axes.lines if line.get_gid() == "onset")
    assert len(onsets.get_xdata()) == 3  # collapsed, diverged, not finite
    crossed = one.of(name, "onset", trace=trace, arm="mlp")
    np.testing.assert_array_equal(values(crossed, "step", "value"), np.asarray(onsets.get_xydata()))


@pytest.mark.parametrize(
    ("name", "mark", "gid", "columns"),
    [
        ("survival", "curve", "survival", ("time", "share")),
        ("survival", "censored", "censored", ("time", "share")),
        ("profiles", "profile", "profile", ("threshold", "share")),
        ("hopping", "median", "median", ("step", "median")),
    ],
)
def test_points_of_curves_are_those_drawn(
    one: Written, name: str, mark: str, gid: str, columns: tuple[str, str]
) -> None:
    drawn = np.concatenate([np.asarray(line.get_xydata()) for line in lines(one.figures[name].draw(), gid)])
    np.testing.assert_array_equal(values(one.of(name, mark), *columns), drawn)


@pytest.mark.parametrize(
    ("name", "mark", "gid", "column"),
    [
        ("contrasts", "effect", "estimate", "estimate"),
        ("specifications", "specification", "specification", "Δ"),
        ("hopping", "run", "index", "mode_hopping"),
    ],
)
def test_values_are_those_drawn(one: Written, name: str, mark: str, gid: str, column: str) -> None:
    figure = one.figures[name].draw()
    axis = 0 if name == "contrasts" else 1
    drawn = sorted(float(point[axis]) for line in lines(figure, gid) for point in np.asarray(line.get_xydata()))
    assert drawn
    assert sorted(row[column] for row in one.of(name, mark)) == drawn


def test_a_square_of_the_waffle_is_a_row(one: Written, over_a_grid: Written) -> None:
    for found in (one, over_a_grid):
        rows = found.of("outcomes", "run")
        drawn = [patch.get_gid() for axes in found.figures["outcomes"].draw().axes for patch in axes.patches]
        assert drawn[: len(rows)] == [f"run-{row['verdict']}" for row in rows]  # behind them stands the key


def test_lines_from_arm_to_arm_are_rows(over_a_grid: Written) -> None:
    axes: Any = over_a_grid.figures["stable_points"].draw().axes[1]
    drawn = [line.get_ydata()[0] for line in axes.lines if line.get_gid() == "difference"]
    rows = over_a_grid.of("stable_points", "seed")
    assert sorted(row["difference"] for row in rows) == sorted(drawn)
    assert all(row["value of first"] - row["value of second"] == row["difference"] for row in rows)


def test_sheets_name_the_runs_and_the_steps_that_they_show(one: Written) -> None:
    rows = one.of("samples", "samples")
    assert {(row["arm"], row["seed"]) for row in rows} == {(arm, seed) for arm in ("mlp", "dcgan") for seed in range(6)}
    assert {row["step"] for row in rows} == {200}
    steps = [row["step"] for row in one.of("training", "samples", arm="mlp")]
    assert (steps[0], steps[-1], len(steps)) == (0, 200, 11)


def test_a_clock_without_an_event_is_its_sentence(over_a_grid: Written) -> None:
    (said,) = over_a_grid.of("survival-lr-0.001", "sentence")
    assert said["text"].startswith("From learning to failure: no event")
