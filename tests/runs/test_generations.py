"""Training again: what is to be made, whatever was interrupted, and which records an older training left."""

from pathlib import Path

import pytest

from runs import generations, study
from runs.generations import generation_of, latest_generation, recorded_generations, stale, still_missing, work
from runs.manifest import planned_runs
from runs.store import open_store
from runs.study import load_study
from tests.recording import Status, record_run

SMOKE = load_study("smoke")
RUNS = planned_runs(SMOKE)


def recorded(url: str, place: int, *, generation: int | None = None, status: Status = "COMPLETED") -> int:
    """Record that planned run; without a generation as records were before there were any."""
    key, seed = RUNS[place]
    cells = {cell.key: cell for cell in SMOKE.cells()}
    meta = {"cell_key": key} | ({} if generation is None else {"generation": generation})
    return record_run(url, cells[key].at_seed(seed), meta=meta, status=status)


def todo(url: str, *, again: bool) -> tuple[list[int], int, int]:
    """Places of the runs to train, their generation, and how many of them are recorded."""
    found = work(SMOKE, open_store(url), again=again)
    return [RUNS.index(run) for run in found.runs], found.generation, found.recorded


def test_without_a_record_everything_is_missing_whether_again_or_not(tmp_path: Path) -> None:
    assert todo(str(tmp_path), again=False) == todo(str(tmp_path), again=True) == ([0, 1, 2, 3], 0, 0)


def test_again_trains_what_is_recorded_as_the_next_generation(store_url_of_kind: str) -> None:
    for place in range(4):
        recorded(store_url_of_kind, place)
    assert todo(store_url_of_kind, again=False) == ([], 0, 0)
    assert todo(store_url_of_kind, again=True) == ([0, 1, 2, 3], 1, 4)


def test_again_after_an_interruption_finishes_what_was_begun(store_url_of_kind: str) -> None:
    for place in range(4):
        recorded(store_url_of_kind, place)
    recorded(store_url_of_kind, 0, generation=1)
    recorded(store_url_of_kind, 1, generation=1, status="INTERRUPTED")
    assert todo(store_url_of_kind, again=True) == ([1, 2, 3], 1, 3)
    assert todo(store_url_of_kind, again=False) == ([], 1, 0)
    for place in (1, 2, 3):
        recorded(store_url_of_kind, place, generation=1)
    assert todo(store_url_of_kind, again=True) == ([0, 1, 2, 3], 2, 4)


def test_runs_that_were_missing_join_the_latest_generation(tmp_path: Path) -> None:
    for place in (0, 1):
        recorded(str(tmp_path), place, generation=3)
    assert todo(str(tmp_path), again=False) == ([2, 3], 3, 0)
    assert todo(str(tmp_path), again=True) == ([0, 1, 2, 3], 4, 2)


def test_only_a_record_of_the_wanted_generation_ends_the_work(tmp_path: Path) -> None:
    for place in range(4):
        recorded(str(tmp_path), place)
    again = work(SMOKE, open_store(str(tmp_path)), again=True)
    recorded(str(tmp_path), 0, generation=1)
    missing = still_missing(again, recorded_generations(SMOKE, open_store(str(tmp_path))))
    assert [RUNS.index(run) for run in missing] == [1, 2, 3]


def test_of_several_records_those_of_the_latest_generation_count(tmp_path: Path) -> None:
    for generation in (None, 0, 2, 1, 2):
        recorded(str(tmp_path), 0, generation=generation)
    records = open_store(str(tmp_path)).find()
    assert [generation_of(record) for record in records] == [0, 0, 2, 1, 2]
    assert [record.id for record in latest_generation(records)] == [3, 5]


def test_records_of_an_older_training_are_missing_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (0, 1, 2):
        key, seed = RUNS[place]
        config = {cell.key: cell for cell in SMOKE.cells()}[key].at_seed(seed)
        record_run(str(tmp_path), config, meta={"cell_key": key, "training_version": generations.TRAINING_VERSION})
    assert stale(SMOKE, open_store(str(tmp_path))) == 0
    for module in (generations, study):
        monkeypatch.setattr(module, "TRAINING_VERSION", generations.TRAINING_VERSION + 1)
    assert len(work(SMOKE, open_store(str(tmp_path)), again=False).runs) == 4
    assert stale(SMOKE, open_store(str(tmp_path))) == 3
    assert stale(SMOKE.override(seeds=1, arms=["dcgan"]), open_store(str(tmp_path))) == 1


def test_records_that_name_no_version_are_of_the_first(tmp_path: Path) -> None:
    recorded(str(tmp_path), 0)
    assert generations.TRAINING_VERSION > 1
    assert stale(SMOKE, open_store(str(tmp_path))) == 1
