import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.figures.effects import Drawn, ForestRow, PairPanel, forest, paired_slopes
from analysis.figures.outcomes import grid_waffle, sensitivity, waffle
from analysis.figures.parts import ReferenceLine, spread_apart
from analysis.figures.seen import (
    activation_sheet,
    arithmetic_sheet,
    filter_sheet,
    guided_sheet,
    interpolation_sheet,
    stretched,
)
from analysis.figures.sheets import chosen_seeds, median_seed, sample_sheet, tile, training_sheet
from analysis.figures.style import VERDICTS, arm_styles, lay_out, save
from analysis.figures.traces import (
    EQUILIBRIUM,
    LINES,
    curves,
    extremes_in_windows,
    in_windows,
    median_and_band,
    probes,
    runs_by_step,
    traces,
)
from analysis.results.document import PairValue
from analysis.statistics import Interval, PairCounts
from runs.seen import Seen
from tests.recording import synthetic_seen

ARMS = ["mlp", "dcgan-nobn", "dcgan"]
STYLES = arm_styles(ARMS)
SEEDS = range(4)
STEPS = np.arange(1, 901)
PROBE_STEPS = np.arange(0, 901, 100)
LOSSES = ["loss_d", "loss_g"]
PROBES = [f"eval_{name}" for name in ("frechet", "recall", "precision", "density", "coverage", "diversity", "modes")]
BAR = ReferenceLine(value=10.2, label="bar = 10.2", dashed=True)
NO_ONSETS = pd.DataFrame({"arm": [], "seed": [], "step": []})
ONSETS = pd.DataFrame({"arm": ["dcgan-nobn"], "seed": [2], "step": [600]})


def points(names: Sequence[str], steps: np.ndarray = STEPS) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.concat(
        pd.DataFrame(
            {"arm": arm, "seed": seed, "trace": name, "step": steps, "value": random.uniform(0.1, 5, len(steps))}
        )
        for arm in ARMS
        for seed in SEEDS
        for name in names
    )


def verdicts() -> pd.DataFrame:
    found = {
        "mlp": ["unlearned"] * 4,
        "dcgan-nobn": ["stable", "stable", "collapsed", "nonfinite"],
        "dcgan": ["stable"] * 3,
    }
    return pd.DataFrame(
        [{"row": arm, "seed": seed, "verdict": code} for arm, codes in found.items() for seed, code in enumerate(codes)]
    )


def outcome_waffle() -> Figure:
    counts = PairCounts(a=0, b=3, c=0, d=0)
    return waffle(verdicts(), rows=ARMS, seeds=SEEDS, styles=STYLES, pair=("mlp", "dcgan"), counts=counts)


def traced(frame: pd.DataFrame, onsets: pd.DataFrame = NO_ONSETS) -> Figure:
    return traces(curves(frame, onsets, EQUILIBRIUM, windows=True), names=LOSSES, arms=ARMS, styles=STYLES)


def loss_traces() -> Figure:
    return traced(points(LOSSES), ONSETS)


def probe_curves() -> Figure:
    shown = curves(points(PROBES, PROBE_STEPS), ONSETS, {"eval_frechet": [BAR]}, windows=False)
    return probes(shown, arms=ARMS, styles=STYLES)


def effect(estimate: float | None, low: float | None, high: float | None, unit: str = "share of runs") -> Drawn:
    interval = None if low is None or high is None else Interval(low=low, high=high)
    return Drawn(
        name="difference",
        unit=unit,
        estimate=estimate,
        interval=interval,
        p=0.0078,
        p_adjusted=0.047,
    )


def effect_forest() -> Figure:
    return forest(
        [
            ForestRow(label="MLP against DCGAN", arms="mlp − dcgan", effect=effect(1.0, 0.35, 1.0), strong=True),
            ForestRow(label="BatchNorm", arms="dcgan-nobn − dcgan", effect=effect(None, None, None)),
            ForestRow(label="BatchNorm", arms="dcgan-nobn − dcgan", effect=effect(400.0, 100.0, math.inf, "updates")),
        ],
        confidence=0.95,
    )


