"""Parts that several figures draw: what traces are called, the legend of arms, labels beside lines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from analysis.figures.style import FAINT, ArmStyle

LABEL_SIZE = 6.5
LABEL_GAP = 1.25  # least distance between the middles of two labels, in their size

# what a trace is called, and the unit of its axis
QUANTITY = {
    "loss_d": ("loss of D", "nats"),
    "loss_g": ("loss of G", "nats"),
    "d_x": ("D(x)", "mean probability"),
    "d_g_z1": ("D(G(z)) in D's step", "mean probability"),
    "d_g_z2": ("D(G(z)) in G's step", "mean probability"),
    "grad_norm_d": ("gradient of D", "L2 norm"),
    "grad_norm_g": ("gradient of G", "L2 norm"),
    "weight_norm_d": ("weights of D", "L2 norm"),
    "weight_norm_g": ("weights of G", "L2 norm"),
    "eval_modes": ("modes", "classes"),
    "eval_kl": ("KL of classes to uniform", "nats"),
    "eval_confidence": ("classifier confidence", "mean probability"),
    "eval_diversity": ("diversity", "real images = 1"),
    "eval_frechet": ("Fréchet distance", "squared feature units"),
    "eval_precision": ("precision", "share of samples"),
    "eval_recall": ("recall", "share of real images"),
    "eval_density": ("density", "real images ≈ 1"),
    "eval_coverage": ("coverage", "share of real images"),
    "eval_hopping": ("mode hopping", "total variation"),
    "eval_drift": ("drift of features", "real images = 1"),
}
SHARES = frozenset({"d_x", "d_g_z1", "d_g_z2", "eval_precision", "eval_recall", "eval_coverage", "eval_hopping"})


@dataclass(frozen=True, kw_only=True)
class ReferenceLine:
    """A horizontal line that data are read against, with its label; a dashed one is a threshold."""

    value: float
    label: str
    dashed: bool = False


def quantity_axis(axes: Axes, name: str) -> None:
    """Label the y axis with the trace's unit; shares and probabilities run from 0 to 1."""
    axes.set_ylabel(QUANTITY[name][1])
    if name in SHARES:
        axes.set_ylim(-0.03, 1.03)
        axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])


def arm_legend(figure: Figure, styles: Mapping[str, ArmStyle]) -> None:
    """The arms' names with their marks in a row above all axes, outside the data."""
    marks = [Line2D([], [], color=s.colour, linestyle=s.line, marker=s.marker, markersize=4) for s in styles.values()]
    columns = len(styles) if len(styles) <= 4 else math.ceil(len(styles) / 2) if len(styles) <= 8 else 4
    if sum(len(arm) + 7 for arm in styles) * 0.06 < figure.get_figwidth():
        columns = len(styles)
    figure.legend(marks, list(styles), loc="outside upper center", ncols=columns, handlelength=2.6, columnspacing=1.2)


def draw_lines(axes: Axes, lines: Sequence[ReferenceLine]) -> None:
    """Draw the lines behind the data; limits that are not fixed widen to show them."""
    for line in lines:
        width, dashes = (0.8, (0, (4, 2))) if line.dashed else (0.5, "-")
        axes.axhline(line.value, color=FAINT, linewidth=width, linestyle=dashes, zorder=0.5, gid=f"line-{line.label}")


def label_lines(axes: Axes, lines: Sequence[ReferenceLine]) -> None:
    """Label each line beside the axes, at its height or as near as the other labels let it.

    To be called when the axes have their size and their limits.
    """
    ordered = sorted(lines, key=lambda line: line.value)
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    to_fraction = axes.transScale + axes.transLimits
    wanted = np.array([to_fraction.transform((0, line.value))[1] for line in ordered])
    for line, place in zip(ordered, spread_apart(wanted, LABEL_GAP * LABEL_SIZE / height), strict=True):
        axes.annotate(line.label, (1, place), (3, 0), xycoords="axes fraction", textcoords="offset points",
                      va="center", size=LABEL_SIZE, color=FAINT)  # fmt: skip


def log_axis(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Make the axis a log axis that reads 1, 2, 5, 10, … instead of powers."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(LogLocator(subs=(2, 5)))
    axis.set_minor_formatter("{x:g}")


def spread_apart(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Ascending places moved as little as it takes (in squares) for neighbours to be ``gap`` apart.

    Isotonic regression of the places less their index times the gap, by pooling adjacent violators.
    """
    pools: list[tuple[float, int]] = []
    for index, place in enumerate(places):
        pools.append((float(place) - index * gap, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (mean1, n1), (mean2, n2) = pools[-2:]
            pools[-2:] = [((mean1 * n1 + mean2 * n2) / (n1 + n2), n1 + n2)]
    levels = np.concatenate([np.full(n, mean) for mean, n in pools]) if pools else np.zeros(0)
    return levels + gap * np.arange(len(places))
