import json
import math
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from runs.errors import UserError
from runs.manifest import missing_runs
from runs.schema import LATER_FIELDS, SHAPE_FIELDS, TRAINING_VERSION, RunConfig, config_fields, key_fields
from runs.store import open_store
from runs.study import STUDIES, Cell, digest, load_study, study_from_document, study_names
from tests.recording import record_run

DOCUMENT: dict[str, Any] = {
    "study": "tiny",
    "question": "Does it?",
    "seeds": 3,
    "reference_arm": "dcgan",
    "base": {"steps": 20, "eval_every": 10, "lr": 2e-4},
    "arms": {
        "mlp": {"architecture": "mlp", "normalization": "none"},
        "dcgan": {"architecture": "dcgan", "width_g": 16, "width_d": 16},
    },
    "plan": {
        "primary": {"name": "MLP", "outcome": "not_stable", "first": "mlp", "second": "dcgan"},
        "co_primary": {"name": "MLP", "outcome": "updates_to_bar", "first": "mlp", "second": "dcgan"},
    },
}


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The document with another value at that path."""
    document = deepcopy(DOCUMENT)
    place = document
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = to
    return document


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in DOCUMENT.items() if name != key}


def with_margin(margin: Any, outcome: str = "not_stable", **contrast: Any) -> dict[str, Any]:
    """The document with a margin in its primary contrast; the co-primary has another outcome."""
    primary, co_primary = DOCUMENT["plan"]["primary"], DOCUMENT["plan"]["co_primary"]
    other = primary["outcome"] if outcome == co_primary["outcome"] else co_primary["outcome"]
    registered = {**primary, "outcome": outcome, "margin": margin, **contrast}
    return changed("plan", to={"primary": registered, "co_primary": {**co_primary, "outcome": other}})


GRID = {"lr": [1e-4, 1e-3], "beta1": [0.5, 0.9]}


def over_grid(outcome: str, grid: dict[str, Any] = GRID, **contrast: Any) -> dict[str, Any]:
    """The document with a grid, a third arm and that outcome in its primary contrast."""
    registered = {**DOCUMENT["plan"]["primary"], "outcome": outcome, **contrast}
    third = {"architecture": "mlp", "normalization": "batch"}
    return {**changed("plan", "primary", to=registered), "grid": grid, "arms": {**DOCUMENT["arms"], "mlp-bn": third}}


def cell_of(document: dict[str, Any], arm: str = "mlp") -> Cell:
    return study_from_document(document).cell(arm, {})


# --- what a study says


@pytest.mark.parametrize("name", study_names())
def test_every_study_that_ships_loads_and_names_itself_as_its_file(name: str) -> None:
    assert load_study(name).name == name


def test_default_study_is_four_arms_matched_to_dcgan_at_four_recipes_and_nine_seeds() -> None:
    study = load_study("digits")
    cells = list(study.cells())
    assert [cell.arm for cell in cells] == ["mlp", "mlp-bn", "dcgan-nobn", "dcgan"] * 4
    assert {(cell.config.lr_g, cell.config.beta1) for cell in cells} == {
        (x, y) for x in (2e-4, 1e-3) for y in (0.5, 0.9)
    }
    assert study.seeds == tuple(range(9))
    assert {cell.arm for cell in cells if cell.reference is None} == {"dcgan"}


def test_registered_secondaries_of_the_default_study_can_all_survive_their_correction() -> None:
    """Nine seeds all one way give p = 2^-8, which Holm multiplies by the number of secondaries."""
    study = load_study("digits")
    assert len(study.plan.secondaries) * 2.0 ** (1 - len(study.seeds)) <= study.plan.alpha


@pytest.mark.parametrize("name", study_names())
def test_no_study_uses_a_seed_that_a_pilot_has_spent(name: str) -> None:
    spent = {*range(1000, 1030), *range(2000, 2006), *range(3000, 3008)}
    assert not spent & set(load_study(name).seeds)


def test_grid_crosses_every_factor_with_every_arm_and_lr_sets_both_players() -> None:
    study = study_from_document({**DOCUMENT, "grid": {"lr": [1e-4, 1e-3], "beta1": [0.5, 0.9]}})
    seen = [(cell.config.lr_g, cell.config.lr_d, cell.config.beta1, cell.arm) for cell in study.cells()]
    assert seen == [(lr, lr, beta1, arm) for lr in (1e-4, 1e-3) for beta1 in (0.5, 0.9) for arm in ("mlp", "dcgan")]
    assert all(cell.reference is None or cell.reference.lr_g == cell.config.lr_g for cell in study.cells())


def test_arm_declared_unmatched_has_no_reference() -> None:
    study = study_from_document(changed("arms", "mlp", "matched", to=False))
    assert not study.is_matched("mlp")
    assert study.is_matched("dcgan")
    assert study.cell("mlp", {}).reference is None


def test_run_of_a_cell_differs_from_it_in_the_seed_alone() -> None:
    cell = cell_of(DOCUMENT)
    assert cell.at_seed(7) == replace(cell.config, seed=7)


def test_first_seed_shifts_all_seeds() -> None:
    assert study_from_document({**DOCUMENT, "first_seed": 40}).seeds == (40, 41, 42)


# --- hashes


def test_plan_hash_ignores_comments_and_layout_and_changes_with_any_value(tmp_path: Path) -> None:
    text = (
        "study: tiny\nquestion: Does it?\nseeds: 3\nreference_arm: dcgan\n"
        "base: {steps: 20, eval_every: 10, lr: 2e-4}\n"
        "arms:\n  mlp: {architecture: mlp, normalization: none}\n"
        "  dcgan: {architecture: dcgan, width_g: 16, width_d: 16}\n"
        "plan:\n"
        "  primary: {name: MLP, outcome: not_stable, first: mlp, second: dcgan}\n"
        "  co_primary: {name: MLP, outcome: updates_to_bar, first: mlp, second: dcgan}\n"
    )
    file = tmp_path / "tiny.yaml"
    file.write_text("# why\n" + text.replace("seeds: 3", "seeds:   3 # three"))
    original = study_from_document(DOCUMENT).plan_hash
    assert load_study(str(file)).plan_hash == original
    assert study_from_document({**DOCUMENT, "question": "Does it not?"}).plan_hash != original


@pytest.mark.parametrize("name", study_names())
def test_plan_hash_is_of_what_the_file_says_and_of_no_default(name: str) -> None:
    content = YAML(typ="safe", pure=True).load((STUDIES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert load_study(name).plan_hash == digest(content)


def test_published_outcomes_are_of_the_default_study_as_it_ships() -> None:
    published = (STUDIES.parents[1] / "benchmarks" / "results" / "digits" / "verdicts.csv").read_text(encoding="utf-8")
    assert f"Study digits, plan {load_study('digits').plan_hash}." in published


def test_margin_changes_the_plan_hash_and_no_cell_key() -> None:
    plain, wide, wider = (study_from_document(d) for d in (DOCUMENT, with_margin(0.2), with_margin(0.3)))
    assert len({plain.plan_hash, wide.plan_hash, wider.plan_hash}) == 3
    assert [cell.key for cell in wide.cells()] == [cell.key for cell in plain.cells()]
    assert (plain.plan.primary.margin, wide.plan.primary.margin) == (None, 0.2)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=6), st.randoms())
def test_digest_does_not_depend_on_the_order_of_keys(content: dict[str, Any], random: Any) -> None:
    items = list(content.items())
    random.shuffle(items)
    assert digest(dict(items)) == digest(content)


def test_cell_key_is_the_same_in_every_study_and_at_every_seed() -> None:
    assert cell_of({**DOCUMENT, "study": "other", "first_seed": 5, "seeds": 1}).key == cell_of(DOCUMENT).key


@pytest.mark.parametrize("field", [field.name for field in fields(RunConfig) if field.name not in ("study", "seed")])
def test_every_field_that_determines_a_training_changes_the_cell_key(field: str) -> None:
    others: dict[str, Any] = {
        "arm": "other",
        "architecture_g": "dcgan",
        "architecture_d": "dcgan",
        "normalization_g": "batch",
        "normalization_d": "batch",
        "init_g": "he",
        "init_d": "he",
        "dataset": "other",
        "image_size": 32,
        "channels": 3,
        "latent_distribution": "uniform",
        "loss": "other",
        "device": "cpu",
        "feature_space": "inception",
        "beta1": 0.9,
        "beta2": 0.99,
    }
    cell = cell_of(DOCUMENT)
    config = deepcopy(cell.config)
    value = getattr(config, field)
    other = others[field] if field in others else (value or 0) + 1
    object.__setattr__(config, field, other)  # past validation: some fields have one valid value so far
    assert getattr(config, field) != value
    assert replace(cell, config=config).key != cell.key


def test_a_record_made_before_a_field_existed_still_counts_once_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """extra_layers plays the new field: the first half is the world that does not know it."""
    study = study_from_document(DOCUMENT)
    cell = study.cell("mlp", {})
    assert cell.reference is not None
    known = {name: value for name, value in config_fields(cell.at_seed(0)).items() if name != "extra_layers"}
    known = key_fields(known)  # fields that came later already
    old_key = digest(
        {
            "config": {name: value for name, value in known.items() if name not in ("study", "seed")},
            "reference": {name: getattr(cell.reference, name) for name in SHAPE_FIELDS if name != "extra_layers"},
            "version": TRAINING_VERSION,
        }
    )
    run_id = record_run(str(tmp_path), cell.at_seed(0), meta={"cell_key": old_key})
    (tmp_path / str(run_id) / "config.json").write_text(json.dumps(known))
    assert len(missing_runs(study, open_store(str(tmp_path)))) == 6
    monkeypatch.setitem(LATER_FIELDS, "extra_layers", 0)
    lacking = missing_runs(study, open_store(str(tmp_path)))
    assert (cell.key, 0) not in lacking
    assert len(lacking) == 5
    deeper = study_from_document(changed("base", "extra_layers", to=1))
    assert len(missing_runs(deeper, open_store(str(tmp_path)))) == 6


def test_cell_key_changes_with_the_shape_of_the_reference_but_not_with_its_training() -> None:
    key = cell_of(DOCUMENT).key
    assert cell_of(changed("arms", "dcgan", "width_g", to=32)).key != key
    assert cell_of(changed("arms", "dcgan", "beta1", to=0.9)).key == key


# --- overrides


def test_snapshots_change_neither_the_plan_nor_a_cell_nor_the_label() -> None:
    plain, asking = study_from_document(DOCUMENT), study_from_document({**DOCUMENT, "snapshot_every": 5})
    assert (plain.snapshot_every, asking.snapshot_every, asking.with_snapshots(None).snapshot_every) == (None, 5, 5)
    for other in (asking, plain.with_snapshots(2), asking.with_snapshots(2)):
        assert (other.plan_hash, other.label, dict(other.document)) == (plain.plan_hash, plain.label, DOCUMENT)
        assert list(other.cells()) == list(plain.cells())


def test_override_of_the_seeds_keeps_the_plan_hash_and_marks_the_label() -> None:
    study = study_from_document(DOCUMENT)
    more = study.override(seeds=5)
    assert more.seeds == (0, 1, 2, 3, 4)
    assert more.plan_hash == study.plan_hash
    assert (study.label, more.label) == ("tiny", "tiny+seeds=5")
    assert [cell.key for cell in more.cells()] == [cell.key for cell in study.cells()]


def test_override_of_the_arms_keeps_their_order_and_what_they_are_matched_to() -> None:
    study = study_from_document(DOCUMENT)
    fewer = study.override(arms=["mlp"])
    assert [cell.arm for cell in fewer.cells()] == ["mlp"]
    assert fewer.label == "tiny+arms=mlp"
    assert next(fewer.cells()).key == study.cell("mlp", {}).key


def test_override_with_what_the_study_says_anyway_changes_nothing() -> None:
    study = study_from_document(DOCUMENT)
    assert study.override(seeds=3, arms=["dcgan", "mlp"]).label == "tiny"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"seeds": 0}, "seeds=0: expected the number of seeds"),
        ({"seeds": -3}, "seeds=-3: expected the number of seeds"),
        ({"seeds": 10**9}, "seeds=1000000000: expected the number of seeds to train, 1 to 100,000"),
        ({"arms": ["mpl"]}, "unknown arm 'mpl'; did you mean 'mlp'"),
    ],
)
def test_override_that_makes_no_sense_is_refused(override: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        study_from_document(DOCUMENT).override(**override)


def test_override_of_the_seeds_stays_within_64_bits() -> None:
    study = study_from_document({**DOCUMENT, "first_seed": 2**63 - 4})
    assert study.override(seeds=4).seeds[-1] == 2**63 - 1
    with pytest.raises(UserError, match="seeds=5: from 9223372036854775804 on there are only 4 below"):
        study.override(seeds=5)


def test_label_of_many_arms_still_fits_a_folder() -> None:
    arms = {f"arm-with-a-long-name-{number}": {"architecture": "mlp"} for number in range(30)}
    study = study_from_document({**DOCUMENT, "arms": {**DOCUMENT["arms"], **arms}})
    some, others = study.override(arms=["mlp", *list(arms)[:20]]), study.override(arms=["mlp", *list(arms)[1:20]])
    assert len(some.label.encode()) <= 200 and some.label.startswith("tiny+") and some.label != others.label


# --- bad studies


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (without("seeds"), "seeds is missing"),
        (without("plan"), "plan is missing"),
        ({}, "study is missing"),
        ({**DOCUMENT, "seed": 3}, "unknown field 'seed'; did you mean 'seeds'"),
        ({**without("seeds"), "seed": 3}, "seeds is missing; unknown field 'seed'; did you mean 'seeds'? Known: arms"),
        (
            changed("plan", "primary", to={"name": "a", "outcome": "not_stable", "frist": "mlp", "second": "dcgan"}),
            "plan.primary.first is missing; unknown field 'plan.primary.frist'",
        ),
        ({**DOCUMENT, "grid": {"beta1": [0.5, 2.0], "lr": [1e-3]}}, "arm mlp, at beta1 2.0, lr 0.001: beta1=2.0"),
        ({**DOCUMENT, "seeds": 0}, "seeds=0"),
        ({**DOCUMENT, "seeds": "3"}, "seeds='3'"),
        ({**DOCUMENT, "seeds": True}, "seeds=True"),
        ({**DOCUMENT, "question": ""}, "question=''"),
        ({**DOCUMENT, "study": "a/b"}, "study='a/b'"),
        ({**DOCUMENT, "reference_arm": "dcgam"}, "unknown arm 'dcgam'; did you mean 'dcgan'"),
        ({**DOCUMENT, "grid": {"lr": []}}, "grid.lr=[]"),
        ({**DOCUMENT, "grid": {"lr": [1e-4, -1.0]}}, "lr_g=-1.0"),
        ({**DOCUMENT, "grid": {"beta": [0.5]}}, "unknown field 'beta'; did you mean 'beta2'"),
        (changed("base", "steps", to=0), "steps=0"),
        (changed("base", "image_size", to=17), "image_size=17"),
        (changed("base", "dataset", to="lsun"), "dataset='lsun'"),
        (changed("base", "stepz", to=10), "unknown field 'stepz'; did you mean 'steps'"),
        (changed("arms", "mlp", "architecture", to="mpl"), "architecture_g='mpl'"),
        (changed("arms", "mlp", to=None), "arms.mlp=None"),
        (changed("snapshot_every", to=0), "snapshot_every=0 should be greater than or equal to 1"),
        (changed("snapshot_every", to=2.5), "snapshot_every=2.5 should be a valid integer"),
        (changed("snapshot_every", to="5"), "snapshot_every='5'"),
        (changed("snapshot_every", to=True), "snapshot_every=True"),
        (changed("base", "snapshot_every", to=5), "unknown field 'snapshot_every'"),
        (changed("plan", "primary", "first", to="mpl"), "unknown arm 'mpl'; did you mean 'mlp'"),
        (changed("plan", "primary", "outcome", to="unstable"), "plan.primary.outcome='unstable'"),
        (changed("plan", "primary", "minus", to=["mlp", "mpl"]), "unknown arm 'mpl'"),
        (changed("plan", "alpha", to=0), "plan.alpha=0"),
        (changed("plan", "thresholds", to={"divergence": 1.0}), "plan.thresholds.divergence=1.0"),
        (changed("plan", "thresholds", to={"probes": 0}), "plan.thresholds.probes=0"),
        (with_margin(0), "plan.primary.margin=0"),
        (with_margin(-0.1), "plan.primary.margin=-0.1"),
        (with_margin("0.2"), "plan.primary.margin='0.2'"),
        (with_margin(True), "plan.primary.margin=True"),
        (with_margin(math.inf), "plan.primary.margin=inf"),
        (with_margin(math.nan), "plan.primary.margin=nan"),
    ],
)
def test_bad_study_is_refused_in_one_line_that_says_where(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refusal:
        study_from_document(document, where="study tiny.yaml")
    assert said in str(refusal.value)
    assert str(refusal.value).startswith("study tiny")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            with_margin(1),
            "contrast 'MLP' on not_stable: margin=1 should be below 1: no two arms can lie further apart",
        ),
        (with_margin(1.5, "mode_hopping"), "contrast 'MLP' on mode_hopping: margin=1.5 should be below 1"),
        (
            with_margin(0.2, minus=["mlp", "dcgan"]),
            "margin=0.2: there is no test of equivalence for an interaction",
        ),
        (
            changed("plan", to={**with_margin(0.2)["plan"], "alpha": 0.5}),
            "margin=0.2 rests on an interval of confidence 1 - 2 alpha; alpha=0.5 should be",
        ),
        (
            with_margin(9, "updates_to_bar"),
            "margin=9 should be at least 10, the updates between two probes: no finer difference is recorded",
        ),
        (
            over_grid("stable_points", margin=4),
            "margin=4 should be below 4, the grid's points: no two arms can lie further apart",
        ),
        (
            over_grid("stable_points", margin=1, minus=["mlp-bn", "dcgan"]),
            "margin=1: there is no test of equivalence for an interaction",
        ),
        (
            over_grid("updates_where_both_learn", margin=100),
            "margin=100: equality is not claimed of what is conditional on both having learned",
        ),
        (
            {**with_margin(39, "updates_to_bar"), "grid": {"eval_every": [10, 20], "g_steps": [1, 2]}},
            "margin=39 should be at least 40",
        ),
    ],
)
def test_margin_that_no_data_could_be_held_against_is_refused_in_one_line(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refusal:
        study_from_document(document, where="study tiny.yaml")
    assert str(refusal.value).startswith("study tiny.yaml: contrast 'MLP' on ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (over_grid("stable_points", {}), "is asked over a grid of two points or more; without one, ask not_stable"),
        (over_grid("stable_points", {"lr": [1e-3]}), "of two points or more; without one, ask not_stable"),
        (over_grid("updates_where_both_learn", {}), "of two points or more; without one, ask updates_to_bar"),
        (
            over_grid("updates_where_both_learn", minus=["mlp-bn", "dcgan"]),
            "compares two arms where both learn; leave out minus=['mlp-bn', 'dcgan']",
        ),
    ],
)
def test_outcome_over_the_grid_that_cannot_be_asked_is_refused_in_one_line(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refusal:
        study_from_document(document, where="study tiny.yaml")
    assert str(refusal.value).startswith("study tiny.yaml: contrast 'MLP' on ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_outcomes_over_the_grid_are_registered_with_margin_and_interaction_where_there_is_one() -> None:
    plans = [
        study_from_document(over_grid(outcome, **contrast)).plan.primary
        for outcome, contrast in (
            ("stable_points", {"margin": 3.5}),
            ("stable_points", {"minus": ["mlp-bn", "dcgan"]}),
            ("updates_where_both_learn", {}),
            ("not_stable", {}),
        )
    ]
    assert [plan.over_grid for plan in plans] == [True, True, True, False]
    assert (plans[0].margin, plans[1].pairs) == (3.5, (("mlp", "dcgan"), ("mlp-bn", "dcgan")))


def test_margins_that_can_be_judged_are_taken() -> None:
    margins = {"not_stable": 0.999, "updates_to_bar": 10, "final_frechet": 25, "mode_hopping": 0.1}
    for outcome, margin in margins.items():
        assert study_from_document(with_margin(margin, outcome)).plan.primary.margin == margin


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: path.write_text("study: [1"), "malformed YAML"),
        (lambda path: path.write_text("study: a\nstudy: b"), "malformed YAML"),
        (lambda path: path.write_text("- 1\n- 2"), "expected a mapping"),
        (lambda path: path.write_text(""), "expected a mapping"),
        (lambda path: path.write_bytes(b"study: \xff\xfe"), "cannot be read"),
    ],
)
def test_file_that_is_no_study_is_refused(tmp_path: Path, write: Callable[[Path], Any], said: str) -> None:
    file = tmp_path / "mine.yaml"
    write(file)
    with pytest.raises(UserError, match=said):
        load_study(str(file))


@pytest.mark.parametrize("name", ["digit", "experiments", ""])
def test_unknown_study_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UserError, match=r"unknown study .* Known: .*digits.*\.yaml file"):
        load_study(name)


@pytest.mark.parametrize("name", ["nowhere.yaml", "no/such/folder/digits.yml"])
def test_path_of_no_file_is_refused_as_that(name: str) -> None:
    with pytest.raises(UserError, match=rf"^study {name}: there is no such file; studies here: .*digits"):
        load_study(name)


def test_study_remembers_the_path_that_it_was_read_from(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    YAML(typ="safe", pure=True).dump(DOCUMENT, file)
    assert load_study(str(file)).override(seeds=1).source == str(file)
    assert load_study("digits").source == "digits"
    assert study_from_document(DOCUMENT).source == "tiny"


# --- contradictions


CONTRADICTIONS = {
    "a seed among the settings": (changed("base", "seed", to=3), "base: seed cannot be set there"),
    "an arm's name among its settings": (changed("arms", "mlp", "arm", to="x"), "arm mlp: arm cannot be set there"),
    "seeds as a factor": (changed("grid", to={"seed": [1, 2]}), "grid: seed cannot be set there"),
    "lr beside lr_g": (changed("base", "lr_g", to=1e-3), "base: lr sets lr_g and lr_d"),
    "matched as a word": (changed("arms", "mlp", "matched", to="no"), "matched='no' should be true or false"),
    "a level twice": (changed("grid", to={"beta1": [0.5, 0.5]}), "a level of beta1 stands twice"),
    "a factor that an arm sets": (
        {**changed("arms", "mlp", "lr", to=1e-3), "grid": {"lr": [1e-4, 1e-3]}},
        "which the grid varies for all arms",
    ),
    "more seeds than anyone trains": ({**DOCUMENT, "seeds": 10**9}, "seeds=1000000000"),
    "an arm against itself": (
        changed("plan", "primary", "first", to="dcgan"),
        "contrast 'MLP' on not_stable compares dcgan with itself",
    ),
    "an arm against itself in an interaction": (
        changed("plan", "primary", "minus", to=["mlp", "mlp"]),
        "contrast 'MLP' on not_stable compares mlp with itself",
    ),
    "an interaction of a pair with itself": (
        changed("plan", "primary", "minus", to=["dcgan", "mlp"]),
        "minus=['dcgan', 'mlp'] are first and second again",
    ),
    "a co-primary that repeats the primary": (
        changed("plan", "co_primary", "outcome", to="not_stable"),
        "contrasts 'MLP' and 'MLP' are the same, or one is the other's mirror image: not_stable of mlp against dcgan;",
    ),
    "more cells than anyone reads": (
        {**DOCUMENT, "grid": {"lr": [i * 1e-6 for i in range(1, 200)], "beta1": [i / 1000 for i in range(100)]}},
        "39,800 cells (arms times grid points); expected at most 10,000",
    ),
    "more runs than anyone trains": (
        {**DOCUMENT, "seeds": 10**5, "grid": {"beta1": [i / 1000 for i in range(100)]}},
        "200 cells times 100,000 seeds; expected at most 1,000,000 runs",
    ),
    "seeds beyond 64 bits": ({**DOCUMENT, "first_seed": 2**63 - 2}, "below 2**63"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_study_that_contradicts_itself_is_refused(case: str) -> None:
    document, said = CONTRADICTIONS[case]
    with pytest.raises(UserError, match=re.escape(said)):
        study_from_document(document)


def asking(*contrasts: tuple[str, str] | tuple[str, str, tuple[str, str]]) -> dict[str, Any]:
    """A document of four arms whose secondaries are those pairs, or interactions, in the final Fréchet distance."""
    arms = {**DOCUMENT["arms"], "a": {"architecture": "mlp"}, "b": {"architecture": "mlp", "normalization": "none"}}
    secondaries = [
        {"name": str(place), "outcome": "final_frechet", **dict(zip(("first", "second", "minus"), arms, strict=False))}
        for place, arms in enumerate(contrasts)
    ]
    return {**DOCUMENT, "arms": arms, "plan": {**DOCUMENT["plan"], "secondaries": secondaries}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("mlp", "dcgan"), ("mlp", "dcgan")),
        (("mlp", "dcgan"), ("dcgan", "mlp")),
        (("a", "b", ("mlp", "dcgan")), ("a", "b", ("mlp", "dcgan"))),
        (("a", "b", ("mlp", "dcgan")), ("b", "a", ("dcgan", "mlp"))),
        (("a", "b", ("mlp", "dcgan")), ("mlp", "dcgan", ("a", "b"))),
        (("a", "b", ("mlp", "dcgan")), ("dcgan", "mlp", ("b", "a"))),
    ],
)
def test_contrast_that_repeats_or_mirrors_another_is_refused_in_one_line(one: Any, other: Any) -> None:
    with pytest.raises(UserError, match=r"^study: contrasts '0' and '1' are the same, or one is the other's .*[^\n]$"):
        study_from_document(asking(one, other))


def test_contrasts_that_share_arms_or_pairs_are_taken() -> None:
    different = asking(("mlp", "dcgan"), ("mlp", "a"), ("a", "b", ("mlp", "dcgan")), ("a", "b", ("dcgan", "mlp")))
    assert len(study_from_document(different).plan.contrasts) == 6
