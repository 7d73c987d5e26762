"""What a report says of registered margins."""

import csv
import html
import re
from pathlib import Path
from typing import Any

import pytest

from analysis.report.precision import precision_chapter
from analysis.report.tables import report_tables
from analysis.results.document import Results
from runs.study import Study
from tests.analysis.pages import drawing, text_report
from tests.analysis.plausible import record_study
from tests.analysis.synthetic import loaded, small_study


def with_margins(**changes: Any) -> Study:
    """Rates within .3, updates to the bar within 50, and the Fréchet distance without a margin."""
    plan = small_study().document["plan"]
    quality = {**plan["primary"], "name": "quality", "outcome": "final_frechet"}
    margins = {"primary": plan["primary"] | {"margin": 0.3}, "co_primary": plan["co_primary"] | {"margin": 50}}
    return small_study(plan={**margins, "secondaries": [quality]}, **changes)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    folder, study = tmp_path_factory.mktemp("margins"), with_margins(seeds=6)
    record_study(str(folder / "records"), study)
    return text_report(study, folder / "records", folder)


def test_chapter_on_precision_says_every_margin_and_what_has_none(report: tuple[Results, Path]) -> None:
    results, folder = report
    page = html.unescape((folder / "report.html").read_text(encoding="utf-8"))
    chapter = page[page.index("What the study could have seen") :]
    assert [found.outcome for found in results.precision.equivalence] == ["not_stable", "updates_to_bar"]
    for found in results.precision.equivalence:
        assert found.sentence in chapter
    assert "For the other contrasts no margin was registered" in chapter
    assert "Registered margins of equivalence, at equal numbers of updates" in chapter


def test_table_of_margins_has_a_row_each_in_every_format(report: tuple[Results, Path]) -> None:
    tables = report[1] / "tables"
    rows = list(csv.DictReader((tables / "equivalence.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["outcome"], row["pairs"], row["margin"], row["shown"]) for row in rows] == [
        ("rate of runs not stable", "6", "0.3", "False"),
        ("updates to the bar", "6", "50.0", "False"),
    ]
    assert float(rows[0]["90 % high"]) == 1
    assert "| no |" in (tables / "equivalence.md").read_text(encoding="utf-8")
    assert r"90 \% low" in (tables / "equivalence.tex").read_text(encoding="utf-8")


def test_study_without_margins_has_no_such_table_and_says_so(tmp_path: Path) -> None:
    data = loaded(tmp_path, small_study())
    drawn = drawing(data)
    assert "equivalence" not in report_tables(drawn)
    assert any(
        sentence.startswith("No margin was registered") for sentence in precision_chapter(drawn.results).sentences
    )


def test_margins_over_a_large_grid_are_counted_in_words_and_listed_in_the_table(tmp_path: Path) -> None:
    study = with_margins(seeds=2, grid={"beta1": [0.1, 0.5, 0.6, 0.9]})
    record_study(str(tmp_path), study)
    data = loaded(tmp_path, study)
    drawn = drawing(data)
    said = [
        sentence
        for sentence in precision_chapter(drawn.results).sentences
        if "shown to differ by less than" in sentence
    ]
    assert said == [
        "Rate of runs not stable, mlp minus dcgan: shown to differ by less than 0.3 (share of runs) at 0 of 4 grid"
        " points; the table gives each interval.",
        "Updates to the bar, mlp minus dcgan: shown to differ by less than 50 (generator updates) at 0 of 4 grid"
        " points; the table gives each interval.",
    ]
    cells = report_tables(drawn)["equivalence"].cells
    assert len(cells) == 2 * 4
    assert not re.search(r"\b(nan|inf|None)\b", cells.to_string())
    assert cells["note"].tolist()[-1] == "2 pairs are too few for an exact 90 % interval, which needs 5"
