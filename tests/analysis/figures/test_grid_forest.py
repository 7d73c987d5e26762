"""The forest over a grid: what is drawn where, and that nothing overlaps or is cut off."""

import math
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.figures.effects import Drawn
from analysis.figures.grid_forest import ContrastPanel, MeanRow, PointRow, grid_forest
from analysis.figures.style import PAGE, lay_out, save
from analysis.statistics import Interval

LEVELS = ["5e-5, 0.5", "2e-4, 0.9"]


def effect(estimate: float | None, low: float, high: float, unit: str, p: float = 0.12) -> Drawn:
    return Drawn(
        name=f"difference in {unit}",
        unit=unit,
        estimate=estimate,
        interval=None if estimate is None else Interval(low=low, high=high),
        p=p,
        p_adjusted=p,
    )


def panel(effects: list[Drawn], infinite: list[tuple[int, int]], mean: MeanRow | None = None) -> ContrastPanel:
    rows = zip(LEVELS, effects, infinite, strict=True)
    return ContrastPanel(
        direction="worse for first →",
        title="MLP against DCGAN",
        arms="mlp − dcgan",
        strong=True,
        points=[PointRow(label=label, effect=one, infinite=pairs) for label, one, pairs in rows],
        mean=mean,
    )


def shares() -> ContrastPanel:
    mean = MeanRow(label="mean", effect=effect(0.156, -0.125, 0.188, "share of runs"), drawn=True)
    return panel(
        [effect(0.25, -0.107, 0.954, "share of runs"), effect(None, 0, 0, "share of runs")], [(0, 0)] * 2, mean
    )


def times() -> ContrastPanel:
    endless = effect(math.inf, -math.inf, math.inf, "updates")
    mean = MeanRow(label="mean (ranks)", effect=effect(-1234.0, -1234.0, -1111.0, "ranks"), drawn=False)
    return panel([endless, effect(50.0, -300.0, math.inf, "updates")], [(0, 3), (1, 2)], mean)


def drawn(*panels: ContrastPanel) -> Figure:
    return grid_forest(panels, factors="lr, beta1", confidence=0.95)


def marked(figure: Figure, gid: str) -> list[float]:
    """Places along x of the marks of that id."""
    lines = [line for axes in figure.axes for line in axes.lines if line.get_gid() == gid]
    return [float(x) for line in lines for x in line.get_xdata()]


def shown(figure: Figure) -> list[Text]:
    found = figure.findobj(Text)
    return [text for text in found if isinstance(text, Text) and text.get_visible() and text.get_text()]


@pytest.mark.parametrize("panels", [[shares()], [shares()] * 3, [shares(), times()]])
def test_no_text_of_a_forest_over_a_grid_is_cut_off_or_lies_on_another(
    panels: list[ContrastPanel], tmp_path: Path
) -> None:
    figure = drawn(*panels)
    save(figure, tmp_path / "forest")
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    assert width == PAGE
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown(figure)]
    for place, (text, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width * figure.dpi and box.y1 <= height * figure.dpi, text
        assert [other for other, beside in boxes[place + 1 :] if box.overlaps(beside)] == [], text


def test_no_text_of_a_forest_over_a_grid_is_smaller_than_six_and_a_half_points() -> None:
    assert min(text.get_fontsize() for text in shown(drawn(shares(), times()))) >= 6.5


def test_grid_point_is_marked_at_its_estimate_and_the_mean_as_a_diamond_below() -> None:
    figure = drawn(shares())
    assert marked(figure, "estimate") == [0.25]  # the other is not estimable
    assert marked(figure, "interval") == [-0.107, 0.954]
    (mean,) = (line for line in figure.axes[0].lines if line.get_gid() == "mean")
    assert (mean.get_xdata()[0], mean.get_ydata()[0], mean.get_marker()) == (0.156, len(LEVELS), "D")
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [*LEVELS, "mean"]


def test_mean_in_another_unit_stands_in_numbers_only() -> None:
    figure = drawn(times())
    assert marked(figure, "mean") == marked(figure, "mean-interval") == []
    assert "−1,234 [−1,234, −1,111]" in [text.get_text() for text in shown(figure)]


def test_infinite_estimate_stands_in_the_lane_beyond_all_finite_ends_with_its_number_of_pairs() -> None:
    figure = drawn(times())
    infinite, finite = marked(figure, "estimate")
    assert finite == 50
    assert infinite > max(x for x in marked(figure, "interval"))
    assert len(marked(figure, "endless")) == 3  # both ends of the first, one of the second
    counts = [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "infinite"]
    assert counts == ["0", "3", "1", "2"]


def test_an_interval_whose_both_ends_are_plus_infinity_points_that_way_only() -> None:
    always = effect(math.inf, math.inf, math.inf, "updates")
    figure = drawn(panel([always, effect(50.0, -300.0, 400.0, "updates")], [(0, 4), (0, 0)]))
    (place,) = marked(figure, "endless")
    assert place > 400
    arrows = [line.get_marker() for line in figure.axes[0].lines if line.get_gid() == "endless"]
    assert arrows == [">"]


def test_panel_without_anything_infinite_has_no_lanes() -> None:
    figure = drawn(shares(), times())
    lanes = [sum(patch.get_gid() == "lane" for patch in axes.patches) for axes in figure.axes]
    assert lanes == [0, 2]


def test_panels_of_one_unit_share_their_axis_and_others_do_not() -> None:
    figure = drawn(shares(), times(), shares())
    lay_out(figure)
    one, other, again = (axes.get_xlim() for axes in figure.axes)
    assert one == again != other


def test_estimate_p_and_adjusted_p_stand_beside_every_row() -> None:
    texts = [text.get_text() for text in shown(drawn(shares()))]
    assert {"+0.25 [−0.107, +0.954]", "not estimable", "+0.156 [−0.125, +0.188]"} <= set(texts)
    assert texts.count("0.12") == 2 * (len(LEVELS) + 1)


@pytest.mark.parametrize(("p", "tops"), [(0.12, 1), (0.00005, 2)])
def test_panels_stand_below_one_another_where_their_numbers_leave_no_room_for_the_axis(p: float, tops: int) -> None:
    one = panel([effect(0.123, -0.107, 0.954, "share of runs", p)] * 2, [(0, 0)] * 2)
    figure = drawn(one, one)
    lay_out(figure)
    assert len({round(axes.get_position().y1, 3) for axes in figure.axes}) == tops
    assert min(axes.get_window_extent().width for axes in figure.axes) >= 0.7 * figure.dpi  # inches
