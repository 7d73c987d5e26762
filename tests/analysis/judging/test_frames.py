"""From a folder of records to data frames, and what is said about records that do not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.judging.guards import changes
from runs.errors import UserError
from runs.study import Study
from tests.analysis.synthetic import Behaviour, loaded, record, recorded, references, small_study
from tests.recording import synthetic_info

STEP_INFO = synthetic_info(small_study().cell("mlp", {}).config)


def test_every_planned_run_has_a_row_in_the_order_of_the_study(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=2), {"dcgan": ["stable", "stable"], "mlp": ["stable"]})
    assert data.runs["arm"].tolist() == ["mlp", "mlp", "dcgan", "dcgan"]
    assert data.runs["seed"].tolist() == [0, 1, 0, 1]
    assert data.runs["complete"].tolist() == data.runs["used"].tolist() == [True, False, True, True]
    assert data.runs["run_id"].isna().tolist() == [False, True, False, False]
    assert data.runs["steps"].dropna().tolist() == [200, 200, 200]
    assert data.used["run_id"].tolist() == [3, 1, 2]


def test_empty_store_gives_planned_rows_and_no_references(tmp_path: Path) -> None:
    data = loaded(tmp_path, small_study(seeds=3))
    assert len(data.runs) == 6
    assert not data.runs["used"].any()
    assert data.references is None
    assert data.classes is None
    assert len(data.tidy(["eval_frechet"])) == 0


def test_missing_runs_are_named(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=3), {"dcgan": ["stable"] * 3, "mlp": ["stable"]})
    assert data.problems == ("Arm mlp: 2 of 3 planned runs have no complete record: seed 1; seed 2.",)


def test_tidy_frame_has_a_row_a_point(tmp_path: Path) -> None:
    data = recorded(tmp_path, small_study(seeds=2), {"mlp": ["unlearned"] * 2, "dcgan": ["stable"] * 2})
    tidy = data.tidy(["eval_frechet", "loss_d"])
    assert tidy.columns.tolist() == ["run_id", "arm", "seed", "trace", "step", "value"]
    assert len(tidy) == 4 * (21 + 2)
    for run_id, by_name in data.series.items():
        for name in ("eval_frechet", "loss_d"):
            part = tidy[(tidy["run_id"] == run_id) & (tidy["trace"] == name)]
            assert part["step"].tolist() == by_name[name].steps.tolist()
            assert part["value"].tolist() == by_name[name].values.tolist()
    last = data.tidy(["eval_frechet"]).query("step == 200 and seed == 1").set_index("arm")["value"]
    assert last["mlp"] == 41.0
    assert last["dcgan"] == pytest.approx(3.01)


def test_factors_of_the_grid_are_columns_and_choose_runs(tmp_path: Path) -> None:
    study = small_study(seeds=1, grid={"beta1": [0.5, 0.9]})
    for point in study.grid_points():
        for arm in study.arms:
            record(str(tmp_path), study, arm, 0, point=point)
    data = loaded(tmp_path, study)
    assert data.runs["beta1"].tolist() == [0.5, 0.5, 0.9, 0.9]
    assert data.only(point={"beta1": 0.9}).used["run_id"].tolist() == [3, 4]
    assert data.tidy(["eval_frechet"]).query("beta1 == 0.5")["run_id"].unique().tolist() == [1, 2]
    assert [seed.run_ids for seed in data.matched_seeds(["mlp", "dcgan"], {"beta1": 0.9})] == [(3, 4)]


def test_incomplete_records_are_not_analysed(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "mlp", 0, status="FAILED")
    data = loaded(tmp_path, study)
    assert not data.runs["complete"].any()


def test_earlier_of_two_equal_records_counts(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    for pace in (0.1, 0.7):  # only the time that training took differs
        record(str(tmp_path), study, "mlp", 0, traces={"train_seconds": pace * np.arange(21)})
    record(str(tmp_path), study, "dcgan", 0)
    data = loaded(tmp_path, study)
    assert data.used["run_id"].tolist() == [1, 3]
    assert data.problems == (
        "Trainings recorded more than once, with equal traces; the earliest record counts: 2 as 1.",
    )


def test_nan_equals_nan_between_two_records(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    for _ in range(2):
        record(str(tmp_path), study, "mlp", 0, "nonfinite")
    assert loaded(tmp_path, study).used["run_id"].tolist() == [1]


def test_two_complete_records_that_differ_are_an_error(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "mlp", 0)
    record(str(tmp_path), study, "mlp", 0, traces={"eval_recall": 0.5})
    with pytest.raises(UserError, match=r"records 1 and 2 .* mlp at seed 0 but differ in eval_recall"):
        loaded(tmp_path, study)


def test_run_measured_by_another_feature_network_is_excluded(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    data = recorded(tmp_path, study, {"mlp": ["stable"] * 2, "dcgan": ["stable"]})
    record(str(tmp_path), study, "dcgan", 1, info={"features": {"hash": "other", "accuracy": 0.9}})
    data = loaded(tmp_path, study)
    assert data.runs["complete"].all()
    assert data.runs["used"].tolist() == [True, True, True, False]
    assert data.problems == (
        "Run 4 (dcgan, seed 1) is excluded: its samples were measured by another feature network than run 1's.",
    )
    last = data.matched_seeds(["mlp", "dcgan"], {})[1]
    assert last.problem == "its samples were measured by another feature network than run 1's"
    assert not last.missing


def test_run_with_other_references_is_excluded_but_rounding_is_not(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    near, far = references(), references()
    near["grey"]["eval_frechet"] *= 1.001
    far["grey"]["eval_frechet"] *= 1.1
    recorded(tmp_path, study, {"mlp": ["stable"] * 2})
    record(str(tmp_path), study, "dcgan", 0, info={"references": near})
    record(str(tmp_path), study, "dcgan", 1, info={"references": far})
    data = loaded(tmp_path, study)
    assert data.runs["used"].tolist() == [True, True, True, False]
    assert "reference values differ" in data.problems[0]


def test_pair_that_did_not_see_the_same_data_is_not_matched(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    recorded(tmp_path, study, {"mlp": ["stable"] * 2, "dcgan": ["stable"]})
    record(str(tmp_path), study, "dcgan", 1, info={"streams": {**STEP_INFO["streams"], "order": "else"}})
    first, second = loaded(tmp_path, study).matched_seeds(["mlp", "dcgan"], {})
    assert first.problem is None
    assert second.problem == "runs 2 and 4 did not see the same noise_d, noise_eval, noise_g, order"
    assert not second.missing


def test_arms_of_unequal_budgets_that_no_contrast_compares_are_not_matched(tmp_path: Path) -> None:
    arms = {
        "mlp": {"architecture": "mlp"},
        "dcgan": {"width_g": 8, "width_d": 8},
        "short": {"architecture": "mlp", "steps": 100},
    }
    data = recorded(tmp_path, small_study(seeds=1, arms=arms), {"short": ["stable"], "dcgan": ["stable"]})
    (seed,) = data.matched_seeds(["short", "dcgan"], {})
    assert seed.problem == "unequal steps: 100 in run 1, 200 in run 2"


def again(study: Study, arm: str, seed: int, behaviour: Behaviour) -> dict[str, Any]:
    """Options of a record of the run's second training, in which it came out so."""
    key = study.cell(arm, {}).key
    meta = {"cell_key": key, "plan_hash": study.plan_hash, "generation": 1}
    return {"arm": arm, "seed": seed, "behaviour": behaviour, "meta": meta}


