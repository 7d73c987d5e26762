import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.figures.designs import (
    FAILURE_SHADES,
    HOPPING,
    MapCell,
    mode_hopping,
    performance_profiles,
    specification_curve,
    stability_map,
)
from analysis.figures.parts import ReferenceLine
from analysis.figures.style import VERDICTS, arm_styles, save
from analysis.figures.survival import SurvivalPanel, incidence_by_cause, survival_curves
from analysis.figures.traces import curves as drawn_curves
from analysis.statistics import (
    CumulativeIncidence,
    PerformanceProfile,
    SurvivalCurve,
    aalen_johansen,
    durations,
    kaplan_meier,
    performance_profile,
    wilson,
)

ARMS = ["mlp", "dcgan"]
STYLES = arm_styles(ARMS)
CAUSES = ("nonfinite", "collapsed", "diverged")
# Freireich et al. 1963: weeks of remission under 6-mercaptopurine, + censored
WEEKS_OF_REMISSION = "10 7 32+ 23 22 6 16 34+ 32+ 25+ 11+ 20+ 19+ 6 17+ 35+ 6 13 9+ 6+ 10+"
WEEKS = [float(weeks.rstrip("+")) for weeks in WEEKS_OF_REMISSION.split()]
OBSERVED = [not weeks.endswith("+") for weeks in WEEKS_OF_REMISSION.split()]


def curve(time: Sequence[float], observed: list[bool]) -> SurvivalCurve:
    estimated = kaplan_meier(durations(time, observed))
    assert isinstance(estimated, SurvivalCurve)
    return estimated


def survival() -> Figure:
    samples = {"mlp": durations(WEEKS, OBSERVED), "dcgan": durations([40.0, 40.0], [False, False])}
    curves = {"mlp": curve(WEEKS, OBSERVED), "dcgan": curve([40.0, 40.0], [False, False])}
    panel = SurvivalPanel(
        title="to failure", share="share without failure", clock="since learning", samples=samples, curves=curves
    )
    return survival_curves([panel], styles=STYLES)


def survival_where_every_run_of_an_arm_had_the_event() -> Figure:
    panels = []
    for clock in ("learning", "failure"):
        samples = {"mlp": durations([0.0, 10.0], [True, True]), "dcgan": durations([40.0, 40.0], [False, False])}
        curves = {"mlp": curve([0.0, 10.0], [True, True]), "dcgan": curve([40.0, 40.0], [False, False])}
        panels.append(
            SurvivalPanel(title=clock, share="share without event", clock="since", samples=samples, curves=curves)
        )
    return survival_curves(panels, styles=STYLES)


def incidence() -> Figure:
    ended = aalen_johansen([100, 200, 300, 400], ["collapsed", "diverged", None, "collapsed"], causes=CAUSES)
    nothing = aalen_johansen([500, 500], [None, None], causes=CAUSES)
    assert isinstance(ended, CumulativeIncidence) and isinstance(nothing, CumulativeIncidence)
    return incidence_by_cause({"mlp": ended, "dcgan": nothing}, last=500, styles=STYLES)


def profiles() -> Figure:
    thresholds = np.array([1.0, 2.0, 5.0, 10.0, 50.0])
    drawn = {
        arm: performance_profile(values, thresholds, larger_is_worse=True, n_resamples=99)
        for arm, values in (("mlp", [40.0, math.inf]), ("dcgan", [1.5, 4.0]))
    }
    known = {arm: profile for arm, profile in drawn.items() if isinstance(profile, PerformanceProfile)}
    bar = ReferenceLine(value=10.2, label="bar = 10.2")
    return performance_profiles(known, quantity="distance", unit="squared feature units", styles=STYLES, lines=[bar])


def grid_map() -> Figure:
    counts = {("2e-4", "0.5"): (8, 8), ("1e-3", "0.5"): (2, 8), ("2e-4", "0.9"): (0, 8), ("1e-3", "0.9"): (0, 0)}
    cells = [MapCell(x=x, y=y, not_stable=wilson(*count)) for (x, y), count in counts.items()]
    return stability_map({"mlp": cells, "dcgan": cells[:2]}, x="lr", y="beta1", styles=STYLES)


def specifications() -> Figure:
    choices = pd.DataFrame({"bar": [0.5, 0.25, 0.125], "recall": 0.25})
    differences = pd.DataFrame(
        {"Δ": [0.9, 0.5, -0.1], "p": [0.01, 0.2, math.nan], "registered": choices["bar"] == 0.25}
    )
    ends = pd.DataFrame({"Δ low": [0.6, 0.2, math.nan], "Δ high": [0.9, 0.5, math.nan]})
    return specification_curve(differences.join(ends), choices, alpha=0.05, contrast="mlp − dcgan")


def hopping() -> Figure:
    steps = [50, 100, 150]
    points = pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "step": step, "value": 0.1 * seed}
            for arm in ARMS
            for seed in range(3)
            for step in steps
        ]
    )
    index = pd.DataFrame(
        {"arm": ["mlp"] * 3 + ["dcgan"] * 3, "seed": [0, 1, 2] * 2, "mode_hopping": [0.7, 0.8, math.nan, 0.1, 0.2, 0.3]}
    )
    none = pd.DataFrame({"arm": [], "seed": [], "step": []})
    medians = drawn_curves(points.assign(trace=HOPPING), none, {}, windows=False).medians
    return mode_hopping(medians, index, arms=ARMS, styles=STYLES)


