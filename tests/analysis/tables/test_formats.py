import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.tables.formats import Table, cell, to_csv, to_latex, to_markdown, write_table

TABLE = Table(
    name="effects",
    caption="Effects of 2 arms & more, Δ in 100 %.",
    frame=pd.DataFrame(
        {
            "arm_name": ["mlp|bn", "50 % & co"],
            "n": pd.array([8, None], dtype="Int64"),
            "Δ": [1 / 3, -math.inf],
            "low": [-0.1, math.nan],
            "high": [math.inf, math.nan],
            "degraded": [True, False],
        }
    ),
    intervals={"Δ [95% interval]": ("Δ", "low", "high")},
    stamp="Plan 0123.",
)


def test_csv_keeps_full_precision_and_bears_the_stamp() -> None:
    read = pd.read_csv(io.StringIO(to_csv(TABLE)))
    assert read["Δ"][0] == 1 / 3
    assert list(read["made_from"]) == ["Plan 0123."] * 2
    assert read["low"].isna().tolist() == [False, True]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_csv_gives_every_number_back(values: list[float]) -> None:
    table = Table(name="t", caption="", frame=pd.DataFrame({"x": values}))
    assert [float(line) for line in to_csv(table).splitlines()[1:]] == values


def test_markdown_merges_intervals_and_puts_numbers_at_the_right() -> None:
    assert to_markdown(TABLE).splitlines()[:4] == [
        "| arm_name | n | Δ [95% interval] | degraded |",
        "| --- | ---: | ---: | --- |",
        r"| mlp\|bn | 8 | 0.333 [−0.1, ∞] | yes |",
        "| 50 % & co | – | −∞ | no |",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (math.nan, "–"), (pd.NA, "–"), (True, "yes"), (np.False_, "no"), (np.int64(12345), "12,345"),
        (0.123456, "0.123"), (-0.5, "−0.5"), (math.inf, "∞"), (np.float64(1234.5), "1,234"), ("a b", "a b"),
    ],
)  # fmt: skip
def test_a_cell_is_plain_text(value: object, text: str) -> None:
    assert cell(value) == text


def test_latex_shows_the_cells_with_booktabs_and_the_caption_with_the_stamp() -> None:
    latex = to_latex(TABLE)
    assert r"\begin{tabular}{lrrl}" in latex
    assert [latex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"50 \% \& co & -- & $-$$\infty$ & no \\[1pt]" in latex
    assert r"arm\_name" in latex
    assert r"\caption{Effects of 2 arms \& more, $\Delta$ in 100 \%. Plan 0123.}" in latex


def test_a_table_is_written_three_times(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["effects.csv", "effects.md", "effects.tex"]


def test_p_near_alpha_has_the_digits_that_tell_them_apart():
    frame = pd.DataFrame({"p": [0.04996, 0.0078125, None], "Holm p": [0.05004, 0.05, 1.0], "estimate": [0.04996] * 3})
    cells = Table(name="t", caption="c", frame=frame, p=("p", "Holm p"), alpha=0.05).cells
    assert cells["p"].tolist() == ["0.04996", "0.00781", "–"]
    assert cells["Holm p"].tolist() == ["0.05004", "0.05", "1"]
    assert cells["estimate"].tolist() == ["0.05"] * 3
    assert Table(name="t", caption="c", frame=frame, p=("p",), alpha=0.01).cells["p"].tolist() == [
        "0.05",
        "0.00781",
        "–",
    ]
