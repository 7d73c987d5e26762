"""Features against what became of runs: at the end, and along training."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.parts import arm_legend, log_axis
from analysis.figures.style import PAGE, UPDATES, ArmStyle, lay_out, new_figure, styled


@styled
def quality_over_features(runs: pd.DataFrame, *, arms: Sequence[str], styles: Mapping[str, ArmStyle]) -> Figure:
    """A point a run: filled if it ended stable. runs: arm, accuracy, untrained, final_frechet, stable.

    Left over the trained features' accuracy, right over what training has added to it.
    """
    figure = new_figure(PAGE, 2.9)
    panels = figure.subplots(1, 2, sharey=True)
    shown = runs.assign(added=runs["accuracy"] - runs["untrained"])
    for axes, column, label in zip(
        panels, ("accuracy", "added"), ("accuracy of trained features", "trained minus untrained"), strict=True
    ):
        for arm in arms:
            look = styles[arm]
            for stable, face in ((True, look.colour), (False, "none")):
                own = shown[(shown["arm"] == arm) & (shown["stable"] == stable)]
                axes.plot(own[column], own["final_frechet"], look.marker, color=look.colour, markerfacecolor=face,
                          markersize=4, linestyle="none")  # fmt: skip
        axes.set_xlabel(label)
    log_axis(panels[0])
    panels[0].set_ylabel("final Fréchet distance")
    arm_legend(figure, {arm: styles[arm] for arm in arms})
    lay_out(figure)
    return figure


@styled
def features_over_training(
    points: pd.DataFrame, onsets: pd.DataFrame, *, arms: Sequence[str], styles: Mapping[str, ArmStyle]
) -> Figure:
    """A panel an arm, a line a run; a cross where it failed. points: arm, run_id, step, accuracy. onsets: the same."""
    figure = new_figure(PAGE, 2.3)
    for axes, arm in zip(figure.subplots(1, len(arms), sharex=True, sharey=True, squeeze=False)[0], arms, strict=True):
        own, failed = (frame[frame["arm"] == arm] for frame in (points, onsets))
        for _, run in own.groupby("run_id"):
            axes.plot(run["step"], run["accuracy"], color=styles[arm].colour, linewidth=0.7, alpha=0.6)
        axes.plot(failed["step"], failed["accuracy"], "x", color="black", markersize=4, linestyle="none")
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
        axes.set_xlabel(UPDATES)
    figure.axes[0].set_ylabel("accuracy on test images")
    lay_out(figure)
    return figure
