"""Figures of verdicts: what became of the runs, and how far that depends on the thresholds."""

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from analysis.figures.style import COLUMN, FAINT, MISSING, PAGE, VERDICTS, ArmStyle, new_figure, styled
from analysis.statistics import PairCounts

GAP = 0.06  # of a cell, between neighbours
LETTERED_SEEDS = 60  # with more columns a cell is too small for a letter
ONE_COLUMN_SEEDS = 12
CELL = 0.215  # inches, of a square with its gap
BELOW = 1.2  # inches, of the key and the table of pairs below the squares
KEY_ROWS = 4
WIDE_KEY = 5.0  # inches, of a figure in which the key to verdicts takes two rows


@styled
def waffle(
    verdicts: pd.DataFrame,
    *,
    rows: Sequence[str],
    seeds: Sequence[int],
    styles: Mapping[str, ArmStyle],
    pair: tuple[str, str] | None = None,
    counts: PairCounts | None = None,
) -> Figure:
    """One square a planned run, a row an arm (or cell) and a column a seed, coloured by verdict.

    verdicts: columns ``row``, ``seed``, ``verdict``; a planned run without a row there is drawn as missing.
    pair, counts: the primary pair of arms and its counts, shown as a 2 x 2 table in the margin.
    """
    found = {(run.row, run.seed): str(run.verdict) for run in verdicts.itertuples()}
    height = 0.55 + CELL * len(rows) + BELOW - 0.05
    width = COLUMN if len(seeds) <= ONE_COLUMN_SEEDS else PAGE
    figure = new_figure(width, height)
    layout = figure.add_gridspec(2, 1, height_ratios=[height - BELOW - 0.1, BELOW])
    axes = figure.add_subplot(layout[0])
    _squares(axes, [[found.get((row, seed), MISSING) for seed in seeds] for row in rows])
    _waffle_axes(axes, rows, seeds)
    _row_marks(axes, [styles[row] for row in rows])
    below = layout[1].subgridspec(1, 3, width_ratios=[1.9, 1.6, max(width - COLUMN, 0.01)])
    _verdict_key(figure.add_subplot(below[0]))
    table = figure.add_subplot(below[1])
    table.axis("off")
    if pair and counts:
        _pair_table(table, pair, counts)
    return figure


@styled
def grid_waffle(
    verdicts: pd.DataFrame,
    *,
    arms: Sequence[str],
    points: Sequence[str],
    seeds: Sequence[int],
    styles: Mapping[str, ArmStyle],
) -> Figure:
    """The squares of :func:`waffle` over a grid: a panel an arm, a row a grid point and a column a seed.

    verdicts: columns ``arm``, ``point``, ``seed``, ``verdict``.
    """
    found = {(run.arm, run.point, run.seed): str(run.verdict) for run in verdicts.itertuples()}
    names = 0.35 + 0.065 * max(map(len, points))
    per_row = max(1, min(len(arms), int((PAGE - names) / (CELL * (len(seeds) + 2)))))
    n_rows = math.ceil(len(arms) / per_row)
    panel = 0.6 + CELL * len(points)
    width = min(PAGE, max(COLUMN, names + per_row * CELL * (len(seeds) + 2)))
    key_rows = 2 if width >= WIDE_KEY else KEY_ROWS
    key = 0.1 + CELL * key_rows
    figure = new_figure(width, panel * n_rows + key)
    layout = figure.add_gridspec(n_rows + 1, 1, height_ratios=[*[panel] * n_rows, key])
    panels = [
        axes
        for row in range(n_rows)
        for axes in layout[row].subgridspec(1, per_row).subplots(sharey=True, squeeze=False)[0]
    ]
    for axes, arm in zip(panels, arms, strict=False):
        _squares(axes, [[found.get((arm, point, seed), MISSING) for seed in seeds] for point in points])
        _waffle_axes(axes, points, seeds)
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
    for axes in panels[len(arms) :]:
        axes.axis("off")
    own = 0.3 * COLUMN * math.ceil(len(VERDICTS) / key_rows)
    beside = layout[n_rows].subgridspec(1, 2, width_ratios=[own, width - own])
    _verdict_key(figure.add_subplot(beside[0]), key_rows)
    return figure


def _squares(axes: Axes, verdicts: Sequence[Sequence[str]]) -> None:
    """Squares of every row, and at the right how many of its runs were stable."""
    for y, of_row in enumerate(verdicts):
        for x, verdict in enumerate(of_row):
            _cell(axes, x, y, verdict, lettered=len(of_row) <= LETTERED_SEEDS)
        _count_stable(axes, len(of_row), y, of_row)


def _cell(axes: Axes, x: int, y: int, verdict: str, *, lettered: bool) -> None:
    look = VERDICTS[verdict]
    axes.add_patch(
        Rectangle(
            (x + GAP / 2, y + GAP / 2),
            1 - GAP,
            1 - GAP,
            facecolor=look.fill,
            edgecolor=FAINT if verdict == MISSING else "white",
            linestyle=":" if verdict == MISSING else "-",
            linewidth=0.6 if verdict == MISSING else 0,
            gid=f"run-{verdict}",
        )
    )
    if lettered:
        axes.text(x + 0.5, y + 0.52, look.letter, ha="center", va="center", size=6.5, color=look.ink)


def _count_stable(axes: Axes, x: int, y: int, verdicts: Sequence[str]) -> None:
    judged = [verdict for verdict in verdicts if verdict != MISSING]
    stable = judged.count("stable")
    axes.text(x + 0.25, y + 0.52, f"{stable}/{len(judged)}", ha="left", va="center", size=7)


