"""Figures of quantities along training: thin lines are runs, the thick line and band are what they have in common."""

# S seeds (runs), T steps

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from analysis.figures.parts import QUANTITY, ReferenceLine, arm_legend, draw_lines, label_lines, log_axis, quantity_axis
from analysis.figures.style import INK, PAGE, UPDATES, ArmStyle, lay_out, new_figure, styled

Floats = NDArray[np.float64]

BAND = (0.25, 0.75)  # quantiles over runs
WINDOWS = 100  # of the median line: a minibatch's noise is not what it is to show
ENVELOPES = 150  # of a thin line: its extremes in each, which is all that print can resolve
PANELS = 3  # a row of measures
LINES = 24  # runs of an arm that have a thin line: of hundreds none could be followed, and each costs its points
CROWDED = 6_000  # points in a panel: from here on thin lines become pixels in SVG and PDF

# where both players are at the equilibrium of the non-saturating game: D answers one half
EQUILIBRIUM = {
    "loss_d": (ReferenceLine(value=2 * math.log(2), label="2 ln 2", dashed=True),),
    "loss_g": (ReferenceLine(value=math.log(2), label="ln 2", dashed=True),),
    "d_x": (ReferenceLine(value=0.5, label="", dashed=True),),
    "d_g_z1": (ReferenceLine(value=0.5, label="", dashed=True),),
    "d_g_z2": (ReferenceLine(value=0.5, label="", dashed=True),),
}
FRECHET = "eval_frechet"
OTHER_PROBES = ("eval_recall", "eval_precision", "eval_density", "eval_coverage", "eval_diversity", "eval_modes")


def runs_by_step(points: pd.DataFrame) -> tuple[NDArray[np.int64], Floats]:
    """Steps (T,) and values (S, T) of one arm's runs in one trace, seeds ascending; NaN where a run has no point."""
    wide = points.pivot(index="seed", columns="step", values="value")
    return wide.columns.to_numpy(dtype=np.int64), wide.to_numpy(dtype=np.float64)


