"""The schema of results.json, and results that have to fulfil it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from analysis.judging.study_data import StudyData
from analysis.results.document import SCHEMA_VERSION, to_json
from analysis.results.schema import _schema, main, results_schema
from tests.analysis.pages import contents
from tests.analysis.plausible import record_study
from tests.analysis.synthetic import Behaviour, loaded, recorded, small_study

MIXED: Sequence[Behaviour] = ("stable", "unlearned", "collapsed", "diverged", "nonfinite", "stable")


def validated(data: StudyData) -> dict[str, Any]:
    content = json.loads(to_json(contents(data).results))
    errors = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(results_schema()).iter_errors(content)
    ]
    assert errors == []
    return content


def test_command_shows_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == results_schema()


def test_schema_is_one_and_documents_every_part() -> None:
    schema = results_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"results.json, version {SCHEMA_VERSION}"
    assert all(definition["description"] for definition in schema["$defs"].values())


def test_every_verdict_and_missing_runs_fulfil_the_schema(tmp_path: Path) -> None:
    content = validated(recorded(tmp_path, small_study(), {"mlp": MIXED, "dcgan": MIXED[::-1]}))
    assert content["contrasts"][0]["bounds"]["n_missing"] == 2


def test_study_without_runs_fulfils_the_schema(tmp_path: Path) -> None:
    assert validated(loaded(tmp_path, small_study()))["counts"]["used"] == 0


def test_grid_of_all_four_recipes_fulfils_the_schema(tmp_path: Path) -> None:
    arms = {
        "mlp": {"architecture": "mlp", "normalization": "none"},
        "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
        "dcgan-nobn": {"architecture": "dcgan", "normalization": "none"},
        "dcgan": {"architecture": "dcgan", "normalization": "batch"},
    }
    study = small_study(seeds=3, arms=arms, grid={"beta1": [0.5, 0.9]})
    record_study(str(tmp_path), study)
    content = validated(loaded(tmp_path, study))
    assert [mean["outcome"] for mean in content["grid_means"]] == ["not_stable", "updates_to_bar"]
    assert len(content["chapters"]["factors"]["tables"]["factors"]) == 3 * 9


def test_bounds_for_missing_pairs_stand_in_every_contrast_of_rates_that_lacks_some(tmp_path: Path) -> None:
    document = small_study().document
    other = {"name": "another", "outcome": "not_stable", "first": "dcgan", "second": "another"}
    arms = {**document["arms"], "another": document["arms"]["mlp"]}
    study = small_study(seeds=3, arms=arms, plan={**document["plan"], "secondaries": [other]})
    behaviours: dict[str, list[Behaviour]] = {"mlp": ["stable"] * 3, "dcgan": ["stable"], "another": ["stable"] * 3}
    content = validated(recorded(tmp_path, study, behaviours))
    rates = [contrast for contrast in content["contrasts"] if contrast["outcome"] == "not_stable"]
    assert [contrast["bounds"]["n_missing"] for contrast in rates] == [2, 2]


def test_registered_margins_fulfil_the_schema_with_pairs_without_and_with_infinite_ends(tmp_path: Path) -> None:
    plan = small_study().document["plan"]
    margins = {"primary": plan["primary"] | {"margin": 0.3}, "co_primary": plan["co_primary"] | {"margin": 50}}
    study = small_study(seeds=6, plan=margins)
    content = validated(recorded(tmp_path / "some", study, {"mlp": ["unlearned"] * 6, "dcgan": ["stable"] * 6}))
    rates, updates = (found["finding"] for found in content["margins"])
    assert (rates["shown"], rates["margin"], rates["interval"]["high"]) == (False, 0.3, 1)
    assert (updates["interval"]["low"], updates["interval"]["low_note"]) == (None, "infinite")
    none = validated(loaded(tmp_path / "none", study))["margins"]
    assert [found["finding"]["n"] for found in none] == [0, 0]


@pytest.mark.parametrize("change", [{"unknown": 1}, {"schema_version": SCHEMA_VERSION + 1}, {"seeds": "0"}])
def test_schema_refuses_what_it_does_not_know(tmp_path: Path, change: dict[str, Any]) -> None:
    content = validated(loaded(tmp_path, small_study(seeds=1)))
    assert list(Draft202012Validator(results_schema()).iter_errors({**content, **change}))


def test_a_type_that_has_no_schema_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        value: set[int]

    with pytest.raises(TypeError, match="has no JSON Schema here"):
        _schema(Odd, {})
