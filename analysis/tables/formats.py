"""A data frame as a table of a paper: CSV at full precision, Markdown, LaTeX with booktabs, cells for HTML."""

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.results.wording import number, p_number
from analysis.tables.latex import latex_table

ABSENT = "–"
LONG = 34  # characters that a cell holds in one line


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of the report.

    ``frame`` has the values at full precision; that is what CSV holds. Elsewhere three significant digits are shown, in
    the columns ``p`` more where it takes them to tell a p from ``alpha``, and ``intervals`` merges columns: name of the
    merged column -> (estimate, low, high). ``stamp`` says what the table was made from; it ends the caption, and is a
    column of the CSV.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    p: Sequence[str] = ()
    intervals: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    stamp: str = ""
    alpha: float = 0.05

    @property
    def full_caption(self) -> str:
        """The caption with the stamp."""
        return f"{self.caption} {self.stamp}".strip()

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The table as text, as Markdown, LaTeX and HTML show it."""
        merged = {estimate: name for name, (estimate, _, _) in self.intervals.items()}
        ends = {end for _, low, high in self.intervals.values() for end in (low, high)}
        shown = {}
        for column in self.frame.columns:
            if column in merged:
                parts = self.frame[list(self.intervals[merged[column]])].itertuples(index=False)
                shown[merged[column]] = [_interval_cell(*part) for part in parts]
            elif column not in ends:
                text = self._p_cell if column in self.p else cell
                shown[column] = [text(value) for value in self.frame[column]]
        return pd.DataFrame(shown, index=self.frame.index, dtype=object)

    def _p_cell(self, p: Any) -> str:
        return ABSENT if cell(p) == ABSENT else p_number(float(p), self.alpha, 3)

    @cached_property
    def numeric(self) -> list[bool]:
        """For each column of ``cells``: whether it holds numbers, which stand at the right."""
        return [column in self.intervals or _holds_numbers(self.frame[column]) for column in self.cells.columns]

    @cached_property
    def wordy(self) -> list[bool]:
        """For each column of ``cells``: whether a text in it is so long that it needs more than one line."""
        return [bool(self.cells[column].str.len().max() > LONG) for column in self.cells.columns]


def _holds_numbers(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def cell(value: Any) -> str:
    """One value as text: "–" where there is none, whole numbers in full, others to three significant digits."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ABSENT
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        return ("−" if value < 0 else "") + number(abs(float(value)))
    return str(value)


def _interval_cell(estimate: Any, low: Any, high: Any) -> str:
    if cell(estimate) == ABSENT:
        return ABSENT
    return cell(estimate) + ("" if cell(low) == ABSENT else f" [{cell(low)}, {cell(high)}]")


def to_csv(table: Table) -> str:
    """Comma-separated values at full precision, with the stamp as last column; empty where there is no value."""
    stamp = {"made_from": table.stamp} if table.stamp else {}
    return table.frame.assign(**stamp).to_csv(index=False, lineterminator="\n")


def to_markdown(table: Table) -> str:
    """A pipe table, numbers at the right, with its caption below."""
    cells = table.cells
    rule = ["---:" if numeric else "---" for numeric in table.numeric]
    rows = [[str(column) for column in cells.columns], rule, *cells.to_numpy().tolist()]
    lines = ["| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in row) + " |" for row in rows]
    return "\n".join(lines) + f"\n\n{table.full_caption}\n"


def to_latex(table: Table) -> str:
    """The table for LaTeX, with booktabs; see :func:`analysis.tables.latex.latex_table`."""
    return latex_table(table.cells, table.numeric, table.full_caption, table.name)


def write_table(table: Table, folder: Path) -> None:
    """Write the table as .csv, .md and .tex under its name."""
    for kind, text in (("csv", to_csv(table)), ("md", to_markdown(table)), ("tex", to_latex(table))):
        (folder / f"{table.name}.{kind}").write_text(text, encoding="utf-8")
