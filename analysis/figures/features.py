"""How well a linear classifier does on features, over the number of labels that it is given."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from analysis.figures.parts import ReferenceLine, arm_legend, draw_lines, label_lines
from analysis.figures.style import PAGE, ArmStyle, lay_out, new_figure, styled
from analysis.figures.traces import median_curve

TITLES = {"trained": "of trained discriminators", "untrained": "of the same before training"}


@styled
def feature_curves(
    curves: pd.DataFrame,
    lines: Sequence[ReferenceLine],
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
) -> Figure:
    """A panel for trained and one for untrained discriminators: median and BAND over runs, a line an arm.

    curves: features, arm, labels, median, low, high. lines: features without a GAN, with all labels.
    """
    figure = new_figure(PAGE, 2.9)
    panels = figure.subplots(1, len(TITLES), sharey=True)
    for axes, (features, title) in zip(panels, TITLES.items(), strict=True):
        for arm in arms:
            own = curves[(curves["features"] == features) & (curves["arm"] == arm)]
            look = styles[arm]
            median_curve(axes, own.rename(columns={"labels": "step"}), 0.18, color=look.colour, linestyle=look.line,
                         linewidth=1.2, marker=look.marker, markersize=3.2)  # fmt: skip
        draw_lines(axes, lines)
        axes.set_xscale("log")
        ticks = sorted(curves["labels"].unique())
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set(title=title, xlabel="labels a class")
    panels[0].set_ylabel("accuracy on test images")
    arm_legend(figure, {arm: styles[arm] for arm in arms})
    lay_out(figure)
    label_lines(panels[-1], lines)
    return figure
