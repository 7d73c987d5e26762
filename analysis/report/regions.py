"""Stability regions in a report: the figure of stable grid points by seed."""

from collections.abc import Iterator
from functools import partial

from analysis.chapters.form import Caption, ReportFigure
from analysis.figures.regions import RegionPanel, stable_points
from analysis.report.drawing import Drawing
from analysis.report.forests import CONTRASTS
from analysis.results.document import ContrastResult


def region_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """Stable grid points of two arms by seed, a panel a registered contrast of two arms."""
    shown = [
        contrast
        for contrast in drawing.results.contrasts
        if contrast.stable_points is not None and contrast.minus is None and contrast.values
    ]
    if not shown:
        return
    yield ReportFigure(
        caption=Caption(
            name="stable_points",
            section=CONTRASTS,
            title="Stable grid points by seed",
            sentences=[],
            text="Left of each panel: a line a seed, from the number of grid points at which its run of the first arm"
            " ended stable to that of the second; in the colour of the arm that has more, grey where neither has. Lines"
            " within one band have one number; beside the bands, how many seeds that are. Right: each seed's"
            f" difference, and their mean (square) with its {1 - drawing.results.alpha:.0%} interval.",
            alt=" ".join(contrast.sentence for contrast in shown),
        ),
        draw=partial(stable_points, [_panel(contrast) for contrast in shown], styles=drawing.styles),
    )


def _panel(contrast: ContrastResult) -> RegionPanel:
    return RegionPanel(
        title=contrast.name,
        first=contrast.first,
        second=contrast.second,
        n_points=contrast.stable_points.n_points if contrast.stable_points else 0,
        values=contrast.values,
        effect=contrast.effect,
    )