def test_of_a_run_that_was_trained_again_the_latest_training_counts_and_that_is_said(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    recorded(tmp_path, study, {"mlp": ["unlearned"] * 2, "dcgan": ["stable"] * 2})
    record(str(tmp_path), study, **again(study, "mlp", 0, "stable"))
    record(str(tmp_path), study, **again(study, "mlp", 1, "unlearned"))
    data = loaded(tmp_path, study)
    assert data.used["run_id"].tolist() == [5, 6, 3, 4]
    assert data.problems == (
        "Runs trained again on request; the latest training counts: 5 in place of 1; 6 in place of 2"
        " (1 of 2 earlier records have other traces).",
    )


def test_an_incomplete_second_training_does_not_take_the_place_of_a_complete_first(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    recorded(tmp_path, study, {"mlp": ["unlearned"], "dcgan": ["stable"]})
    record(str(tmp_path), study, **again(study, "mlp", 0, "stable"), status="FAILED")
    data = loaded(tmp_path, study)
    assert (data.used["run_id"].tolist(), data.problems) == ([1, 2], ())


def test_two_records_of_a_second_training_must_be_equal_as_those_of_a_first(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    recorded(tmp_path, study, {"mlp": ["unlearned"], "dcgan": ["stable"]})
    record(str(tmp_path), study, **again(study, "mlp", 0, "stable"))
    record(str(tmp_path), study, **again(study, "mlp", 0, "stable"))
    assert loaded(tmp_path, study).used["run_id"].tolist() == [3, 2]
    record(str(tmp_path), study, **again(study, "mlp", 0, "unlearned"))
    with pytest.raises(UserError, match=r"records 3 and 5 are both complete .*sweep STUDY --again"):
        loaded(tmp_path, study)


def test_training_again_settles_which_of_two_different_records_counts(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    recorded(tmp_path, study, {"mlp": ["unlearned"], "dcgan": ["stable"]})
    record(str(tmp_path), study, "mlp", 0, "stable")
    with pytest.raises(UserError, match="records 1 and 3 are both complete"):
        loaded(tmp_path, study)
    record(str(tmp_path), study, **again(study, "mlp", 0, "stable"))
    assert loaded(tmp_path, study).used["run_id"].tolist() == [4, 2]


def test_changed_plan_is_noticed_and_its_keys_are_named(tmp_path: Path) -> None:
    before = small_study(seeds=1)
    recorded(tmp_path, before, {"mlp": ["stable"], "dcgan": ["stable"]})
    after = small_study(seeds=1, plan={**before.document["plan"], "alpha": 0.1}, question="Another?")
    data = loaded(tmp_path, after)
    assert data.plan_changed
    alpha = "plan.alpha: 0.05 (the default) before, 0.1 now"
    question = f'question: "{before.question}" before, "Another?" now'
    assert data.plan_changes == (alpha, question)
    assert data.problems == (f"The study file changed after runs were made: {alpha}; {question}.",)
    assert not loaded(tmp_path, before).plan_changed


def test_run_that_recorded_no_plan_counts_as_made_under_another(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "mlp", 0, info={"plan": None}, meta={"plan_hash": None})
    assert loaded(tmp_path, study).plan_changes == ("(not recorded)",)


def test_runs_of_cells_that_are_no_longer_declared_are_counted(tmp_path: Path) -> None:
    before = small_study(seeds=2)
    recorded(tmp_path, before, {"mlp": ["stable"] * 2, "dcgan": ["stable"] * 2})
    base = {**before.document["base"], "lr": 1e-3}
    data = loaded(tmp_path, small_study(seeds=2, base=base))
    assert not data.runs["complete"].any()
    assert data.problems[-1] == (
        "4 complete records of this study (mlp, dcgan) belong to cells or seeds that it does not declare, and are not"
        " analysed (base.lr: 0.0002 before, 0.001 now): runs 1; 2; 3; 4."
    )


def test_an_arm_whose_setting_was_edited_is_missing_for_that_reason(tmp_path: Path) -> None:
    before = small_study(seeds=2)
    recorded(tmp_path, before, {"mlp": ["stable"] * 2, "dcgan": ["stable"] * 2})
    arms = before.document["arms"]
    data = loaded(tmp_path, small_study(seeds=2, arms={**arms, "mlp": {**arms["mlp"], "lr": 1e-3}}))
    assert data.problems[0] == "Arm mlp: 2 of 2 planned runs have no complete record: seed 0; seed 1."
    assert data.problems[1].startswith("2 complete records of this study (mlp) belong to cells or seeds that it does")
    assert "are not analysed (arms.mlp.lr: not set before, 0.001 now): runs 1; 2." in data.problems[1]
    assert data.used["arm"].tolist() == ["dcgan", "dcgan"]


def test_arm_that_is_not_as_large_as_declared_is_named(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "dcgan", 0)
    record(str(tmp_path), study, "mlp", 0, info={"match": {**STEP_INFO["match"], "parameters_g": 1500}})
    assert loaded(tmp_path, study).problems == (
        "Arm mlp is declared matched to dcgan, but differs in trainable parameters: G by +50.0%.",
    )


def test_uncommitted_code_and_several_machines_are_named(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "dcgan", 0, info={"code": {"commit": "abc", "modified": True}, "device": "one"})
    record(str(tmp_path), study, "mlp", 0, info={"code": {"commit": "abc", "modified": True}, "device": "other"})
    assert loaded(tmp_path, study).problems == (
        "The runs were not all made with one device: one, other.",
        "Some runs were made by code with changes that are not committed.",
    )


def test_changes_are_paths_to_what_differs_with_both_values() -> None:
    before = {"a": 1, "b": {"c": [1, 2], "d": {}}, "gone": None}
    after = {"a": 1.0, "b": {"c": [1, 3, 4], "d": {"e": 5}}}
    assert changes(before, after) == [
        "b.c.1: 2 before, 3 now",
        "b.c.2: not set before, 4 now",
        "b.d: null before, not set now",
        "b.d.e: not set before, 5 now",
        "gone: null before, not set now",
    ]


def test_thresholds_that_are_not_set_are_shown_by_their_defaults() -> None:
    before = {"plan": {"alpha": 0.1, "thresholds": {"probes": 4}}}
    after = {"plan": {"primary": {"first": "mlp"}, "thresholds": {"bar": 0.5}}}
    assert changes(before, after) == [
        "plan.alpha: 0.1 before, 0.05 (the default) now",
        'plan.primary.first: not set before, "mlp" now',
        "plan.thresholds.bar: 0.25 (the default) before, 0.5 now",
        "plan.thresholds.probes: 4 before, 3 (the default) now",
    ]
