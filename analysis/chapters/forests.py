"""The forests of the registered contrasts: a row a contrast, and over a grid a panel a contrast."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from analysis.answer.grid_headline import at_each_point
from analysis.chapters.form import Caption, Judged, ReportFigure, row_name
from analysis.figures.effects import Drawn, ForestRow, forest, forest_rows, over_seeds
from analysis.figures.grid_forest import ContrastPanel, MeanRow, PointRow, grid_forest, grid_rows
from analysis.findings.grid_means import mean_over_grid
from analysis.results.document import ContrastResult, Effect, Findings
from analysis.results.grid_means import GridMean
from analysis.results.wording import level_text
from analysis.statistics.mean_intervals import METHOD
from analysis.tables.columns import contrast_arms


def forests(judged: Judged, name: str, title: str, contrasts: Sequence[ContrastResult]) -> Iterator[ReportFigure]:
    """Of these contrasts, those over the grid, and the others in one figure or at every grid point."""
    results = judged.findings
    whole = [contrast for contrast in contrasts if contrast.over_grid]
    at_points = [contrast for contrast in contrasts if not contrast.over_grid]
    if whole:
        yield _forest_figure(f"{name}_over_grid", title, results, whole)
    if at_points and judged.over_a_grid:
        yield _grid_figure(name, title, results, at_points)
    elif at_points:
        yield _forest_figure(name, title, results, at_points)


def _forest_figure(name: str, heading: str, results: Findings, contrasts: Sequence[ContrastResult]) -> ReportFigure:
    confidence = 1 - results.alpha
    whole = contrasts[0].over_grid
    title, units = (f"{heading} over the grid", "seeds") if whole else (heading, "pairs")
    sentences = [
        contrast.sentence if contrast.role != "secondary" else f"{contrast.name}: {contrast.sentence}"
        for contrast in contrasts
    ]
    rows = [_forest_row(contrast) for contrast in _by_effect(contrasts)]
    return ReportFigure(
        caption=Caption(
            name=name,
            title=title,
            sentences=sentences,
            text=f"Effects with {confidence:.0%} intervals, first minus second, over up to {_pairs(contrasts)} {units}"
            " each; bold: primary and co-primary. Effects in different units have axes of their own."
            + (_OVER_GRID if whole else " An arrow is an end at infinity, where runs have no value.")
            + " Holm's correction is over all tests of a role.",
            alt=f"Forest plot. {' '.join(sentences)}",
        ),
        data=forest_rows(rows),
        draw=partial(forest, rows, confidence=confidence),
    )


_OVER_GRID = (
    " Of stable grid points more is better: an effect above 0 speaks for the first arm. Updates where both learn are"
    " conditional on both having learned, and fewer is better."
)


def _forest_row(contrast: ContrastResult) -> ForestRow:
    return ForestRow(
        label=row_name(contrast.name, contrast.grid_point),
        arms=contrast_arms(contrast),
        effect=drawn(contrast.effect),
        strong=contrast.role != "secondary",
        direction=_direction(contrast),
    )


def _direction(contrast: ContrastResult) -> str:
    """What an effect above 0 means; nothing of an interaction, which is no arm's."""
    if contrast.minus is not None:
        return ""
    return f"{'better' if contrast.larger_is_better else 'worse'} for first →"


def _pairs(contrasts: Sequence[ContrastResult]) -> int:
    return max(contrast.pairs.used for contrast in contrasts)


def _by_effect(contrasts: Sequence[ContrastResult]) -> list[ContrastResult]:
    """Effects of one kind and unit side by side, in the order in which each kind first comes."""
    kinds = list(dict.fromkeys((contrast.effect.name, contrast.effect.unit) for contrast in contrasts))
    return sorted(contrasts, key=lambda contrast: kinds.index((contrast.effect.name, contrast.effect.unit)))