def pair_slopes() -> Figure:
    values = [(math.inf, 100.0), (400.0, 150.0), (350.0, 100.0), (math.inf, math.inf), (300.0, math.inf)]
    panel = PairPanel(
        title="BatchNorm",
        first="dcgan-nobn",
        second="dcgan",
        quantity="updates to the bar",
        unit="generator updates",
        values=[PairValue(seed=seed, first=first, second=second) for seed, (first, second) in enumerate(values)],
        effect=effect(250.0, -50.0, math.inf),
        log=False,
        without="never",
    )
    return paired_slopes([panel], styles=STYLES)


def threshold_bars() -> Figure:
    counts = {"stable": 2, "not learned": 2, "collapsed": 0, "diverged": 0, "non-finite": 0}
    rows = [
        {"threshold": name, "factor": factor, "value": factor, "arm": arm, **counts}
        for name in ("bar", "recall")
        for factor in (1.0, 0.5, 2.0)
        for arm in ARMS
    ]
    return sensitivity(pd.DataFrame(rows), arms=ARMS, styles=STYLES)


def images(seed: int, probes: int = 1, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (probes, 64, channels, 16, 16), dtype=np.uint8)


def final_sheet() -> Figure:
    finals = {(arm, seed): images(seed)[0] for arm in ARMS for seed in SEEDS if (arm, seed) != ("dcgan", 3)}
    found = verdicts()
    codes = dict(zip(zip(found["row"], found["seed"], strict=True), found["verdict"], strict=True))
    return sample_sheet(finals, codes, arms=ARMS, seeds=SEEDS, styles=STYLES)


def stepwise_sheet() -> Figure:
    return training_sheet(
        PROBE_STEPS.tolist(), {arm: images(1, len(PROBE_STEPS)) for arm in ARMS}, rows=2, styles=STYLES
    )


SEEN = {
    "mlp": synthetic_seen(),
    "dcgan-nobn": synthetic_seen(units=5, filters=7),
    "dcgan": synthetic_seen(rows=0),
}


def guided_pictures() -> Figure:
    return guided_sheet(SEEN, styles=STYLES)


def filter_pictures() -> Figure:
    return filter_sheet(SEEN, styles=STYLES)


def latent_ways() -> Figure:
    return interpolation_sheet(SEEN, styles=STYLES)


FIGURES = [
    outcome_waffle, loss_traces, probe_curves, effect_forest, pair_slopes, threshold_bars, final_sheet, stepwise_sheet,
    guided_pictures, filter_pictures, latent_ways,
]  # fmt: skip


def marked(figure: Figure, gid: str) -> list[Any]:
    """Artists of that id, wherever they are; an id that ends in a dash stands for all that begin so."""
    return figure.findobj(lambda a: (a.get_gid() or "").startswith(gid) if gid.endswith("-") else a.get_gid() == gid)


def panels(figure: Figure) -> list[Any]:
    """The figure's axes, in the order in which they were made."""
    return list(figure.axes)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible()]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A figure that is written, and its SVG."""

    draw: Callable[[], Figure]
    figure: Figure
    svg: bytes


@pytest.fixture(scope="module", params=FIGURES, ids=lambda draw: draw.__name__)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Each figure in turn, drawn and written once for all tests that only look at it."""
    figure = request.param()
    svg = save(figure, tmp_path_factory.mktemp("saved") / "figure")[0].read_bytes()
    return Saved(draw=request.param, figure=figure, svg=svg)


def test_nothing_is_cut_off(saved: Saved) -> None:
    tight, (width, height) = saved.figure.get_tightbbox(), saved.figure.get_size_inches()
    assert tight.x0 >= -0.02 and tight.y0 >= -0.02
    assert tight.x1 <= width + 0.02 and tight.y1 <= height + 0.02


def test_the_same_data_give_the_same_svg(saved: Saved, tmp_path: Path) -> None:
    assert save(saved.draw(), tmp_path / "other")[0].read_bytes() == saved.svg


