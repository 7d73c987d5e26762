"""Stable grid points of two arms, seed by seed: how many recipes each seed trains at, and the difference."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.counting import counted
from analysis.figures.effects import SeedPanel, difference
from analysis.figures.style import COLUMN, FAINT, INK, PAGE, RULE, ArmStyle, new_figure, styled

SMALL = 6.5
SPREAD = 0.56  # of a grid point, over which the lines of seeds with one count are spread
BAND = "#F4F4F4"


@dataclass(frozen=True, kw_only=True)
class RegionPanel(SeedPanel):
    """A contrast on the stable grid points of two arms, of ``n_points`` each."""

    n_points: int


@styled
def stable_points(panels: Sequence[RegionPanel], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """Each contrast's seeds: a line from the first arm's count of stable grid points to the second's.

    Lines of one count lie side by side in its band, in the colour of the arm that has more, grey where neither has;
    the margins count the seeds of each band. Beside: each seed's difference, and their mean with its interval.
    """
    per_row = 1 if len(panels) == 1 else 2
    n_rows = math.ceil(len(panels) / per_row)
    most = max(panel.n_points for panel in panels)
    figure = new_figure(COLUMN if per_row == 1 else PAGE, n_rows * (1.25 + 0.24 * (most + 1)))
    blocks = figure.add_gridspec(n_rows, per_row)
    for place, panel in enumerate(panels):
        beside = blocks[place // per_row, place % per_row].subgridspec(1, 2, width_ratios=[1.7, 1])
        lines = figure.add_subplot(beside[0])
        lines.set_title(f"{panel.title} (n = {counted(len(panel.values), 'seed')})", loc="left", pad=16)
        _lines(lines, panel, styles)
        _differences(figure.add_subplot(beside[1]), panel)
    return figure


def _lines(axes: Axes, panel: RegionPanel, styles: Mapping[str, ArmStyle]) -> None:
    arms = (panel.first, panel.second)
    for even in range(0, panel.n_points + 1, 2):
        axes.axhspan(even - 0.5, even + 0.5, color=BAND, linewidth=0, zorder=0)
    ordered = sorted(panel.values, key=lambda pair: (pair.first, pair.second, pair.seed))
    for place, pair in enumerate(ordered):
        shift = SPREAD * ((place + 0.5) / len(ordered) - 0.5)
        heights = (pair.first + shift, pair.second + shift)
        more = None if pair.first == pair.second else arms[pair.second > pair.first]
        axes.plot((0, 1), heights, color=RULE if more is None else styles[more].colour, linewidth=0.9, zorder=1,
                  gid=f"seed-{pair.seed}")  # fmt: skip
        for x, (arm, height) in enumerate(zip(arms, heights, strict=True)):
            axes.plot(x, height, styles[arm].marker, color=styles[arm].colour, markersize=3, zorder=2)
    for side, align, counts in (
        (-0.14, "right", Counter(pair.first for pair in ordered)),
        (1.14, "left", Counter(pair.second for pair in ordered)),
    ):
        for count, seeds in counts.items():
            axes.text(side, count, str(seeds), ha=align, va="center_baseline", size=SMALL, color=FAINT, gid="margin")
    axes.annotate("seeds", (0, 1), (-6, 2), xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom",
                  ha="right", size=SMALL, color=FAINT)  # fmt: skip
    axes.annotate("seeds", (1, 1), (6, 2), xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom",
                  ha="left", size=SMALL, color=FAINT)  # fmt: skip
    axes.set(xlim=(-0.45, 1.45), ylim=(-0.5, panel.n_points + 0.5), ylabel=f"stable grid points, of {panel.n_points}")
    axes.set_xticks([0, 1], arms)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))


def _differences(axes: Axes, panel: RegionPanel) -> None:
    differences = Counter(map(difference, panel.values))
    most = max(differences.values())
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0.5)
    for height, seeds in differences.items():
        for place in range(seeds):
            axes.plot((place + 0.5) / most, height, "o", color=FAINT, markersize=2.8, gid="difference")
    effect = panel.effect
    if effect.interval is not None:
        axes.plot((1.4, 1.4), (effect.interval.low, effect.interval.high), color=INK, linewidth=1.0, gid="interval")
    if effect.estimate is not None:
        axes.plot(1.4, effect.estimate, "s", color=INK, markersize=4, gid="estimate")
    reach = max(1.0, *map(abs, differences)) + 0.5
    axes.set(xlim=(-0.1, 1.7), ylim=(-reach, reach), ylabel=f"{panel.first} − {panel.second}\n(grid points)")
    ticks = MaxNLocator(5, integer=True).tick_values(-reach, reach)
    inside = [tick for tick in ticks if -reach <= tick <= reach]
    axes.set_yticks(inside, [f"{tick:g}".replace("-", "−") for tick in inside])
    axes.set_xticks([0.5, 1.4], ["seeds", "mean"])
