from pathlib import Path

from runs.manifest import missing_runs, planned_runs
from runs.store import open_store
from runs.study import load_study, study_from_document
from tests.recording import record_run

SMOKE = load_study("smoke")


def test_all_cells_of_a_seed_are_planned_before_the_next_seed() -> None:
    assert [seed for _, seed in planned_runs(SMOKE)] == [0, 0, 1, 1]
    assert len(set(planned_runs(SMOKE))) == 4


def test_runs_are_missing_until_their_record_is_complete(store_url_of_kind: str) -> None:
    first, second, *others = planned_runs(SMOKE)
    cells = {cell.key: cell for cell in SMOKE.cells()}
    for (key, seed), status in ((first, "COMPLETED"), (second, "RUNNING")):
        record_run(store_url_of_kind, cells[key].at_seed(seed), meta={"cell_key": key}, status=status)
    assert missing_runs(SMOKE, open_store(store_url_of_kind)) == [second, *others]


def test_another_studys_record_of_the_same_cell_does_not_count(tmp_path: Path) -> None:
    cell = next(SMOKE.cells())
    other = {**SMOKE.document, "study": "other"}
    record_run(str(tmp_path), cell.at_seed(0), meta={"cell_key": cell.key})
    assert len(missing_runs(study_from_document(other), open_store(str(tmp_path)))) == 4
