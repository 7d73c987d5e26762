"""Sample sheets: images of the same fixed z, arm beside arm; every seed is shown, or the best, median and worst."""

# S seeds, P probes, K images, C channels, H height, W width

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.figures.style import MISSING, PAGE, UPDATES, VERDICTS, ArmStyle, new_figure, styled

Images = NDArray[np.uint8]

ARMS_PER_ROW = 3
COLUMNS = 10  # images a run in a sheet of arms
STEPS = 11  # at most, in a sheet of training
GAP = 1  # white pixels between images


def tile(rows: Sequence[Images]) -> Images:
    """Images (K, C, H, W) of each row as one picture (height, width, 3), with GAP white pixels between them."""
    lines = []
    for images in rows:
        k, channels, height, width = images.shape
        framed = np.full((k, 3, height + GAP, width + GAP), 255, dtype=np.uint8)
        framed[:, :, :height, :width] = np.broadcast_to(images, (k, 3, height, width)) if channels == 1 else images
        lines.append(framed.transpose(2, 0, 3, 1).reshape(height + GAP, k * (width + GAP), 3))
    return np.concatenate(lines)[:-GAP, :-GAP]


@styled
def sample_sheet(
    finals: Mapping[tuple[str, int], Images],
    verdicts: Mapping[tuple[str, int], str],
    *,
    arms: Sequence[str],
    seeds: Sequence[int],
    styles: Mapping[str, ArmStyle],
) -> Figure:
    """Samples at the last probe: a block an arm, a row a seed, a column one of the first fixed z.

    finals: images (K, C, H, W) by arm and seed; a run that is missing leaves an empty row. The letter at the end of a
    row is the run's verdict.
    """
    shape = next(iter(finals.values())).shape[1:]
    per_row = min(ARMS_PER_ROW, len(arms))
    block_rows = math.ceil(len(arms) / per_row)
    tile_inches = (PAGE / per_row - 0.5) / COLUMNS
    figure = new_figure(PAGE, block_rows * (0.28 + len(seeds) * tile_inches * shape[1] / shape[2]))
    grid = figure.subplots(block_rows, per_row, squeeze=False)
    for axes, arm in zip(grid.ravel(), arms, strict=False):
        rows = [_first(finals.get((arm, seed)), COLUMNS, shape) for seed in seeds]
        show(axes, tile(rows))
        places = middles(len(seeds), shape[1])
        axes.set_yticks(places, [str(seed) for seed in seeds])
        axes.set_ylabel("seed")
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
        for y, seed in zip(places, seeds, strict=True):
            _letter(axes, y, verdicts.get((arm, seed), MISSING))
    for axes in grid.ravel()[len(arms) :]:
        axes.axis("off")
    return figure


def _first(images: Images | None, k: int, shape: tuple[int, ...]) -> Images:
    return np.full((k, *shape), 255, dtype=np.uint8) if images is None else images[:k]


def show(axes: Axes, picture: Images) -> None:
    """The picture (height, width, 3) alone, without a frame; of ticks those of y are left to the caller."""
    axes.imshow(picture, interpolation="none", aspect="equal")
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _letter(axes: Axes, y: float, verdict: str) -> None:
    look = VERDICTS[verdict]
    chip = {"boxstyle": "square,pad=0.15", "facecolor": look.fill, "edgecolor": "none"}
    axes.annotate(look.letter, (1, y), (7, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                  ha="center", va="center", size=6, color=look.ink, bbox=chip)  # fmt: skip


@styled
def median_sheet(
    images: Mapping[str, Images],
    labels: Mapping[str, str],
    verdicts: Mapping[str, str],
    *,
    styles: Mapping[str, ArmStyle],
) -> Figure:
    """One run of each arm: a strip of images of the first fixed z, under the arm's name and what run it is.

    images: (K, C, H, W) by arm. The letter at the end of a strip is the run's verdict.
    """
    height, width = max((strip.shape[-2:] for strip in images.values()), key=lambda shape: shape[0] / shape[1])
    per_row = min(2, len(images))
    block_rows = math.ceil(len(images) / per_row)
    inches = (PAGE / per_row - 0.3) / COLUMNS
    figure = new_figure(PAGE, block_rows * (0.36 + inches * height / width))
    grid = figure.subplots(block_rows, per_row, squeeze=False)
    for axes, (arm, strip) in zip(grid.ravel(), images.items(), strict=False):
        show(axes, tile([strip[:COLUMNS]]))
        axes.set_yticks([])
        axes.set_title(arm, weight="bold", color=styles[arm].dark, pad=14)
        axes.annotate(labels[arm], (0, 1), (0, 3), xycoords="axes fraction", textcoords="offset points", va="bottom",
                      size=7)  # fmt: skip
        _letter(axes, (strip.shape[-2] - 1) / 2, verdicts[arm])
    for axes in grid.ravel()[len(images) :]:
        axes.axis("off")
    return figure


@styled
def training_sheet(
    steps: Sequence[int], images: Mapping[str, Images], *, rows: int, styles: Mapping[str, ArmStyle]
) -> Figure:
    """One seed of every arm over training: a column a probe, and ``rows`` rows an arm, each one fixed z.

    steps: of the probes (P,), in generator updates. images: (P, K, C, H, W) by arm; at most STEPS probes are shown,
    the first and the last among them.
    """
    shown = shown_probes(len(steps))
    height, width = next(iter(images.values())).shape[-2:]
    per_row = min(2, len(images))
    block_rows = math.ceil(len(images) / per_row)
    inches = (PAGE / per_row - 0.2) / len(shown)
    figure = new_figure(PAGE, block_rows * (0.55 + rows * inches * height / width))
    grid = figure.subplots(block_rows, per_row, squeeze=False)
    for axes, (arm, of_arm) in zip(grid.ravel(), images.items(), strict=False):
        show(axes, tile([of_arm[shown, z] for z in range(rows)]))
        axes.set_yticks([])
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
        axes.set_xticks(middles(len(shown), width), [str(steps[probe]) for probe in shown], size=6)
        axes.set_xlabel(UPDATES)
    for axes in grid.ravel()[len(images) :]:
        axes.axis("off")
    return figure


def shown_probes(n: int) -> list[int]:
    """Positions of at most STEPS of ``n`` probes, evenly spread, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, n - 1, min(STEPS, n))})


def middles(n: int, size: int) -> list[float]:
    """Pixel coordinates of the middles of ``n`` images in a row."""
    return [(place + 0.5) * (size + GAP) - GAP / 2 - 0.5 for place in range(n)]


def chosen_seeds(distances: Mapping[int, float], most: int) -> list[int]:
    """All seeds if they are at most ``most``, else those of the best, the median and the worst final distance."""
    if len(distances) <= most:
        return sorted(distances)
    ranked = sorted(distances, key=lambda seed: (math.isnan(distances[seed]), distances[seed], seed))
    return [ranked[0], median_seed(distances), ranked[-1]]


def median_seed(distances: Mapping[int, float]) -> int:
    """The seed in the middle by final distance, the lower one of two; NaN ranks last."""
    ranked = sorted(distances, key=lambda seed: (math.isnan(distances[seed]), distances[seed], seed))
    return ranked[(len(ranked) - 1) // 2]