def _waffle_axes(axes: Axes, rows: Sequence[str], seeds: Sequence[int]) -> None:
    width = len(seeds) + 1.6
    axes.set(xlim=(0, width), ylim=(len(rows), 0))
    axes.set_xlabel("seed", x=0.5 * len(seeds) / width)
    axes.xaxis.set_label_position("top")
    axes.xaxis.set_ticks_position("top")
    every = 1 if len(seeds) <= 20 else 5
    axes.set_xticks([x + 0.5 for x in range(0, len(seeds), every)], [str(seed) for seed in seeds[::every]])
    axes.set_yticks([y + 0.5 for y in range(len(rows))], rows)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=11)
    axes.spines[:].set_visible(False)
    axes.text(len(seeds) + 0.25, -0.15, "stable", ha="left", va="bottom", size=7)


def _row_marks(axes: Axes, styles: Sequence[ArmStyle]) -> None:
    beside = axes.transData + ScaledTranslation(-6 / 72, 0, axes.figure.dpi_scale_trans)
    for y, look in enumerate(styles):
        axes.plot(0, y + 0.5, look.marker, color=look.colour, markersize=4, clip_on=False, transform=beside)


def _verdict_key(axes: Axes, rows: int = KEY_ROWS) -> None:
    axes.axis("off")
    axes.set(xlim=(0, 4 * math.ceil(len(VERDICTS) / rows)), ylim=(rows + 0.2, -0.2))
    for place, (verdict, look) in enumerate(VERDICTS.items()):
        x, y = 4 * (place // rows), place % rows
        _cell(axes, x, y, verdict, lettered=True)
        axes.text(x + 1.2, y + 0.52, look.meaning, ha="left", va="center", size=7)


def _pair_table(axes: Axes, pair: tuple[str, str], counts: PairCounts) -> None:
    """2 x 2 table of the pairs: rows the first arm's outcome, columns the second's."""
    first, second = pair
    axes.set(xlim=(-1.7, 2), ylim=(2.1, -1.75))
    for (x, y), name in {(0, 0): "a", (1, 0): "b", (0, 1): "c", (1, 1): "d"}.items():
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor="none", edgecolor=FAINT, linewidth=0.6))
        axes.text(x + 0.5, y + 0.55, f"{name} = {getattr(counts, name)}", ha="center", va="center", size=7)
    for place, outcome in enumerate(("not\nstable", "stable")):
        axes.text(place + 0.5, -0.1, outcome, ha="center", va="bottom", size=7)
        axes.text(-0.1, place + 0.55, outcome, ha="right", va="center", size=7, linespacing=1)
    axes.text(1, -1.15, second, ha="center", va="bottom", size=7, weight="bold")
    axes.text(-1.35, 1.05, first, ha="center", va="center", size=7, weight="bold", rotation=90)


@styled
def sensitivity(rows: pd.DataFrame, *, arms: Sequence[str], styles: Mapping[str, ArmStyle]) -> Figure:
    """How verdicts move with each threshold: a column a threshold, and for each arm a bar of verdicts for each value.

    rows: columns threshold, factor, value, arm, and of each verdict, by its name, how many runs had it. Bars are
    ordered by the factor on the threshold, the registered value (× 1) in the middle. Rows without a factor have one
    bar, of verdicts with the unsettled runs counted as stable.
    """
    names = {verdict: look.meaning for verdict, look in VERDICTS.items() if look.meaning in rows}
    groups = rows.groupby("threshold", sort=False)
    figure = new_figure(PAGE, 0.85 + 0.42 * len(arms))
    panels = figure.subplots(1, groups.ngroups, sharey=True, squeeze=False)[0]
    for axes, (threshold, own) in zip(panels, groups, strict=True):
        settings = own.drop_duplicates("factor").sort_values("factor")
        factors = settings["factor"].fillna(0.0).tolist()
        for row in own.fillna({"factor": 0.0}).to_dict("records"):
            y = arms.index(row["arm"]) + 0.26 * (factors.index(row["factor"]) - (len(factors) - 1) / 2)
            _verdict_bar(axes, y, {verdict: row[name] for verdict, name in names.items()})
        values = [f"{value:.3g}".removeprefix("0") for value in settings["value"].dropna()]
        title = [str(threshold), "  ".join(values)] if values else wrap(str(threshold), 12)
        axes.set_title("\n".join(title), size=6.5)
        axes.set(xlabel="runs", xlim=(0, rows[list(names.values())].sum(axis=1).max()))
        axes.xaxis.set_major_locator(MaxNLocator(2, integer=True))
    panels[0].set_yticks(range(len(arms)), arms)
    panels[0].set_ylim(len(arms) - 0.5, -0.5)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
    for label, arm in zip(panels[0].get_yticklabels(), arms, strict=True):
        label.set_color(styles[arm].dark)
    shown = [verdict for verdict, name in names.items() if rows[name].any()]
    marks = [Rectangle((0, 0), 1, 1, **_bar_look(verdict)) for verdict in shown]
    figure.legend(marks, [VERDICTS[verdict].meaning for verdict in shown], loc="outside upper center", ncols=len(shown))
    return figure


def _verdict_bar(axes: Axes, y: float, verdicts: Mapping[str, int]) -> None:
    left = 0
    for verdict in VERDICTS:
        count = verdicts.get(verdict, 0)
        if count:
            axes.barh(y, count, left=left, height=0.22, gid=f"bar-{verdict}", **_bar_look(verdict))
            left += count


def _bar_look(verdict: str) -> dict[str, Any]:
    look = VERDICTS[verdict]
    # a hatch is drawn in the colour of the edge
    edge = "#D8D8D8" if look.ink == "white" else "#6B6B6B"
    return {"facecolor": look.fill, "hatch": look.hatch, "edgecolor": edge, "linewidth": 0.3}
