"""What a report says beyond its registered contrasts, for studies in which some of it cannot be estimated."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Text

from analysis.chapters.quality import quality
from analysis.chapters.setting import setting
from analysis.chapters.times import times
from analysis.judging.study_data import StudyData
from analysis.report.writing import write_report
from analysis.results.document import Results
from analysis.tables.formats import Table
from runs.store import open_store
from runs.study import Study
from tests.analysis.pages import contents, text_report
from tests.analysis.plausible import record_study
from tests.analysis.synthetic import Behaviour, judged, loaded, record, recorded, small_study

NO_NUMBER = re.compile(r"\b(?:nan|NaN|inf|NotEstimable|None(?! of these))\b.{0,40}")
CROSSED = {
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
    "dcgan-nobn": {"architecture": "dcgan", "normalization": "none"},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
}
MIXED: list[Behaviour] = ["stable", "collapsed", "diverged", "stable", "unlearned", "nonfinite"]


def tables_of(data: StudyData) -> dict[str, Table]:
    return contents(data).tables()


def said(page: Path) -> str:
    """The text of a page: no scripts, no pictures, no markup."""
    text = re.sub(r"<(script|style).*?</\1>|base64,[^\"]*", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def reported(folder: Path, study: Study, **left_out: Any) -> tuple[Results, Path]:
    record_study(str(folder / "records"), study, **left_out)
    return text_report(study, folder / "records", folder)


def crossed_study() -> Study:
    return small_study(seeds=3, arms=CROSSED, grid={"beta1": [0.5, 0.9]})


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """A 2 x 2 study over a grid of two points, one of its runs missing; its pictures are drawn."""
    folder, study = tmp_path_factory.mktemp("crossed"), crossed_study()
    record_study(str(folder / "records"), study, leave_out=[("mlp-bn", 0)])
    return write_report(study, open_store(str(folder / "records")), folder)


def test_every_chapter_opens_on_demand_and_shows_its_sentences(crossed: tuple[Results, Path]) -> None:
    folder = crossed[1]
    page = html.unescape((folder / "report.html").read_text(encoding="utf-8"))
    written = (folder / "report.md").read_text(encoding="utf-8")
    for chapter in contents(loaded(folder.parent / "records", crossed_study())).further:
        assert f'<summary>{chapter.title}<span class="gist">{chapter.gist}</span></summary>' in page
        assert f"- **{chapter.title}**: {chapter.gist}" in written
        assert [sentence for sentence in chapter.sentences if sentence not in page] == []


def test_main_story_comes_before_what_is_exploratory_and_the_explorer_where_training_is_told(
    crossed: tuple[Results, Path],
) -> None:
    page = (crossed[1] / "report.html").read_text(encoding="utf-8")
    order = [
        *('id="setting"', 'id="part-outcomes"', 'id="part-training-as-it-went"', "Explore the traces"),
        *('id="part-registered-contrasts"', 'id="beyond"', 'id="provenance"'),
    ]
    places = [page.index(mark) for mark in order]
    assert places == sorted(places)


def test_each_folded_part_has_its_line_in_an_index(crossed: tuple[Results, Path]) -> None:
    folder = crossed[1]
    page = html.unescape((folder / "report.html").read_text(encoding="utf-8"))
    index = page[page.index('id="beyond"') :].partition("</nav>")[0]
    linked = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', index)
    parts = contents(loaded(folder.parent / "records", crossed_study())).further
    assert [title for _, title in linked] == [part.title for part in parts]
    assert all(f'<div class="inside" id="{anchor}">' in page for anchor, _ in linked)


def test_a_crossed_grid_has_effects_trends_and_a_map_with_its_sentences(crossed: tuple[Results, Path]) -> None:
    folder = crossed[1]
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert {"factors", "trends", "stability_map", "specifications-beta1-0.9", "survival-beta1-0.5"} <= drawn
    assert {"probes-beta1-0.5", "probes-beta1-0.9", "losses-beta1-0.9"} <= drawn
    page = said(folder / "report.html")
    assert "mlp: every run stable at " in page and "dcgan: every run stable at " in page
    assert "mean over the grid" in (folder / "tables" / "factors.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("left_out", [[], ["dcgan"]])
def test_what_cannot_be_estimated_is_said_in_words(tmp_path: Path, seeds: int, left_out: list[str]) -> None:
    missing = [(arm, seed) for arm in left_out for seed in range(seeds)]
    study = small_study(seeds=seeds)
    results, folder = reported(tmp_path, study, leave_out=missing)
    for page in ("report.html", "report.md"):
        assert not NO_NUMBER.findall(said(folder / page))
    assert all(results.chapters[chapter.name].gist for chapter in contents(loaded(tmp_path / "records", study)).further)


def test_pages_of_a_crossed_grid_hold_no_value_that_is_no_number(crossed: tuple[Results, Path]) -> None:
    assert not NO_NUMBER.findall(said(crossed[1] / "report.html"))


def test_without_any_run_every_chapter_still_says_why(tmp_path: Path) -> None:
    chapters = contents(loaded(tmp_path, small_study())).further
    assert [chapter.gist for chapter in chapters if not chapter.gist] == []
    assert not NO_NUMBER.findall(" ".join(chapter.gist for chapter in chapters))


def test_the_caption_says_which_test_of_times_to_read(tmp_path: Path) -> None:
    table = tables_of(recorded(tmp_path, small_study(seeds=6), {"mlp": MIXED, "dcgan": ["stable"] * 6}))
    pairs = table["time_to_event_pairs"]
    assert "exact sign test on who was first is the one to read" in pairs.caption
    row = pairs.frame.set_index("clock").loc["to failure"]
    assert (row["first earlier"], row["second earlier"], row["pairs"]) == (3, 0, 5)
    assert row["sign test p"] == 2 * 0.5**3


def test_reasons_stand_in_the_note_of_a_table(tmp_path: Path) -> None:
    tables = tables_of(recorded(tmp_path, small_study(), {"mlp": ["unlearned"] * 8, "dcgan": ["stable"] * 8}))
    rows = tables["time_to_event_arms"].cells.set_index(["arm", "clock"])["note"]
    assert rows["mlp", "to learning"] == "0 events; not estimable"
    assert rows["mlp", "to failure"] == "no runs"
    quality = tables["quality"].cells.set_index("arm")["note"]
    assert quality["mlp"] == "no finite interquartile mean, as 8 of 8 runs were not stable"
    assert quality["dcgan"] == "–"


def test_runs_at_risk_stand_in_the_row_of_their_arm_on_both_clocks(tmp_path: Path) -> None:
    ends: list[Behaviour] = ["stable", "stable", "collapsed"]
    data = recorded(tmp_path, small_study(seeds=3), {"mlp": ["unlearned"] * 3, "dcgan": ends})
    figure = times(judged(data)).figures[0]
    drawn = figure.draw()
    at_risk = [text for text in drawn.findobj(Text) if text.get_gid() == "at-risk"]
    failure = [text for text in at_risk if text.axes is drawn.axes[1]]
    rows: dict[float, list[str]] = {}
    for text in failure:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    heading, mlp, dcgan = (rows[height] for height in sorted(rows, reverse=True))
    assert heading == ["at risk"]
    assert set(mlp) == {"0"}
    assert dcgan[0] == "3"


def test_a_log_axis_of_distances_is_labelled_in_plain_numbers(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=6), {"mlp": MIXED, "dcgan": ["stable"] * 6})
    for figure in quality(judged(data)).figures:
        drawn = figure.draw()
        drawn.canvas.draw()
        labels = [text.get_text() for text in drawn.axes[0].get_xticklabels(which="both")]
        assert not any("$" in label for label in labels)


@pytest.mark.parametrize(("lr_d", "columns"), [(None, {"lr": "2e-4"}), (1e-3, {"lr g": "2e-4", "lr d": "1e-3"})])
def test_one_learning_rate_has_one_column(tmp_path: Path, lr_d: float | None, columns: dict[str, str]) -> None:
    study = small_study(seeds=1)
    if lr_d is not None:
        base = {name: value for name, value in study.document["base"].items() if name != "lr"}
        study = small_study(seeds=1, base={**base, "lr_g": 2e-4, "lr_d": lr_d})
    frame = setting(judged(loaded(tmp_path, study))).tables[0].frame
    assert {name: frame[name].iloc[0] for name in frame if str(name).startswith("lr")} == columns


def test_settings_that_only_the_grid_changes_are_not_said_twice(tmp_path: Path) -> None:
    study = small_study(seeds=1, grid={"lr": [2e-4, 1e-3]})
    for arm, point in ((arm, point) for arm in study.arms for point in study.grid_points()):
        record(str(tmp_path), study, arm, 0, point=point)
    frame = setting(judged(loaded(tmp_path, study))).tables[0].frame
    assert frame["arm"].tolist() == ["mlp", "dcgan"]  # all else is the same at both rates
    assert not any(str(name).startswith("lr") for name in frame)


def test_arms_whose_networks_differ_over_the_grid_have_a_row_a_grid_point(tmp_path: Path) -> None:
    study = small_study(seeds=1, grid={"lr": [2e-4, 1e-3]})
    record(str(tmp_path), study, "mlp", 0, point={"lr": 2e-4})
    frame = setting(judged(loaded(tmp_path, study))).tables[0].frame
    assert frame["lr"].tolist() == ["2e-4", "2e-4", "1e-3", "1e-3"]  # without a run a network's size is not known