def median_and_band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Median and BAND quantiles over the runs with a finite value, at each step; NaN where there is none."""
    finite = np.where(np.isfinite(values), values, np.nan)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        low, median, high = np.nanquantile(finite, [BAND[0], 0.5, BAND[1]], axis=0)
    return median, low, high


def in_windows(steps: NDArray[np.int64], values: Floats) -> tuple[Floats, Floats]:
    """Middle step and each run's median (S, windows) in at most about WINDOWS windows of equal length.

    A window with a non-finite value is NaN for that run: what failed must not be smoothed over.
    """
    length = max(1, len(steps) // WINDOWS)
    kept = len(steps) - len(steps) % length
    middle = steps[:kept].reshape(-1, length).mean(axis=1)
    return middle, np.median(values[:, :kept].reshape(len(values), -1, length), axis=2)


def extremes_in_windows(steps: NDArray[np.int64], values: Floats) -> tuple[Floats, Floats]:
    """A run's (T,) steps and values thinned to the least and greatest of each window, in the order they came.

    Short traces come back as they are; a window with a non-finite value is a gap.
    """
    length = len(steps) // ENVELOPES
    if length < 3:
        return steps.astype(np.float64), values
    kept = len(steps) - len(steps) % length
    windows = values[:kept].reshape(-1, length)
    broken = ~np.isfinite(windows).all(axis=1, keepdims=True)
    ordered = np.where(broken, 0, windows)
    places = np.sort(np.stack([ordered.argmin(axis=1), ordered.argmax(axis=1)], axis=1), axis=1)
    thinned = np.where(broken, np.nan, np.take_along_axis(windows, places, axis=1))
    at = np.take_along_axis(steps[:kept].reshape(-1, length), places, axis=1)
    return np.append(at.ravel(), steps[kept:]).astype(np.float64), np.append(thinned.ravel(), values[kept:])


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """What is drawn of quantities along training, up to step ``last``; steps count generator updates.

    runs: columns trace, arm, seed, step, value, of the first LINES seeds; NaN is a gap. medians: trace, arm, step,
    median, low and high, which are BAND over all runs. onsets: of runs that failed, trace, arm, seed, step, value:
    where a run's cross stands. failed: arm, seed, step: all onsets, also where a trace has no point before. lines: what
    each quantity is read against.
    counts: all runs of each arm.
    """

    runs: pd.DataFrame
    medians: pd.DataFrame
    onsets: pd.DataFrame
    failed: pd.DataFrame
    lines: Mapping[str, Sequence[ReferenceLine]]
    counts: Mapping[str, int]
    last: int

    @property
    def thin(self) -> str:
        """Which runs have a thin line, in words."""
        return "runs" if max(self.counts.values()) <= LINES else f"runs, those of the first {LINES} seeds"

    @property
    def drawn(self) -> dict[str, pd.DataFrame]:
        """By kind of mark."""
        lines = [{"trace": trace, **asdict(line)} for trace, own in self.lines.items() for line in own]
        counts = pd.DataFrame({"arm": list(self.counts), "runs": list(self.counts.values())})
        return {
            "run": self.runs,
            "median": self.medians,
            "onset": self.onsets,
            "line": pd.DataFrame(lines),
            "count": counts,
        }

    def of(self, trace: str, arm: str) -> "Curves":
        """One arm in one quantity."""
        runs, medians, onsets = (
            frame[(frame["trace"] == trace) & (frame["arm"] == arm)] for frame in (self.runs, self.medians, self.onsets)
        )
        return replace(self, runs=runs, medians=medians, onsets=onsets)


def curves(
    points: pd.DataFrame, onsets: pd.DataFrame, lines: Mapping[str, Sequence[ReferenceLine]], *, windows: bool
) -> Curves:
    """The curves of a tidy frame of traces, with columns arm, seed, trace, step (in generator updates), value.

    onsets: columns arm, seed, step: first step of collapse, divergence or non-finite values of runs that failed so.
    windows: of step traces runs are thinned to their extremes, and medians are of medians in windows.
    """
    groups = [(of, own) for of, own in points.groupby(["trace", "arm"], sort=False, observed=True)]
    frames: list[list[pd.DataFrame]] = [[], [], []]
    for (trace, arm), own in groups:
        steps, values = runs_by_step(own)
        seeds = np.sort(own["seed"].unique())[:LINES]
        thin = [extremes_in_windows(steps, line) if windows else (steps, line) for line in values[:LINES]]
        at, over = in_windows(steps, values) if windows else (steps, values)
        failed = onsets[onsets["arm"] == arm].set_index("seed")["step"]
        made = (_run_rows(seeds, thin), _median_rows(at, over), onset_places(own, failed))
        for kind, frame in zip(frames, made, strict=True):
            kind.append(frame.assign(trace=str(trace), arm=str(arm)))
    runs, medians, crosses = (pd.concat(kind, ignore_index=True) for kind in frames)
    return Curves(
        runs=runs,
        medians=medians,
        onsets=crosses,
        failed=onsets,
        lines={str(trace): lines[trace] for trace in points["trace"].unique() if trace in lines},
        counts={str(arm): own["seed"].nunique() for arm, own in points.groupby("arm", sort=False, observed=True)},
        last=int(points["step"].max()),
    )


def _run_rows(seeds: NDArray[np.int64], thin: Sequence[tuple[NDArray[Any], Floats]]) -> pd.DataFrame:
    """One quantity of an arm's runs: seed, step, value."""
    steps, values = (np.concatenate(arrays) for arrays in zip(*thin, strict=True))
    of_run = np.repeat(seeds, [len(at) for at, _ in thin])
    return pd.DataFrame({"seed": of_run, "step": steps, "value": np.where(np.isfinite(values), values, np.nan)})


