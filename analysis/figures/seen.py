"""What networks have learned, as pictures: trained beside untrained, arm beside arm."""

# U units, K images a unit, F filters, R rows, S steps or snapshots, C channels, H height, W width

import math
from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.figures.sheets import GAP, Images, middles, show, tile
from analysis.figures.style import FAINT, PAGE, UPDATES, ArmStyle, new_figure, styled
from runs.seen import Along, ClassMoves, Seen

Floats = NDArray[np.floating]

ARMS_PER_ROW = 2
CLASSES = 10  # that have a place in a sheet of moves to classes, also where fewer are known: images of one size
SNAPSHOTS = 6  # at most, in a sheet of activations
FILTERS_PER_ROW = 8
_BETWEEN = 3 * GAP  # white pixels between an image with its gradient and the next


@styled
def guided_sheet(seen: Mapping[str, Seen], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """Of each arm's discriminator: a column a unit, and below each image that excites it the guided gradient in it."""
    pictures = {
        (arm, name): _pairs(own.images, own.gradients) for arm, one in seen.items() for name, own in one.of.items()
    }
    figure, panels = _trained_beside_untrained(pictures, styles, below=0.3)
    for (arm, name), axes in panels.items():
        own = seen[arm].of[name]
        places = middles(len(own.units), own.images.shape[-1])
        axes.set_xticks(places, [str(unit) for unit in own.units], size=5)
        axes.set_xlabel(f"unit of {own.block}")
    return figure


@styled
def filter_sheet(seen: Mapping[str, Seen], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """Of each arm's discriminator the weights of the first layer, those with the greatest norms first."""
    pictures = {(arm, name): tile(_lines(own.filters)) for arm, one in seen.items() for name, own in one.of.items()}
    return _trained_beside_untrained(pictures, styles)[0]


@styled
def interpolation_sheet(seen: Mapping[str, Seen], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """Of each arm's generator: a row a pair of latent vectors, from one to the other. An arm may have no row."""
    rows, steps, _, height, width = max(one.interpolations.shape for one in seen.values())
    figure, grid = _grid(len(seen), min(ARMS_PER_ROW, len(seen)), max(rows, 1) * height / (steps * width), below=0.3)
    for axes, (arm, one) in zip(grid, seen.items(), strict=False):
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
        if not len(one.interpolations):
            axes.axis("off")
            axes.text(0, 0.97, "images not finite", transform=axes.transAxes, color=FAINT, va="top")
            continue
        show(axes, tile(list(one.interpolations)))
        axes.set_yticks([])
        places = middles(steps, width)
        axes.set_xticks([places[0], (places[0] + places[-1]) / 2, places[-1]], ["0", "½", "1"])
        axes.set_xlabel("share of the way between two z")
    return figure


@styled
def arithmetic_sheet(moves: Mapping[str, ClassMoves], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """Of each arm's generator: a row a sample, as it is and moved by the difference of class means to each class."""
    rows, _, _, height, width = max(one.images.shape for one in moves.values())
    columns = max(CLASSES + 1, *(one.images.shape[1] for one in moves.values()))
    figure, grid = _grid(len(moves), ARMS_PER_ROW, rows * height / (columns * width), below=0.35)
    for axes, (arm, one) in zip(grid, moves.items(), strict=False):
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
        lacking = columns - one.images.shape[1]
        show(axes, tile(list(np.pad(one.images, [(0, 0), (0, lacking), *[(0, 0)] * 3], constant_values=255))))
        axes.set_yticks([])
        axes.set_xticks(middles(1 + len(one.classes), width), ["z", *(str(own) for own in one.classes)], size=5)
        axes.set_xlabel("z, and moved to each class", loc="left")
    return figure


@styled
def activation_sheet(along: Mapping[str, Along], *, styles: Mapping[str, ArmStyle]) -> Figure:
    """What one image meets in each arm's D, and one z in its G, along training: a row a block, a column a snapshot."""
    pictures = {arm: _activation_rows(one) for arm, one in along.items()}
    cells = {arm: tile(list(rows.values())) for arm, rows in pictures.items()}
    ratio = max(picture.shape[0] / picture.shape[1] for picture in cells.values())
    figure, grid = _grid(len(along), ARMS_PER_ROW, ratio, below=0.45, beside=0.6)
    for axes, (arm, rows) in zip(grid, pictures.items(), strict=False):
        side = next(iter(rows.values())).shape[-1]
        show(axes, cells[arm])
        axes.set_title(arm, weight="bold", color=styles[arm].dark)
        axes.set_yticks(middles(len(rows), side), list(rows), size=5)
        steps = along[arm].steps[_spread(len(along[arm].steps))]
        axes.set_xticks(middles(len(steps), side), [f"{step:,}" for step in steps], size=5)
        axes.set_xlabel(UPDATES)
    return figure


def _activation_rows(along: Along) -> dict[str, Images]:
    """Pictures (S, C, H, W) of one size by what they show: the image and D's blocks, G's blocks and its image."""
    shown = _spread(len(along.steps))
    size = max(64, along.image.shape[-1])
    image = np.full((len(shown), *along.image.shape), 255, dtype=np.uint8)
    image[0] = along.image
    maps = {
        f"{role} {block}": np.stack([stretched(one, size) for one in every[shown]])
        for role, blocks in (("D", along.discriminator), ("G", along.generator))
        for block, every in blocks.items()
    }
    rows = {"image": _enlarged(image, size)} | maps | {"G(z)": _enlarged(along.samples[shown], size)}
    return dict(sorted(rows.items(), key=lambda row: row[0].startswith("G")))


def _spread(count: int) -> NDArray[np.intp]:
    """Indices of at most SNAPSHOTS of so many, first and last among them."""
    return np.unique(np.linspace(0, count - 1, SNAPSHOTS).round().astype(int))


def stretched(magnitudes: Floats, size: int) -> Images:
    """A map (H, W) or units (1, U) as a grey square (1, size, size), its greatest magnitude white; white if not finite.

    Units share the width: of several that fall together the greatest shows.
    """
    if not np.isfinite(magnitudes).all():
        return np.full((1, size, size), 255, dtype=np.uint8)
    height, width = magnitudes.shape
    starts = np.arange(size) * width // size
    across = magnitudes[:, starts] if width <= size else np.maximum.reduceat(magnitudes, starts, axis=1)
    square = across[np.arange(size) * height // size]
    return (255 * square[None] / (square.max() or 1)).round().astype(np.uint8)


def _enlarged(images: Images, size: int) -> Images:
    """Images (S, C, H, W), each pixel a square."""
    places = np.arange(size) * images.shape[-1] // size
    return images[:, :, places][..., places]


def _trained_beside_untrained(
    pictures: Mapping[tuple[str, str], Images], styles: Mapping[str, ArmStyle], *, below: float = 0.0
) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """Pictures (height, width, 3) by arm and network, of which an arm has two. below: inches that ticks take."""
    per_row = min(2 * ARMS_PER_ROW, len(pictures))
    ratio = max(picture.shape[0] / picture.shape[1] for picture in pictures.values())
    figure, grid = _grid(len(pictures), per_row, ratio, below=below)
    panels = dict(zip(pictures, grid, strict=False))
    for (arm, name), axes in panels.items():
        show(axes, pictures[arm, name])
        axes.set_yticks([])
        axes.set_title(f"{arm}, {name}", weight="bold" if name == "trained" else "normal", color=styles[arm].dark)
    return figure, panels


def _grid(
    panels: int, per_row: int, ratio: float, *, below: float, beside: float = 0.0
) -> tuple[Figure, Iterator[Axes]]:
    """Axes row by row for pictures whose height over width is at most ``ratio``; those that are left over are off.

    below, beside: inches that ticks take.
    """
    rows = math.ceil(panels / per_row)
    figure = new_figure(PAGE, rows * (0.28 + below + (PAGE / per_row - 0.15 - beside) * ratio))
    grid = list(figure.subplots(rows, per_row, squeeze=False).ravel())
    for axes in grid:
        axes.set_anchor("NW")  # pictures of other heights begin at one height
    for axes in grid[panels:]:
        axes.axis("off")
    return figure, iter(grid)


def _pairs(images: Images, gradients: Images) -> Images:
    """A picture of images (U, K, C, H, W), a column a unit, with the gradients in them (U, K, C, H, W) below each."""
    pairs = [tile([images[:, k], gradients[:, k]]) for k in range(images.shape[1])]
    strip = np.full((_BETWEEN, *pairs[0].shape[1:]), 255, dtype=np.uint8)
    return np.concatenate([part for pair in pairs for part in (pair, strip)][:-1])


def _lines(filters: Images) -> list[Images]:
    """Filters (F, C, H, W) in lines of FILTERS_PER_ROW, the last one filled up with white."""
    lines = math.ceil(len(filters) / FILTERS_PER_ROW)
    whole = np.full((lines * FILTERS_PER_ROW, *filters.shape[1:]), 255, dtype=np.uint8)
    whole[: len(filters)] = filters
    return list(whole.reshape(lines, FILTERS_PER_ROW, *filters.shape[1:]))