def _grid_figure(name: str, title: str, results: Findings, contrasts: Sequence[ContrastResult]) -> ReportFigure:
    confidence = 1 - results.alpha
    means = results.grid_means if contrasts[0].scale == "equal updates" else ()
    groups = _over_the_grid(contrasts)
    sentences = [*(at_each_point(results, group) for group in groups), *(mean.sentence for mean in means)]
    panels = [_panel(part, means) for group in groups for part in _by_unit(group)]
    return ReportFigure(
        caption=Caption(
            name=name,
            title=title,
            sentences=sentences,
            text=f"A panel a contrast, a row a grid point: effects with {confidence:.0%} intervals, first minus second,"
            f" over up to {_pairs(contrasts)} pairs each; bold title: primary and co-primary. Panels of one unit share"
            " their axis. adj. p: by Holm's correction over all tests of a role."
            + (_LANES if any(panel.endless for panel in panels) else "")
            + (_MEANS if any(panel.mean for panel in panels) else "")
            + (_UNDRAWN if any(panel.mean and not panel.mean.drawn for panel in panels) else ""),
            alt=f"Forest plots over the grid. {' '.join(sentences)}",
        ),
        data=grid_rows(panels),
        draw=partial(grid_forest, panels, factors=", ".join(contrasts[0].grid_point), confidence=confidence),
    )


_LANES = (
    " A dot in a shaded lane is an estimate at infinity; the numbers there count the pairs of which one run has a value"
    " and the other none, being not stable or never having learned; an arrow is an interval's end at infinity: runs had"
    " no value, or the pairs are too few for a finite end."
)
_MEANS = (
    " Diamond: mean over the grid of differences within the seeds that are complete at every point, times to the bar"
    " cut off at the budget; a mean, where the rows may have another estimator; interval:"
    f" {METHOD}; p by sign-flip over seeds and adjusted by max-T over the means on one outcome; exploratory."
)
_UNDRAWN = " A mean in another unit than the axis stands in numbers only."


def _over_the_grid(contrasts: Sequence[ContrastResult]) -> list[list[ContrastResult]]:
    """Each contrast at all its grid points."""
    found: dict[tuple[object, ...], list[ContrastResult]] = defaultdict(list)
    for contrast in contrasts:
        found[contrast.role, contrast.name, contrast.outcome, contrast_arms(contrast)].append(contrast)
    return list(found.values())


def _by_unit(group: Sequence[ContrastResult]) -> list[list[ContrastResult]]:
    """An interaction is of ranks at those points only where runs have no value: these have an axis of their own."""
    units = dict.fromkeys(contrast.effect.unit for contrast in group)
    return [[contrast for contrast in group if contrast.effect.unit == unit] for unit in units]


def _panel(group: Sequence[ContrastResult], means: Sequence[GridMean]) -> ContrastPanel:
    """``group``: one contrast at all grid points where it has one unit."""
    one = group[0]
    return ContrastPanel(
        title=one.name,
        arms=contrast_arms(one),
        strong=one.role != "secondary",
        direction=_direction(one),
        points=[_point_row(contrast) for contrast in group],
        mean=_mean_row(one, means),
    )


def _point_row(contrast: ContrastResult) -> PointRow:
    below = sum(math.isinf(pair.second) and math.isfinite(pair.first) for pair in contrast.values)
    above = sum(math.isinf(pair.first) and math.isfinite(pair.second) for pair in contrast.values)
    label = ", ".join(level_text(level) for level in contrast.grid_point.values())
    return PointRow(label=label, effect=drawn(contrast.effect), infinite=(below, above))


def _mean_row(contrast: ContrastResult, means: Sequence[GridMean]) -> MeanRow | None:
    mean = mean_over_grid(means, contrast)
    if mean is None:
        return None
    ranked = contrast.outcome == "final_frechet"
    return MeanRow(
        label=f"mean ({mean.unit})" if ranked else "mean",
        effect=over_seeds(mean.effect, name=mean.effect.name, unit=mean.unit),
        drawn=not ranked,
    )


def drawn(effect: Effect) -> Drawn:
    """Of a registered contrast: adjusted by Holm's method."""
    return Drawn(
        name=effect.name,
        unit=effect.unit,
        estimate=effect.estimate,
        interval=effect.interval,
        p=effect.p,
        p_adjusted=effect.p_holm,
    )
