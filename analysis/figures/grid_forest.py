"""The forest of contrasts over a grid: a small panel a contrast, a row a grid point, their mean below."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.figures.effects import LANE, Drawn, estimate_text, p_cell, reach
from analysis.figures.style import FAINT, INK, PAGE, RULE, new_figure, styled

ROW = 0.16  # inches a grid point takes
AROUND = 1.05  # inches of a panel's titles and its axis
SMALL = 6.5
TITLE_WIDTH = 62  # characters
LANE_SHARE = 0.3  # of the axis between the lanes
MARK, COUNT = 0.27, 0.72  # where they stand in a lane, as shares of its width from the inside
CHARACTER = 0.63 * SMALL  # points that one of a number in bold takes at most, on average
GAP = 6  # points between columns
LEAST = 52  # points of axis that a panel needs to stand beside another


@dataclass(frozen=True, kw_only=True)
class PointRow:
    """A contrast at one grid point: the levels in short, the effect, and how many pairs differ by −∞ and by +∞."""

    label: str
    effect: Drawn
    infinite: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class MeanRow:
    """A contrast averaged over the grid. ``drawn``: in the unit of the axis; else it stands in numbers only."""

    label: str
    effect: Drawn
    drawn: bool


@dataclass(frozen=True, kw_only=True)
class ContrastPanel:
    """One contrast over the grid: its name, its arms, and rows; ``strong`` sets the primary one off.

    direction: what lies at the right of 0, «worse for first →».
    """

    title: str
    arms: str
    strong: bool
    direction: str
    points: Sequence[PointRow]
    mean: MeanRow | None

    @property
    def rows(self) -> list[PointRow | MeanRow]:
        """From top to bottom."""
        return [*self.points, *([self.mean] if self.mean else [])]

    @property
    def effects(self) -> list[Drawn]:
        """All that is drawn in the panel."""
        return [*(row.effect for row in self.points), *([self.mean.effect] if self.mean and self.mean.drawn else [])]

    @property
    def endless(self) -> bool:
        """Whether an end, an estimate or a pair's difference is infinite."""
        ends = [end for one in self.effects if one.interval for end in (one.interval.low, one.interval.high)]
        estimates = [one.estimate for one in self.effects if one.estimate is not None]
        return any(math.isinf(end) for end in (*ends, *estimates)) or any(any(row.infinite) for row in self.points)


def grid_rows(panels: Sequence[ContrastPanel]) -> dict[str, pd.DataFrame]:
    """What :func:`grid_forest` draws of them: effects at each point with their infinite pairs, and means."""
    about = [{"contrast": panel.title, "arms": panel.arms} for panel in panels]
    points = [
        {**of, "at": row.label, **row.effect.row, "pairs at −∞": row.infinite[0], "pairs at +∞": row.infinite[1]}
        for of, panel in zip(about, panels, strict=True)
        for row in panel.points
    ]
    means = [{**of, **panel.mean.effect.row} for of, panel in zip(about, panels, strict=True) if panel.mean]
    return {"effect": pd.DataFrame(points), "mean": pd.DataFrame(means)}


@dataclass(frozen=True, kw_only=True)
class _Span:
    """The x axis that panels of one unit share: the finite part, and the width of the lanes beside it, if any."""

    low: float
    high: float
    lane: float

    @classmethod
    def around(cls, panels: Sequence[ContrastPanel]) -> "_Span":
        low, high = reach([effect for panel in panels for effect in panel.effects])
        endless = any(panel.endless for panel in panels)
        return cls(low=low, high=high, lane=LANE_SHARE * (high - low) if endless else 0.0)

    def inside(self, value: float) -> float:
        """An end of an interval, the border of the lane if it is infinite."""
        return min(max(value, self.low), self.high)

    def in_lane(self, sign: float, share: float) -> float:
        """A place in the lane of that sign."""
        return self.high + share * self.lane if sign > 0 else self.low - share * self.lane

    def ticks(self) -> list[float]:
        """Round numbers between the lanes, as many as have room."""
        found = MaxNLocator(3 if self.lane else 4, steps=[1, 2, 5, 10]).tick_values(self.low, self.high)
        return [float(tick) for tick in found if self.low <= tick <= self.high]

    def place(self, value: float) -> float:
        """Where an estimate is marked."""
        return value if math.isfinite(value) else self.in_lane(value, MARK)


