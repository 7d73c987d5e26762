import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.compare import page as page_module
from analysis.compare.__main__ import main, records_of_ids, records_of_pair
from analysis.compare.compared import ComparedRun, common_lines, compared_run
from analysis.compare.page import differences, page
from analysis.figures.runs import final_sheet, shown_probes, training_strip
from analysis.figures.style import arm_styles
from runs.errors import BAD_INPUT, UserError, report_user_errors
from runs.store import open_store
from runs.study import load_study
from tests.analysis.pages import EMPTY
from tests.analysis.synthetic import record, references, small_study

GRID = {"beta1": [0.5, 0.9], "lr": [1e-4, 1e-3]}


@pytest.fixture
def empty_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are written without their curves: to draw them takes nearly all of a page's time."""
    monkeypatch.setattr(page_module, "run_traces", lambda traces, **options: None)
    monkeypatch.setattr(page_module, "written", lambda figure, stem: EMPTY)


@pytest.fixture
def studied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Records of a small study, runs 1 to 4, an incomplete run 5 and a run 6 by hand; and the study's file."""
    records = tmp_path / "records"
    study = small_study(seeds=2)
    for arm, behaviour in (("mlp", "collapsed"), ("dcgan", "stable")):
        for seed in (0, 1):
            record(str(records), study, arm, seed, behaviour)  # type: ignore[arg-type]
    record(str(records), study, "mlp", 1, status="FAILED")
    record(str(records), study, "mlp", 0, info={"plan": None}, meta={"cell_key": "by-hand"})
    monkeypatch.delenv("MONGO_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(tmp_path))
    return records


def study_file(folder: Path, **changes: Any) -> str:
    """The small study as a file (JSON is YAML)."""
    path = folder / "small.yaml"
    path.write_text(json.dumps(small_study(seeds=2, **changes).document))
    return str(path)


def written(printed: str) -> str:
    return Path(printed.strip().removeprefix("comparison: ")).read_text(encoding="utf-8")


def test_runs_by_id_come_side_by_side_in_one_page_that_loads_nothing(
    studied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["3", "1"]) == 0
    text = written(capsys.readouterr().out)
    assert (studied.parent / "reports" / "compare" / "3-1" / "compare.html").is_file()
    assert (
        re.findall(r"<h3[^>]*>([^<]*)", text)
        == [
            "run 3: dcgan, seed 0",
            "run 1: mlp, seed 0",
        ]
        * 2
    )
    assert all(source.startswith("data:image/") for source in re.findall(r'<img[^>]* src="([^"]*)"', text))
    assert "<script src" not in text and "<link" not in text


@pytest.mark.usefixtures("empty_pictures")
def test_each_run_has_its_verdict_by_the_plan_that_it_was_recorded_with(studied: Path) -> None:
    store = open_store(str(studied))
    judged = [compared_run(one, store).judged for one in records_of_ids(store, [1, 3, 6])]
    assert [None if one is None else one.verdict.code.value for one in judged] == ["collapsed", "stable", None]
    text = page([compared_run(one, store) for one in records_of_ids(store, [1, 6])])
    assert "collapsed from step 150" in text and "no verdict: made without a plan" in text


def table_rows(text: str) -> list[list[str]]:
    """Cells of the table of verdicts, without their marks."""
    table = text.split('aria-label="Verdicts"')[1].split("</table>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]
    return [[re.sub(r"<span.*</span>", "", one) for one in row] for row in rows if row]


@pytest.mark.usefixtures("empty_pictures")
def test_the_table_of_verdicts_counts_in_generator_updates(tmp_path: Path) -> None:
    base = {**small_study().document["base"], "g_steps": 3}
    study = small_study(seeds=1, base=base)
    record(str(tmp_path), study, "mlp", 0, "collapsed")
    record(str(tmp_path), study, "dcgan", 0, "unlearned")
    record(str(tmp_path), study, "dcgan", 0, info={"plan": None}, meta={"cell_key": None})
    store = open_store(str(tmp_path))
    text = page([compared_run(one, store) for one in store.find()])
    assert table_rows(text) == [
        ["1", "small", "mlp", "0", "collapsed", "450", "300", "10"],
        ["2", "small", "dcgan", "0", "unlearned", "–", "never", "10"],
        ["3", "small", "dcgan", "0", "no verdict", "–", "–", "–"],
    ]


def drawn(runs: Sequence[ComparedRun], name: str) -> list[tuple[str, bool]]:
    return [(line.label, line.dashed) for line in common_lines(runs)[name]]


@pytest.mark.usefixtures("empty_pictures")
def test_lines_are_drawn_where_they_are_the_same_for_all_runs(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    strict = small_study(seeds=2, plan={**study.document["plan"], "thresholds": {"bar": 0.1}})
    others = {**references(), "held_out": {**references()["held_out"], "eval_frechet": 0.3}}
    record(str(tmp_path), study, "mlp", 0)
    record(str(tmp_path), study, "mlp", 1)
    record(str(tmp_path), strict, "dcgan", 0)
    record(str(tmp_path), study, "dcgan", 1, info={"references": others})
    store = open_store(str(tmp_path))
    first, second, third, fourth = (compared_run(one, store) for one in store.find())
    real = [(label, False) for label in ("held-out real", "half the classes", "pixel Gaussian", "constant grey")]
    assert drawn([first, second], "eval_frechet") == [*real, ("bar = 10", True)]
    assert drawn([first, third], "eval_frechet") == real
    assert drawn([first, fourth], "eval_frechet") == [*real[1:], ("bar = 10", True)]
    assert drawn([first, third], "eval_recall") == [("real", False), ("collapse", True)]
    assert "the bar is not: see the table of verdicts" in page([first, third])
    assert "the bar is not" not in page([first, second])


@pytest.mark.usefixtures("empty_pictures")
def test_a_run_by_hand_has_no_thresholds_to_draw(studied: Path) -> None:
    store = open_store(str(studied))
    by_hand, judged = (compared_run(one, store) for one in records_of_ids(store, [6, 1]))
    assert drawn([by_hand, judged], "eval_recall") == [("real", False)]
    assert "the bar is not" not in page([by_hand, judged])


@pytest.mark.usefixtures("empty_pictures")
def test_a_pair_is_found_by_its_seed_and_arms(studied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--study", study_file(studied.parent), "--pair", "seed=1", "mlp", "dcgan"]) == 0
    text = written(capsys.readouterr().out)
    assert "run 2: mlp, seed 1 · run 4: dcgan, seed 1" in text
    assert "same minibatches and the same noise" in text


def test_a_pair_whose_settings_were_edited_since_is_said_to_be_there(studied: Path) -> None:
    file = study_file(studied.parent, base={**small_study().document["base"], "steps": 400})
    with pytest.raises(UserError, match=r"no complete run of mlp at seed 1; complete .* declare: 1 \(base.steps: 200"):
        records_of_pair(open_store(str(studied)), file, ["seed=1", "mlp", "dcgan"])


def test_a_pair_of_a_grid_study_is_found_by_its_levels(tmp_path: Path) -> None:
    study = small_study(seeds=1, grid=GRID)
    for arm in ("mlp", "dcgan"):
        for point in study.grid_points():
            record(str(tmp_path / "records"), study, arm, 0, point=point)
    store, file = open_store(str(tmp_path / "records")), study_file(tmp_path, grid=GRID)
    found = records_of_pair(store, file, ["mlp", "seed=0", "lr=0.001", "dcgan", "beta1=.9"])
    assert [(one.config["arm"], one.config["lr_g"], one.config["beta1"]) for one in found] == [
        ("mlp", 1e-3, 0.9),
        ("dcgan", 1e-3, 0.9),
    ]
    with pytest.raises(UserError, match="2 grid points fit; expected a level of each factor"):
        records_of_pair(store, file, ["mlp", "dcgan", "seed=0", "lr=1e-3"])
    with pytest.raises(UserError, match="0 grid points fit"):
        records_of_pair(store, file, ["mlp", "dcgan", "seed=0", "lr=1e-3", "beta1=0.7"])


@pytest.mark.usefixtures("empty_pictures")
def test_arms_look_as_in_the_report_of_their_study(tmp_path: Path) -> None:
    study = load_study("digits")
    for arm in ("mlp", "dcgan"):
        record(str(tmp_path), study, arm, 0)
    store = open_store(str(tmp_path))
    text = page([compared_run(one, store) for one in store.find()])
    looks = arm_styles(list(study.arms))
    colours = re.findall(r'<h3 style="border-color: (#\w+)">', text)
    assert colours == [looks["mlp"].colour, looks["dcgan"].colour] * 2


def test_only_settings_that_differ_are_listed(studied: Path) -> None:
    store = open_store(str(studied))
    first, second, third = (compared_run(one, store) for one in records_of_ids(store, [1, 2, 3]))
    assert differences([first, second]) == [("seed", [0, 1])]
    rows = dict(differences([first, third]))
    assert rows["architecture_g"] == rows["architecture_d"] == ["mlp", "dcgan"]
    assert "seed" not in rows and "steps" not in rows


@pytest.mark.usefixtures("empty_pictures")
def test_runs_that_did_not_see_the_same_noise_are_said_not_to(studied: Path) -> None:
    store = open_store(str(studied))
    text = page([compared_run(one, store) for one in records_of_ids(store, [1, 2])])
    assert "did not see the same" in text


POINT = ["lr=1e-3", "beta1=0.5"]  # of the default study

WRONG = {
    "no such run": (["1", "99"], "no run 99 in "),
    "an incomplete run": (["1", "5"], "run 5 is not complete (status FAILED)"),
    "one run": (["1"], "1 different runs to compare: expected 2 to 8"),
    "one run twice": (["1", "1"], "1 different runs to compare"),
    "no id": (["mlp", "dcgan"], "invalid int value"),
    "nothing": ([], "expected either ids of runs, or --pair"),
    "an unknown study": (["--study", "digitz", "--pair", "seed=0", "mlp", "dcgan"], "did you mean 'digits'"),
    "an unknown arm": (["--pair", "seed=0", "mlp", "dcgam"], "unknown arm 'dcgam'; did you mean 'dcgan'?"),
    "no seed": (["--pair", "mlp", "dcgan"], "no seed; expected one of its seeds, such as seed=0"),
    "a seed that is none": (["--pair", "seed=x", "mlp", "dcgan"], "seed=x; expected"),
    "an unknown seed": (["--pair", "seed=9", *POINT, "mlp", "dcgan"], "seed=9; expected"),
    "an unknown factor": (["--pair", "seed=0", "latent_dim=1", "mlp", "dcgan"], "unknown factor 'latent_dim'"),
    "a run that is not recorded": (["--pair", "seed=0", *POINT, "mlp", "dcgan"], "no complete run of mlp at seed 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_end_in_one_line_and_nothing_is_written(
    case: str, studied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, said = WRONG[case]
    assert report_user_errors(lambda: main(arguments)) == BAD_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error
    assert not (studied.parent / "reports").exists()


@pytest.mark.usefixtures("empty_pictures")
def test_a_page_that_cannot_be_written_is_one_line(studied: Path) -> None:
    (studied.parent / "file").write_text("not a folder")
    with pytest.raises(UserError, match="cannot be written"):
        main(["1", "3", "--out", str(studied.parent / "file" / "compare.html")])


def test_sheets_show_the_last_probe_and_the_strip_a_column_a_shown_probe() -> None:
    images = np.zeros((21, 64, 1, 16, 16), dtype=np.uint8)
    assert size(final_sheet(images)) == (8 * 17 - 1, 8 * 17 - 1)
    assert shown_probes(21) == list(range(0, 21, 2))
    assert size(training_strip(images)) == (11 * 17 - 1, 4 * 17 - 1)
    assert shown_probes(1) == [0]


def size(png: bytes) -> tuple[int, int]:
    """Width and height, as the header of a PNG says."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