def test_every_axis_of_numbers_is_labelled(saved: Saved) -> None:
    for axes in panels(saved.figure):
        for axis in (axes.xaxis, axes.yaxis):
            shown = axes.axison and [tick for tick in axis.get_ticklabels() if tick.get_visible() and tick.get_text()]
            if shown and shown[0].get_text().lstrip("−").replace(".", "").isdecimal():
                assert axis.get_label().get_text(), f"{saved.draw.__name__}: {[tick.get_text() for tick in shown]}"


def test_steps_are_counted_in_generator_updates() -> None:
    for draw in (loss_traces, probe_curves, stepwise_sheet):
        assert "generator updates" in texts(draw())


def test_the_waffle_has_one_square_a_planned_run_and_shows_the_missing_ones() -> None:
    squares = marked(outcome_waffle(), "run-")
    in_key = len(VERDICTS)
    assert len(squares) == len(ARMS) * len(SEEDS) + in_key
    assert len(marked(outcome_waffle(), "run-missing")) == 1 + 1


def test_a_square_has_the_fill_of_its_verdict() -> None:
    for square in marked(outcome_waffle(), "run-unlearned"):
        assert to_hex(square.get_facecolor()).upper() == VERDICTS["unlearned"].fill


def test_the_waffle_counts_stable_runs_of_those_judged_and_the_pairs() -> None:
    shown = texts(outcome_waffle())
    assert {"0/4", "2/4", "3/3"} <= set(shown)
    assert {"a = 0", "b = 3", "c = 0", "d = 0"} <= set(shown)


@pytest.mark.parametrize(("n_seeds", "in_first_row"), [(3, 5), (20, 1)])
def test_a_waffle_over_a_grid_has_as_many_panels_side_by_side_as_fit(n_seeds: int, in_first_row: int) -> None:
    arms, points = ["a", "b", "c", "d", "e"], ["lr 2e-4", "lr 1e-3"]
    runs = [(arm, point, seed, "stable") for arm in arms for point in points for seed in range(n_seeds)]
    frame = pd.DataFrame(runs[1:], columns=["arm", "point", "seed", "verdict"])
    figure = grid_waffle(frame, arms=arms, points=points, seeds=range(n_seeds), styles=arm_styles(arms))
    squares = len(arms) * len(points) * n_seeds + len(VERDICTS)
    assert len(marked(figure, "run-")) == squares
    assert len(marked(figure, "run-missing")) == 1 + 1
    lay_out(figure)
    tops = [axes.get_position().y1 for axes in figure.axes if axes.get_title(loc="left")]
    assert sum(top == pytest.approx(max(tops)) for top in tops) == in_first_row


@pytest.mark.parametrize("n_seeds", [3, 9])
def test_no_word_of_a_waffle_over_a_grid_lies_on_another(n_seeds: int) -> None:
    runs = [(arm, "lr 2e-4", seed, "stable") for arm in ARMS for seed in range(n_seeds)]
    frame = pd.DataFrame(runs, columns=["arm", "point", "seed", "verdict"])
    figure = grid_waffle(frame, arms=ARMS, points=["lr 2e-4"], seeds=range(n_seeds), styles=STYLES)
    lay_out(figure)
    figure.canvas.draw()
    words = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = [text.get_window_extent() for text in words]
    for place, box in enumerate(boxes):
        over = [words[place + 1 + n].get_text() for n, beside in enumerate(boxes[place + 1 :]) if box.overlaps(beside)]
        assert over == [], words[place].get_text()


def test_a_waffle_of_fifty_seeds_has_fifty_columns() -> None:
    figure = waffle(verdicts(), rows=ARMS, seeds=range(50), styles=STYLES)
    assert len(marked(figure, "run-")) == 150 + len(VERDICTS)


def run_lines(axes: Axes) -> list[np.ndarray]:
    """Heights of each run's thin line, seeds ascending."""
    (runs,) = (artist for artist in axes.collections if artist.get_gid() == "runs")
    return [path.vertices[:, 1] for path in runs.get_paths()]


def test_thin_lines_hold_the_recorded_extremes() -> None:
    frame = points(LOSSES)
    figure = traced(frame)
    recorded = frame[(frame["arm"] == "mlp") & (frame["seed"] == 3) & (frame["trace"] == "loss_d")]["value"]
    drawn = run_lines(panels(figure)[0])[3]
    assert (np.nanmin(drawn), np.nanmax(drawn)) == (recorded.min(), recorded.max())


