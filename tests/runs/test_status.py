"""Where a study stands: every planned run is in one place, and what went wrong has its reason beside it."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runs import status
from runs.contents.content import Points
from runs.contents.places import contents_at
from runs.errors import UserError, report_user_errors
from runs.schema import CLOCK
from runs.standing.declared import Declared, declared
from runs.standing.pace import pace_of
from runs.standing.standing import Standing, standing_of
from runs.store import open_store
from runs.study import load_study
from runs.times import utc_now
from tests.recording import record_run, synthetic_info, trace
from tests.runs.recorded import RUNS, SMOKE, look_at, recorded

START = datetime(2026, 1, 31, 12)


@pytest.fixture(autouse=True)
def here(store_url_of_kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The store that commands look at."""
    look_at(store_url_of_kind, tmp_path, monkeypatch)
    return store_url_of_kind


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, status_is: int) -> list[str]:
    assert report_user_errors(lambda: status.main(arguments)) == status_is
    printed = capsys.readouterr()
    assert printed.err == "" and "\x1b" not in printed.out
    return [line.rstrip() for line in printed.out.splitlines()]


def standing(url: str, name: str = "smoke", **overrides: Any) -> Standing:
    return standing_of(declared(name, open_store(url), **overrides), contents_at(url))


# --- every run in one place


