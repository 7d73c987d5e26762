"""A table in LaTeX that fits a page: a float, a long table over several pages, upright or sideways as it needs."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PREAMBLE = r"\usepackage{array,booktabs,graphicx,longtable,pdflscape,rotating}"

PAGE = (345, 550)  # pt: width and height of the text of LaTeX's article at 10 pt
DIGIT = {9: 4.63, 8: 4.25, 7: 3.99, 6: 3.67}  # pt: sizes of type, the best first, and how wide their digits are
READABLE = 7  # pt: smaller type only where a word would not fit its column
SEPARATION = 3  # pt on each side of a column
LINE_HEIGHT = 1.25  # in sizes of the type
ROW_END = r"\\[1pt]"
CAPTION = 70  # pt of a page that caption and rules need

# about how wide characters of Computer Modern are, in digits
_WIDE = {
    **dict.fromkeys(" .,:;'|![]()ijlftrI-", 0.7),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZΔ–", 1.45),
    **dict.fromkeys("mwMW%&∞−×≈≤≥→", 1.6),
}
_OTHER = 1.05

_BETWEEN_ENDS = re.compile(r"(?<=,) (?=[^][]+\])")  # of an interval, which is rather broken before its bracket

_SIGNS = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": "$<$",
        ">": "$>$",
        "|": "$|$",
        "−": "$-$",
        "–": "--",
        "«": "``",
        "»": "''",
        "…": r"\dots{}",
        "§": r"\S{}",
        "×": r"$\times$",
        "±": r"$\pm$",
        "·": r"$\cdot$",
        "√": r"$\surd$",
        "∞": r"$\infty$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "≈": r"$\approx$",
        "→": r"$\rightarrow$",
        "‖": r"$\|$",
        "½": r"$\frac{1}{2}$",
        "²": "$^2$",
        "³": "$^3$",
        "α": r"$\alpha$",
        "β": r"$\beta$",
        "δ": r"$\delta$",
        "κ": r"$\kappa$",
        "λ": r"$\lambda$",
        "μ": r"$\mu$",
        "ρ": r"$\rho$",
        "σ": r"$\sigma$",
        "τ": r"$\tau$",
        "φ": r"$\phi$",
        "χ": r"$\chi$",
        "Δ": r"$\Delta$",
        "Σ": r"$\Sigma$",
    }
)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a table is set: size of its type in pt, whether it stands sideways, and how many pages it takes.

    widths: of the columns, in digits. lines: how many the highest row has. cramped: whether a word of it is
    wider than its column.
    """

    size: int
    sideways: bool
    widths: tuple[float, ...]
    cramped: bool
    lines: int
    pages: int


def latex_table(cells: pd.DataFrame, numeric: Sequence[bool], caption: str, name: str) -> str:
    """The table with its caption and the label tab:``name``, for a document of one column with PREAMBLE.

    ``numeric``: for each column, whether its cells stand at the right. A table that one page holds is a float, a
    longer one a longtable. Where it is too wide for a page, texts wrap, the type is smaller, or it stands sideways.
    """
    header = [str(column) for column in cells.columns]
    rows = cells.to_numpy().tolist()
    layout = layout_of([header, *rows])
    begin, end = {
        (True, False): ("\\begin{table}\n\\centering", "\\end{table}"),
        (True, True): ("\\begin{sidewaystable}\n\\centering", "\\end{sidewaystable}"),
        (False, False): ("\\begingroup", "\\endgroup"),
        (False, True): ("\\begin{landscape}", "\\end{landscape}"),
    }[layout.pages == 1, layout.sideways]
    title = f"\\caption{{{escape_latex(caption)}}}\\label{{tab:{name}}}"
    tabular = _float if layout.pages == 1 else _longtable
    lines = [
        f"% needs {PREAMBLE}",
        begin,
        f"\\fontsize{{{layout.size}}}{{{LINE_HEIGHT * layout.size:g}}}\\selectfont",
        f"\\setlength{{\\tabcolsep}}{{{SEPARATION}pt}}",
        "\\exhyphenpenalty=10000",  # 5e-5 and names of arms stay in one line
        *tabular(_columns(layout, numeric), title, _row(header), [_row(row) for row in rows]),
        end,
    ]
    return "\n".join(lines) + "\n"