@styled
def grid_forest(panels: Sequence[ContrastPanel], *, factors: str, confidence: float) -> Figure:
    """Effects with intervals, first minus second, two panels a row if they fit; panels of one unit share their axis.

    ``factors`` heads the labels of the rows. Beside each row: the estimate with its interval, p, and p adjusted for
    many tests. Infinite estimates stand in a lane at that edge, with the number of pairs that differ so; an interval
    without end points there with an arrow. An effect that cannot be estimated has no mark and says so.
    """
    columns = _Columns.beside(panels, confidence)
    per_row = 2 if len(panels) > 1 and columns.leave(36 * PAGE) >= LEAST else 1
    n_rows = math.ceil(len(panels) / per_row)
    longest = max(len(panel.rows) for panel in panels)
    figure = new_figure(PAGE, n_rows * (longest * ROW + AROUND))
    spans = {kind: _Span.around(list(group)) for kind, group in groupby(sorted(panels, key=_kind), key=_kind)}
    cells = figure.add_gridspec(n_rows, per_row)
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(cells[place // per_row, place % per_row])
        axes.set_ylim(longest - 0.4, -0.6)
        _dress(axes, panel, spans[_kind(panel)])
        _head(axes, panel, factors)
        columns.head(axes)
        for y, row in enumerate(panel.rows):
            columns.write(axes, y, row)
            if isinstance(row, PointRow):
                _point(axes, y, row, spans[_kind(panel)])
            else:
                _mean(axes, y, row)
    return figure


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """What stands beside the rows: heads, and where each column begins, in points to the right of the axes.

    labels, end: points that the rows' names take at the left, and where the last column ends at the right. alpha: the
    level beside which p is told apart.
    """

    heads: tuple[str, ...]
    places: tuple[float, ...]
    labels: float
    end: float
    alpha: float

    @classmethod
    def beside(cls, panels: Sequence[ContrastPanel], confidence: float) -> "_Columns":
        """As wide as the longest text of any panel, so that all panels are alike."""
        heads = (f"estimate [{confidence:.0%} interval]", "p", "adj. p")
        rows = [row for panel in panels for row in panel.rows]
        texts = zip(heads, *(_cells(row.effect, 1 - confidence) for row in rows), strict=True)
        steps = [GAP + CHARACTER * max(map(len, column)) for column in texts]
        *places, end = accumulate(steps, initial=float(GAP))
        labels = GAP + CHARACTER * max(len(row.label) for row in rows)
        return cls(heads=heads, places=tuple(places), labels=labels, end=end, alpha=1 - confidence)

    def leave(self, width: float) -> float:
        """Points left for the axis of a panel that is so wide."""
        return width - self.labels - self.end

    def head(self, axes: Axes) -> None:
        for x, text in zip(self.places, self.heads, strict=True):
            axes.annotate(text, (1, 1), (x, 2), xycoords="axes fraction", textcoords="offset points", va="bottom",
                          size=SMALL, color=FAINT)  # fmt: skip

    def write(self, axes: Axes, y: int, row: PointRow | MeanRow) -> None:
        weight = "bold" if isinstance(row, MeanRow) else "normal"
        for x, text in zip(self.places, _cells(row.effect, self.alpha), strict=True):
            axes.annotate(text, (1, y), (x, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                          va="center_baseline", size=SMALL, weight=weight)  # fmt: skip


def _cells(effect: Drawn, alpha: float) -> tuple[str, str, str]:
    return estimate_text(effect), p_cell(effect.p, alpha), p_cell(effect.p_adjusted, alpha)


def _kind(panel: ContrastPanel) -> tuple[str, str]:
    effect = panel.points[0].effect
    return effect.name, effect.unit


def _dress(axes: Axes, panel: ContrastPanel, span: _Span) -> None:
    """Limits, ticks, lanes and the names of the rows."""
    axes.set_xlim(span.in_lane(-1, 1), span.in_lane(1, 1))
    axes.axvline(0, color=FAINT, linewidth=0.6, zorder=0.5)
    if span.lane:
        for sign, name in ((-1, "−∞"), (1, "+∞")):
            axes.axvspan(span.in_lane(sign, 0), span.in_lane(sign, 1), color=LANE, linewidth=0, zorder=0, gid="lane")
            axes.annotate(name, (span.in_lane(sign, 0.5), 1), (0, 2), xycoords=("data", "axes fraction"), ha="center",
                          textcoords="offset points", va="bottom", size=SMALL, color=FAINT)  # fmt: skip
    ticks = span.ticks()
    axes.set_xticks(ticks, [f"{tick:,g}".replace("-", "−") for tick in ticks], size=SMALL)
    about = [panel.points[0].effect.unit, *([panel.direction] if panel.direction else [])]
    axes.set_xlabel("\n".join(about), size=SMALL, labelpad=1.5)
    axes.spines["left"].set_visible(False)
    axes.set_yticks(range(len(panel.rows)), [row.label for row in panel.rows], size=SMALL)
    axes.tick_params(axis="y", length=0)
    if panel.mean:
        axes.axhline(len(panel.points) - 0.5, color=RULE, linewidth=0.5, zorder=0.5)
        axes.get_yticklabels()[-1].set_fontweight("bold")


def _head(axes: Axes, panel: ContrastPanel, factors: str) -> None:
    """Name, arms and effect above the panel, and what its rows are."""
    axes.annotate(factors, (0, 1), (-3.5, 2), xycoords="axes fraction", textcoords="offset points", va="bottom",
                  ha="right", size=SMALL, color=FAINT)  # fmt: skip
    about = fill(f"{panel.arms}: {panel.points[0].effect.name}", TITLE_WIDTH)
    axes.annotate(about, (0, 1), (0, 13), xycoords="axes fraction", textcoords="offset points", va="bottom",
                  size=SMALL)  # fmt: skip
    lines = about.count("\n") + 1
    axes.set_title(fill(panel.title, TITLE_WIDTH), loc="left", pad=14 + 1.3 * SMALL * lines,
                   weight="bold" if panel.strong else "normal")  # fmt: skip


def _point(axes: Axes, y: int, row: PointRow, span: _Span) -> None:
    effect = row.effect
    if effect.interval is not None:
        low, high = effect.interval.low, effect.interval.high
        unbounded = (low, high) == (-math.inf, math.inf)
        axes.plot((span.inside(low), span.inside(high)), (y, y), color=RULE if unbounded else INK,
                  linewidth=0.9, solid_capstyle="butt", zorder=1, gid="interval")  # fmt: skip
        for endless, limit, arrow in ((-math.inf, span.low, "<"), (math.inf, span.high, ">")):
            if endless in (low, high):
                axes.plot(limit, y, arrow, color=FAINT, markersize=3, zorder=1, gid="endless")
    if effect.estimate is not None:
        axes.plot(span.place(effect.estimate), y, "o", color=INK, markersize=3.5, zorder=2, gid="estimate")
    if span.lane:
        for sign, count in zip((-1, 1), row.infinite, strict=True):
            axes.text(span.in_lane(sign, COUNT), y, str(count), ha="center", va="center_baseline", size=SMALL,
                      color=INK if count else FAINT, gid="infinite")  # fmt: skip


def _mean(axes: Axes, y: int, mean: MeanRow) -> None:
    effect = mean.effect
    if mean.drawn and effect.interval is not None:
        axes.plot((effect.interval.low, effect.interval.high), (y, y), color=INK, linewidth=1.4,
                  solid_capstyle="butt", gid="mean-interval")  # fmt: skip
    if mean.drawn and effect.estimate is not None:
        axes.plot(effect.estimate, y, "D", color=INK, markersize=4.5, gid="mean")