FIGURES = [
    survival,
    survival_where_every_run_of_an_arm_had_the_event,
    incidence,
    profiles,
    grid_map,
    specifications,
    hopping,
]


def marked(figure: Figure, gid: str) -> list[Any]:
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)]


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_nothing_is_cut_off_and_the_same_data_give_the_same_bytes(draw: Callable[[], Figure], tmp_path: Path) -> None:
    figure = draw()
    first, second = save(figure, tmp_path / "one")[0], save(draw(), tmp_path / "two")[0]
    assert first.read_bytes() == second.read_bytes()
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(tight.x0, tight.y0) >= -0.02
    assert tight.x1 <= width + 0.02 and tight.y1 <= height + 0.02


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_every_axis_is_labelled(draw: Callable[[], Figure]) -> None:
    axes: Any
    for axes in draw().axes:
        labels = [axes.get_xlabel(), axes.get_ylabel()] if axes.axison else ["off"]
        assert any(labels), draw.__name__


def test_a_survival_line_steps_at_the_published_values() -> None:
    line = marked(survival(), "survival")[0]
    at = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert at[10] == pytest.approx(0.75294, abs=1e-5)
    assert at[23] == pytest.approx(0.44818, abs=1e-5)


def test_runs_at_risk_stand_under_the_axis_with_the_names_of_their_arms() -> None:
    written = [text.get_text().strip() for text in marked(survival(), "at-risk")]
    assert written[:3] == ["at risk", "mlp", "21"]
    assert "dcgan" in written


def test_a_clock_without_an_event_is_a_sentence_and_the_arms_are_named_on_the_first_that_has_one() -> None:
    sample, steps = durations([40.0, 40.0], [False, False]), durations(WEEKS, OBSERVED)
    none = SurvivalPanel(
        title="To learning", share="share", clock="since", samples={"mlp": sample}, curves={"mlp": curve([40], [False])}
    )
    some = SurvivalPanel(
        title="To failure", share="share", clock="since", samples={"mlp": steps}, curves={"mlp": curve(WEEKS, OBSERVED)}
    )
    said, drawn = survival_curves([none, some], styles=STYLES).axes
    assert not said.axison
    assert [text.get_text() for text in said.texts] == ["To learning: no event\namong 2 runs watched"]
    assert "mlp" in [text.get_text().strip() for text in drawn.texts]


def test_censored_runs_are_marked() -> None:
    censored = marked(survival(), "censored")[0]
    assert set(censored.get_xdata()) == {week for week, observed in zip(WEEKS, OBSERVED, strict=True) if not observed}


def test_incidences_are_stacked_in_the_fill_of_their_verdict() -> None:
    stacked = marked(incidence(), "cause-collapsed")[0]
    assert to_hex(stacked.get_facecolor()[0]).upper() == VERDICTS["collapsed"].fill
    top = max(point[1] for path in marked(incidence(), "cause-diverged")[0].get_paths() for point in path.vertices)
    assert top == pytest.approx(1.0)


def test_a_panel_without_a_failure_says_so_instead_of_staying_empty() -> None:
    assert [[text.get_text() for text in axes.texts] for axes in incidence().axes] == [[], ["no run failed"]]


def test_a_profile_steps_up_to_the_share_of_runs_that_are_as_good() -> None:
    lines = marked(profiles(), "profile")
    assert [line.get_ydata().tolist() for line in lines] == [[0, 0, 0, 0, 0.5], [0, 0.5, 1, 1, 1]]
    assert "bar = 10.2" in texts(profiles())


def test_a_cell_of_the_map_shows_its_count_its_interval_and_its_shade() -> None:
    figure = grid_map()
    shown = texts(figure)
    assert "8/8\n0.68–1.00" in shown
    assert "no runs" in shown
    assert to_hex(marked(figure, "cell")[0].get_facecolor()) == to_hex(FAILURE_SHADES(1.0))


def test_specifications_ascend_and_the_registered_one_is_ringed() -> None:
    figure = specifications()
    assert [point.get_ydata()[0] for point in marked(figure, "specification")] == [-0.1, 0.5, 0.9]
    assert [(ring.get_xdata()[0], ring.get_ydata()[0]) for ring in marked(figure, "registered")] == [(1, 0.5)]
    intervals = [tuple(line.get_ydata()) for line in figure.axes[0].lines if line.get_alpha() == 0.6]
    assert intervals == [(0.2, 0.5), (0.6, 0.9)]  # the lowest has none
    choices = [tick.get_text() for tick in figure.axes[1].get_yticklabels()]
    assert choices == ["bar 0.125", "bar 0.25", "bar 0.5", "recall 0.25"]


def test_a_run_without_an_index_of_hopping_has_no_mark() -> None:
    assert [len(strip.get_ydata()) for strip in marked(hopping(), "index")] == [2, 3]
