"""Deleting a study's records: said, asked, and of no other study."""

import io
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runs import purge
from runs.addresses import is_mongo_url
from runs.contents.in_database import DatabaseContents
from runs.contents.places import contents_at
from runs.errors import report_user_errors
from runs.schema import RunConfig
from runs.store import open_store
from runs.times import utc_now
from tests.recording import record_run
from tests.runs.recorded import RUNS, look_at, recorded


@pytest.fixture(autouse=True)
def here(store_url_of_kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A store of two studies: three records of smoke, and one of another."""
    look_at(store_url_of_kind, tmp_path, monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    recorded(store_url_of_kind, 0)
    recorded(store_url_of_kind, 1)
    record_run(store_url_of_kind, RunConfig(study="another", steps=4, eval_every=2), meta={"cell_key": "*"})
    recorded(store_url_of_kind, 0, status="FAILED")
    return store_url_of_kind


def purged(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert report_user_errors(lambda: purge.main(arguments)) == status
    printed = capsys.readouterr()
    return printed.err if status else printed.out


def test_it_says_what_it_would_delete_and_deletes_nothing_unasked(
    here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report_user_errors(lambda: purge.main(["smoke"])) == 2
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].startswith("smoke in ")
    assert lines[1:3] == ["       2  stability, COMPLETED", "       1  stability, FAILED"]
    assert lines[3].startswith("  3 records, ") and lines[3].endswith(" kB")
    assert "add --yes" in printed.err
    assert contents_at(here).ids() == [1, 2, 3, 4]


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_it_deletes_only_after_a_yes(
    answer: str, here: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert "nothing is deleted" in purged(capsys, "smoke", status=2)
    assert contents_at(here).ids() == [1, 2, 3, 4]


def test_all_of_the_study_and_nothing_of_another_is_deleted(
    here: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    own, others = folder / f"{RUNS[0][0]}-5.pt", folder / "0123456789abcdef-5.pt"
    own.touch()
    others.touch()
    assert purged(capsys, "smoke", "--yes").endswith("deleted 3 records of smoke\n")
    assert contents_at(here).ids() == [3]
    (left,) = open_store(here).find()
    assert open_store(here).artifact(left, "samples.npz")
    assert (own.exists(), others.exists()) == (False, True)
    if is_mongo_url(here):
        database = DatabaseContents(here)._database
        assert {one["run_id"] for one in database["metrics"].find()} == {3}
        assert len(list(database["fs.files"].find())) == len(left.artifacts)
    else:
        assert [path.name for path in Path(here).iterdir()] == ["3"]


def test_a_strange_cell_key_deletes_no_other_checkpoint(
    here: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "checkpoints").mkdir()
    other = tmp_path / "checkpoints" / "0123456789abcdef-5.pt"
    other.touch()
    purged(capsys, "another", "--yes")
    assert other.exists() and contents_at(here).ids() == [1, 2, 4]


def test_a_study_that_is_being_trained_is_not_deleted(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(here, 2, status="RUNNING")
    assert "1 run is running now (run 5); stop the sweep first" in purged(capsys, "smoke", "--yes", status=2)
    assert len(contents_at(here).ids()) == 5


def test_what_a_killed_sweep_left_is_deleted(here: str, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(here, 2, status="RUNNING", start_time=utc_now() - timedelta(hours=1))
    purged(capsys, "smoke", "--yes")
    assert contents_at(here).ids() == [3]


def test_an_interrupted_purge_leaves_no_complete_record_half_deleted_and_continues(
    here: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if is_mongo_url(here):
            patch.setattr("gridfs.GridFS.delete", interrupted)
        else:
            patch.setattr("runs.contents.in_folder.shutil.rmtree", interrupted)
        assert report_user_errors(lambda: purge.main(["smoke", "--yes"])) == 130
    assert [record.id for record in open_store(here).find()] == [2, 3]
    capsys.readouterr()
    purged(capsys, "smoke", "--yes")
    assert contents_at(here).ids() == [3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["smok", "--yes"], "study smok: "),
        (["digits", "--yes"], "holds no record of it"),
        (["nowhere.yaml"], "there is no such file"),
        ([], "required: study"),
    ],
)
def test_bad_arguments_get_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    error = purged(capsys, *arguments, status=2)
    assert said in error and error.count("\n") == 1
