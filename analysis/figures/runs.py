"""A few chosen runs beside each other: all their quantities in one figure, and their samples as pictures."""

# P probes, K images, C channels, H height, W width

import io
import math
from collections.abc import Mapping, Sequence

import matplotlib.image
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.parts import QUANTITY, arm_legend, draw_lines, label_lines, log_axis, quantity_axis
from analysis.figures.sheets import STEPS, Images, tile
from analysis.figures.style import PAGE, UPDATES, ArmStyle, lay_out, new_figure, styled
from analysis.figures.traces import EQUILIBRIUM, FRECHET, extremes_in_windows, in_windows
from runs.records import Trace

PANELS = 3  # a row
FEW = 60  # points: lines of so many carry marks
SHEET = 8  # images a row and a column in a sheet of final samples
FOLLOWED = 4  # fixed z in a sheet of training


@styled
def run_traces(
    traces: Mapping[str, Mapping[str, Trace]], *, names: Sequence[str], styles: Mapping[str, ArmStyle]
) -> Figure:
    """One panel a quantity, one line a run.

    traces: by run (as in ``styles``) and quantity, their steps in updates of G. Lines of many points are thin, their
    medians in a hundredth of the budget thick.
    """
    rows = math.ceil(len(names) / PANELS)
    figure = new_figure(PAGE, 0.35 + 1.45 * rows)
    panels = figure.subplots(rows, PANELS, squeeze=False).ravel()
    last = max(int(of_run[name].steps.max(initial=1)) for of_run in traces.values() for name in names)
    for axes, name in zip(panels, names, strict=False):
        for run, of_run in traces.items():
            _line(axes, of_run[name], styles[run])
        draw_lines(axes, EQUILIBRIUM.get(name, ()))
        quantity_axis(axes, name)
        axes.set(title=QUANTITY[name][0], xlim=(0, last))
        if name == FRECHET:
            log_axis(axes)
    for axes in panels[len(names) :]:
        axes.axis("off")
    for axes in panels[max(0, len(names) - PANELS) : len(names)]:
        axes.set_xlabel(UPDATES)
    arm_legend(figure, styles)
    lay_out(figure)
    for axes, name in zip(panels, names, strict=False):
        label_lines(axes, EQUILIBRIUM.get(name, ()))
    return figure


def _line(axes: Axes, trace: Trace, look: ArmStyle) -> None:
    if len(trace.steps) <= FEW:
        axes.plot(trace.steps, trace.values, color=look.colour, linestyle=look.line, marker=look.marker, markersize=2.5,
                  linewidth=1, gid="run")  # fmt: skip
        return
    steps, values = extremes_in_windows(trace.steps, trace.values)
    axes.plot(steps, values, color=look.colour, linewidth=0.3, alpha=0.5, gid="run")
    middle, medians = in_windows(trace.steps, trace.values[None])
    axes.plot(middle, medians[0], color=look.dark, linestyle=look.line, linewidth=1, marker=look.marker, markersize=2.5,
              markevery=max(1, len(middle) // 8), gid="median")  # fmt: skip


def final_sheet(images: Images) -> bytes:
    """PNG of the last probe's samples, images (P, K, C, H, W): a square of the first SHEET² fixed z."""
    last = images[-1, : SHEET * SHEET]
    return png([last[row : row + SHEET] for row in range(0, len(last), SHEET) if len(last[row : row + SHEET]) == SHEET])


def shown_probes(n: int) -> list[int]:
    """Positions of at most STEPS of ``n`` probes, evenly spread, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, n - 1, min(STEPS, n))})


def training_strip(images: Images) -> bytes:
    """PNG of the first FOLLOWED fixed z, a row each, along training, images (P, K, C, H, W): a column a probe."""
    shown = shown_probes(len(images))
    return png([images[shown, z] for z in range(min(FOLLOWED, images.shape[1]))])


def png(rows: Sequence[Images]) -> bytes:
    """Rows of images (K, C, H, W) as one PNG, a pixel a pixel."""
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, tile(rows), format="png")
    return buffer.getvalue()
