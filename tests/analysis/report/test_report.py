import html
import json
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.answer.spoken import spoken
from analysis.report.__main__ import main, summary
from analysis.report.writing import write_report
from analysis.results.document import Results
from runs.errors import BAD_INPUT, UserError, report_user_errors
from runs.schema import RunConfig
from runs.store import open_store
from runs.study import STUDIES, Study, load_study, study_from_document
from tests.analysis.pages import text_report
from tests.analysis.plausible import Fate, fate_of, record_study

FIGURES = (
    "outcomes", "median_runs", "contrasts", "contrasts_equal_compute", "slopes", "probes", "samples", "training",
    "survival", "incidence", "profiles", "hopping", "specifications", "sensitivity", "losses", "outputs",
)  # fmt: skip
CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE = 390  # CSS pixels
CODE_HOST = 110  # characters a line of a page there
SCREENS = 100  # lines of text on three, beside three figures


def small(seeds: int = 3, **changes: Any) -> Study:
    document = {
        "study": "small",
        "question": "Does a convolutional <network> help & how much?",
        "seeds": seeds,
        "reference_arm": "dcgan",
        "base": {"steps": 200, "eval_every": 20, "trace_every": 2, "eval_samples": 100, "lr": 2e-4},
        "arms": {
            "mlp": {"architecture": "mlp", "normalization": "none"},
            "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
            "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
        },
        "plan": {
            "primary": {"name": "MLP or DCGAN", "outcome": "not_stable", "first": "mlp", "second": "dcgan"},
            "co_primary": {"name": "MLP or DCGAN", "outcome": "updates_to_bar", "first": "mlp", "second": "dcgan"},
            "secondaries": [
                {"name": "architecture", "outcome": "final_frechet", "first": "mlp-bn", "second": "dcgan"},
            ],
        },
    }
    return study_from_document({**document, **changes})


def with_failures(config: RunConfig, random: np.random.Generator) -> Fate:
    fate = fate_of(config, random)
    if (config.arm, config.seed) == ("mlp-bn", 1):
        return replace(fate, collapse_from=120)
    return replace(fate, halted_at=60) if (config.arm, config.seed) == ("mlp-bn", 2) else fate


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where all runs of the small study are recorded."""
    folder = tmp_path_factory.mktemp("records")
    record_study(str(folder), small(), fate=with_failures)
    return str(folder)


@pytest.fixture(scope="module")
def report(records: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Results, Path]]:
    yield write_report(small(), open_store(records), tmp_path_factory.mktemp("reports"))


class References(HTMLParser):
    """What a page would load or lead to, and the alternative texts of its images."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.alternatives: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.found += [str(values[name]) for name in ("src", "href", "srcset", "data", "poster") if name in values]
        if tag == "img":
            self.alternatives.append(str(values.get("alt", "")))


def test_the_report_is_all_there(report: tuple[Results, Path]) -> None:
    folder = report[1]
    assert folder.name == "small"
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.md", "results.json", "figures", "tables"}
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert figures >= {f"{name}.{kind}" for name in FIGURES for kind in ("svg", "pdf", "png")}
    tables = {path.suffix for path in (folder / "tables").iterdir()}
    assert tables == {".csv", ".md", ".tex"}


def test_the_page_loads_nothing_and_leads_only_within_itself(report: tuple[Results, Path]) -> None:
    page = (report[1] / "report.html").read_text(encoding="utf-8")
    references = References(page).found
    assert references
    within = {reference for reference in references if reference.startswith("#")}
    assert within <= {f"#{name}" for name in re.findall(r'<[a-z0-9]+ (?:class="\w+" )?id="([^"]+)"', page)}
    assert len(within) >= 12
    assert all(reference.startswith("data:image/") for reference in references if reference not in within)
    styles = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "@import" not in styles
    assert not re.search(r"url\((?!data:)", styles)


def test_every_image_says_what_it_shows(report: tuple[Results, Path]) -> None:
    alternatives = References((report[1] / "report.html").read_text(encoding="utf-8")).alternatives
    assert len(alternatives) >= len(FIGURES)
    assert all(len(text) > 30 for text in alternatives)


@pytest.mark.parametrize(("name", "then"), [("report.html", "Setting"), ("report.md", "Limits in short")])
def test_the_report_opens_with_the_question_and_the_answer(report: tuple[Results, Path], name: str, then: str) -> None:
    results, folder = report
    text = html.unescape((folder / name).read_text(encoding="utf-8"))
    opening = (results.question, spoken(results), *results.headline, *results.controls)
    places = [text.index(sentence) for sentence in opening]
    assert places == sorted(places)
    assert places[-1] < text.index(then)
    assert "3 of 3 mlp runs had not learned after 200 updates at lr 2e-4" in text


