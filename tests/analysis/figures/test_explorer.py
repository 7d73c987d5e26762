import base64
import gzip
import html
import json
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from plotly.offline import get_plotlyjs

from analysis.compare.compared import compared_run
from analysis.compare.page import page
from analysis.figures.explorer import BUDGET, ExploredRun, explorer, explorer_of, significant_digits
from analysis.figures.parts import QUANTITY
from analysis.figures.style import arm_styles
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import StudyData
from runs.records import trace
from runs.schema import RunConfig, promised_steps
from runs.store import open_store
from tests.analysis.synthetic import record, recorded, small_study

CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="module")
def data(records: Path) -> StudyData:
    behaviours: Any = {"mlp": ["unlearned", "collapsed"], "dcgan": ["stable", "nonfinite"]}
    return recorded(records, small_study(seeds=2), behaviours)


@pytest.fixture(scope="module")
def fragment(data: StudyData) -> str:
    return explorer(data, judge_study(data))


def packed(page: str, name: str) -> str:
    """What the page carries under a name, as it stands there."""
    (found,) = re.findall(f'<script type="application/gzip" data-packed="{name}">(.*?)</script>', page)
    return found


def unpacked(page: str, name: str) -> str:
    return gzip.decompress(base64.b64decode(packed(page, name), validate=True)).decode()


def content(page: str) -> dict[str, Any]:
    """The data that the page's script reads."""
    return json.loads(unpacked(page, "traces"))


def updates_of(found: dict[str, Any], run: dict[str, Any], name: str) -> list[int]:
    """Updates at a trace's points, which the page keeps as differences."""
    return np.cumsum(found["shared"][run["traces"][name][0]]).tolist()


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
    found = content(fragment)
    assert [run["verdict"] for run in found["runs"]] == ["unlearned", "collapsed", "stable", "nonfinite"]
    assert [run["onset"] for run in found["runs"]] == [None, 150, None, 150]
    for run in found["runs"]:
        for name, of_run in data.series[run["id"]].items():
            if name not in QUANTITY:
                continue
            values = np.array(run["traces"][name][1], dtype=np.float64)
            assert updates_of(found, run, name) == of_run.steps.tolist()
            np.testing.assert_array_equal(np.isnan(values), ~np.isfinite(of_run.values))
            finite = np.isfinite(of_run.values)
            np.testing.assert_allclose(values[finite], of_run.values[finite], rtol=5e-4)


def test_steps_are_shown_as_updates_of_g(tmp_path: Path) -> None:
    study = small_study(
        seeds=1, base={"steps": 200, "eval_every": 10, "trace_every": 100, "eval_samples": 100, "g_steps": 3}
    )
    of_study = recorded(tmp_path, study, {"dcgan": ["collapsed"]})
    found = content(explorer(of_study, judge_study(of_study)))
    (run,) = found["runs"]
    assert (updates_of(found, run, "eval_frechet")[-1], run["onset"]) == (600, 450)


def test_plotly_comes_with_the_page_and_nothing_is_loaded(fragment: str) -> None:
    assert unpacked(fragment, "plotly") == get_plotlyjs()
    assert "<script src" not in fragment and "<link" not in fragment
    assert "showSendToCloud: false" in fragment


def test_the_same_runs_give_the_same_bytes(fragment: str, data: StudyData) -> None:
    assert explorer(data, judge_study(data)) == fragment


def test_values_keep_four_digits_and_more_where_a_trace_hardly_changes() -> None:
    assert significant_digits(np.array([0.0, 0.5, 1.0])) == 4
    assert significant_digits(np.array([-1.0, 1.0])) == 4
    assert significant_digits(np.array([100.01, 100.03, 100.02])) == 8  # 100 of an amplitude of 0.01
    assert significant_digits(np.array([45.2, 45.2])) == 4
    assert significant_digits(np.array([np.nan, np.inf])) == 4
    assert significant_digits(np.array([-1.7e308, 1.7e308])) == 4


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=50))
def test_rounding_hides_no_more_than_a_quarter_percent_of_what_a_trace_spans(values: list[float]) -> None:
    recorded_values = np.array(values)
    digits = significant_digits(recorded_values)
    span = max(values) - min(values)
    assume(span > 1e-300)
    lost = max(abs(float(f"{value:.{digits}g}") - value) for value in values)
    assert digits >= 4
    assert lost <= span / 400 + 4 * math.ulp(max(map(abs, values)))


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


def test_the_explorer_of_a_hundred_long_runs_is_below_five_megabytes_and_the_caption_says_how_thin() -> None:
    fragment = explorer_of(long_runs(100, 5000), arm_styles(["mlp"]), coloured_by="arm")
    assert len(fragment.encode()) < 5_000_000
    assert len(packed(fragment, "traces")) < 1.1 * BUDGET
    kept = len(content(fragment)["runs"][0]["traces"]["loss_d"][1])
    assert 100 < kept < 5000
    assert re.search(r"Of every \d+ recorded points of loss of D, .* the least and the greatest are drawn", fragment)
    assert "Values are rounded to 4 significant digits" in fragment


def test_few_runs_keep_every_point() -> None:
    fragment = explorer_of(long_runs(2, 1000), arm_styles(["mlp"]), coloured_by="arm")
    assert "Every recorded point is drawn." in fragment
    assert len(content(fragment)["runs"][0]["traces"]["loss_d"][1]) == 1000


