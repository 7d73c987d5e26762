from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.datasets import DATASETS, DatasetFacts
from runs.errors import UserError
from runs.schema import (
    CLOCK,
    MAX_POINTS,
    PROBE_CHANGES,
    PROBES,
    STEP_TRACES,
    RunConfig,
    completed_fields,
    config_fields,
    of_both_players,
    player_config,
    probe_steps,
    promised_steps,
    trace_steps,
)
from runs.validation import validated

SMALL = st.builds(RunConfig, steps=st.integers(10, 300), trace_every=st.integers(1, 10), eval_every=st.integers(1, 400))


def test_default_config_promises_a_point_a_step_and_a_probe_every_fifty_steps_from_zero() -> None:
    promised = promised_steps(RunConfig())
    assert all(promised[name] == list(range(1, 1001)) for name in STEP_TRACES)
    assert all(promised[name] == list(range(0, 1001, 50)) for name in (*PROBES, CLOCK))
    assert all(promised[name] == list(range(50, 1001, 50)) for name in PROBE_CHANGES)


def test_thinned_trace_keeps_every_tenth_step_and_last_probe_comes_at_the_end() -> None:
    config = RunConfig(steps=95, trace_every=10, eval_every=40)
    assert trace_steps(config) == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert probe_steps(config) == [0, 40, 80, 95]


@given(SMALL)
def test_probes_start_at_zero_and_end_with_the_last_step_without_repeats(config: RunConfig) -> None:
    steps = probe_steps(config)
    assert steps[0] == 0
    assert steps[-1] == config.steps
    assert all(0 < later - earlier <= config.eval_every for earlier, later in pairwise(steps))


def test_config_survives_the_way_through_plain_values() -> None:
    config = RunConfig(arm="mlp", architecture_g="mlp", lr_g=1, seed=2**63 - 1, width_g=156)
    assert validated(RunConfig, config_fields(config), "config") == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0),
        ("steps", 10.5),
        ("steps", True),
        ("steps", "100"),
        ("seed", -1),
        ("seed", 2**63),
        ("image_size", 17),
        ("channels", 2),
        ("architecture_g", "cnn"),
        ("dataset", "lsun"),
        ("normalization_d", None),
        ("lr_g", 0.0),
        ("lr_g", float("nan")),
        ("lr_d", float("inf")),
        ("lr_d", "2e-4"),
        ("beta1", 1.0),
        ("beta2", -0.1),
        ("batch_size", 1),
        ("eval_samples", 99),
        ("width_g", 0),
        ("r1_gamma", -1.0),
        ("d_steps", 0),
        ("threads", 0),
        ("device", "tpu"),
        ("arm", "a.b"),
        ("study", ""),
        ("study", "a\nb"),
        ("arm", "a\\b"),
        ("arm", "é" * 41),
        ("latent_dim", 10**20),
        ("width_g", 10**9),
        ("inner_width_d", 10**9),
        ("hidden_layers_d", 10**6),
        ("extra_layers", 10**6),
        ("batch_size", 10**9),
        ("eval_samples", 10**11),
        ("steps", 10**19),
        ("eval_every", 10**30),
        ("d_steps", 10**9),
        ("g_steps", 10**9),
        ("threads", 10**6),
    ],
)
def test_value_that_no_training_can_have_is_refused_in_one_line_that_names_it(field: str, value: object) -> None:
    with pytest.raises(UserError) as refusal:
        validated(RunConfig, {field: value}, "config")
    assert str(refusal.value).startswith(f"config: {field}={value!r} ")
    assert "\n" not in str(refusal.value)


def test_unknown_config_field_is_refused_with_the_name_that_was_probably_meant() -> None:
    with pytest.raises(UserError, match=r"config: unknown field 'step'; did you mean 'steps'\?"):
        validated(RunConfig, {"step": 10}, "config")


def test_trace_too_long_for_a_record_is_refused_with_the_thinning_that_would_do() -> None:
    with pytest.raises(UserError, match="set trace_every to 3 or more"):
        validated(RunConfig, {"steps": 3 * MAX_POINTS}, "config")
    thinned = validated(RunConfig, {"steps": 3 * MAX_POINTS, "trace_every": 3}, "config")
    assert len(trace_steps(thinned)) == MAX_POINTS


def test_config_that_would_trace_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="nothing is traced"):
        validated(RunConfig, {"steps": 5, "trace_every": 6}, "config")


def test_config_fields_are_flat_plain_values() -> None:
    values = config_fields(RunConfig())
    assert list(values) == [field.name for field in fields(RunConfig)]
    assert all(isinstance(value, str | int | float | None) for value in values.values())


def test_a_config_recorded_before_players_had_fields_of_their_own_reads_as_what_was_trained() -> None:
    of_mlp = completed_fields({"architecture": "mlp", "normalization": "none", "init": "he", "lr_g": 1e-3, "steps": 7})
    config = validated(RunConfig, of_mlp, "config")
    assert [config.architecture_g, config.architecture_d] == ["mlp", "mlp"]
    assert [config.normalization_g, config.init_d, config.hidden_layers_g, config.hidden_layers_d] == [
        "none",
        "he",
        3,
        3,
    ]
    of_dcgan = completed_fields({"architecture": "dcgan", "normalization": "batch", "init": "dcgan"})
    assert validated(RunConfig, of_dcgan, "config").hidden_layers_d is None


def test_a_field_added_later_is_read_as_the_value_that_it_had_before_it_existed() -> None:
    later = {"smoothing": 0.0}
    assert completed_fields({"steps": 7}, later) == {"steps": 7, "smoothing": 0.0}
    assert completed_fields({"steps": 7, "smoothing": 0.1}, later) == {"steps": 7, "smoothing": 0.1}
    assert completed_fields({}, later) == {}  # of a record whose config was never written


def test_a_players_settings_are_those_of_its_own_fields() -> None:
    config = RunConfig(architecture_d="mlp", lr_d=1e-3, width_g=5)
    assert (player_config(config, "g").architecture, player_config(config, "d").architecture) == ("dcgan", "mlp")
    assert (player_config(config, "d").lr, player_config(config, "g").width) == (1e-3, 5)
    assert of_both_players(config, "architecture") is None
    assert of_both_players(config, "normalization") == "batch"


def test_a_long_value_is_shown_in_short() -> None:
    with pytest.raises(UserError) as refusal:
        validated(RunConfig, {"arm": "a" * 10_000}, "config")
    assert len(str(refusal.value)) < 200 and "at most 80 bytes" in str(refusal.value)


def test_a_name_may_have_eighty_bytes() -> None:
    assert RunConfig(arm="é" * 40, study="s" * 80).arm == "é" * 40


def test_channels_are_those_that_the_images_of_the_data_set_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    photographs = DatasetFacts(channels=(3,), origin="photographs, reduced", limits="they are few.")
    monkeypatch.setitem(DATASETS, "photographs", photographs)  # type: ignore[misc]
    assert validated(RunConfig, {"dataset": "photographs", "channels": 3}, "config").channels == 3
    assert validated(RunConfig, {"dataset": "digits", "channels": 3}, "config").channels == 3
    with pytest.raises(UserError, match="config: channels=1 should be 3 with dataset=photographs"):
        validated(RunConfig, {"dataset": "photographs"}, "config")


def test_an_unknown_data_set_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(UserError, match="config: dataset='cats' should be one of digits"):
        validated(RunConfig, {"dataset": "cats"}, "config")
