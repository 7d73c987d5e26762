"""How training went: losses and outputs of the discriminator, and the traces to explore."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd

from analysis.chapters.form import Caption, Chapter, Judged, Place, ReportFigure, place_of, spread_text
from analysis.figures.parts import QUANTITY
from analysis.figures.traces import EQUILIBRIUM, curves, traces

TITLE = "Training as it went"
LOSSES = ("loss_d", "loss_g")
OUTPUTS = ("d_x", "d_g_z1", "d_g_z2")
LATE = 0.9  # of the budget: "the last tenth of training"


def training(judged: Judged) -> Chapter:
    """The explorer of the traces, and behind it their figures."""
    said = "Losses and outputs of the discriminator do not tell how good samples are; the measures of samples do."
    beside = "Losses and outputs at each grid point are files beside this page: figures/losses-… and figures/outputs-…."
    figures = [
        figure
        for point in judged.data.study.grid_points()
        if len((of_point := judged.at(point)).verdicts)
        for figure in trace_figures(of_point, place_of(point), beside=judged.over_a_grid)
    ]
    drawn = Chapter(
        title="Traces",
        gist="Losses and outputs of the discriminator, an arm a row.",
        figures=figures,
    )
    return Chapter(
        name="training",
        title=TITLE,
        sentences=[said, *([beside] if judged.over_a_grid else [])],
        folded=False,
        explorer=True,
        parts=(drawn,),
    )


def trace_figures(judged: Judged, place: Place, *, beside: bool) -> Iterator[ReportFigure]:
    """Those for the runs of one grid point. ``beside``: of every grid point they would be most of the page."""
    yield _trace_figure(judged, place, LOSSES, "losses", "Losses", beside)
    yield _trace_figure(judged, place, OUTPUTS, "outputs", "Discriminator outputs", beside)


def _trace_figure(
    judged: Judged, place: Place, names: Sequence[str], name: str, title: str, beside: bool
) -> ReportFigure:
    """Step traces of all arms."""
    points, arms = judged.points(names), judged.arms()
    shown = curves(points, judged.onsets(), EQUILIBRIUM, windows=True)
    late = _medians_late(points)
    ends = "; ".join(f"{QUANTITY[trace][0]} {spread_text({arm: late[arm, trace] for arm in arms})}" for trace in names)
    equilibrium = ", ".join(f"{QUANTITY[trace][0]} = {EQUILIBRIUM[trace][0].value:.3g}" for trace in names)
    return ReportFigure(
        caption=Caption(
            name=f"{name}{place.suffix}",
            title=f"{title}{place.where}",
            sentences=[
                f"Median over the last tenth of training, lowest and highest arm: {ends}.",
                f"At the equilibrium of the game, {equilibrium}.",
            ],
            text=f"Thin: {shown.thin}, thinned to their extremes in short windows. Thick: median over runs of their"
            " medians in a hundredth of the budget; band: 25th to 75th percentile over runs; values that are not finite"
            " do not count. Dashed: equilibrium. Cross: onset of collapse, divergence or non-finite values; the"
            " coloured numbers under each axis count the runs without one so far. A loss does not tell how good samples"
            " are.",
            alt=f"{title}{place.where} over training, a row an arm. Lowest and highest arm at the end: {ends}.",
        ),
        data=shown.drawn,
        draw=partial(traces, shown, names=names, arms=arms, styles=judged.styles),
        beside=beside,
    )


def _medians_late(points: pd.DataFrame) -> dict[tuple[str, str], float]:
    """By arm and trace: median over runs and steps of the last tenth of training; NaN without a finite value."""
    late = points[(points["step"] > LATE * points["step"].max()) & np.isfinite(points["value"])]
    medians = late.groupby(["arm", "trace"], observed=False)["value"].median()
    return {(str(arm), str(trace)): float(value) for (arm, trace), value in medians.items()}