def test_a_value_that_is_not_finite_is_a_gap() -> None:
    (run,) = long_runs(1, 5)
    values = [1.0, math.nan, math.inf, -math.inf, sys.float_info.max]
    series = {**run.series, "loss_d": trace(range(1, 6), values)}
    fragment = explorer_of([replace(run, series=series)], arm_styles(["mlp"]), coloured_by="arm")
    assert content(fragment)["runs"][0]["traces"]["loss_d"][1] == [1, None, None, None, None]


def test_a_study_without_a_judged_run_has_an_empty_explorer(tmp_path: Path) -> None:
    empty = recorded(tmp_path, small_study(seeds=1), {})
    assert content(explorer(empty, judge_study(empty)))["runs"] == []


def browsed(page: str, folder: Path, script: str = "", before: str = "") -> str:
    """The document in a browser without a network, when ``before``, the page and, once it has drawn, ``script`` ran."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("chromium is not installed")
    later = f"""
    const drawn = setInterval(() => {{
        if (!document.querySelector(".main-svg")) return;
        clearInterval(drawn);
        {script}
    }}, 20);"""
    file = folder / "page.html"
    parts = ('<!doctype html><meta charset="utf-8">', f"<script>{before}</script>", page, f"<script>{later}</script>")
    file.write_text("".join(parts), encoding="utf-8")
    command = [chromium, *CHROMIUM, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def folded(fragment: str) -> str:
    """The fragment in a fold, as a report has it."""
    return f"<details><summary>Explore</summary>{fragment}</details>"


def lines_in(dom: str) -> int:
    return dom.count('class="js-line"')


def state_in(dom: str) -> str:
    """What the explorer says of itself."""
    (found,) = re.findall(r'<p class="state"[^>]*>(.*?)</p>', dom)
    return found


OPEN = 'addEventListener("load", () => { document.querySelector("details").open = true; });'


@pytest.mark.chromium
def test_the_lines_of_all_runs_are_drawn_when_the_fold_opens(fragment: str, tmp_path: Path) -> None:
    dom = browsed(folded(fragment), tmp_path, before=OPEN)
    assert 'class="main-svg"' in dom
    assert lines_in(dom) == 4
    assert "Fréchet distance (squared feature units)" in dom
    assert state_in(dom) == ""


@pytest.mark.chromium
def test_nothing_is_unpacked_while_the_fold_is_closed(fragment: str, tmp_path: Path) -> None:
    dom = browsed(folded(fragment), tmp_path)
    assert lines_in(dom) == 0
    assert '<div class="board" hidden="">' in dom


@pytest.mark.chromium
def test_arms_seeds_and_quantity_can_be_chosen(fragment: str, tmp_path: Path) -> None:
    choose = """
    document.querySelector('[data-choose="groups"] input[value="1"]').click();
    document.querySelector('[data-choose="seeds"] input[value="1"]').click();
    const quantity = document.querySelector('[data-choose="quantity"]');
    quantity.value = "eval_recall";
    quantity.dispatchEvent(new Event("change", { bubbles: true }));
    """
    dom = browsed(folded(fragment), tmp_path, choose, before=OPEN)
    assert lines_in(dom) == 1
    assert "recall (share of real images)" in dom


@pytest.mark.chromium
def test_what_is_drawn_is_what_was_recorded(fragment: str, data: StudyData, tmp_path: Path) -> None:
    note = """
    const [x, y] = ["x", "y"].map(name => document.querySelector(".plot").data[0][name]);
    document.body.dataset.drawn = JSON.stringify([x, y]);
    """
    found = re.search(r'data-drawn="([^"]*)"', browsed(fragment, tmp_path, note))
    assert found
    updates, values = json.loads(html.unescape(found.group(1)))
    of_run = data.series[content(fragment)["runs"][0]["id"]]["eval_frechet"]
    assert updates == of_run.steps.tolist()
    np.testing.assert_allclose(values, of_run.values, rtol=5e-4)


@pytest.mark.chromium
def test_runs_side_by_side_are_drawn_at_once(data: StudyData, records: Path, tmp_path: Path) -> None:
    store = open_store(str(records))
    of_runs = page([compared_run(data.records[run_id], store) for run_id in sorted(data.records)[:3]])
    dom = browsed(of_runs, tmp_path, "document.querySelector('[data-choose=\"groups\"] input').click();")
    assert lines_in(dom) == 2


@pytest.mark.chromium
def test_a_browser_that_cannot_unpack_says_so(fragment: str, tmp_path: Path) -> None:
    dom = browsed(fragment, tmp_path, before="delete window.DecompressionStream;")
    assert "has no DecompressionStream" in state_in(dom) and "the figures show the same traces" in state_in(dom)
    assert '<div class="board" hidden="">' in dom


@pytest.mark.chromium
def test_a_page_that_was_cut_off_says_so(fragment: str, tmp_path: Path) -> None:
    whole = packed(fragment, "traces")
    dom = browsed(fragment.replace(whole, whole[: len(whole) // 8 * 4]), tmp_path)
    assert state_in(dom).startswith("This browser cannot unpack these lines (")