def test_what_a_study_says_is_text_and_not_markup(report: tuple[Results, Path]) -> None:
    page = (report[1] / "report.html").read_text(encoding="utf-8")
    assert "<network>" not in page
    assert "&lt;network&gt; help &amp; how much?" in page


def test_markdown_reads_within_three_screens_and_leads_to_all_else(report: tuple[Results, Path]) -> None:
    folder = report[1]
    text = (folder / "report.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert shown == [f"figures/{name}.svg" for name in ("outcomes", "contrasts", "median_runs")]
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert all((folder / link).exists() for link in links)
    assert set(links) >= {f"tables/{path.name}" for path in (folder / "tables").glob("*.md")}
    read = re.sub(r"!\[[^\]]+\]|<details>.*?</details>|\]\([^)]+\)", "", text, flags=re.DOTALL)
    assert sum(math.ceil(len(line) / CODE_HOST) for line in read.splitlines()) <= SCREENS


def test_results_hold_the_numbers_of_the_report(report: tuple[Results, Path]) -> None:
    results, folder = report
    read = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert read["plan_hash"] == results.plan_hash
    assert tuple(read["headline"]) == results.headline
    assert read["contrasts"][0]["rates"]["counts"] == {"a": 0, "b": 3, "c": 0, "d": 0}


def test_figures_and_tables_name_the_plan(report: tuple[Results, Path]) -> None:
    results, folder = report
    for path in (folder / "tables").iterdir():
        assert results.plan_hash in path.read_text(encoding="utf-8"), path.name


def test_the_same_record_gives_the_same_bytes(records: str, report: tuple[Results, Path], tmp_path: Path) -> None:
    _, again = write_report(small(), open_store(records), tmp_path)
    for path in sorted(path for path in again.rglob("*") if path.is_file()):
        assert path.read_bytes() == (report[1] / path.relative_to(again)).read_bytes(), path.name


def test_fewer_seeds_give_a_report_of_their_own_that_says_so(records: str, tmp_path: Path) -> None:
    results, folder = text_report(small().override(seeds=2, arms=["mlp", "dcgan"]), records, tmp_path)
    assert folder.name == "small+seeds=2+arms=mlp,dcgan"
    assert [stamp.kind for stamp in results.stamps] == ["EXPLORATORY"]
    assert "EXPLORATORY" in (folder / "report.html").read_text(encoding="utf-8")
    assert "EXPLORATORY" in (folder / "tables" / "arms.csv").read_text(encoding="utf-8")


def test_an_unfinished_study_is_interim(tmp_path: Path) -> None:
    record_study(str(tmp_path / "records"), small(), leave_out=[("mlp", 0), ("dcgan", 1), ("dcgan", 2)])
    results, folder = text_report(small(), tmp_path / "records", tmp_path)
    assert "INTERIM" in (folder / "report.html").read_text(encoding="utf-8")
    assert "seed 0" in " ".join(results.problems)


def test_a_study_with_an_arm_missing_altogether_is_reported(tmp_path: Path) -> None:
    record_study(str(tmp_path / "records"), small(), leave_out=[("dcgan", seed) for seed in range(3)])
    results, folder = text_report(small(), tmp_path / "records", tmp_path)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "no dcgan run could be compared" in page
    assert "not estimable" in page
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().split()
    assert results.counts.missing == 3


def test_a_grid_study_has_the_figures_of_every_grid_point(tmp_path: Path) -> None:
    study = small(seeds=2, grid={"beta1": [0.5, 0.9]})
    record_study(str(tmp_path / "records"), study)
    _, folder = text_report(study, tmp_path / "records", tmp_path)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "beta1 0.9" in page
    assert {"stability_map", "probes-beta1-0.5", "probes-beta1-0.9"} <= set(re.findall('<figure id="(.+?)">', page))
    for table in ("Verdicts by arm", "Matched pairs, outcome", "Registered contrasts at", "Continuous outcomes within"):
        assert f'<p class="caption">{table}' in page
    assert '<figure id="losses-beta1-0.9">' not in page and "figures/losses-…" in page  # beside the page, not in it


def test_without_a_complete_record_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no complete record"):
        text_report(small(), tmp_path / "records", tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


def test_records_of_a_study_whose_settings_were_edited_since_are_said_to_be_there(tmp_path: Path) -> None:
    before = small(seeds=2)
    record_study(str(tmp_path / "records"), before)
    base = {**before.document["base"], "steps": 2 * before.document["base"]["steps"], "lr": 1e-3}
    with pytest.raises(UserError) as raised:
        text_report(small(seeds=2, base=base), tmp_path / "records", tmp_path / "reports")
    said = str(raised.value)
    assert said.startswith("study small: no complete record in the record; complete records of its name but of cells")
    assert f"base.steps: {base['steps'] // 2} before, {base['steps']} now" in said
    assert "undo the edit, give the study another name, or train it: make stability-sweep STUDY=small" in said
    assert "\n" not in said


def test_arms_without_a_record_are_not_explained_by_those_that_the_command_line_left_out(tmp_path: Path) -> None:
    record_study(str(tmp_path / "records"), small(seeds=1), leave_out=[("mlp", 0)])
    with pytest.raises(UserError, match="study small: no complete record in the record; train it first"):
        text_report(small(seeds=1).override(arms=["mlp"]), tmp_path / "records", tmp_path)


def test_a_folder_that_is_no_report_is_left_alone(records: str, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="in the way"):
        text_report(small(), records, tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["small", "thesis.tex"]


def test_an_earlier_report_stays_until_the_new_one_is_whole(records: str, tmp_path: Path) -> None:
    _, folder = text_report(small().override(seeds=1, arms=["mlp"]), records, tmp_path)
    before = (folder / "results.json").stat().st_ino
    text_report(small().override(seeds=1, arms=["mlp"]), records, tmp_path)
    assert (folder / "results.json").stat().st_ino != before
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_the_summary_has_a_line_an_arm_and_the_primary_result(report: tuple[Results, Path]) -> None:
    lines = summary(report[0]).splitlines()
    assert lines[0].split()[:3] == ["arm", "runs", "stable"]
    assert [line.split()[:2] for line in lines[1:4]] == [["mlp", "3/3"], ["mlp-bn", "3/3"], ["dcgan", "3/3"]]
    assert any("exact McNemar p = 0.25" in line for line in lines)


def test_the_command_line_prints_the_summary_and_where_the_report_is(
    mongo_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = mongo_server.url("reports")
    study = load_study("smoke")
    record_study(url, study)
    monkeypatch.setenv("MONGO_URL", url)
    assert main(["smoke", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f"report: {tmp_path / 'smoke' / 'report.html'}" in printed
    assert (tmp_path / "smoke" / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digitz"], "unknown study 'digitz'; did you mean 'digits'?"),
        (["smoke", "--arms", "dcgam"], "unknown arm 'dcgam'"),
        (["smoke", "--seeds", "0"], "seeds=0"),
        (["smoke", "--seeds", "many"], "--seeds"),
        (["smoke"], "study smoke: no complete record"),
    ],
)
def test_bad_input_ends_in_one_line(
    arguments: list[str],
    message: str,
    mongo_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MONGO_URL", mongo_server.url("nothing"))
    assert report_user_errors(lambda: main(arguments)) == BAD_INPUT
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


def test_study_in_a_file_without_records_is_trained_by_the_path_that_was_given(
    tmp_path: Path, mongo_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGO_URL", mongo_server.url("nothing"))
    file = tmp_path / "a.yaml"
    file.write_text((STUDIES / "smoke.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(UserError, match=rf"train it first: make stability-sweep STUDY={re.escape(str(file))}$"):
        main([str(file)])


def measured_on_a_phone(page: Path, folder: Path) -> dict[str, Any]:
    """The page in a frame as wide as a phone: its own width, and the natural width of each of its images."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("chromium is not installed")
    probe = folder / "probe.html"
    content = html.escape(page.read_text(encoding="utf-8"), quote=True)
    probe.write_text(
        f"""<!doctype html><meta charset="utf-8"><iframe width="{PHONE}" height="800" srcdoc="{content}"></iframe>
        <script>
        const frame = document.querySelector("iframe");
        frame.addEventListener("load", () => {{
            const page = frame.contentDocument;
            const images = Array.from(page.images);
            document.body.dataset.measured = JSON.stringify({{
                width: page.documentElement.scrollWidth,
                shown: frame.contentWindow.innerWidth,
                images: images.map(image => image.naturalWidth),
                widest: Math.max(...Array.from(page.querySelectorAll("p, li, h1, h2, h3, dd"))
                    .map(element => element.getBoundingClientRect().right)),
            }});
        }});
        </script>""",
        encoding="utf-8",
    )
    command = [
        chromium,
        *CHROMIUM,
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=10000",
        "--dump-dom",
    ]
    done = subprocess.run([*command, probe.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    measured = re.search(r'data-measured="([^"]*)"', done.stdout)
    assert measured, done.stderr
    return json.loads(html.unescape(measured.group(1)))


@pytest.mark.chromium
def test_the_page_fits_a_phone_and_shows_all_its_images(report: tuple[Results, Path], tmp_path: Path) -> None:
    page = report[1] / "report.html"
    measured = measured_on_a_phone(page, tmp_path)
    assert measured["width"] <= measured["shown"] == PHONE
    assert measured["widest"] <= PHONE
    assert len(measured["images"]) == len(References(page.read_text(encoding="utf-8")).alternatives)
    assert all(width > 100 for width in measured["images"])
