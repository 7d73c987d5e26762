import csv
import io
import json
import math
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from runs import query
from runs.addresses import is_mongo_url
from runs.errors import report_user_errors
from runs.kinds import STABILITY
from runs.schema import RunConfig
from tests.recording import record_run, synthetic_info, synthetic_traces, trace, varied

ROOT = Path(__file__).parents[2]
SMALL = RunConfig(study="tiny", steps=4, eval_every=2)


@pytest.fixture
def three_runs(store_url_of_kind: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two complete runs, dcgan and mlp, and one dcgan run that failed after two steps."""
    given: dict[str, ArrayLike] = {"d_x": [0.5, math.nan, math.inf, 0.25], "eval_modes": 3.0}
    for config in (varied(SMALL, arm="dcgan"), varied(SMALL, arm="mlp", seed=1)):
        start = datetime(2025, 1, 31, 12)
        record_run(store_url_of_kind, config, traces=synthetic_traces(config, given), start_time=start)
    record_run(store_url_of_kind, varied(SMALL, seed=2), traces={"d_x": trace([1, 2], [1.0, 2.0])}, status="FAILED")
    where(store_url_of_kind, monkeypatch)
    return store_url_of_kind


def where(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have queries look there, whatever a ``.env`` here says."""
    monkeypatch.chdir(ROOT / "tests")
    if is_mongo_url(url):
        monkeypatch.setenv("MONGO_URL", url)
    else:
        monkeypatch.delenv("MONGO_URL", raising=False)
        assert Path(url).name == "records"
        monkeypatch.setenv("GAN_STABILITY_LOCAL", str(Path(url).parent))


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a query prints."""
    assert query.main(arguments) == 0
    return capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a refused query ends in; asserts exit status 2 and nothing on stdout."""
    assert report_user_errors(lambda: query.main(arguments)) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    return str(error)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def strict_json(text: str) -> Any:
    """JSON as readers take it who know no NaN."""

    def refused(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refused)


def test_table_shows_complete_runs_one_a_line_id_first(three_runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    header, *lines = (line.split() for line in ask(capsys).splitlines())
    assert header == ["id", "status", *STABILITY.shown, "start_time"]
    assert lines == [
        ["1", "COMPLETED", "tiny", "dcgan", "0", "4", "0.0002", "0.5", "2025-01-31T12:00:00"],
        ["2", "COMPLETED", "tiny", "mlp", "1", "4", "0.0002", "0.5", "2025-01-31T12:00:00"],
    ]


def test_query_selects(three_runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = '{"config.arm": "dcgan", "config.seed": {"$lt": 3}}'
    assert [row["id"] for row in rows(ask(capsys, asked, "--format", "csv"))] == ["1"]
    assert [row["id"] for row in rows(ask(capsys, asked, "--format", "csv", "--all"))] == ["1", "3"]


def test_all_shows_incomplete_runs_marked_with_what_they_lack(
    three_runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = rows(ask(capsys, "--all", "--format", "csv"))
    assert [(row["id"], row["complete"], row["shortcoming"]) for row in shown] == [
        ("1", "true", ""),
        ("2", "true", ""),
        ("3", "false", "status FAILED"),
    ]


def test_json_is_a_list_that_strict_readers_take(three_runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = strict_json(
        ask(capsys, "--format", "json", "--fields", "id,config,info.code.modified,start_time,config.width_g")
    )
    assert [row["id"] for row in shown] == [1, 2]
    assert shown[0]["config"]["arm"] == "dcgan"
    assert shown[0]["info.code.modified"] is False
    assert shown[0]["start_time"] == "2025-01-31T12:00:00"
    assert "config.width_g" not in shown[0]


def test_field_that_no_record_has_is_named_beside_the_rows(three_runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert query.main(["--all", "--fields", "id,info.parameters,config.arm,info.match.wdth,shortcoming"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 4
    assert printed.err == "none of these records has a value for info.parameters, info.match.wdth\n"
    query.main(["--fields", "id,info.match.parameters_g"])
    assert capsys.readouterr().err == ""


def test_infinity_inside_a_field_is_null_in_json(
    store_url_of_kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = synthetic_info(SMALL)
    info["references"]["grey"] |= {"eval_frechet": math.inf, "eval_kl": 1.0}
    record_run(store_url_of_kind, SMALL, info=info)
    where(store_url_of_kind, monkeypatch)
    (row,) = strict_json(ask(capsys, "--format", "json", "--fields", "info.references"))
    grey = row["info.references"]["grey"]
    assert (grey["eval_frechet"], grey["eval_kl"]) == (None, 1.0)


def test_traces_in_csv_are_exact_joined_by_step_and_empty_where_nothing_is_recorded(
    three_runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ask(capsys, '{"_id": 1}', "--traces", "d_x,eval_modes,loss_d", "--format", "csv")
    header, *lines = text.splitlines()
    assert header == "id,step,d_x,eval_modes,loss_d"
    loss = synthetic_traces(varied(SMALL, arm="dcgan"))["loss_d"].values.tolist()
    assert lines == [
        "1,0,,3.0,",
        f"1,1,0.5,,{loss[0]!r}",
        f"1,2,nan,3.0,{loss[1]!r}",
        f"1,3,inf,,{loss[2]!r}",
        f"1,4,0.25,3.0,{loss[3]!r}",
    ]


def test_traces_in_json_leave_out_what_is_not_recorded_and_write_nan_as_null(
    three_runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = strict_json(ask(capsys, '{"config.arm": "mlp"}', "--traces", "d_x,eval_modes", "--format", "json"))
    assert shown == [
        {"id": 2, "step": 0, "eval_modes": 3.0},
        {"id": 2, "step": 1, "d_x": 0.5},
        {"id": 2, "step": 2, "d_x": None, "eval_modes": 3.0},
        {"id": 2, "step": 3, "d_x": None},
        {"id": 2, "step": 4, "d_x": 0.25, "eval_modes": 3.0},
    ]


def test_traces_of_incomplete_runs_come_with_all_and_bear_a_mark(
    three_runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = rows(ask(capsys, "--traces", "d_x", "--all", "--format", "csv"))
    assert [(row["id"], row["complete"]) for row in shown] == [("1", "true")] * 4 + [("2", "true")] * 4 + [
        ("3", "false")
    ] * 2


def test_traces_in_a_table_line_up(three_runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, '{"_id": 1}', "--traces", "d_x,eval_modes").splitlines() == [
        "id  step  d_x   eval_modes",
        "1   0           3",
        "1   1     0.5",
        "1   2     nan   3",
        "1   3     inf",
        "1   4     0.25  3",
    ]


def test_empty_answer_is_still_in_its_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where(str(tmp_path / "records"), monkeypatch)
    assert strict_json(ask(capsys, "--format", "json")) == []
    assert rows(ask(capsys, "--format", "csv")) == []
    assert query.main([]) == 0
    assert "no complete record matches" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{"], "malformed JSON"),
        (["{'config.arm': 'dcgan'}"], "malformed JSON"),
        (['{"config.lr_g": NaN}'], "malformed JSON"),
        (["[" * 100_000], "malformed JSON"),
        (["[]"], "expected an object"),
        (['"dcgan"'], "expected an object"),
        (['{"config.sed": 1}'], "did you mean 'config.seed'"),
        (['{"config.seed": {"$where": 1}}'], "unknown operator '$where'"),
        (["--traces", "d_xx"], "unknown metric 'd_xx'; did you mean 'd_x'"),
        (["--traces", "d_x,"], "unknown metric ''"),
        (["--fields", "config.sed"], "did you mean 'config.seed'"),
        (["--format", "xml"], "invalid choice: 'xml'"),
        (["{}", "{}"], "unrecognized arguments"),
        (["--limit", "3"], "unrecognized arguments"),
    ],
)
def test_bad_question_gets_one_line_and_nothing_else(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where(str(tmp_path / "records"), monkeypatch)
    assert said in refusal(capsys, *arguments)


def test_query_is_a_command_that_warns_of_nothing_and_ends_in_status_two_on_bad_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runs.query"]
    environment = {"PYTHONPATH": str(ROOT), "MONGO_URL": ""}
    good = subprocess.run([*command, '{"_id": -1}'], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert good.returncode == 0
    assert good.stderr == "no complete record matches; --all looks at the others too\n"
    bad = subprocess.run([*command, "{"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)


def test_big_numbers_of_a_table_keep_their_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record_run(
        str(tmp_path / "records"), varied(SMALL, seed=2**63 - 1), traces=synthetic_traces(SMALL, {"loss_d": np.pi})
    )
    where(str(tmp_path / "records"), monkeypatch)
    assert str(2**63 - 1) in ask(capsys)
    assert repr(np.pi) in ask(capsys, "--traces", "loss_d", "--format", "csv")
