import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.tables.formats import to_latex
from analysis.tables.latex import PREAMBLE, READABLE, SEPARATION, escape_latex, latex_table, layout_of
from runs.study import Study
from tests.analysis.pages import contents
from tests.analysis.plausible import record_study
from tests.analysis.synthetic import loaded, small_study

CROSSED = {
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
    "dcgan-nobn": {"architecture": "dcgan", "normalization": "none"},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
}
NARROW = ["arm", "0.5"]
WIDE = [f"a column of {number} words" for number in range(12)]
AWKWARD = " ".join(r"""\&%$#_{}~^<>|"'`[x]*-−–«»…§×±·√∞≤≥≈→‖½²³αβδκλμρστφχΔΣéø""")
TABLES = {  # such as a report has them, those of margins and of a grid too
    *(
        "arms",
        "players",
        "remarks",
        "budgets",
        "verdicts",
        "contrasts",
        "contrasts_equal_compute",
        "pairs",
        "measures",
        "time_to_event_arms",
    ),
    *("time_to_event_pairs", "factors", "trends", "quality", "spreads", "oscillation", "specifications", "precision"),
    *("equivalence", "planning", "references", "sensitivity", "runs"),
}


def table(rows: Sequence[Sequence[str]], name: str = "t") -> str:
    header, *body = rows
    return latex_table(pd.DataFrame(body, columns=header, dtype=object), [False] * len(header), "What it shows.", name)


def test_every_special_character_of_latex_is_escaped() -> None:
    special = r"\&%$#_{}~^"
    assert escape_latex(special) == r"\textbackslash{}\&\%\$\#\_\{\}\textasciitilde{}\textasciicircum{}"


def test_a_table_that_fits_is_a_float_with_columns_as_wide_as_their_texts() -> None:
    latex = table([NARROW] * 4)
    assert r"\begin{table}" in latex and r"\begin{tabular}{ll}" in latex
    assert [latex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]


def test_a_table_longer_than_a_page_goes_on_with_its_header_on_the_next() -> None:
    latex = table([NARROW] * 200)
    assert r"\begin{longtable}{ll}" in latex and r"\endhead" in latex
    assert latex.count("arm & 0.5") == 199 + 2
    assert "table}\n\\centering" not in latex


@pytest.mark.parametrize(("rows", "environment"), [(3, "sidewaystable"), (300, "landscape")])
def test_a_table_wider_than_a_page_stands_sideways(rows: int, environment: str) -> None:
    latex = table([[f"incompressible{word}" for word in "abcdefgh"]] * rows)
    assert f"\\begin{{{environment}}}" in latex and f"\\end{{{environment}}}" in latex


def test_texts_wrap_before_type_becomes_small_or_a_table_is_turned() -> None:
    layout = layout_of([["arm", "note"], ["mlp", "a remark that is much longer than a line of the page " * 4]])
    assert (layout.size, layout.sideways, layout.lines > 1) == (9, False, True)


@given(st.lists(st.lists(st.text("abc ", min_size=1, max_size=60), min_size=6, max_size=6), min_size=2, max_size=9))
def test_a_column_is_as_wide_as_its_longest_word_and_type_is_readable_where_that_fits(rows: list[list[str]]) -> None:
    layout = layout_of(rows)
    for column, width in zip(zip(*rows, strict=True), layout.widths, strict=True):
        assert max(len(word) for text in column for word in text.split(" ")) <= width
    assert layout.size >= READABLE or layout.cramped or layout_of([row[:3] for row in rows]).size >= layout.size


def test_what_fits_in_no_way_is_sideways_in_the_smallest_type() -> None:
    layout = layout_of([["x" * 100] * 5] * 2)
    assert (layout.size, layout.sideways, layout.cramped) == (6, True, True)


def whole_plan() -> Study:
    """A 2 x 2 study over a grid, with margins: its report has every table there is."""
    plan = small_study().document["plan"]
    margins = {"primary": plan["primary"] | {"margin": 0.3}, "co_primary": plan["co_primary"] | {"margin": 50}}
    return small_study(seeds=4, arms=CROSSED, grid={"beta1": [0.5, 0.9]}, plan=margins)


def compiled(tables: Sequence[str], folder: Path) -> str:
    """What pdflatex says to one document of all tables. Skips the test where it is not installed."""
    compiler = shutil.which("pdflatex")
    if compiler is None:
        pytest.skip("pdflatex is not installed")
    content = "\\clearpage\n".join(tables)
    document = f"\\documentclass{{article}}{PREAMBLE}\n\\begin{{document}}\n{content}\n\\end{{document}}\n"
    (folder / "tables.tex").write_text(document, encoding="utf-8")
    command = [compiler, "-halt-on-error", "-interaction=nonstopmode", "tables.tex"]
    done = subprocess.run(command, cwd=folder, timeout=60, capture_output=True, check=False)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-2000:]
    return said


def beyond_page(said: str) -> list[str]:
    """Complaints about tables too high for a page, and about texts that reach into the next column."""
    wide = re.findall(r"Overfull \\hbox \((.*)pt too wide\)", said)
    return [width for width in wide if float(width) > 2 * SEPARATION] + re.findall("Float too large.*", said)


def test_every_table_of_a_report_compiles_and_stays_on_its_pages(tmp_path: Path) -> None:
    study = whole_plan()
    record_study(str(tmp_path / "records"), study)
    tables = contents(loaded(tmp_path / "records", study)).tables()
    assert set(tables) >= TABLES
    assert beyond_page(compiled([to_latex(one) for one in tables.values()], tmp_path)) == []


def test_awkward_texts_compile_in_every_kind_of_table(tmp_path: Path) -> None:
    row, bracket = [AWKWARD, "5e-5"], ["[95% interval]", "[0.1, 0.2]"]
    shapes = [
        table([row, bracket, row, bracket], "short"),
        table([row, *[bracket] * 120], "long"),
        table([[*WIDE, AWKWARD], [*bracket * 6, AWKWARD]], "wide"),
        table([[*WIDE, AWKWARD], *[[*bracket * 6, AWKWARD]] * 60], "wide_and_long"),
    ]
    assert beyond_page(compiled(shapes, tmp_path)) == []
