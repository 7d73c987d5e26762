import base64
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.figures.explorer import BUDGET, ExploredRun, explorer, explorer_of
from analysis.figures.parts import QUANTITY
from analysis.figures.style import arm_styles
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import StudyData
from runs.records import trace
from runs.schema import RunConfig, promised_steps
from tests.analysis.synthetic import record, recorded, small_study

CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    behaviours: Any = {"mlp": ["unlearned", "collapsed"], "dcgan": ["stable", "nonfinite"]}
    return recorded(tmp_path_factory.mktemp("records"), small_study(seeds=2), behaviours)


@pytest.fixture(scope="module")
def fragment(data: StudyData) -> str:
    return explorer(data, judge_study(data))


def content(fragment: str) -> dict[str, Any]:
    """The data that the fragment's script reads."""
    found = re.search(r'<script type="application/json">(.*?)</script>', fragment, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def floats(text: str) -> Any:
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def long_runs(number: int, steps: int) -> list[ExploredRun]:
    config = RunConfig(steps=steps, eval_every=50)
    random = np.random.default_rng(0)
    return [
        ExploredRun(
            group="mlp", seed=seed, point="", run_id=seed, verdict="stable", onset=None, updates_per_step=1,
            series={name: trace(at, random.random(len(at))) for name, at in promised_steps(config).items()},
        )
        for seed in range(number)
    ]  # fmt: skip


def test_every_quantity_can_be_chosen_with_its_unit(fragment: str) -> None:
    assert {one["name"]: (one["title"], one["unit"]) for one in content(fragment)["quantities"]} == QUANTITY
    assert set(re.findall(r'<option value="(\w+)"', fragment)) == set(QUANTITY)


def test_every_run_is_there_with_its_verdict_and_what_was_recorded(fragment: str, data: StudyData) -> None:
    runs = content(fragment)["runs"]
    assert [run["verdict"] for run in runs] == ["unlearned", "collapsed", "stable", "nonfinite"]
    assert [run["onset"] for run in runs] == [None, 150, None, 150]
    for run in runs:
        of_run = data.series[run["id"]]["eval_frechet"]
        place, values = run["traces"]["eval_frechet"]
        shared = np.frombuffer(base64.b64decode(content(fragment)["shared"][place]), dtype="<u4")
        assert shared.tolist() == of_run.steps.tolist()
        np.testing.assert_array_equal(floats(values), of_run.values.astype(np.float32))


def test_steps_are_shown_as_updates_of_g(tmp_path: Path) -> None:
    study = small_study(
        seeds=1, base={"steps": 200, "eval_every": 10, "trace_every": 100, "eval_samples": 100, "g_steps": 3}
    )
    of_study = recorded(tmp_path, study, {"dcgan": ["collapsed"]})
    found = content(explorer(of_study, judge_study(of_study)))
    (run,) = found["runs"]
    updates = np.frombuffer(base64.b64decode(found["shared"][run["traces"]["eval_frechet"][0]]), dtype="<u4")
    assert (updates[-1], run["onset"]) == (600, 450)


def test_plotly_comes_with_the_page_and_nothing_is_loaded(fragment: str) -> None:
    assert fragment.count("<script>/**\n* plotly.js") == 1
    assert "<script src" not in fragment and "<link" not in fragment
    assert "showSendToCloud: false" in fragment


def test_an_arm_of_any_name_is_text_and_not_markup(tmp_path: Path) -> None:
    name = "<script><b>&amp;"
    arms = {"dcgan": {"architecture": "dcgan", "width_g": 8, "width_d": 8}, name: {"architecture": "mlp"}}
    plan = {
        role: {"name": "any", "outcome": outcome, "first": name, "second": "dcgan"}
        for role, outcome in (("primary", "not_stable"), ("co_primary", "updates_to_bar"))
    }
    study = small_study(seeds=1, arms=arms, plan=plan)
    record(str(tmp_path), study, name, 0)
    of_study = recorded(tmp_path, study, {})
    page = explorer(of_study, judge_study(of_study))
    assert name not in page
    assert html.escape(name) in page
    assert [group["name"] for group in content(page)["groups"]] == [name]


def test_a_hundred_long_runs_stay_within_the_budget_and_the_caption_says_how_thin() -> None:
    page = explorer_of(long_runs(100, 5000), arm_styles(["mlp"]), coloured_by="arm")
    assert len(page) < 5_200_000 + 1.1 * BUDGET
    (kept,) = {len(floats(run["traces"]["loss_d"][1])) for run in content(page)["runs"][:1]}
    assert 100 < kept < 5000
    assert re.search(r"Of every \d+ recorded points of loss of D, .* the least and the greatest are drawn", page)


def test_few_runs_keep_every_point() -> None:
    page = explorer_of(long_runs(2, 1000), arm_styles(["mlp"]), coloured_by="arm")
    assert "Every recorded point is drawn." in page
    assert len(floats(content(page)["runs"][0]["traces"]["loss_d"][1])) == 1000


def test_a_study_without_a_judged_run_has_an_empty_explorer(tmp_path: Path) -> None:
    empty = recorded(tmp_path, small_study(seeds=1), {})
    assert content(explorer(empty, judge_study(empty)))["runs"] == []


def browsed(fragment: str, folder: Path, script: str) -> str:
    """The document after the page and then ``script`` have run in a browser without a network."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("chromium is not installed")
    page = folder / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{fragment}<script>{script}</script>', encoding="utf-8")
    command = [chromium, *CHROMIUM, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def lines_in(dom: str) -> int:
    return dom.count('class="js-line"')


@pytest.mark.chromium
def test_the_lines_of_all_runs_are_drawn(fragment: str, tmp_path: Path) -> None:
    dom = browsed(fragment, tmp_path, "")
    assert 'class="main-svg"' in dom
    assert lines_in(dom) == 4
    assert "Fréchet distance (squared feature units)" in dom


@pytest.mark.chromium
def test_arms_seeds_and_quantity_can_be_chosen(fragment: str, tmp_path: Path) -> None:
    choose = """
    document.querySelector('[data-choose="groups"] input[value="1"]').click();
    document.querySelector('[data-choose="seeds"] input[value="1"]').click();
    const quantity = document.querySelector('[data-choose="quantity"]');
    quantity.value = "eval_recall";
    quantity.dispatchEvent(new Event("change", { bubbles: true }));
    """
    dom = browsed(fragment, tmp_path, choose)
    assert lines_in(dom) == 1
    assert "recall (share of real images)" in dom
