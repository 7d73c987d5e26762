"""The figure of a few chosen runs: what it draws where."""

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.parts import ReferenceLine
from analysis.figures.runs import run_traces
from analysis.figures.style import arm_styles
from runs.records import trace

STEPS = [0, 100, 200, 300, 400]
RUNS = {
    "fell": {
        "eval_frechet": trace(STEPS, [40, 9, 5, 30, 31]),
        "eval_recall": trace(STEPS, [0, 0.5, 0.6, np.nan, np.nan]),
        "loss_d": trace(STEPS[1:], [1.4, 1.2, 1.1, 1.0]),
    },
    "held": {
        "eval_frechet": trace(STEPS, [40, 8, 5, 4, 4]),
        "eval_recall": trace(STEPS, [0, 0.5, 0.6, 0.7, 0.7]),
        "loss_d": trace(STEPS[1:], [1.4, 1.3, 1.2, 1.2]),
    },
}
LINES = {"eval_frechet": [ReferenceLine(value=10.0, label="bar = 10", dashed=True)]}


def drawn(onsets: dict[str, int]) -> Figure:
    return run_traces(RUNS, names=["eval_recall", "eval_frechet", "loss_d"], styles=arm_styles(list(RUNS)),
                      onsets=onsets, lines=LINES)  # fmt: skip


def crosses(figure: Figure) -> dict[str, list[tuple[float, float]]]:
    """By panel, where its crosses stand."""
    return {
        axes.get_title(loc="left"): [
            (float(x), float(y))
            for line in axes.lines
            if line.get_gid() == "onset"
            for x, y in np.asarray(line.get_xydata())
        ]
        for axes in figure.axes
    }


def test_a_cross_marks_the_onset_on_the_line_of_a_run_that_failed() -> None:
    assert crosses(drawn({"fell": 300})) == {
        "Fréchet distance": [(300, 30)],
        "recall": [(300, 0.6)],  # its last finite value
        "loss of D": [(300, 1.1)],
    }


def test_runs_that_did_not_fail_have_no_cross() -> None:
    assert set(map(len, crosses(drawn({})).values())) == {0}


def test_given_lines_and_the_equilibrium_are_drawn_with_their_labels() -> None:
    panels = {axes.get_title(loc="left"): axes for axes in drawn({}).axes}
    for title, value, label in (("Fréchet distance", 10.0, "bar = 10"), ("loss of D", 2 * np.log(2), "2 ln 2")):
        lines = [line for line in panels[title].lines if line.get_gid() == f"line-{label}"]
        assert [float(np.asarray(line.get_ydata())[0]) for line in lines] == [value]
        assert label in [text.get_text() for text in panels[title].texts]
    assert not [line for line in panels["recall"].lines if str(line.get_gid()).startswith("line-")]


def test_the_frechet_distance_has_a_row_of_its_own_above_the_others() -> None:
    panels = {axes.get_title(loc="left"): axes.get_position() for axes in drawn({}).axes}
    wide = panels.pop("Fréchet distance")
    assert all(wide.y0 > panel.y1 and wide.width > 2 * panel.width for panel in panels.values())
