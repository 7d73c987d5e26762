"""The figure of stable grid points by seed: each seed is seen, on its count, and counted in the margins."""

import io
import pickle

import pytest
from matplotlib.figure import Figure

from analysis.figures.effects import Drawn
from analysis.figures.regions import RegionPanel, stable_points
from analysis.figures.style import RULE, arm_styles, lay_out
from analysis.results.document import PairValue
from analysis.statistics import Interval

STYLES = arm_styles(["mlp", "dcgan"])
COUNTS = [(1, 4), (1, 4), (2, 2), (3, 1), (0, 4)]


def panel(counts: list[tuple[int, int]], interval: Interval | None = None) -> RegionPanel:
    mean = sum(first - second for first, second in counts) / len(counts)
    effect = Drawn(
        name="difference in stable grid points (more is better)",
        unit="grid points",
        estimate=mean,
        interval=interval,
        p=0.25,
        p_adjusted=0.25,
    )
    values = [PairValue(seed=seed, first=first, second=second) for seed, (first, second) in enumerate(counts)]
    return RegionPanel(title="MLP against DCGAN", first="mlp", second="dcgan", n_points=5, values=values, effect=effect)


def drawn(*panels: RegionPanel) -> Figure:
    return stable_points(panels, styles=STYLES)


def test_every_seed_has_a_line_of_its_own_within_the_band_of_its_count() -> None:
    lines, _ = drawn(panel(COUNTS)).axes
    for seed, counts in enumerate(COUNTS):
        (line,) = (line for line in lines.lines if line.get_gid() == f"seed-{seed}")
        assert [round(float(height)) for height in line.get_ydata()] == list(counts)
    starts = [float(line.get_ydata()[0]) for line in lines.lines if str(line.get_gid()).startswith("seed-")]
    assert len(set(starts)) == len(COUNTS)


def test_line_has_the_colour_of_the_arm_with_more_and_is_grey_where_neither_has() -> None:
    lines, _ = drawn(panel(COUNTS)).axes
    colours = {line.get_gid(): line.get_color() for line in lines.lines}
    mlp, dcgan = STYLES["mlp"].colour, STYLES["dcgan"].colour
    assert [colours[f"seed-{seed}"] for seed in range(5)] == [dcgan, dcgan, RULE, mlp, dcgan]


def test_margins_count_the_seeds_of_each_band_on_either_side() -> None:
    lines, _ = drawn(panel(COUNTS)).axes
    margins = [text for text in lines.texts if text.get_gid() == "margin"]
    left = {text.get_position()[1]: text.get_text() for text in margins if text.get_position()[0] < 0}
    right = {text.get_position()[1]: text.get_text() for text in margins if text.get_position()[0] > 1}
    assert left == {0: "1", 1: "2", 2: "1", 3: "1"}
    assert right == {1: "1", 2: "1", 4: "3"}


def test_differences_stand_beside_their_mean_and_its_interval() -> None:
    _, beside = drawn(panel(COUNTS, Interval(low=-3, high=0.5))).axes
    differences = sorted(float(line.get_ydata()[0]) for line in beside.lines if line.get_gid() == "difference")
    assert differences == [-4, -3, -3, 0, 2]
    (mean,) = (line.get_ydata()[0] for line in beside.lines if line.get_gid() == "estimate")
    (interval,) = (list(line.get_ydata()) for line in beside.lines if line.get_gid() == "interval")
    assert (mean, interval) == (pytest.approx(-8 / 5), [-3, 0.5])
    assert beside.get_ylim()[0] < -4 and beside.get_ylim()[1] > 2


def test_without_an_interval_none_is_drawn() -> None:
    _, beside = drawn(panel([(1, 3)] * 4)).axes
    assert not [line for line in beside.lines if line.get_gid() == "interval"]


def test_many_panels_stand_two_a_row_and_can_be_written_by_another_process() -> None:
    figure = drawn(panel(COUNTS), panel(COUNTS), panel([(2, 2)]))
    assert len(figure.axes) == 6
    tops = [round(axes.get_subplotspec().get_position(figure).y0, 3) for axes in figure.axes[::2]]
    assert tops[0] == tops[1] > tops[2]
    assert pickle.dumps(figure)
    lay_out(figure)
    figure.savefig(io.BytesIO(), format="svg")
