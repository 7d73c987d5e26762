"""The index of a folder spares parsing, and is believed of no file that has changed."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs import step_index
from runs.records import RunRecord
from runs.schema import RunConfig
from runs.step_index import INDEX, StepIndex
from runs.store import FolderStore
from tests.recording import record_run, varied

SMALL = RunConfig(study="tiny", steps=20, eval_every=10)
AN_HOUR_AGO = 1_700_000_000_000_000_000


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three old records of two lengths, and their index."""
    monkeypatch.setattr(step_index, "_WORTH_BYTES", 1)
    for seed, steps in enumerate((20, 20, 30)):
        record_run(str(tmp_path), varied(SMALL, seed=seed, steps=steps))
        age(metrics(tmp_path, seed + 1))
    assert len(FolderStore(tmp_path).find()) == 3
    return tmp_path


def metrics(folder: Path, run_id: int) -> Path:
    return folder / str(run_id) / "metrics.json"


def age(path: Path, at: int = AN_HOUR_AGO) -> None:
    os.utime(path, ns=(at, at))


def shown(records: list[RunRecord]) -> list[tuple[int, str | None, dict[str, tuple[int, ...]]]]:
    return [(one.id, one.shortcoming, {name: tuple(at) for name, at in one.steps.items()}) for one in records]


def test_steps_from_the_index_are_those_that_were_parsed(records: Path) -> None:
    indexed = shown(FolderStore(records).find())
    (records / INDEX).unlink()
    assert indexed == shown(FolderStore(records).find())


def test_what_is_in_the_index_is_not_parsed_again(records: Path) -> None:
    path = metrics(records, 2)
    path.write_bytes(b"x" * path.stat().st_size)
    age(path)
    assert [record.id for record in FolderStore(records).find()] == [1, 2, 3]


@pytest.mark.parametrize("change", ["time", "size"])
def test_a_file_that_has_changed_is_parsed_again(records: Path, change: str) -> None:
    path = metrics(records, 2)
    path.write_bytes(b"x" * (path.stat().st_size + (change == "size")))
    age(path, AN_HOUR_AGO + (change == "time"))
    assert [record.id for record in FolderStore(records).find()] == [1, 3]


def test_a_file_with_a_fault_is_never_in_the_index(records: Path) -> None:
    path = metrics(records, 2)
    path.write_text("{")
    age(path)
    for _ in range(2):
        (_, second, _) = FolderStore(records).find(complete_only=False)
        assert "metrics.json: no JSON" in str(second.shortcoming)


def test_a_file_written_a_moment_ago_is_not_in_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_index, "_WORTH_BYTES", 1)
    record_run(str(tmp_path), SMALL)
    assert len(FolderStore(tmp_path).find()) == 1
    assert not (tmp_path / INDEX).exists()


def test_a_small_folder_has_no_index(tmp_path: Path) -> None:
    record_run(str(tmp_path), SMALL)
    age(metrics(tmp_path, 1))
    assert len(FolderStore(tmp_path).find()) == 1
    assert not (tmp_path / INDEX).exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_index_is_as_if_it_was_not(records: Path, data: st.DataObject) -> None:
    content = (records / INDEX).read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(1, 255))
    damaged = records / "damaged"
    damaged.write_bytes(content[:place] + bytes([content[place] ^ other]) + content[place + 1 :])
    found = metrics(records, 1).stat()
    stamp = found.st_mtime_ns, found.st_size
    assert StepIndex(damaged).steps(1, stamp) is None
    assert StepIndex(records / INDEX).steps(1, stamp) is not None


def test_an_index_that_cannot_be_written_or_read_hinders_nobody(records: Path) -> None:
    (records / INDEX).unlink()
    (records / INDEX).mkdir()
    assert len(FolderStore(records).find()) == 3


def test_runs_that_are_gone_leave_the_index(records: Path) -> None:
    before = len((records / INDEX).read_bytes())
    index = StepIndex(records / INDEX)
    index.note(7, (AN_HOUR_AGO, 100), {"d_x": (1,)})
    index.save([1, 7])
    assert len((records / INDEX).read_bytes()) < before
    assert StepIndex(records / INDEX).steps(7, (AN_HOUR_AGO, 100)) == {"d_x": (1,)}
    assert StepIndex(records / INDEX).steps(3, (AN_HOUR_AGO, metrics(records, 3).stat().st_size)) is None


def test_a_store_sees_what_changes_while_it_is_open(records: Path) -> None:
    store = FolderStore(records)
    assert len(store.find()) == 3
    config = records / "2" / "config.json"
    config.write_text(config.read_text().replace('"seed": 1', '"seed": 5', 1))
    assert [record.config["seed"] for record in store.find()] == [0, 5, 2]
    (records / "3" / "generator.safetensors").unlink()
    assert [record.id for record in store.find()] == [1, 2]