def layout_of(rows: Sequence[Sequence[str]]) -> Layout:
    """The one with fewest pages of those in readable type, upright and in large type where it is the same.

    The first row is the header. What fits in no other way gets the smallest type, sideways.
    """
    texts = np.array([[_width(text) for text in row] for row in rows])
    words = np.array([[max(map(_width, text.split(" "))) for text in row] for row in rows]).max(axis=0)
    layouts = [_layout(texts, words, size, sideways) for sideways in (False, True) for size in DIGIT]
    fitting = [layout for layout in layouts if not layout.cramped] or layouts[-1:]
    return min(fitting, key=lambda layout: (layout.size < READABLE, layout.pages))


def _layout(texts: Floats, words: Floats, size: int, sideways: bool) -> Layout:
    """``texts``: width of each cell's text, rows x columns; ``words``: of the longest word of each column."""
    room = (PAGE[sideways] - 2 * SEPARATION * len(words)) / DIGIT[size]
    widths = _widths(texts.max(axis=0), words, room)
    lines = np.ceil(texts / widths).max(axis=1)
    height = LINE_HEIGHT * size * lines.sum() + len(lines)
    return Layout(
        size=size,
        sideways=sideways,
        widths=tuple(widths.tolist()),
        cramped=bool(words.sum() > room),
        lines=int(lines.max()),
        pages=math.ceil(height / (PAGE[not sideways] - CAPTION)),
    )


def _widths(longest: Floats, words: Floats, room: float) -> Floats:
    """Each column holds its longest word, and the rest of the room is shared by what their longest texts lack.

    So are the columns of an HTML table: CSS 2.1, section 17.5.2.2.
    """
    if longest.sum() <= room:
        return longest
    if words.sum() >= room:
        return words
    share = (room - words.sum()) / (longest - words).sum()
    return words + share * (longest - words)


def _width(text: str) -> float:
    return sum(_WIDE.get(character, _OTHER) for character in text)


def _columns(layout: Layout, numeric: Sequence[bool]) -> str:
    if layout.lines == 1:
        return "".join("r" if number else "l" for number in numeric)
    room = f"\\dimexpr\\linewidth-{2 * SEPARATION * len(numeric)}pt\\relax"
    return "".join(
        f">{{\\ragged{'left' if number else 'right'}\\arraybackslash}}p{{{width / sum(layout.widths):.4f}{room}}}"
        for number, width in zip(numeric, layout.widths, strict=True)
    )


def _float(columns: str, title: str, header: str, body: Sequence[str]) -> list[str]:
    """One page's table, shrunk where the text of a document is narrower than it."""
    return [
        title,
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",
        f"\\begin{{tabular}}{{{columns}}}",
        *("\\toprule", header, "\\midrule", *body, "\\bottomrule"),
        "\\end{tabular}}",
    ]


def _longtable(columns: str, title: str, header: str, body: Sequence[str]) -> list[str]:
    number = header.count(" & ") + 1
    return [
        "\\setlength{\\LTcapwidth}{\\linewidth}",
        f"\\begin{{longtable}}{{{columns}}}",
        *(f"{title}\\\\", "\\toprule", header, "\\midrule", "\\endfirsthead"),
        f"\\multicolumn{{{number}}}{{l}}{{Table \\thetable, continued}}\\\\",
        *("\\toprule", header, "\\midrule", "\\endhead", "\\bottomrule", "\\endfoot"),
        *body,
        "\\end{longtable}",
    ]


def _row(texts: Iterable[str]) -> str:
    cells = (_BETWEEN_ENDS.sub(r"\\nolinebreak[2] ", escape_latex(text)) for text in texts)
    row = " & ".join(cells)
    guard = "{}" if row.startswith("[") else ""  # a bracket would be read as an option of the rule above
    return f"{guard}{row} {ROW_END}"


def escape_latex(text: str) -> str:
    """The text with LaTeX's special characters, and signs that its fonts lack, written so that pdflatex takes them.

    Signs of other scripts than Latin, but for some Greek letters, stay as they are: LuaLaTeX and XeLaTeX take them.
    """
    return text.translate(_SIGNS)
