"""Contrasts that no data can answer are refused when the study is read."""

from copy import deepcopy
from typing import Any

import pytest

from analysis.judging.guards import MEASURED_DATA
from runs.answerable import COMMON_FIELDS
from runs.errors import UserError
from runs.study import study_from_document
from tests.runs.test_study import DOCUMENT

OTHERS: dict[str, Any] = {
    "image_size": 32,
    "channels": 3,
    "latent_dim": 32,
    "latent_distribution": "uniform",
    "batch_size": 32,
    "steps": 40,
    "d_steps": 2,
    "g_steps": 2,
    "eval_every": 5,
    "eval_samples": 200,
    "feature_space": "inception",
}
TREATMENTS: dict[str, Any] = {
    "lr": 1e-3,
    "beta1": 0.9,
    "r1_gamma": 1.0,
    "init": "he",
    "extra_layers": 1,
    "trace_every": 2,
    "threads": 2,
}


def with_mlp(**settings: Any) -> dict[str, Any]:
    """The document with other settings in one of the two arms that are compared."""
    document = deepcopy(DOCUMENT)
    document["arms"]["mlp"] |= settings
    return document


def test_every_field_that_has_two_values_so_far_is_tried() -> None:
    assert {*OTHERS, "dataset", "data"} == set(COMMON_FIELDS)


def test_arms_on_two_folders_of_pictures_are_not_comparable() -> None:
    document = with_mlp(data="cats")
    document["base"] |= {"dataset": "image_folder"}
    document["arms"]["dcgan"] |= {"data": "dogs"}
    with pytest.raises(UserError, match="arms mlp and dcgan differ in data: cats and dogs"):
        study_from_document(document)


def test_what_measures_are_relative_to_is_common_to_the_arms_of_a_contrast() -> None:
    assert set(MEASURED_DATA) < set(COMMON_FIELDS)


@pytest.mark.parametrize("field", OTHERS)
def test_arms_that_cannot_be_compared_are_named_with_the_field_and_both_values(field: str) -> None:
    default = getattr(study_from_document(DOCUMENT).cell("dcgan", {}).config, field)
    with pytest.raises(UserError) as refusal:
        study_from_document(with_mlp(**{field: OTHERS[field]}), where="study tiny.yaml")
    said = str(refusal.value)
    assert said.startswith(
        "study tiny.yaml: contrast 'MLP' on not_stable: no data can answer it, for arms mlp and dcgan"
    )
    assert f"differ in {field}: {OTHERS[field]} and {default};" in said
    assert "\n" not in said


@pytest.mark.parametrize("field", TREATMENTS)
def test_what_may_be_a_treatment_is_no_hindrance(field: str) -> None:
    assert study_from_document(with_mlp(**{field: TREATMENTS[field]})).name == "tiny"


def test_levels_of_a_grid_are_common_to_all_arms() -> None:
    grid = {"batch_size": [32, 64], "steps": [20, 40]}
    assert len(study_from_document({**DOCUMENT, "grid": grid}).grid_points()) == 4


def test_an_arm_that_differs_at_every_point_of_a_grid_is_refused() -> None:
    with pytest.raises(UserError, match="arms mlp and dcgan differ in batch_size: 32 and 64"):
        study_from_document({**with_mlp(batch_size=32), "grid": {"beta1": [0.5, 0.9]}})


def test_an_arm_that_no_contrast_names_may_differ() -> None:
    document = deepcopy(DOCUMENT)
    document["arms"]["other"] = {"architecture": "mlp", "batch_size": 32}
    assert "other" in study_from_document(document).arms


def test_all_four_arms_of_an_interaction_must_be_comparable() -> None:
    document = deepcopy(DOCUMENT)
    document["arms"] |= {"a": {"batch_size": 32}, "b": {"batch_size": 32}}
    document["plan"]["secondaries"] = [
        {"name": "both", "outcome": "final_frechet", "first": "mlp", "second": "dcgan", "minus": ["a", "b"]}
    ]
    with pytest.raises(UserError, match=r"contrast 'both' on .* arms mlp and a differ in batch_size: 64 and 32"):
        study_from_document(document)
