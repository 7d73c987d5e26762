"""Figures of times: Kaplan-Meier curves with the runs at risk, and cumulative incidence by cause."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.counting import counted
from analysis.figures.parts import arm_legend
from analysis.figures.style import FAINT, PAGE, UPDATES, VERDICTS, ArmStyle, new_figure, styled
from analysis.statistics import CumulativeIncidence, Durations, SurvivalCurve

LINE = 8.5  # points between the rows of runs at risk
PANELS_PER_ROW = 3
NO_FAILURE = "no run failed"


@dataclass(frozen=True, kw_only=True)
class SurvivalPanel:
    """One clock of all arms: the share of runs without the event, and how many are still watched, by arm."""

    title: str
    share: str  # name of the y axis
    clock: str  # name of the x axis, which counts generator updates
    samples: Mapping[str, Durations]  # of the same arms in every panel, in one order; empty where no run is watched
    curves: Mapping[str, SurvivalCurve]

    @property
    def last(self) -> float:
        """The longest that a run was watched; 1 where none was."""
        return max((float(sample.time.max()) for sample in self.samples.values() if sample.n), default=0.0) or 1.0

    @property
    def nothing(self) -> str:
        """What is said of a clock without any event; empty of others."""
        if any(sample.observed.any() for sample in self.samples.values()):
            return ""
        watched = sum(sample.n for sample in self.samples.values())
        return f"{self.title}: no event\namong {counted(watched, 'run')} watched"

    def steps(self, arm: str) -> pd.DataFrame:
        """An arm's curve up to the end of the axis, each share from its time on: time, share, low, high."""
        curve = self.curves[arm]
        none = np.full(len(curve.times), np.nan)
        steps = {
            "time": curve.times,
            "share": curve.survival,
            "low": none if curve.low is None else curve.low,
            "high": none if curve.high is None else curve.high,
        }
        made = pd.DataFrame(steps)
        return pd.concat([made, made.tail(1).assign(time=max(self.last, float(curve.times[-1])))], ignore_index=True)

    def censored(self, arm: str) -> pd.DataFrame:
        """Where runs of an arm were watched no longer, and the share there."""
        sample = self.samples[arm]
        times = np.unique(sample.time[~sample.observed])
        return pd.DataFrame({"time": times, "share": [self.curves[arm].survival_at(float(time)) for time in times]})


def survival_rows(panels: Sequence[SurvivalPanel]) -> dict[str, pd.DataFrame]:
    """What :func:`survival_curves` draws of them; of a clock without an event, what it says."""
    drawn = [(panel, arm) for panel in panels if not panel.nothing for arm in panel.curves]
    return {
        "curve": _of_arms([(panel.title, arm, panel.steps(arm)) for panel, arm in drawn]),
        "censored": _of_arms([(panel.title, arm, panel.censored(arm)) for panel, arm in drawn]),
        "sentence": pd.DataFrame([{"text": panel.nothing} for panel in panels if panel.nothing]),
    }


def _of_arms(frames: Sequence[tuple[str, str, pd.DataFrame]]) -> pd.DataFrame:
    """One below another, with the names of the panel and of the arm before each."""
    named = [frame.assign(panel=panel, arm=arm) for panel, arm, frame in frames]
    return pd.concat(named, ignore_index=True) if named else pd.DataFrame()


