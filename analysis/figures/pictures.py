"""A figure written to its files, and as a page shows it."""

import base64
import io
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageColor

from analysis.figures.style import PALETTE, VERDICTS, save, stamp

PIXELS_PER_INCH = 108  # of a figure on the page: at 96 its type would be smaller than the text needs
LARGE = 100_000  # bytes of an SVG from which on the page carries the PNG, if that is smaller
COLOURS = 256  # of a PNG on the page
# colours that a page's small PNG keeps as they are, however few its pixels of them: they stand for arms and verdicts
KEPT = tuple(
    dict.fromkeys(
        (*(shade for arm in PALETTE for shade in (arm.colour, arm.dark)), *(look.fill for look in VERDICTS.values()))
    )
)
SHIFTS = np.array([1 << 16, 1 << 8, 1], dtype=np.int32)  # red, green and blue of a colour packed into a number


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure as a data URL, and its size in CSS pixels."""

    source: str
    width: int
    height: int


def filed(figure: Figure, stem: Path, about: str = "") -> list[Path]:
    """Write ``stem`` .svg, .pdf and .png and return their paths; ``about`` says at the foot what it was made from."""
    if about:
        stamp(figure, about)
    return save(figure, stem)


def written(figure: Figure, stem: Path, about: str = "") -> Picture:
    """:func:`filed`, and what a page carries of it: the SVG, or a small PNG in place of a large one."""
    svg, _, png = filed(figure, stem, about)
    content, kind = svg.read_bytes(), "image/svg+xml"
    if len(content) > LARGE:
        content, kind = min((content, kind), (_in_few_colours(png), "image/png"), key=lambda one: len(one[0]))
    width, height = (round(inches * PIXELS_PER_INCH) for inches in figure.get_size_inches())
    return Picture(source=data_url(content, kind), width=width, height=height)


def data_url(content: bytes, kind: str) -> str:
    """An address that holds the content itself; ``kind`` is its media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _in_few_colours(png: Path) -> bytes:
    """The picture as a PNG with a palette, which takes a third of the bytes."""
    small, kept, others = io.BytesIO(), [ImageColor.getrgb(colour) for colour in KEPT], COLOURS - len(KEPT)
    with Image.open(png) as image:
        picture = image.convert("RGB")
    found = picture.quantize(others, dither=Image.Dither.NONE)
    places = np.array(found)
    packed = np.asarray(picture) @ SHIFTS  # numbers are compared ten times as fast as triples
    for place, colour in enumerate(kept, start=others):
        places[packed == np.dot(colour, SHIFTS)] = place
    reduced = Image.fromarray(places).convert("P")
    palette = (found.getpalette() or [])[: 3 * others]
    reduced.putpalette([*palette, *[0] * (3 * others - len(palette)), *itertools.chain(*kept)])
    reduced.save(small, "png", optimize=True)
    return small.getvalue()
