"""Which records a study does not declare any more, and what is said of how that came."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis.judging.other_cells import of_other_cells, what_to_do, why_of_other_cells
from runs.records import RunRecord
from runs.store import open_store
from runs.study import Study
from tests.analysis.synthetic import record, small_study

BEFORE = small_study(seeds=2)
ARMS = BEFORE.document["arms"]


@pytest.fixture
def records(tmp_path: Path) -> list[RunRecord]:
    """Two arms at two seeds, as the study was declared before."""
    for arm in BEFORE.arms:
        for seed in BEFORE.seeds:
            record(str(tmp_path), BEFORE, arm, seed)
    return open_store(str(tmp_path)).find()


def edited(**parts: Mapping[str, Any]) -> Study:
    return small_study(seeds=2, **{name: {**BEFORE.document[name], **changes} for name, changes in parts.items()})


def ids_and_reason(study: Study, records: list[RunRecord]) -> tuple[list[int], str]:
    others = of_other_cells(study, records)
    return [one.id for one in others], why_of_other_cells(study, others)


def test_all_is_declared_as_long_as_no_setting_changes(records: list[RunRecord]) -> None:
    assert of_other_cells(BEFORE, records) == []
    assert of_other_cells(small_study(seeds=2, question="Another?"), records) == []
    assert of_other_cells(BEFORE.override(seeds=1, arms=["mlp"]), records) == []


def test_a_setting_of_all_arms_is_the_reason_for_all(records: list[RunRecord]) -> None:
    assert ids_and_reason(edited(base={"steps": 400}), records) == ([1, 2, 3, 4], "base.steps: 200 before, 400 now")


def test_a_setting_of_one_arm_is_the_reason_for_its_runs_alone(records: list[RunRecord]) -> None:
    study = edited(arms={"mlp": {**ARMS["mlp"], "beta1": 0.9}})
    assert ids_and_reason(study, records) == ([1, 2], "arms.mlp.beta1: not set before, 0.9 now")


def test_the_reference_arms_width_is_the_reason_for_the_arms_that_are_matched_to_it(records: list[RunRecord]) -> None:
    study = edited(arms={"dcgan": {**ARMS["dcgan"], "width_g": 16}})
    assert ids_and_reason(study, records) == ([1, 2, 3, 4], "arms.dcgan.width_g: 8 before, 16 now")


def test_what_decides_no_training_is_no_reason(records: list[RunRecord]) -> None:
    study = small_study(seeds=2, question="Another?", base={**BEFORE.document["base"], "lr": 1e-3})
    assert ids_and_reason(study, records)[1] == "base.lr: 0.0002 before, 0.001 now"


def test_seeds_that_were_given_up_are_the_reason_for_theirs(records: list[RunRecord]) -> None:
    assert ids_and_reason(small_study(seeds=1), records) == ([2, 4], "seeds: 2 before, 1 now")


def test_seeds_that_only_the_command_line_added_were_never_declared(tmp_path: Path) -> None:
    record(str(tmp_path), BEFORE, "mlp", 5)
    records = open_store(str(tmp_path)).find()
    assert ids_and_reason(BEFORE, records) == ([1], "made at seeds that it never declared")
    assert of_other_cells(BEFORE.override(seeds=6), records) == []


def test_without_an_edit_the_training_code_is_another_version(tmp_path: Path) -> None:
    record(str(tmp_path), BEFORE, "mlp", 0, meta={"cell_key": "of an earlier version"})
    records = open_store(str(tmp_path)).find()
    assert ids_and_reason(BEFORE, records) == ([1], "made by another version of the training code")


def test_only_what_was_edited_can_be_undone(records: list[RunRecord], tmp_path: Path) -> None:
    assert "undo the edit" in what_to_do(edited(base={"steps": 400}), records)
    record(str(tmp_path / "earlier"), BEFORE, "mlp", 0, meta={"cell_key": "of an earlier version"})
    said = what_to_do(BEFORE, open_store(str(tmp_path / "earlier")).find())
    assert "undo" not in said and "another version of the training code); train it: " in said


def test_a_run_by_hand_does_not_say_what_the_study_was(tmp_path: Path) -> None:
    meta = {"cell_key": None, "plan_hash": None}
    record(str(tmp_path), BEFORE, "mlp", 0, meta=meta, info={"plan": None})
    assert ids_and_reason(BEFORE, open_store(str(tmp_path)).find()) == (
        [1],
        "what the study said then is not recorded",
    )


def test_of_many_edits_the_first_are_named(records: list[RunRecord]) -> None:
    changes = {"batch_size": 32, "beta1": 0.9, "eval_every": 20, "lr": 1e-3, "steps": 400}
    reason = ids_and_reason(edited(base=changes), records)[1]
    assert reason.count(" now") == 3 and reason.endswith("; base.eval_every: 10 before, 20 now and 2 more")