@styled
def survival_curves(panels: Sequence[SurvivalPanel], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """Kaplan-Meier curves: a panel a clock, a step line an arm with its pointwise band where it has one.

    Upright marks are runs that were censored there. Under each axis stand the numbers of runs at risk. Of a clock
    without any event a sentence says so.
    """
    arms = list(dict.fromkeys(arm for panel in panels for arm in panel.curves))
    rows = max(len(panel.samples) for panel in panels)
    figure = new_figure(PAGE, 2.5 + rows * LINE / 72)
    named = False
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        if panel.nothing:
            _say(axes, panel.nothing)
            continue
        for arm in panel.curves:
            _survival_line(axes, panel.steps(arm), panel.censored(arm), styles[arm])
        axes.set(xlim=(0, panel.last), ylim=(-0.02, 1.03), title=panel.title, ylabel=panel.share)
        axes.set_xlabel(f"{panel.clock} ({UPDATES})")
        _at_risk(axes, panel, styles, names=not named)
        named = True
    arm_legend(figure, {arm: styles[arm] for arm in arms})
    return figure


def _say(axes: Axes, text: str) -> None:
    """A sentence where there is nothing to draw."""
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", color=FAINT, transform=axes.transAxes, gid="none")


def _survival_line(axes: Axes, steps: pd.DataFrame, censored: pd.DataFrame, look: ArmStyle) -> None:
    axes.step(steps["time"], steps["share"], where="post", color=look.colour, linestyle=look.line, linewidth=1.2,
              gid="survival")  # fmt: skip
    if steps["low"].notna().any():
        axes.fill_between(
            steps["time"], steps["low"], steps["high"], step="post", color=look.colour, alpha=0.12, linewidth=0
        )
    if len(censored):  # marks of none would lie at the corner of the figure, and the layout would make room for them
        axes.plot(censored["time"], censored["share"], "|", color=look.colour, markersize=5, clip_on=False,
                  gid="censored")  # fmt: skip


def _at_risk(axes: Axes, panel: SurvivalPanel, styles: Mapping[str, ArmStyle], *, names: bool) -> None:
    low, high = axes.get_xlim()
    ticks = [float(tick) for tick in axes.get_xticks() if low <= tick <= high]
    axes.set_xticks(ticks)  # the axis keeps the ticks that the counts stand under
    _below(axes, 0, ticks[0], "at risk", "center", FAINT)
    for row, (arm, sample) in enumerate(panel.samples.items(), start=1):
        colour = styles[arm].dark
        if names:
            _below(axes, row, ticks[0], f"{arm}     ", "right", colour)
        for tick, count in zip(ticks, sample.at_risk(ticks), strict=True):
            _below(axes, row, tick, str(count), "center", colour)


def _below(axes: Axes, row: int, x: float, text: str, align: str, colour: str) -> None:
    axes.annotate(text, (x, 0), (0, -29 - row * LINE), xycoords=("data", "axes fraction"), textcoords="offset points",
                  ha=align, va="top", size=6.5, color=colour, gid="at-risk")  # fmt: skip


@styled
def incidence_by_cause(
    by_arm: Mapping[str, CumulativeIncidence], *, last: float, styles: Mapping[str, ArmStyle]
) -> Figure:
    """Cumulative incidence, a panel an arm: how many of the runs each cause has ended by then, on top of each other.

    Causes are verdicts; time is in generator updates since learning, ``last`` the longest that a run was watched. What
    is left white is the share of runs without any event.
    """
    per_row = min(PANELS_PER_ROW, len(by_arm))
    n_rows = math.ceil(len(by_arm) / per_row)
    figure = new_figure(PAGE, 0.4 + 1.55 * n_rows)
    grid = figure.subplots(n_rows, per_row, sharey=True, squeeze=False)
    for axes, (arm, incidence) in zip(grid.ravel(), by_arm.items(), strict=False):
        axes.set_title(f"{arm} (n = {incidence.n})", weight="bold", color=styles[arm].dark)
        if not incidence.n_events:
            _say(axes, NO_FAILURE)
            continue
        _stacked(axes, stacked(incidence, last))
        axes.set(
            xlim=(0, last),
            ylim=(0, 1),
            xlabel=f"since learning ({UPDATES})",
            ylabel="share of runs",
            yticks=[0, 0.5, 1],
        )
    for axes in grid.ravel()[len(by_arm) :]:
        axes.axis("off")
    causes = [cause.cause for cause in next(iter(by_arm.values())).causes]
    marks = [Rectangle((0, 0), 1, 1, facecolor=VERDICTS[cause].fill, hatch=VERDICTS[cause].hatch) for cause in causes]
    names = [VERDICTS[cause].meaning for cause in causes]
    figure.legend(marks, names, loc="outside upper center", ncols=len(causes))
    return figure


def _stacked(axes: Axes, incidence: pd.DataFrame) -> None:
    for cause, own in incidence.groupby("cause", sort=False):
        look = VERDICTS[str(cause)]
        axes.fill_between(own["time"], own["from"], own["to"], step="post", facecolor=look.fill, edgecolor="#6b6b6b",
                          hatch=look.hatch, linewidth=0.4, gid=f"cause-{cause}")  # fmt: skip


def stacked(incidence: CumulativeIncidence, last: float) -> pd.DataFrame:
    """The area of each cause up to the end of the axis, each share from its time on: cause, time, share, from, to."""
    times = np.append(incidence.times, last)
    base = np.zeros(len(times))
    areas = []
    for cause in incidence.causes:
        share = np.append(cause.incidence, cause.incidence[-1])
        areas.append(
            pd.DataFrame({"cause": cause.cause, "time": times, "share": share, "from": base, "to": base + share})
        )
        base = base + share
    return pd.concat(areas, ignore_index=True)


def incidence_rows(by_arm: Mapping[str, CumulativeIncidence], last: float) -> dict[str, pd.DataFrame]:
    """What :func:`incidence_by_cause` draws of them; of an arm without a failure, what it says."""
    areas = [stacked(of, last).assign(arm=arm, n=of.n) for arm, of in by_arm.items() if of.n_events]
    silent = [{"arm": arm, "n": of.n, "text": NO_FAILURE} for arm, of in by_arm.items() if not of.n_events]
    return {"area": pd.concat(areas, ignore_index=True), "sentence": pd.DataFrame(silent)}