def _median_rows(steps: NDArray[Any], values: Floats) -> pd.DataFrame:
    median, low, high = median_and_band(values)
    return pd.DataFrame({"step": steps, "median": median, "low": low, "high": high})


@styled
def traces(
    shown: Curves,
    *,
    names: Sequence[str],
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
) -> Figure:
    """Step traces, a row an arm, a column a quantity: thin lines are runs, thick their median, shaded BAND.

    A cross on a run's line is its onset. The row of numbers under each axis counts the runs that had not failed by
    then.
    """
    figure = new_figure(PAGE, 0.55 + 1.1 * len(arms))
    grid = figure.subplots(len(arms), len(names), sharex=True, sharey="col", squeeze=False)
    ticks = _update_ticks(shown.last)
    for row, arm in zip(grid, arms, strict=True):
        failed = shown.failed[shown.failed["arm"] == arm]["step"]
        n = shown.counts.get(arm, 0)
        for axes, name in zip(row, names, strict=True):
            _trace_panel(axes, shown.of(name, arm), styles[arm])
            draw_lines(axes, shown.lines.get(name, ()))
            axes.yaxis.set_major_locator(MaxNLocator(3))
            quantity_axis(axes, name)
            _surviving(axes, ticks, n, failed, styles[arm])
        row[0].set_title(f"{arm} (n = {n})", weight="bold", color=styles[arm].dark)
    for top, bottom, name in zip(grid[0], grid[-1], names, strict=True):
        _header(top, QUANTITY[name][0])
        bottom.set_xlabel(UPDATES)
        bottom.set_xlim(0, shown.last)
        bottom.set_xticks(ticks)
    lay_out(figure)  # the panels have their size now
    for row in grid:
        for axes, name in zip(row, names, strict=True):
            label_lines(axes, shown.lines.get(name, ()))
    return figure


@styled
def probes(shown: Curves, *, arms: Sequence[str], styles: Mapping[str, ArmStyle]) -> Figure:
    """All arms over training in each measure of samples: Fréchet distance above (log axis), the others below.

    The lines are what real images score, and thresholds. A measure that no run has a number of (of modes, where images
    have no labels) has no panel.
    """
    figure = new_figure(PAGE, 6.2)
    measured = set(shown.runs.loc[shown.runs["value"].notna(), "trace"])
    panels = quantity_panels(figure, (FRECHET, *(name for name in OTHER_PROBES if name in measured)))
    for name, axes in panels.items():
        for arm in arms:
            _probe_lines(axes, shown.of(name, arm), styles[arm])
        draw_lines(axes, shown.lines.get(name, ()))
        quantity_axis(axes, name)
        axes.set(title=QUANTITY[name][0], xlabel=UPDATES, xlim=(0, shown.last), xticks=_update_ticks(shown.last))
    log_axis(panels[FRECHET])
    arm_legend(figure, {arm: styles[arm] for arm in arms})
    lay_out(figure)
    for name, axes in panels.items():
        label_lines(axes, shown.lines.get(name, ()))
    return figure


def row_heights(names: Sequence[str]) -> list[float]:
    """Heights, in those of a usual row, of the rows of :func:`quantity_panels`."""
    wide = FRECHET in names
    return [1.5] * wide + [1.0] * math.ceil((len(names) - wide) / PANELS)


