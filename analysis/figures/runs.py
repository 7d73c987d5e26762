"""A few chosen runs beside each other: all their quantities in one figure, and their samples as pictures."""

# P probes, K images, C channels, H height, W width

import io
from collections.abc import Mapping, Sequence

import matplotlib.image
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.parts import QUANTITY, ReferenceLine, arm_legend, draw_lines, label_lines, log_axis, quantity_axis
from analysis.figures.sheets import Images, shown_probes, tile
from analysis.figures.style import PAGE, UPDATES, ArmStyle, lay_out, new_figure, styled
from analysis.figures.traces import (
    EQUILIBRIUM,
    FRECHET,
    PANELS,
    extremes_in_windows,
    in_windows,
    onset_crosses,
    onset_places,
    quantity_panels,
    row_heights,
)
from runs.records import Trace

FEW = 60  # points: lines of so many carry marks
SHEET = 8  # images a row and a column in a sheet of final samples
FOLLOWED = 4  # fixed z in a sheet of training


@styled
def run_traces(
    traces: Mapping[str, Mapping[str, Trace]],
    *,
    names: Sequence[str],
    styles: Mapping[str, ArmStyle],
    onsets: Mapping[str, int],
    lines: Mapping[str, Sequence[ReferenceLine]],
) -> Figure:
    """One panel a quantity, one line a run; that of the Fréchet distance is as wide as the figure.

    traces: by run (as in ``styles``) and quantity, their steps in updates of G. Lines of many points are thin, their
    medians in a hundredth of the budget thick. onsets: by run, of those that failed, the update of G from which; drawn
    as a cross on the run's line. lines: by quantity; the equilibrium of the game is drawn without being given.
    """
    drawn = {**EQUILIBRIUM, **lines}
    figure, panels = _panels(names)
    last = max(int(of_run[name].steps.max(initial=1)) for of_run in traces.values() for name in names)
    for name, axes in panels.items():
        of_runs = {run: of_run[name] for run, of_run in traces.items()}
        for run, trace in of_runs.items():
            _line(axes, trace, styles[run])
        onset_crosses(axes, onset_places(_points(of_runs), pd.Series(onsets, dtype=float)))
        draw_lines(axes, drawn.get(name, ()))
        quantity_axis(axes, name)
        axes.set(title=QUANTITY[name][0], xlim=(0, last))
    if FRECHET in panels:
        log_axis(panels[FRECHET])
    arm_legend(figure, styles)
    lay_out(figure)
    for name, axes in panels.items():
        label_lines(axes, drawn.get(name, ()))
    return figure


def _panels(names: Sequence[str]) -> tuple[Figure, dict[str, Axes]]:
    """An empty panel a quantity; updates are counted under the widest and under the last of each column."""
    figure = new_figure(PAGE, 0.35 + 1.45 * sum(row_heights(names)))
    panels = quantity_panels(figure, names)
    narrow = [name for name in panels if name != FRECHET]
    for name in panels.keys() - narrow[:-PANELS]:
        panels[name].set_xlabel(UPDATES)
    return figure, panels


def _points(traces: Mapping[str, Trace]) -> pd.DataFrame:
    """One quantity of all runs, a row a point; a run stands for a seed."""
    return pd.concat(
        [pd.DataFrame({"seed": run, "step": one.steps, "value": one.values}) for run, one in traces.items()]
    )


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


def training_strip(images: Images) -> bytes:
    """PNG of the first FOLLOWED fixed z, a row each, along training, images (P, K, C, H, W): a column a probe."""
    shown = shown_probes(len(images))
    return png([images[shown, z] for z in range(min(FOLLOWED, images.shape[1]))])


def png(rows: Sequence[Images]) -> bytes:
    """Rows of images (K, C, H, W) as one PNG, a pixel a pixel."""
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, tile(rows), format="png")
    return buffer.getvalue()
