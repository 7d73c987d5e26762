"""One visual language for every figure: type, colours, marks, and how a figure is written to files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import text_to_path

from analysis.judging.verdicts import VerdictCode
from analysis.results.verdict_words import VERDICT_WORDS

COLUMN = 3.5  # inches: one column of a two-column paper
PAGE = 7.2  # inches: both columns
INK = "#222222"
FAINT = "#767676"  # grey text that still has a contrast of 4.5 to 1 on white
RULE = "#B8B8B8"
UPDATES = "generator updates"
DPI = 200
DARKENED = 0.6
STAMP_HEIGHT = 0.13  # inches a line
STAMP_MARGIN = 0.005  # of the width
STAMP_SIZE = 5  # points

Marker = Literal["o", "s", "^", "D", "v", "P", "X", "p"]

# settings that say how matplotlib runs, not how a figure looks
_NOT_LOOKS = ("backend", "backend_fallback", "date.epoch", "interactive", "timezone", "toolbar")
_DEFAULTS = {
    name: value
    for name, value in matplotlib.rcParamsDefault.items()
    if name not in _NOT_LOOKS and not name.startswith("webagg.")
}
# all of matplotlib's settings, so that none of a user's own (his matplotlibrc, a seaborn theme) shows in a figure
RC: dict[Any, Any] = _DEFAULTS | {
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#555555",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.labelpad": 2.5,
    "axes.unicode_minus": True,
    "text.parse_math": False,  # names with a dollar sign are names
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.04,
    "figure.constrained_layout.w_pad": 0.04,
    "pdf.fonttype": 42,  # text stays text: editable, searchable, accepted by publishers
    "svg.fonttype": "path",  # the same picture wherever it is opened
    "svg.hashsalt": "gan-stability",  # the same input gives the same bytes
    "savefig.facecolor": "white",
    "figure.facecolor": "white",
}


def _shipped_fonts_first() -> None:
    """Have DejaVu Sans be the one that matplotlib ships: a system's own may have other glyphs, and be found before it.

    matplotlib keeps a list of fonts for all of a user's environments, and the first font of a name is taken.
    """
    shipped = Path(matplotlib.get_data_path(), "fonts", "ttf")
    for path in sorted(shipped.glob("DejaVuSans*.ttf")):
        fontManager.addfont(path)
    fontManager.ttflist.sort(key=lambda font: Path(font.fname).parent != shipped)


_shipped_fonts_first()

# decorates a function that draws; nothing outside the function sees these settings
styled = matplotlib.rc_context(RC)


@dataclass(frozen=True, kw_only=True)
class ArmStyle:
    """How an arm looks in every figure: each mark alone tells it from the others."""

    colour: str
    marker: Marker
    line: tuple[int, tuple[float, ...]]  # matplotlib's offset and dashes; no dashes = solid

    @property
    def dark(self) -> str:
        """The colour in a shade that stands out from many lines of it."""
        red, green, blue = to_rgb(self.colour)
        return to_hex((DARKENED * red, DARKENED * green, DARKENED * blue))


@dataclass(frozen=True, kw_only=True)
class VerdictStyle:
    """How a verdict looks: fill, letter and hatch each tell it from the others."""

    fill: str
    letter: str
    ink: str
    hatch: str
    meaning: str


# Okabe & Ito (2008), "Color Universal Design", without its yellow, which is too pale for a line on white
_COLOURS = ("#D55E00", "#E69F00", "#56B4E9", "#0072B2", "#CC79A7", "#009E73", "#5B5B5B")
_MARKERS: tuple[Marker, ...] = ("o", "s", "^", "D", "v", "P", "X", "p")
_LINES = ((0, ()), (0, (5.0, 1.5)), (0, (2.5, 1.2)), (0, (6.0, 1.5, 1.2, 1.5)), (0, (1.2, 1.2)))

MISSING = "missing"
_FILLS = {  # fill, ink of the letter on it, hatch
    VerdictCode.STABLE: ("#CFE6DA", INK, ""),
    VerdictCode.UNSETTLED: ("#5A63A8", "white", "xxxx"),
    VerdictCode.UNLEARNED: ("#F1E2A0", INK, "...."),
    VerdictCode.COLLAPSED: ("#E98A6B", INK, "////"),
    VerdictCode.DIVERGED: ("#B7A5D6", INK, "\\\\\\\\"),
    VerdictCode.NONFINITE: ("#4A4A4A", "white", ""),
}
VERDICTS = {  # in the order in which they are drawn
    **{
        code.value: VerdictStyle(
            fill=_FILLS[code][0], letter=words.letter, ink=_FILLS[code][1], hatch=_FILLS[code][2], meaning=words.label
        )
        for code, words in VERDICT_WORDS.items()
    },
    MISSING: VerdictStyle(fill="white", letter="–", ink=FAINT, hatch="", meaning="missing"),
}


PALETTE = [
    ArmStyle(
        colour=_COLOURS[place % len(_COLOURS)],
        marker=_MARKERS[place % len(_MARKERS)],
        line=_LINES[place % len(_LINES)],
    )
    for place in range(math.lcm(len(_COLOURS), len(_MARKERS), len(_LINES)))
]


def arm_styles(declared: Sequence[str]) -> dict[str, ArmStyle]:
    """Each arm's style, decided by its place among the *declared* arms: a subset of arms keeps its looks."""
    return {arm: PALETTE[place % len(PALETTE)] for place, arm in enumerate(declared)}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches, laid out so that nothing is cut off; knows no global state."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


@styled
def lay_out(figure: Figure) -> None:
    """Give axes the place and size that they will have when drawn.

    Places are rounded: the solver's last digits depend on where its variables lie in memory.
    """
    layout = figure.get_layout_engine()
    if layout is None:
        return
    layout.execute(figure)
    for axes in figure.axes:
        left, bottom, width, height = (round(share, 6) for share in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))
        axes.set_in_layout(True)


@styled
def stamp(figure: Figure, text: str) -> None:
    """Say at the foot of the figure what it was made from; the figure grows by the height of those lines."""
    width, height = figure.get_size_inches()
    lines = _lines(text, width * (1 - 2 * STAMP_MARGIN))
    added = STAMP_HEIGHT * len(lines)
    figure.set_size_inches(width, height + added)
    share = added / (height + added)
    layout = figure.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine):
        layout.set(rect=(0, share, 1, 1 - share))
    foot = 0.15 * share / len(lines)
    figure.text(STAMP_MARGIN, foot, "\n".join(lines), size=STAMP_SIZE, color=FAINT, ha="left", va="bottom", gid="stamp")


def _lines(text: str, inches: float) -> list[str]:
    """The text in as many lines as it takes at that width."""
    lines, font = [""], FontProperties(size=STAMP_SIZE)
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        points, _, _ = text_to_path.get_text_width_height_descent(longer, font, ismath=False)
        if lines[-1] and points / 72 > inches:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@styled
def save(figure: Figure, stem: Path) -> list[Path]:
    """Write ``stem`` .svg, .pdf and .png and return their paths; the same figure gives the same bytes."""
    lay_out(figure)
    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in ("svg", "pdf", "png")]
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        # the layout is found once, not once a format; "none" would leave an engine that has each format drawn twice
        figure.set_layout_engine(None)
        for path, undated in zip(paths, ({"Date": None}, {"CreationDate": None}, None), strict=True):
            figure.savefig(path, metadata=undated, dpi=DPI)
    return paths
