"""What is amiss is found, said with what mends it, and mended where that is safe."""

import io
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runs import doctor
from runs.addresses import is_mongo_url
from runs.contents.in_database import DatabaseContents
from runs.contents.places import contents_at
from runs.errors import report_user_errors
from runs.representation import RepresentationConfig
from runs.store import open_store
from runs.times import utc_now
from tests.recording import record_run, synthetic_info, trace
from tests.runs.recorded import RUNS, SMOKE, look_at, recorded

LONG_AGO = utc_now() - timedelta(hours=3)


@pytest.fixture(autouse=True)
def here(store_url_of_kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The store that commands look at."""
    look_at(store_url_of_kind, tmp_path, monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return store_url_of_kind


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int) -> list[str]:
    assert report_user_errors(lambda: doctor.main(arguments)) == status
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def info_of(place: int, **changes: Any) -> dict[str, Any]:
    key, seed = RUNS[place]
    config = next(cell for cell in SMOKE.cells() if cell.key == key).at_seed(seed)
    return {**synthetic_info(config), **changes}


def all_complete(url: str) -> None:
    for place in range(4):
        recorded(url, place)


# --- records


def test_a_complete_study_has_nothing_amiss(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    all_complete(here)
    for arguments in ([], ["smoke"]):
        (line,) = said(capsys, *arguments, status=0)
        assert line.endswith(": nothing is amiss")


def test_seeds_without_all_their_arms_are_named(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    for place in range(3):
        recorded(here, place)
    assert said(capsys, "smoke", status=1)[:4] == [
        "smoke",
        "  1 seed is unpaired",
        "      seed 1: mlp complete, dcgan missing",
        "    mend: make stability-sweep STUDY=smoke",
    ]


def test_seeds_that_a_running_sweep_has_not_finished_are_only_a_note(
    here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in range(3):
        recorded(here, place)
    recorded(here, 3, status="RUNNING")
    assert said(capsys, "smoke", status=0)[1] == "  note: 1 seed is unpaired; a sweep is running"


def test_incomplete_records_are_listed_with_their_reasons(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(here, 0, status="FAILED")
    recorded(here, 1, traces={"d_x": trace([1, 2], [1.0, 2.0])})
    lines = said(capsys, "smoke", status=1)
    assert lines[1:3] == [
        "  2 runs have no complete record",
        "      run 1, mlp seed 0: failed, RuntimeError: synthetic",
    ]
    assert lines[3].startswith("      run 2, dcgan seed 0: missing points: loss_d 30")


def test_what_was_superseded_or_made_good_is_a_note(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(here, 0, status="FAILED")
    all_complete(here)
    for place in range(4):
        recorded(here, place, meta={"generation": 1})
    recorded(here, 0, meta={"cell_key": "another"})
    assert said(capsys, "smoke", status=0)[1:4] == [
        "  note: 4 complete records are superseded by a later training; it stays and counts no more",
        "  note: 1 incomplete record is of runs that are complete by now",
        "  note: 1 record is of runs that the study does not plan",
    ]


def test_records_of_another_plan_are_told_with_what_changed(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = {**SMOKE.document, "question": "Another one?"}
    recorded(here, 0, meta={"plan_hash": "older"}, info=info_of(0, plan=before))
    for place in range(1, 4):
        recorded(here, place, meta={"plan_hash": SMOKE.plan_hash})
    lines = said(capsys, "smoke", status=1)
    assert lines[1:4] == [
        "  1 record was made under another content of the study file",
        "      runs 1",
        "      changed since: question",
    ]
    assert "AGAIN=1" in lines[4]


def test_records_of_other_code_than_the_rest_are_told_with_what_differs(
    here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in range(3):
        recorded(here, place, info=info_of(place, code={"commit": "a" * 40, "modified": False}))
    other = {"code": {"commit": "b" * 40, "modified": True}, "versions": {"torch": "2.11"}}
    recorded(here, 3, info=info_of(3, **other))
    assert said(capsys, "smoke", status=1)[1:5] == [
        "  1 record was made by other code than the rest",
        "      runs 4",
        "      commit: aaaaaaaaaa in 3, bbbbbbbbbb with changes in 1",
        "      torch: 2.14.1 in 3, 2.11 in 1",
    ]


def test_measurements_without_a_complete_record_are_told(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    all_complete(here)
    config = RepresentationConfig(study="smoke", run=1, arm="mlp", seed=0)
    object.__setattr__(config, "snapshot_steps", [])  # sacred records its configs as lists
    meta = {"kind": "representation", "representation_key": "k"}
    options: dict[str, Any] = {"traces": {}, "info": {}, "artifacts": {}, "meta": meta}
    record_run(here, config, **options, status="FAILED")  # type: ignore[arg-type]
    lines = said(capsys, "smoke", status=1)
    assert lines[1:3] == ["  1 measurement has no complete record", "      run 5, mlp seed 0: status FAILED"]
    assert lines[3] == "    mend: make representation STUDY=smoke"


def test_a_study_whose_file_is_elsewhere_is_not_given_a_command_that_fails(
    here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = next(SMOKE.cells()).at_seed(0)
    own = type(config)(**{**config.__dict__, "study": "mine"})
    plan = {**SMOKE.document, "study": "mine"}
    record_run(here, own, info={**synthetic_info(own), "plan": plan}, meta={"cell_key": RUNS[0][0]})
    assert "    mend: make stability-sweep STUDY=…/mine.yaml" in said(capsys, status=1)


def test_a_long_list_is_cut_short(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = next(SMOKE.cells()).config
    for seed in range(15):
        record_run(here, type(config)(study="adhoc", steps=4, eval_every=2, seed=seed), status="FAILED")
    lines = said(capsys, "adhoc", status=1)
    assert lines[1] == "  15 runs have no complete record" and lines[14] == "      … and 3 more"


# --- mending


def test_dead_records_are_marked_interrupted_and_live_ones_are_left(
    here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    all_complete(here)
    dead = recorded(here, 0, status="RUNNING", start_time=LONG_AGO)
    alive = recorded(here, 1, status="RUNNING")
    lines = said(capsys, "smoke", status=1)
    assert "  1 record says RUNNING after two minutes of silence: killed" in lines
    assert "    mend: python -m runs.doctor --fix (they will say INTERRUPTED)" in lines
    assert said(capsys, "smoke", "--fix", status=0)[-2:] == [
        "1 record says INTERRUPTED now",
        "nothing is amiss any more",
    ]
    found = {record.id: record for record in open_store(here).find(complete_only=False)}
    assert (found[dead].status, found[alive].status) == ("INTERRUPTED", "RUNNING")
    assert found[dead].stop_time == found[dead].heartbeat
    assert len(open_store(here).find()) == 4


def test_a_record_that_has_ended_meanwhile_is_not_marked(here: str) -> None:
    run_id = recorded(here, 0)
    assert not contents_at(here).interrupt(run_id)
    assert open_store(here).find()[0].status == "COMPLETED"


def files_of(local: Path) -> dict[str, Path]:
    """One file of every kind that may lie about, an hour old, and some that are still needed."""
    (key, seed), (other, _) = RUNS[0], RUNS[1]
    names = {
        "complete": f"checkpoints/{key}-{seed}.pt",
        "damaged": f"checkpoints/{other}-0.pt.damaged",
        "stranger": "checkpoints/0123456789abcdef-7.pt",
        "needed": f"checkpoints/{other}-1.pt",
        "again": f"checkpoints/{key}-{seed}-again1.pt",
        "of another": "checkpoints/notes.txt",
        "part": "features/.x.safetensors.4000000.part",
        "alive": f"features/.y.safetensors.{os.getppid()}.part",
        "young": "features/.z.safetensors.4000000.part",
        "data": "data/mnist/.labels.4000000.part",
    }
    for name, path in names.items():
        (local / path).parent.mkdir(parents=True, exist_ok=True)
        (local / path).write_bytes(b"12345")
        if name != "young":
            os.utime(local / path, (1e9, 1e9))
    snapshots = local / f"checkpoints/{key}-{seed}.snapshots"
    snapshots.mkdir()
    (snapshots / "0.safetensors").write_bytes(b"12345")
    os.utime(snapshots, (1e9, 1e9))
    return {**{name: local / path for name, path in names.items()}, "snapshots": snapshots}


ORPHANS = {"complete", "damaged", "stranger", "snapshots", "part"}


def test_files_that_nobody_needs_are_listed_and_deleted_after_asking(
    here: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_complete_but_the_last = [recorded(here, place) for place in range(3)]
    files = files_of(tmp_path)
    lines = said(capsys, status=1)
    listed = {name for name, path in files.items() if any(str(path) in line.split(":")[0] for line in lines)}
    assert listed - {"complete"} == ORPHANS - {"complete"}
    assert f"      {files['complete']}: its run is complete" in lines
    assert f"      {files['stranger']}: no study here and no record has such a run" in lines
    assert report_user_errors(lambda: doctor.main(["--fix"])) == 2, "nobody was asked"
    assert "add --yes" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert report_user_errors(lambda: doctor.main(["--fix"])) == 2
    assert "nothing is deleted" in capsys.readouterr().err
    assert all(path.exists() for path in files.values())
    lines = said(capsys, "--fix", "--yes", status=1)
    assert lines[-2:] == ["deleted 5 files (25 bytes)", "1 finding is left"]
    assert {name for name, path in files.items() if not path.exists()} == ORPHANS
    assert [record.id for record in open_store(here).find()] == all_complete_but_the_last


def test_of_one_study_files_are_left_alone(here: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    all_complete(here)
    files_of(tmp_path)
    assert len(said(capsys, "smoke", status=0)) == 1


def test_the_checkpoint_of_a_run_by_hand_that_was_interrupted_is_kept(
    here: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = next(SMOKE.cells()).config
    own = type(config)(study="adhoc", steps=4, eval_every=2)
    record_run(here, own, status="INTERRUPTED", meta={"cell_key": "00112233aabbccdd"})
    checkpoint = tmp_path / "checkpoints" / "00112233aabbccdd-0.pt"
    checkpoint.parent.mkdir()
    checkpoint.touch()
    os.utime(checkpoint, (1e9, 1e9))
    assert not any("orphaned" in line for line in said(capsys, status=1))


def test_what_a_killed_copy_left_is_found_and_deleted(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    all_complete(here)
    if is_mongo_url(here):
        begun = {"host": "elsewhere", "process": 7, "heard": LONG_AGO}
        document = {"_id": 9, "status": "COPYING", "copying": begun, "config": {}, "artifacts": [], "meta": {}}
        DatabaseContents(here)._runs.insert_one(document)
    else:
        half = Path(here, ".copying-abc.7@elsewhere")
        half.mkdir()
        os.utime(half, (1e9, 1e9))
    assert any("1 record was being copied here when the copy was killed" in line for line in said(capsys, status=1))
    assert said(capsys, "--fix", "--yes", status=0)[-1] == "nothing is amiss any more"
    assert contents_at(here).ids() == [1, 2, 3, 4]


def test_a_record_that_says_nothing_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path, here: str) -> None:
    if is_mongo_url(here):
        pytest.skip("documents are inserted whole")
    (tmp_path / "records" / "7").mkdir(parents=True)
    lines = said(capsys, status=1)
    assert lines[1:3] == ["  1 record says not of which study it is", "      run 7: status UNREADABLE"]
