"""A record's files are those that were recorded: sizes are compared when it is judged complete, contents when read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runs.artifacts import described
from runs.errors import UserError
from runs.records import RunRecord, RunStore
from runs.schema import ARTIFACTS, GENERATOR, SNAPSHOTS, RunConfig
from runs.store import open_store
from tests.recording import record_run, synthetic_artifacts, synthetic_info

Recorder = Callable[..., tuple[RunStore, RunRecord]]
SMALL = RunConfig(study="tiny", steps=20, eval_every=10)


@pytest.fixture
def record_as(store_url_of_kind: str, tmp_path: Path) -> Recorder:
    """Records a run whose info describes the usual files, with these contents in place of them."""

    def record(**changed: bytes | None) -> tuple[RunStore, RunRecord]:
        usual = {**synthetic_artifacts(SMALL), SNAPSHOTS: b"snapshots"}
        for name, content in usual.items():
            (tmp_path / name).write_bytes(content)
        info = {**synthetic_info(SMALL), "artifacts": described(tmp_path / name for name in usual)}
        stored = {name: changed.get(name.split(".")[0], content) for name, content in usual.items()}
        present = {name: content for name, content in stored.items() if content is not None}
        run_id = record_run(store_url_of_kind, SMALL, info=info, artifacts=present)
        store = open_store(store_url_of_kind)
        (found,) = store.find({"_id": run_id}, complete_only=False)
        return store, found

    return record


def test_files_as_they_were_recorded_are_complete_and_read(
    record_as: Recorder,
) -> None:
    store, record = record_as()
    assert record.complete and record.artifacts[GENERATOR] == len(b"generator")
    assert store.artifact(record, GENERATOR) == b"generator"


def test_files_cut_off_empty_or_gone_make_a_record_incomplete(
    record_as: Recorder,
) -> None:
    said = [
        ({"generator": b"gener"}, f"artifacts: {GENERATOR} has 5 bytes and not the 9 recorded"),
        ({"generator": b""}, f"artifacts: {GENERATOR} has 0 bytes and not the 9 recorded"),
        ({"snapshots": None}, f"missing: {SNAPSHOTS}"),
    ]
    for changed, shortcoming in said:
        assert record_as(**changed)[1].shortcoming == shortcoming


def test_changed_bytes_are_refused_with_the_run_and_what_to_do_when_they_are_read(
    record_as: Recorder,
) -> None:
    store, record = record_as(generator=b"Generator")
    assert record.complete
    said = rf"run {record.id}: {GENERATOR} is not what was recorded.*delete that run's record and run the same sweep"
    with pytest.raises(UserError, match=said):
        store.artifact(record, GENERATOR)


def test_records_from_before_files_were_described_stay_complete_unless_one_is_empty(store_url_of_kind: str) -> None:
    record_run(store_url_of_kind, SMALL)
    record_run(store_url_of_kind, SMALL, artifacts={**synthetic_artifacts(SMALL), GENERATOR: b""})
    store = open_store(store_url_of_kind)
    assert [record.id for record in store.find()] == [1]
    assert [record.shortcoming for record in store.find(complete_only=False)] == [None, f"artifacts: {GENERATOR} empty"]
    assert set(store.find()[0].artifacts) == set(ARTIFACTS)


def test_a_file_that_vanishes_from_a_folder_before_it_is_read_is_said(tmp_path: Path) -> None:
    record_run(str(tmp_path), SMALL)
    store = open_store(str(tmp_path))
    (record,) = store.find()
    (tmp_path / "1" / GENERATOR).unlink()
    with pytest.raises(UserError, match=rf"run 1: {GENERATOR} cannot be read: No such file"):
        store.artifact(record, GENERATOR)