def quantity_panels(figure: Figure, names: Sequence[str]) -> dict[str, Axes]:
    """A panel a quantity, PANELS a row; the Fréchet distance, if it is among them, has the first row to itself."""
    heights = row_heights(names)
    grid = figure.add_gridspec(len(heights), PANELS, height_ratios=heights)
    panels = {FRECHET: figure.add_subplot(grid[0, :])} if FRECHET in names else {}
    first = len(panels)
    for place, name in enumerate(name for name in names if name != FRECHET):
        panels[name] = figure.add_subplot(grid[first + place // PANELS, place % PANELS])
    return panels


def _probe_lines(axes: Axes, shown: Curves, look: ArmStyle) -> None:
    every = max(1, len(shown.medians) // 10)
    _lines(axes, shown, look, 0.18, color=look.colour, linestyle=look.line, linewidth=1.2,
           marker=look.marker, markersize=3.2, markevery=every)  # fmt: skip


def _trace_panel(axes: Axes, shown: Curves, look: ArmStyle) -> None:
    _lines(axes, shown, look, 0.3, color=look.dark, linewidth=1.1)


def _lines(axes: Axes, shown: Curves, look: ArmStyle, alpha: float, **median: Any) -> None:
    """The runs' lines and onsets, and over them their median as ``median`` says, in a band of its colour."""
    _run_lines(axes, shown.runs, look)
    onset_crosses(axes, shown.onsets)
    median_curve(axes, shown.medians, alpha, **median)


def median_curve(axes: Axes, medians: pd.DataFrame, alpha: float, **look: Any) -> None:
    """A median over runs as ``look`` says, in a band of its colour, from columns step, median, low, high."""
    if len(medians):
        low, high = medians["low"], medians["high"]
        axes.fill_between(medians["step"], low, high, color=look["color"], alpha=alpha, linewidth=0)
        axes.plot(medians["step"], medians["median"], gid="median", **look)


def _run_lines(axes: Axes, runs: pd.DataFrame, look: ArmStyle) -> None:
    """A thin line a run, all in one artist: a thousand artists take seconds. The more runs, the fainter each."""
    lines = [own[["step", "value"]].to_numpy(np.float64) for _, own in runs.groupby("seed")]
    axes.add_collection(
        LineCollection(
            lines,
            colors=look.colour,
            linewidths=0.3,
            alpha=min(0.5, max(0.12, 4 / max(1, len(lines)))),
            rasterized=len(runs) > CROWDED,
            capstyle="projecting",
            joinstyle="round",
            zorder=2,
            gid="runs",
        )
    )


def onset_places(points: pd.DataFrame, failed: pd.Series) -> pd.DataFrame:
    """Of the onsets ``failed`` (steps by seed) those in a trace: seed, step, and the run's last finite value by then.

    points: one quantity of runs, columns seed, step, value.
    """
    before = points[(points["step"] <= points["seed"].map(failed)) & np.isfinite(points["value"])]
    last = before.sort_values("step").groupby("seed")["value"].last()
    return pd.DataFrame({"seed": last.index, "step": failed.reindex(last.index).to_numpy(), "value": last.to_numpy()})


def onset_crosses(axes: Axes, onsets: pd.DataFrame) -> None:
    """An × at each, of columns step and value."""
    axes.plot(onsets["step"], onsets["value"], "x", color=INK, markersize=5, markeredgewidth=1.2, zorder=5,
              gid="onset")  # fmt: skip


def _header(axes: Axes, text: str) -> None:
    axes.annotate(text, (0.5, 1), (0, 14), xycoords="axes fraction", textcoords="offset points", ha="center", size=8)


def _update_ticks(last: int) -> list[int]:
    return [int(tick) for tick in MaxNLocator(4, integer=True).tick_values(0, last) if tick <= last]


def _surviving(axes: Axes, ticks: Sequence[int], n: int, failed: pd.Series, look: ArmStyle) -> None:
    """A row of numbers under the axis: runs that had not failed by each tick."""
    axes.tick_params(axis="x", pad=11)
    beside = (-3 - 2 * len(str(n)), -4)
    axes.annotate("n", (0, 0), beside, xycoords="axes fraction", textcoords="offset points", ha="right", va="top",
                  size=6.5, color=look.dark)  # fmt: skip
    for tick in ticks:
        left = n - int((failed <= tick).sum())
        axes.annotate(str(left), (tick, 0), (0, -4), xycoords=("data", "axes fraction"), textcoords="offset points",
                      ha="center", va="top", size=6.5, color=look.dark, gid="left")  # fmt: skip
