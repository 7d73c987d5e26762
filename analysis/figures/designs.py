"""Figures of a whole design: performance profiles, stability map, specification curve, mode hopping."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures.parts import QUANTITY, ReferenceLine, arm_legend, log_axis, quantity_axis
from analysis.figures.style import COLUMN, FAINT, INK, PAGE, RULE, UPDATES, ArmStyle, new_figure, styled
from analysis.figures.traces import median_curve
from analysis.statistics import PerformanceProfile, Rate, significant

HOPPING = "eval_hopping"
PANELS_PER_ROW = 2
FAILURE_SHADES = seaborn.blend_palette(["#F4F7FA", "#F5C9A8", "#C5532D", "#6B1F0E"], as_cmap=True)
DARK = 0.6  # a rate from which letters are white


@dataclass(frozen=True, kw_only=True)
class MapCell:
    """A grid point of one arm: the levels of the factors on the two axes, and its rate of runs not stable."""

    x: str
    y: str
    not_stable: Rate


@styled
def performance_profiles(
    profiles: Mapping[str, PerformanceProfile],
    *,
    quantity: str,
    unit: str,
    styles: Mapping[str, ArmStyle],
    lines: Sequence[ReferenceLine] = (),
) -> Figure:
    """Share of runs that are at least as good as a threshold, a line an arm, with its band over seeds."""
    figure = new_figure(COLUMN, 2.9)
    axes = figure.subplots()
    for arm, profile in profiles.items():
        look = styles[arm]
        axes.fill_between(
            profile.thresholds, profile.low, profile.high, step="post", color=look.colour, alpha=0.15, linewidth=0
        )
        axes.step(
            profile.thresholds, profile.share, where="post", color=look.colour, linestyle=look.line, gid="profile"
        )
    for line in lines:
        axes.axvline(line.value, color=FAINT, linewidth=0.8, linestyle=(0, (4, 2)), zorder=0.5)
        axes.annotate(line.label, (line.value, 1), (0, 3), xycoords=("data", "axes fraction"), ha="center",
                      textcoords="offset points", size=6.5, color=FAINT)  # fmt: skip
    log_axis(axes, "x")
    axes.set(xlabel=f"{quantity} ({unit})", ylabel="share of runs at least as good", ylim=(-0.02, 1.02))
    arm_legend(figure, {arm: styles[arm] for arm in profiles})
    return figure


@styled
def stability_map(cells: Mapping[str, Sequence[MapCell]], *, x: str, y: str, styles: Mapping[str, ArmStyle]) -> Figure:
    """Failure rate over the grid, a panel an arm: each cell has its count and its Wilson interval.

    x, y: names of the factors on the axes; levels are in the order in which they come.
    """
    columns = list(dict.fromkeys(cell.x for of_arm in cells.values() for cell in of_arm))
    rows = list(dict.fromkeys(cell.y for of_arm in cells.values() for cell in of_arm))
    per_row = min(PANELS_PER_ROW, len(cells))
    n_rows = math.ceil(len(cells) / per_row)
    figure = new_figure(PAGE if per_row > 1 else COLUMN, 0.3 + n_rows * (0.65 + 0.4 * len(rows)))
    grid = figure.subplots(n_rows, per_row, squeeze=False)
    for axes, (arm, of_arm) in zip(grid.ravel(), cells.items(), strict=False):
        for cell in of_arm:
            _map_cell(axes, columns.index(cell.x), rows.index(cell.y), cell.not_stable)
        axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5), xlabel=x, ylabel=y)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
    for axes in grid.ravel()[len(cells) :]:
        axes.axis("off")
    _shades(figure)
    return figure


def _map_cell(axes: Axes, x: int, y: int, not_stable: Rate) -> None:
    rate = not_stable.estimate
    fill = "white" if rate is None else FAILURE_SHADES(rate)
    ink = "white" if rate is not None and rate >= DARK else INK
    axes.add_patch(
        Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=fill, edgecolor=RULE, linewidth=0.4, gid="cell")
    )
    interval = not_stable.interval
    ends = "" if interval is None else f"\n{interval.low:.2f}–{interval.high:.2f}"
    text = "no runs" if rate is None else f"{not_stable.count}/{not_stable.n}{ends}"
    axes.text(x, y, text, ha="center", va="center", size=6.5, color=ink, linespacing=1.25)


def _shades(figure: Figure) -> None:
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    marks = [Rectangle((0, 0), 1, 1, facecolor=FAILURE_SHADES(share), edgecolor=RULE) for share in shares]
    names = [f"{share:.0%}" for share in shares]
    figure.legend(marks, names, title="share of runs not stable", loc="outside upper center", ncols=len(shares),
                  title_fontsize=7)  # fmt: skip


@styled
def specification_curve(
    differences: pd.DataFrame,
    choices: pd.DataFrame,
    *,
    alpha: float,
    contrast: str,
    unit: str = "share of pairs",
    largest: float = 1.0,
) -> Figure:
    """Δ under every specification of the thresholds, in ascending order, and below it which choices each makes.

    differences: a row a specification, columns Δ, its ends «Δ low» and «Δ high», p (missing where there is none), and
    registered, which is true of the one that the plan names. choices: a column a threshold, rows as in differences. The
    axis is in ``unit`` and has room for differences up to ``largest``, one way and the other. Dark: p at or below
    alpha. The registered specification is marked by a ring and an upright line.
    """
    ordered = differences.sort_values(["Δ", "registered"], ascending=[True, False])
    options = [(name, value) for name in choices for value in sorted(choices[name].unique())]
    figure = new_figure(PAGE, 1.8 + 0.125 * len(options))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 0.125 * len(options)])
    rows = zip(ordered.to_dict("records"), choices.loc[ordered.index].to_dict("records"), strict=True)
    for place, (one, chosen) in enumerate(rows):
        colour = INK if significant(one["p"], alpha) else RULE
        if pd.notna(one["Δ low"]):
            upper.plot((place, place), (one["Δ low"], one["Δ high"]), color=colour, linewidth=0.5, alpha=0.6)
        upper.plot(place, one["Δ"], ".", color=colour, markersize=3, gid="specification")
        dots = [options.index(choice) for choice in chosen.items()]
        lower.plot([place] * len(dots), dots, ".", color=colour, markersize=2)
        if one["registered"]:
            _registered(upper, lower, place, one["Δ"])
    upper.axhline(0, color=FAINT, linewidth=0.6, zorder=0.5)
    upper.set(ylabel=f"Δ, {contrast}\n({unit})", ylim=(-1.05 * largest, 1.05 * largest))
    upper.tick_params(axis="x", length=0, labelbottom=False)
    lower.set(xlabel="specifications, by Δ", ylim=(len(options) - 0.4, -0.6), xlim=(-1, len(ordered)))
    lower.set_yticks(range(len(options)), [f"{name} {value:g}" for name, value in options], size=6)
    lower.tick_params(axis="y", length=0)
    return figure


def _registered(upper: Axes, lower: Axes, place: int, delta: float) -> None:
    for axes in (upper, lower):
        axes.axvline(place, color="#0072B2", linewidth=0.7, zorder=0.4)
    upper.plot(place, delta, "o", markersize=6, markerfacecolor="none", markeredgecolor="#0072B2", gid="registered")
    upper.annotate("registered", (place, 1), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
                   ha="center", size=6.5, color="#0072B2")  # fmt: skip


@styled
def mode_hopping(
    medians: pd.DataFrame, index: pd.DataFrame, *, arms: Sequence[str], styles: Mapping[str, ArmStyle]
) -> Figure:
    """Total variation between the class histograms of consecutive probes: over training, and as an index a run.

    medians: over runs, columns arm, step (in generator updates), median, low, high. index: columns arm, seed,
    mode_hopping, the mean over the second half of the budget; a bar is the median over runs, and a run without a value
    has no mark.
    """
    figure = new_figure(PAGE, 2.7)
    curve, strip = figure.subplots(1, 2, width_ratios=[1.5, 1])
    for place, arm in enumerate(arms):
        _hopping_curve(curve, medians[medians["arm"] == arm], styles[arm])
        _hopping_strip(strip, place, index[index["arm"] == arm], styles[arm])
    for axes in (curve, strip):
        quantity_axis(axes, HOPPING)
    curve.set(title=f"{QUANTITY[HOPPING][0]} over training", xlabel=UPDATES, xlim=(0, medians["step"].max()))
    strip.set_title("mean, second half of the budget")
    strip.set_xticks(range(len(arms)), arms, rotation=35, ha="right", rotation_mode="anchor")
    arm_legend(figure, {arm: styles[arm] for arm in arms})
    return figure


def _hopping_curve(axes: Axes, medians: pd.DataFrame, look: ArmStyle) -> None:
    median_curve(axes, medians, 0.18, color=look.colour, linestyle=look.line, marker=look.marker,
                 markersize=3, markevery=max(1, len(medians) // 10))  # fmt: skip


def _hopping_strip(axes: Axes, place: int, of_arm: pd.DataFrame, look: ArmStyle) -> None:
    known = of_arm[np.isfinite(of_arm["mode_hopping"])].sort_values("seed")
    shift = np.linspace(-0.25, 0.25, len(known)) if len(known) > 1 else np.zeros(len(known))
    axes.plot(place + shift, known["mode_hopping"], look.marker, color=look.colour, markersize=3.2, linestyle="none",
              gid="index")  # fmt: skip
    if len(known):
        axes.plot((place - 0.35, place + 0.35), [known["mode_hopping"].median()] * 2, color=look.dark, linewidth=1.2)