def test_of_very_many_runs_the_first_have_a_thin_line_and_all_count() -> None:
    first = points(LOSSES)
    seeds = -(-(LINES + 1) // len(SEEDS)) * len(SEEDS)
    frame = pd.concat(
        first.assign(seed=first["seed"] + more, value=first["value"] + more) for more in range(0, seeds, len(SEEDS))
    )
    few, many = (curves(own, NO_ONSETS, EQUILIBRIUM, windows=True) for own in (first, frame))
    assert set(many.runs["seed"]) == set(range(LINES))
    assert many.counts == dict.fromkeys(ARMS, seeds) and few.counts == dict.fromkeys(ARMS, len(SEEDS))
    assert (few.thin, many.thin) == ("runs", f"runs, those of the first {LINES} seeds")
    assert many.medians["median"].mean() > few.medians["median"].mean() + LINES / 3
    figure = traces(many, names=LOSSES, arms=ARMS, styles=STYLES)
    assert panels(figure)[0].get_title(loc="left") == f"mlp (n = {seeds})"
    assert len(run_lines(panels(figure)[0])) == LINES


def test_arms_have_the_same_colour_in_every_figure() -> None:
    for axes, arm in zip(panels(loss_traces())[:: len(LOSSES)], ARMS, strict=True):
        (runs,) = axes.collections[:1]
        assert to_hex(runs.get_color()[0]).upper() == STYLES[arm].colour
    medians = [line for line in panels(probe_curves())[0].lines if line.get_gid() == "median"]
    assert [line.get_color() for line in medians] == [STYLES[arm].colour for arm in ARMS]
    assert [line.get_marker() for line in medians] == [STYLES[arm].marker for arm in ARMS]


def test_the_median_line_is_the_median_over_runs() -> None:
    frame = points(PROBES, PROBE_STEPS)
    figure = probes(curves(frame, NO_ONSETS, {}, windows=False), arms=["dcgan"], styles=STYLES)
    expected = frame[(frame["arm"] == "dcgan") & (frame["trace"] == "eval_frechet")].groupby("step")["value"].median()
    line = next(line for line in panels(figure)[0].lines if line.get_gid() == "median")
    np.testing.assert_allclose(line.get_ydata(), expected.to_numpy())


def test_a_measure_that_no_run_has_a_number_of_gets_no_panel() -> None:
    frame = points(PROBES, PROBE_STEPS)
    unlabelled = frame.assign(value=frame["value"].where(frame["trace"] != "eval_modes"))
    titles = [
        [
            axes.get_title(loc="left")
            for axes in probes(curves(own, NO_ONSETS, {}, windows=False), arms=ARMS, styles=STYLES).axes
        ]
        for own in (frame, unlabelled)
    ]
    assert "modes" in titles[0]
    assert titles[1] == [title for title in titles[0] if title != "modes"]


def test_the_bar_is_drawn_at_its_value_and_labelled() -> None:
    figure = probe_curves()
    lines = marked(figure, "line-bar = 10.2")
    assert [list(line.get_ydata()) for line in lines] == [[10.2, 10.2]]
    assert "bar = 10.2" in texts(figure)
    assert panels(figure)[0].get_yscale() == "log"


def test_equilibrium_lines_stand_at_two_ln_two_and_ln_two() -> None:
    figure = loss_traces()
    assert marked(figure, "line-2 ln 2")[0].get_ydata()[0] == 2 * math.log(2)
    assert marked(figure, "line-ln 2")[0].get_ydata()[0] == math.log(2)


def test_a_failure_is_crossed_at_its_onset_and_leaves_one_run_fewer() -> None:
    figure = loss_traces()
    crosses = marked(figure, "onset")
    assert [x for cross in crosses for x in cross.get_xdata()] == [600, 600]
    counts = [text.get_text() for text in panels(figure)[2].texts if text.get_gid() == "left"]
    assert counts[0] == "4"
    assert counts[-1] == "3"


def test_runs_that_are_not_finite_leave_gaps_and_the_median_goes_on() -> None:
    frame = points(LOSSES)
    frame.loc[(frame["seed"] == 1) & (frame["step"] > 450), "value"] = np.nan
    figure = traced(frame)
    (median,) = (line for line in panels(figure)[0].lines if line.get_gid() == "median")
    assert [np.isnan(line[-1]) for line in run_lines(panels(figure)[0])] == [False, True, False, False]
    assert np.isfinite(median.get_ydata()).all()


def test_a_trace_without_any_finite_value_can_be_drawn(tmp_path: Path) -> None:
    frame = points(LOSSES).assign(value=np.nan)
    save(traced(frame), tmp_path / "nothing")


def test_effects_of_different_units_stand_on_different_axes() -> None:
    labels = [axes.get_xlabel() for axes in panels(effect_forest())]
    assert labels == ["difference (share of runs)", "difference (updates)"]


def test_a_forest_marks_each_estimate_at_its_value() -> None:
    figure = effect_forest()
    assert [mark.get_xdata()[0] for mark in marked(figure, "estimate")] == [1.0, 400.0]
    assert list(marked(figure, "interval")[0].get_xdata()) == [0.35, 1.0]


def test_an_interval_without_end_ends_in_an_arrow_and_no_estimate_has_no_mark() -> None:
    figure = effect_forest()
    assert len(marked(figure, "endless")) == 1
    assert len(marked(figure, "estimate")) == 2
    assert "not estimable" in texts(figure)


def test_an_axis_on_which_nothing_is_finite_has_no_measure() -> None:
    row = ForestRow(label="never learned", arms="mlp − dcgan", effect=effect(math.inf, -math.inf, math.inf))
    (axes,) = forest([row], confidence=0.95).axes
    assert axes.get_xticks().tolist() == [0]


def test_a_forest_prints_p_and_holm_p() -> None:
    shown = texts(effect_forest())
    assert shown.count("0.0078") == 3
    assert shown.count("0.047") == 3


def test_failed_runs_stand_in_a_lane_above_all_others() -> None:
    slope = panels(pair_slopes())[0]
    lines = {line.get_gid(): line.get_ydata() for line in slope.lines if (line.get_gid() or "").startswith("seed-")}
    assert len(lines) == 5
    assert lines["seed-0"][0] == lines["seed-3"][1] > 400
    assert lines["seed-1"].tolist() == [400.0, 150.0]
    assert "never" in [tick.get_text() for tick in slope.get_yticklabels()]


def test_seeds_that_have_one_value_are_counted_beside_it() -> None:
    slope = panels(pair_slopes())[0]
    written = [(text.xy, text.get_text()) for text in slope.texts if text.get_gid() == "several"]
    assert [text for _, text in written] == ["2×", "2×", "2×"]  # never in both arms, and 100 in the second
    assert ((1, 100.0), "2×") in written


def test_differences_of_pairs_are_zero_where_both_failed_and_infinite_where_one_did() -> None:
    axes = panels(pair_slopes())[1]
    heights = [line.get_ydata()[0] for line in axes.lines if line.get_gid() == "difference"]
    assert heights[1:4] == [250.0, 250.0, 0.0]
    assert heights[0] > 250 and heights[4] < 0
    assert {"∞", "−∞"} <= {tick.get_text() for tick in axes.get_yticklabels()}


def test_pairs_in_which_every_run_failed_can_be_drawn(tmp_path: Path) -> None:
    values = [PairValue(seed=seed, first=math.inf, second=math.inf) for seed in range(3)]
    panel = PairPanel(
        title="all failed", first="mlp", second="dcgan", quantity="distance", unit="a", values=values,
        effect=effect(0.0, 0.0, 0.0), log=True,
    )  # fmt: skip
    save(paired_slopes([panel], styles=STYLES), tmp_path / "failed")


def test_bars_of_verdicts_add_up_to_the_runs() -> None:
    figure = threshold_bars()
    stable, unlearned = (
        sum(bar.get_width() for bar in marked(figure, f"bar-{code}")) for code in ("stable", "unlearned")
    )
    assert (stable, unlearned) == (2 * 18, 2 * 18)


def test_a_tile_holds_every_image_at_its_place() -> None:
    rows = [images(seed)[0][:3] for seed in range(2)]
    picture = tile(rows)
    assert picture.shape == (2 * 17 - 1, 3 * 17 - 1, 3)
    np.testing.assert_array_equal(picture[17:33, 34:50, 0], rows[1][2, 0])
    assert (picture[16] == 255).all()


def test_a_tile_keeps_the_colours_of_images() -> None:
    row = images(0, channels=3)[0][:2]
    np.testing.assert_array_equal(tile([row])[:16, :16], row[0].transpose(1, 2, 0))


def test_a_missing_run_leaves_its_row_of_samples_empty() -> None:
    picture = panels(final_sheet())[2].images[0].get_array()
    assert (picture[3 * 17 : 3 * 17 + 16] == 255).all()
    assert not (picture[2 * 17 : 2 * 17 + 16] == 255).all()


def test_a_training_sheet_shows_the_first_and_the_last_probe() -> None:
    labels = [tick.get_text() for tick in panels(stepwise_sheet())[0].get_xticklabels()]
    assert (labels[0], labels[-1]) == ("0", "900")


def test_all_seeds_are_shown_or_the_best_median_and_worst() -> None:
    distances = {0: 3.0, 1: 1.0, 2: math.nan, 3: 2.0, 4: 9.0}
    assert chosen_seeds(distances, most=5) == [0, 1, 2, 3, 4]
    assert chosen_seeds(distances, most=3) == [1, 0, 2]
    assert median_seed(distances) == 0


def test_runs_by_step_has_a_row_a_seed() -> None:
    steps, values = runs_by_step(points(["loss_d"]).query("arm == 'mlp'"))
    assert values.shape == (len(SEEDS), len(STEPS))
    np.testing.assert_array_equal(steps, STEPS)


def test_the_band_does_not_count_what_is_not_finite() -> None:
    median, low, high = median_and_band(np.array([[1.0, math.inf], [2.0, math.nan], [3.0, math.nan]]))
    assert (median[0], low[0], high[0]) == (2.0, 1.5, 2.5)
    assert np.isnan([median[1], low[1], high[1]]).all()


def test_a_window_with_a_gap_is_a_gap() -> None:
    values = np.ones((1, 1000))
    values[0, 500] = math.nan
    _, windowed = in_windows(np.arange(1, 1001), values)
    assert np.isnan(windowed[0]).sum() == 1


@given(nst.arrays(np.float64, st.integers(1, 2000), elements=st.floats(-1e6, 1e6)))
def test_thinning_keeps_the_extremes_and_the_order(values: np.ndarray) -> None:
    steps, thinned = extremes_in_windows(np.arange(len(values)), values)
    assert (thinned.min(), thinned.max()) == (values.min(), values.max())
    assert (np.diff(steps) >= 0).all()
    np.testing.assert_array_equal(values[steps.astype(int)], thinned)


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.3))
def test_labels_are_spread_apart_in_order_and_about_where_they_belong(places: list[float], gap: float) -> None:
    wanted = np.sort(np.array(places))
    spread = spread_apart(wanted, gap)
    assert (np.diff(spread) >= gap * (1 - 1e-9)).all()
    assert spread.sum() == pytest.approx(wanted.sum())


