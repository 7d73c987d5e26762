"""Figures of contrasts: the forest of effects, and the pairs that they rest on."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from analysis.figures.style import COLUMN, FAINT, INK, PAGE, RULE, ArmStyle, new_figure, styled
from analysis.results.document import PairValue
from analysis.results.wording import interval_text, number, p_text, signed
from analysis.statistics import FactorEffect, Interval

ROW = 0.3  # inches a contrast takes in a forest
LABEL = 32  # characters that a line of an axis label holds
LANE = "#F1F1F1"
LANE_STARTS, LANE_MIDDLE, LANE_ENDS = 0.1, 0.18, 0.26  # beyond the data, as shares of their range


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """An effect in a forest: what it is, its numbers, and its p adjusted for many tests as the caption says."""

    name: str
    unit: str
    estimate: float | None
    interval: Interval | None
    p: float | None
    p_adjusted: float | None

    @property
    def row(self) -> dict[str, Any]:
        """As it is in a row of the figure's data."""
        return {
            "effect": self.name,
            "unit": self.unit,
            "estimate": self.estimate,
            "low": self.interval.low if self.interval else None,
            "high": self.interval.high if self.interval else None,
            "p": self.p,
            "adjusted p": self.p_adjusted,
        }


def over_seeds(effect: FactorEffect, *, name: str, unit: str) -> Drawn:
    """A contrast over seeds in a forest; its adjusted p is max-T's."""
    return Drawn(
        name=name,
        unit=unit,
        estimate=effect.estimate,
        interval=effect.interval,
        p=effect.p,
        p_adjusted=effect.p_adjusted,
    )


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One contrast of a forest: two lines of label, and its effect. ``strong`` sets the primary one off.

    direction: what lies at the right of 0, «worse for first →»; the same for all rows of an axis.
    """

    label: str
    arms: str
    effect: Drawn
    strong: bool = False
    direction: str = ""


def forest_rows(rows: Sequence[ForestRow]) -> dict[str, pd.DataFrame]:
    """What :func:`forest` draws of them."""
    return {"effect": pd.DataFrame([{"contrast": row.label, "arms": row.arms, **row.effect.row} for row in rows])}


@dataclass(frozen=True, kw_only=True)
class SeedPanel:
    """One contrast with the values of all its seeds, which are pairs of runs or a whole grid, and its effect."""

    title: str
    first: str
    second: str
    values: Sequence[PairValue]
    effect: Drawn


def seed_rows(panels: Sequence[SeedPanel]) -> dict[str, pd.DataFrame]:
    """What is drawn of them: values and differences by seed, and the effects."""
    about = [{"contrast": panel.title, "first": panel.first, "second": panel.second} for panel in panels]
    seeds = [
        {
            **of,
            "seed": pair.seed,
            "value of first": pair.first,
            "value of second": pair.second,
            "difference": difference(pair),
        }
        for of, panel in zip(about, panels, strict=True)
        for pair in panel.values
    ]
    effects = [{**of, **panel.effect.row} for of, panel in zip(about, panels, strict=True)]
    return {"seed": pd.DataFrame(seeds), "effect": pd.DataFrame(effects)}


@dataclass(frozen=True, kw_only=True)
class PairPanel(SeedPanel):
    """Pairs in a quantity and its unit; +inf stands in the lane of runs without a value."""

    quantity: str
    unit: str
    log: bool
    without: str = "not stable"


@styled
def forest(rows: Sequence[ForestRow], *, confidence: float, adjusted: str = "Holm p") -> Figure:
    """Effects with intervals, first minus second; effects of different units stand on axes of their own.

    Printed beside each: the estimate with its interval, p, and p adjusted for many tests as ``adjusted`` names it. An
    interval without end runs out of the axes as an arrow; an effect that cannot be estimated has no mark and says so.
    """
    kinds = groupby(rows, key=lambda row: (row.effect.name, row.effect.unit, row.direction))
    panels = [list(group) for _, group in kinds]
    heights = [len(panel) * ROW + (0.62 if panel[0].direction else 0.5) for panel in panels]
    figure = new_figure(PAGE, sum(heights) + 0.25)
    column = figure.subplots(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, panel in zip(column, panels, strict=True):
        _forest_panel(axes, panel, 1 - confidence)
    for x, text in zip(_FOREST_COLUMNS, (f"estimate [{confidence:.0%} interval]", "p", adjusted), strict=True):
        column[0].annotate(text, (1, 1), (x, 2), xycoords="axes fraction", textcoords="offset points", va="bottom",
                           size=7, color=FAINT)  # fmt: skip
    return figure


_FOREST_COLUMNS = (8, 118, 156)  # points to the right of the axes


def _forest_panel(axes: Axes, rows: Sequence[ForestRow], alpha: float) -> None:
    effect = rows[0].effect
    low, high = reach([row.effect for row in rows])
    axes.set(xlim=(low, high), ylim=(len(rows) - 0.4, -0.6))
    unit = "" if effect.unit in effect.name else f" ({effect.unit})"
    axes.set_xlabel("\n".join([f"{effect.name}{unit}", *([rows[0].direction] if rows[0].direction else [])]))
    if not any(math.isfinite(end) for row in rows for end in stated(row.effect)):
        axes.set_xticks([0])  # nothing there is finite: the axis has no measure
    axes.axvline(0, color=FAINT, linewidth=0.6, zorder=0.5)
    axes.spines["left"].set_visible(False)
    axes.set_yticks(range(len(rows)), [f"{row.label}\n{row.arms}" for row in rows], linespacing=1.15)
    axes.tick_params(axis="y", length=0)
    for y, (row, label) in enumerate(zip(rows, axes.get_yticklabels(), strict=True)):
        label.set_fontweight("bold" if row.strong else "normal")
        _forest_mark(axes, y, row)
        texts = (estimate_text(row.effect), p_cell(row.effect.p, alpha), p_cell(row.effect.p_adjusted, alpha))
        for x, text in zip(_FOREST_COLUMNS, texts, strict=True):
            axes.annotate(text, (1, y), (x, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                          va="center", size=7, weight="bold" if row.strong else "normal")  # fmt: skip


def _forest_mark(axes: Axes, y: int, row: ForestRow) -> None:
    effect = row.effect
    low, high = axes.get_xlim()
    if effect.interval is not None:
        ends = [min(max(end, low), high) for end in (effect.interval.low, effect.interval.high)]
        axes.plot(ends, (y, y), color=INK, linewidth=1.0, solid_capstyle="butt", gid="interval")
    for sign, limit, arrow in ((-math.inf, low, "<"), (math.inf, high, ">")):
        if sign in stated(effect):
            axes.plot(limit, y, arrow, color=INK, markersize=4.5, clip_on=False, gid="endless")
    if effect.estimate is not None and math.isfinite(effect.estimate):
        axes.plot(effect.estimate, y, "s" if row.strong else "o", color=INK, markersize=4.5, gid="estimate")


def stated(effect: Drawn) -> list[float]:
    """The estimate and the ends of its interval, those that there are."""
    ends = [] if effect.interval is None else [effect.interval.low, effect.interval.high]
    return ends if effect.estimate is None else [effect.estimate, *ends]


def reach(effects: Sequence[Drawn]) -> tuple[float, float]:
    """Limits of the axis: all finite estimates and ends, zero, and some room."""
    ends = [0.0, *(end for effect in effects for end in stated(effect))]
    finite = [end for end in ends if math.isfinite(end)]
    low, high = min(finite), max(finite)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def estimate_text(effect: Drawn) -> str:
    """«+1 [+0.35, +1]», or that there is none."""
    if effect.estimate is None:
        return "not estimable"
    return f"{signed(effect.estimate)} {interval_text(effect.interval)}"


def p_cell(p: float | None, alpha: float) -> str:
    """«0.0078», «< 0.0001»; a dash where there is none."""
    return "–" if p is None else p_text(p, alpha).removeprefix("p ").removeprefix("= ")


@styled
def paired_slopes(panels: Sequence[PairPanel], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """Each contrast's pairs: one line a seed from the first arm's value to the second's, and the differences beside.

    Where several seeds have one value, their number stands beside the mark. Both axes of a panel have one unit.
    Runs without a value stand in a lane of their own above the axis. Beside the differences: the Hodges-Lehmann shift
    with its interval; differences that are infinite, because one run of the pair has none, stand in lanes as well.
    """
    per_row = 1 if len(panels) == 1 else 2
    n_rows = math.ceil(len(panels) / per_row)
    figure = new_figure(COLUMN if per_row == 1 else PAGE, 2.3 * n_rows)
    blocks = figure.add_gridspec(n_rows, per_row)
    for place, panel in enumerate(panels):
        beside = blocks[place // per_row, place % per_row].subgridspec(1, 2, width_ratios=[1.5, 1])
        slope = figure.add_subplot(beside[0])
        slope.set_title(f"{panel.title} (n = {len(panel.values)} pairs)")
        _slope(slope, panel, styles)
        _differences(figure.add_subplot(beside[1]), panel)
    return figure


def _slope(axes: Axes, panel: PairPanel, styles: Mapping[str, ArmStyle]) -> None:
    values = [value for pair in panel.values for value in (pair.first, pair.second)]
    scale = _Scale.around(values, log=panel.log)
    for pair in panel.values:
        heights = [scale.place(pair.first), scale.place(pair.second)]
        axes.plot((0, 1), heights, color=RULE, linewidth=0.6, zorder=1, gid=f"seed-{pair.seed}")
    sides = ([pair.first for pair in panel.values], [pair.second for pair in panel.values])
    for x, (arm, side, align) in enumerate(zip((panel.first, panel.second), sides, ("right", "left"), strict=True)):
        look = styles[arm]
        for value, count in Counter(map(scale.place, side)).items():
            axes.plot(x, value, look.marker, color=look.colour, markersize=3.5, zorder=2)
            if count > 1:
                axes.annotate(f"{count}×", (x, value), ((2 * x - 1) * 5, 0), textcoords="offset points", ha=align,
                              va="center", size=6.5, color=look.dark, gid="several")  # fmt: skip
    scale.dress(axes, {math.inf: panel.without} if math.inf in values else {})
    axes.set(xlim=(-0.4, 1.4), ylabel="\n".join([*wrap(panel.quantity, LABEL), f"({panel.unit})"]))
    axes.set_xticks([0, 1], [panel.first, panel.second])


def _differences(axes: Axes, panel: PairPanel) -> None:
    differences = [difference(pair) for pair in panel.values]
    scale = _Scale.around([0.0, *differences], log=False)
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0.5)
    for place, of_pair in enumerate(differences):
        x = (place + 0.5) / len(differences)
        axes.plot(x, scale.place(of_pair), "o", color=FAINT, markersize=2.8, gid="difference")
    effect = panel.effect
    if effect.interval is not None:
        ends = [scale.place(effect.interval.low), scale.place(effect.interval.high)]
        axes.plot((1.4, 1.4), ends, color=INK, linewidth=1.0, gid="interval")
    if effect.estimate is not None:
        axes.plot(1.4, scale.place(effect.estimate), "s", color=INK, markersize=4, gid="estimate")
    shown = [*differences, *stated(effect)]
    scale.dress(axes, {sign: number(sign) for sign in (-math.inf, math.inf) if sign in shown})
    axes.set(xlim=(-0.1, 1.7), ylabel=f"{panel.first} − {panel.second}")
    axes.set_xticks([0.5, 1.4], ["pairs", "shift"])


def difference(pair: PairValue) -> float:
    """First minus second; 0 where neither has a value."""
    return 0.0 if math.isinf(pair.first) and math.isinf(pair.second) else pair.first - pair.second


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """An axis from ``low`` to ``high`` with lanes beyond its ends for values that are not finite."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    @classmethod
    def around(cls, values: Sequence[float], *, log: bool) -> "_Scale":
        finite = sorted({value for value in values if math.isfinite(value)}) or [1.0]
        if len(finite) == 1:
            room = abs(finite[0]) / 2 or 1.0
            return cls(low=finite[0] - room, high=finite[0] + room, log=log, ticks=(finite[0],))
        locator = LogLocator(subs=(1, 2, 5)) if log else MaxNLocator(5)
        return cls(low=finite[0], high=finite[-1], log=log, ticks=tuple(locator.tick_values(finite[0], finite[-1])))

    def place(self, value: float) -> float:
        """Where a value is drawn: infinite ones in the middle of their lane."""
        return value if math.isfinite(value) else self._beyond(value, LANE_MIDDLE)

    def _beyond(self, sign: float, share: float) -> float:
        near, far = (self.low, self.high) if sign > 0 else (self.high, self.low)
        return far * (far / near) ** share if self.log else far + share * (far - near)

    def dress(self, axes: Axes, lanes: Mapping[float, str]) -> None:
        """Set scale, limits and ticks, and shade the lanes (+inf, -inf) under the names given for them."""
        if self.log:
            axes.set_yscale("log")
        limits = {sign: self._beyond(sign, LANE_STARTS) for sign in (-math.inf, math.inf)}
        inside = [tick for tick in self.ticks if limits[-math.inf] <= tick <= limits[math.inf]]
        ticks = {tick: f"{tick:g}".replace("-", "−") for tick in inside}
        for sign, name in lanes.items():
            axes.axhspan(limits[sign], self._beyond(sign, LANE_ENDS), color=LANE, linewidth=0, zorder=0, gid="lane")
            limits[sign] = self._beyond(sign, LANE_ENDS)
            ticks[self.place(sign)] = name
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.set_yticks([], minor=True)
        axes.set_ylim(limits[-math.inf], limits[math.inf])