def test_a_complete_study_says_so_and_ends_in_status_zero(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    for place in range(4):
        recorded(here, place)
    assert shown(capsys, "smoke", status_is=0) == [
        "smoke: 4 of 4 runs complete",
        f"[{'#' * 40}] 100 %",
        "",
        "its report: make report STUDY=smoke",
    ]


def test_a_study_that_was_not_begun_is_all_to_do(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "smoke", "--seeds", "3", status_is=1) == [
        "smoke+seeds=3: 0 of 6 runs complete",
        f"[{'.' * 40}] 0 %",
        "",
        "to do  6  not begun yet",
        "",
        "nothing is running; to continue: make stability-sweep STUDY=smoke SEEDS=3",
    ]


def test_whatever_became_of_a_run_is_listed_with_its_reason(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    long_ago = utc_now() - timedelta(hours=3, minutes=12)
    recorded(here, 0, status="FAILED")
    recorded(here, 1, status="RUNNING", start_time=long_ago)
    recorded(here, 2, status="INTERRUPTED")
    recorded(here, 3, traces={"d_x": trace([1, 2], [1.0, 2.0])})
    lines = shown(capsys, "smoke", status_is=1)
    text = "\n".join(lines)
    assert lines[0] == "smoke: 0 of 4 runs complete"
    for heading in ("failed 1  (", "dead 1  (", "interrupted 1  (", "incomplete 1  ("):
        assert f"\n{heading}" in text
    assert lines[5].startswith("    1  mlp     0  30 of 30  ")
    assert lines[5].endswith(" s ago  synthetic  RuntimeError: synthetic")
    assert "dcgan     0  30 of 30  3 h 12 min ago  synthetic" in text
    assert "missing points: loss_d 30" in text
    assert "to do" not in text


def test_a_running_run_shows_its_step_and_is_no_failure(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    traces = {CLOCK: trace([0, 10], [0.0, 1.0])}
    recorded(here, 1, status="FAILED")
    recorded(here, 1, status="RUNNING", traces=traces)
    lines = shown(capsys, "smoke", status_is=1)
    assert lines[3] == "running 1"
    assert lines[4].split() == ["run", "arm", "seed", "step", "last", "heard", "host"]
    assert lines[5].split()[:6] == ["2", "dcgan", "0", "10", "of", "30"]
    assert "failed" not in "\n".join(lines)
    assert "to do  3  not begun yet" in lines
    assert lines[-1] == "a sweep is running"


def test_a_failure_that_was_made_good_is_only_counted(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(here, 0, status="FAILED")
    for place in range(4):
        recorded(here, place)
    lines = shown(capsys, "smoke", status_is=0)
    assert lines[3] == "earlier attempts  1  incomplete records of runs that are complete by now"


def test_earlier_trainings_are_superseded_and_a_training_again_that_was_interrupted_is_seen(
    here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in range(4):
        recorded(here, place)
    recorded(here, 0, meta={"generation": 1})
    found = standing(here)
    assert (found.complete, found.superseded, found.again, found.outside) == (4, 1, 1, 0)
    lines = shown(capsys, "smoke", status_is=0)
    assert lines[-1] == "to go on training again: make stability-sweep STUDY=smoke AGAIN=1"


def test_records_of_older_versions_and_of_other_plans_do_not_count(here: str) -> None:
    recorded(here, 0, meta={"cell_key": "older", "training_version": 1})
    recorded(here, 0, meta={"cell_key": "another"})
    recorded(here, 3)
    found = standing(here)
    assert (found.complete, found.superseded, found.outside, found.to_do) == (1, 1, 1, 3)
    fewer = standing(here, arms=["mlp"])
    assert (fewer.planned, fewer.complete, fewer.outside) == (2, 0, 2)


def test_a_damaged_record_is_incomplete_and_hides_no_other(tmp_path: Path) -> None:
    url = str(tmp_path / "records")
    for place in range(2):
        recorded(url, place)
    Path(url, "1", "metrics.json").write_text('{"train_seconds": {"steps": [1], "values": [1.0]}}')
    found = standing(url)
    assert (found.complete, [one.state for one in found.unfinished]) == (1, ["incomplete"])
    assert found.unfinished[0].pace.step == 0


# --- which studies


def test_without_a_name_every_study_with_records_has_a_line(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    for place in range(4):
        recorded(here, place)
    assert shown(capsys, status_is=0) == [
        "study  complete  running  failed  dead  interrupted  incomplete  to do",
        "smoke  4 of 4          -       -     -            -           -      -",
        "",
        "one study in full: make status STUDY=name",
    ]
    cell = next(SMOKE.cells())
    record_run(here, type(cell.config)(study="adhoc", steps=4, eval_every=2))
    recorded(here, 0, status="RUNNING", traces={})
    lines = shown(capsys, status_is=0)
    assert lines[1].split() == ["adhoc", "1", "(no", "plan)", *"------"]
    assert lines[4] == "running 1"
    assert lines[6].split()[:5] == ["6", "smoke", "mlp", "0", "0"]


def test_an_empty_store_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = shown(capsys, status_is=1)
    assert "holds no records yet; make stability-sweep begins the default study" in line


def test_a_study_of_ones_own_is_known_by_the_plan_in_its_records(here: str) -> None:
    document = {**SMOKE.document, "study": "mine"}
    config = next(SMOKE.cells()).at_seed(0)
    own = type(config)(**{**config.__dict__, "study": "mine"})
    record_run(here, own, info={**synthetic_info(own), "plan": document}, meta={"cell_key": RUNS[0][0]})
    found = standing(here, "mine")
    assert (found.name, found.planned, found.complete, found.to_do) == ("mine", 4, 1, 3)


def test_a_study_without_any_plan_counts_its_records(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = next(SMOKE.cells()).config
    record_run(here, type(config)(study="adhoc", steps=4, eval_every=2))
    record_run(here, type(config)(study="adhoc", steps=4, eval_every=2, seed=1), status="FAILED")
    lines = shown(capsys, "adhoc", status_is=1)
    assert lines[0] == "adhoc: 1 complete record; no study file says what was planned"
    assert lines[2].startswith("failed 1")
    assert lines[-1] == "python -m runs.query shows the records; --all shows these too"


def test_a_grid_point_stands_beside_its_arm(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    study = load_study("depth")
    recorded(here, 5, study=study, status="FAILED")
    header, row = shown(capsys, "depth", status_is=1)[4:6]
    assert header.split()[:3] == ["run", "arm", "at"]
    assert "hidden_layers_d " in row and "lr " in row


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["smok"], "did you mean 'smoke'"),
        (["smoke", "--arms", "mpl"], "did you mean 'mlp'"),
        (["--seeds", "3"], "are of one study; name it"),
        (["smoke", "--watch", "0"], "expected 0.1 to 86,400 seconds"),
        (["smoke", "--watch", "x"], "--watch"),
    ],
)
def test_bad_arguments_get_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_user_errors(lambda: status.main(arguments)) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1) and said in error


def test_seeds_of_a_study_that_no_file_declares_are_refused(here: str) -> None:
    config = next(SMOKE.cells()).config
    record_run(here, type(config)(study="adhoc", steps=4, eval_every=2))
    with pytest.raises(UserError, match="leave --seeds and --arms out"):
        declared("adhoc", open_store(here), seeds=2)


# --- how fast


def probes(*reached: tuple[float, int]) -> dict[str, Points]:
    """Points as a run records them: seconds after its start, step."""
    times = [START + timedelta(seconds=seconds) for seconds, _ in reached]
    return {CLOCK: Points(steps=[step for _, step in reached], values=[0.0] * len(times), timestamps=times)}


def test_speed_is_steps_over_the_time_between_probes() -> None:
    pace = pace_of(probes((2, 0), (12, 100), (22, 200), (32, 300)))
    assert (pace.step, pace.speed) == (300, 10.0)
    assert pace.left(1000, START + timedelta(seconds=32)) == 70
    assert pace.left(1000, START + timedelta(seconds=42)) == 60
    assert pace.left(1000, START + timedelta(hours=1)) == 0


def test_what_a_checkpoint_brought_along_is_no_speed() -> None:
    brought = [(2 + place / 1000, 100 * place) for place in range(6)]
    assert (pace_of(probes(*brought)).step, pace_of(probes(*brought)).speed) == (500, None)
    assert pace_of(probes(*brought, (22, 600))).speed == pytest.approx(5, rel=1e-3)


def test_speed_is_that_of_the_last_minutes_or_of_the_last_two_probes_if_these_are_far_apart() -> None:
    slower = [(10 * place, 100 * place) for place in range(10)] + [
        (1000 + 100 * place, 1000 + place) for place in range(5)
    ]
    assert pace_of(probes(*slower)).speed == pytest.approx(0.01)
    assert pace_of(probes((0, 0), (1000, 10), (2000, 20))).speed == pytest.approx(0.01)


def test_speed_is_unknown_before_there_are_two_probes() -> None:
    assert pace_of({}).speed is None and pace_of({}).step == 0
    assert pace_of(probes((2, 0))).speed is None
    assert pace_of(probes((2, 0))).left(1000, START) is None


def test_the_rest_of_a_study_takes_as_long_as_its_arms_do(here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(here, 0)  # an mlp: 30 steps in the 20 s that record_run gives each
    recorded(here, 1, status="RUNNING")
    monkeypatch.setattr("runs.standing.unfinished.pace_of", lambda points: pace_of(probes((0, 0), (10, 10))))
    found = standing(here)
    # the dcgan that runs has 20 steps left at 1 s, another one 30; an mlp 30 at 2/3 s
    assert found.speed == 1.0
    assert found.left == pytest.approx(20 + 30 + 20)
    assert found.share == (30 + 10) / 120


# --- again and again


def test_a_watch_that_is_not_on_a_terminal_prints_plain_pages_until_all_is_complete(
    here: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(3):
        recorded(here, place)
    looks: list[Callable[[], int]] = [lambda: 0, lambda: recorded(here, 3)]
    monkeypatch.setattr(status, "sleep", lambda seconds: looks.pop(0)())
    lines = shown(capsys, "smoke", "--watch", "5", status_is=0)
    assert [line for line in lines if line.startswith("smoke: ")] == [
        "smoke: 3 of 4 runs complete",
        "smoke: 3 of 4 runs complete",
        "smoke: 4 of 4 runs complete",
    ]
    assert sum("again every 5 s" in line for line in lines) == 3


def test_a_watch_on_a_terminal_redraws_and_ends_by_ctrl_c_without_a_word(
    here: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "sleep", interrupted)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    assert report_user_errors(lambda: status.main(["smoke", "--watch"])) == 1
    printed = capsys.readouterr()
    assert printed.err == "" and printed.out.startswith("\x1b[H\x1b[2J")
    assert max(map(len, printed.out.splitlines()[1:])) == 30


def test_a_watch_outlasts_a_database_that_is_away(
    here: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [declared("smoke", open_store(here)), UserError("it cannot be reached")]

    def asked(*_: Any, **__: Any) -> Declared:
        answer = answers.pop(0) if answers else None
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            for place in range(4):
                recorded(here, place)
        return answer or declared("smoke", open_store(here))

    monkeypatch.setattr(status, "declared", asked)
    monkeypatch.setattr(status, "sleep", lambda seconds: None)
    lines = shown(capsys, "smoke", "--watch", "1", status_is=0)
    assert "cannot look now: it cannot be reached" in lines
    assert "smoke: 4 of 4 runs complete" in lines