def test_labels_that_are_far_apart_stay_where_they_are() -> None:
    np.testing.assert_allclose(spread_apart(np.array([0.1, 0.5, 0.9]), 0.2), [0.1, 0.5, 0.9])


def picture_in(axes: Axes) -> np.ndarray:
    (image,) = axes.images
    return np.asarray(image.get_array())


def test_below_each_image_stands_the_guided_gradient_in_it() -> None:
    figure, own = guided_pictures(), SEEN["mlp"].of["trained"]
    shown = picture_in(panels(figure)[0])[:, :, 0]
    column, gap, pair = 2 * (16 + 1), 1, 2 * 16 + 1 + 3  # of the third unit; heights in pixels
    np.testing.assert_array_equal(shown[pair : pair + 16, column : column + 16], own.images[2, 1, 0])
    np.testing.assert_array_equal(shown[pair + 16 + gap :, column:][:16, :16], own.gradients[2, 1, 0])


def test_trained_and_untrained_of_every_arm_stand_side_by_side() -> None:
    for draw in (guided_pictures, filter_pictures):
        titles = [axes.get_title(loc="left") for axes in panels(draw()) if axes.axison]
        assert titles == [f"{arm}, {name}" for arm in ARMS for name in ("trained", "untrained")]


def test_a_last_line_of_filters_that_is_not_full_ends_in_white() -> None:
    shown = picture_in(panels(filter_pictures())[2])
    assert shown.shape == (16, 8 * 17 - 1, 3) and (shown[:, 7 * 17 :] == 255).all() and shown[:, : 7 * 17].min() == 0


def test_a_generator_without_finite_images_has_its_place_and_that_is_said() -> None:
    assert "images not finite" in texts(latent_ways())
    assert [len(axes.images) for axes in panels(latent_ways())] == [1, 1, 0, 0]


@pytest.mark.parametrize("arms", [1, 2, 4])
@pytest.mark.parametrize(
    ("sheet", "part"),
    [
        (guided_sheet, lambda seen: seen),
        (filter_sheet, lambda seen: seen),
        (interpolation_sheet, lambda seen: seen),
        (arithmetic_sheet, lambda seen: seen.arithmetic),
        (activation_sheet, lambda seen: seen.along),
    ],
)
def test_pictures_of_any_number_of_arms_and_in_colour_are_not_cut_off(
    sheet: Callable[..., Figure], part: Callable[[Seen], object], arms: int
) -> None:
    names = [f"arm{n}" for n in range(arms)]
    shown = part(synthetic_seen(channels=3, size=32, snapshots=8))
    figure = sheet(dict.fromkeys(names, shown), styles=arm_styles(names))
    lay_out(figure)
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= -0.02 and tight.y0 >= -0.02 and tight.x1 <= width + 0.02 and tight.y1 <= height + 0.02


def test_each_block_has_a_row_and_each_of_a_few_snapshots_a_column() -> None:
    along = synthetic_seen(snapshots=11).along
    assert along is not None
    figure = activation_sheet({"dcgan": along}, styles=arm_styles(["dcgan"]))
    axes, _ = panels(figure)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["image", "D hidden_1", "G 8x8_up", "G(z)"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "2", "4", "6", "8", "10"]
    shown, cell = picture_in(axes)[:, :, 0], 64 + 1
    block = along.generator["8x8_up"][10]
    np.testing.assert_array_equal(
        shown[2 * cell : 3 * cell - 1 : 8, 5 * cell :: 8], np.round(255 * block / block.max()).astype(np.uint8)
    )
    np.testing.assert_array_equal(shown[3 * cell :: 4, cell : 2 * cell - 1 : 4], along.samples[2, 0])
    assert (shown[: cell - 1, cell:] == 255).all()  # the image stands once


def test_maps_that_are_not_finite_are_white_and_the_rest_of_the_sheet_is_drawn() -> None:
    along = synthetic_seen(snapshots=2).along
    assert along is not None
    along.discriminator["hidden_1"][1, 0, 3] = math.nan
    axes, _ = panels(activation_sheet({"mlp": along}, styles=arm_styles(["mlp"])))
    assert (picture_in(axes)[65:129, 65:129] == 255).all()


@given(units=st.integers(1, 300))
def test_of_units_that_share_a_place_the_greatest_shows(units: int) -> None:
    magnitudes = np.random.default_rng(units).random((1, units))
    shown = stretched(magnitudes, 64)
    assert shown.shape == (1, 64, 64) and shown.max() == 255
    assert (shown == shown[:, :1]).all()


def test_a_sample_and_what_it_becomes_stand_in_a_row_with_the_classes_below() -> None:
    moves = synthetic_seen().arithmetic
    assert moves is not None
    axes, _ = panels(arithmetic_sheet({"mlp": moves}, styles=arm_styles(["mlp"])))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["z", "0", "1", "2"]
    np.testing.assert_array_equal(picture_in(axes)[17:33, 34:50, 0], moves.images[1, 2, 0])
