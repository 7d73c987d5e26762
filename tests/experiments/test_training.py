import copy
import io
import itertools
import math
from dataclasses import replace

import pytest
import torch

from experiments.networks import build_generator
from experiments.steps import alternating_step
from experiments.streams import StreamId
from runs.answerable import COMMON_FIELDS
from runs.schema import CLOCK, PROBES, STEP_TRACES, promised_steps
from tests.experiments.equality import fingerprint
from tests.experiments.tiny import ARMS, TINY


def trained(training, config, at_probe=lambda: None):
    one = training(config)
    one.run(at_probe)
    return one


def series(one):
    return one.recorder.state()["series"]


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_a_training_records_every_point_that_its_config_promises(training, tiny):
    recorded = series(trained(training, tiny))
    assert {name: one["steps"].tolist() for name, one in recorded.items()} == promised_steps(tiny)


def test_the_same_seed_trains_identically_again_and_beside_others(training, tiny):
    alone = fingerprint(trained(training, tiny))
    one, other = training(tiny), training(replace(tiny, seed=7))
    one.run(lambda: other.train(1) if other.step < tiny.steps else None)  # in turns with another seed
    assert fingerprint(one) == alone
    assert fingerprint(trained(training, replace(tiny, seed=7))) != alone


def test_a_training_resumed_from_any_checkpoint_ends_equal_to_the_bit(training, tiny):
    states = []
    whole = training(tiny)
    whole.run(lambda: states.append(copy.deepcopy(whole.state())))
    assert [state["step"] for state in states] == [0, 4, 8, 12]
    for state in states:
        resumed = training(tiny)
        resumed.restore(through_a_file(state))
        resumed.run(lambda: None)
        assert fingerprint(resumed) == fingerprint(whole)


@pytest.mark.parametrize("changes", [{"d_steps": 2}, {"g_steps": 2}, {"d_steps": 3, "g_steps": 2}])
def test_several_updates_a_step_resume_to_the_bit_too(training, tiny, changes):
    config = replace(tiny, **changes)
    states = []
    whole = training(config)
    whole.run(lambda: states.append(copy.deepcopy(whole.state())))
    resumed = training(config)
    resumed.restore(through_a_file(states[1]))
    resumed.run(lambda: None)
    assert fingerprint(resumed) == fingerprint(whole)


def test_all_arms_of_a_seed_see_identical_minibatches_and_noise(training):
    digests = [trained(training, config).digests() for config in ARMS.values()]
    assert all(digest == digests[0] for digest in digests)
    assert set(digests[0]) == {"order", "noise_d", "noise_g", "noise_eval"}
    assert len(set(digests[0].values())) == 4


def test_what_the_players_get_is_what_the_streams_give(training, tiny, monkeypatch):
    seen = []
    one = training(tiny)
    generator = one.generator.network
    generator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    one.train(3)
    fresh = training(tiny).streams
    expected = [fresh[name].next() for _ in range(3) for name in ("noise_d", "noise_g")]
    assert all(torch.equal(got, wanted) for got, wanted in zip(seen, expected, strict=True))
    assert StreamId.NOISE_D != StreamId.NOISE_G


def test_two_seeds_two_to_the_32_apart_train_differently(training, tiny):
    near, far = (trained(training, replace(tiny, seed=seed)) for seed in (5, 5 + 2**32))
    assert fingerprint(near) != fingerprint(far)
    assert near.digests() != far.digests()


def test_arms_of_the_same_recipe_and_another_name_start_from_other_weights(training, tiny):
    one, other = training(tiny), training(replace(tiny, arm="twin"))
    assert one.digests() == other.digests()
    weights = [next(iter(each.generator.network.parameters())) for each in (one, other)]
    assert not torch.equal(*weights)


def test_probing_more_often_changes_no_number_of_the_training(training, tiny):
    often, rarely = trained(training, replace(tiny, eval_every=2)), trained(training, replace(tiny, eval_every=12))
    for name in STEP_TRACES:
        assert torch.equal(series(often)[name]["values"], series(rarely)[name]["values"])


def test_thinning_a_trace_changes_neither_the_training_nor_its_extremes(training, tiny):
    dense, thin = trained(training, tiny), trained(training, replace(tiny, trace_every=5))
    assert thin.recorder.extremes() == dense.recorder.extremes()
    for name in STEP_TRACES:
        assert torch.equal(series(thin)[name]["values"], series(dense)[name]["values"][[4, 9]])


def poisoned(training, config, step=6):
    """A training whose generator's weights turn NaN after that step."""

    def make_step(generator, discriminator, config):
        taken, sound = itertools.count(1), alternating_step(generator, discriminator, config)

        def step_then_poison(*minibatches):
            row = sound(*minibatches)
            if next(taken) == step:
                generator.parameters[0].data.fill_(math.nan)
            return row

        return step_then_poison

    one = training(config, make_step)
    one.run(lambda: None)
    return one


def test_a_run_with_nan_weights_stops_updating_and_still_records_every_point(training, tiny):
    one = poisoned(training, tiny)
    recorded = series(one)
    assert one.halted_at == 8  # the first fetch after step 6
    assert {name: values["steps"].tolist() for name, values in recorded.items()} == promised_steps(tiny)
    for name in STEP_TRACES:
        assert recorded[name]["values"][:6].isfinite().all()
        assert recorded[name]["values"][8:].isnan().all()
    for name in PROBES:
        assert recorded[name]["values"][:2].isfinite().all()
        assert recorded[name]["values"][2:].isnan().all()
    assert one.recorder.extremes()["loss_g"]["first_nonfinite"] == 7


def test_a_run_that_halts_keeps_the_digests_of_its_pair(training, tiny):
    assert poisoned(training, tiny).digests() == trained(training, tiny).digests()


def test_a_huge_learning_rate_is_recorded_as_it_goes_and_crashes_nothing(training, tiny):
    wild = trained(training, replace(tiny, lr_g=1e30, lr_d=1e30))
    assert {name: one["steps"].tolist() for name, one in series(wild).items()} == promised_steps(tiny)


def test_sheets_show_the_same_latent_vectors_at_every_probe(training, tiny):
    one = trained(training, tiny)
    assert len(one.sheets) == 4
    assert all(sheet.shape == (64, 1, 16, 16) and sheet.dtype == torch.uint8 for sheet in one.sheets)
    again = one.prober.probe(one.generator.network)[1]
    assert torch.equal(again, one.sheets[-1])


def test_training_time_only_grows_and_leaves_probes_out(training, tiny):
    seconds = series(trained(training, tiny))[CLOCK]["values"]
    assert seconds[0] < 1e-3
    assert (seconds.diff() > 0).all()


def test_probing_leaves_batch_norm_statistics_as_they_were(training):
    one = training(TINY)
    one.train(2)
    before = {name: value.clone() for name, value in one.generator.network.state_dict().items()}
    one.prober.probe(one.generator.network)
    assert all(torch.equal(before[name], value) for name, value in one.generator.network.state_dict().items())


def test_a_network_of_unknown_width_is_not_built(tiny):
    with pytest.raises(ValueError, match="matched_config"):
        build_generator(replace(tiny, width_g=None))


OTHER_VALUES = {
    "latent_distribution": "uniform",
    "normalization_g": "none",
    "normalization_d": "none",
    "init_g": "he",
    "init_d": "he",
    "beta1": 0.9,
    "beta2": 0.9,
    "r1_gamma": 1.0,
    "lr_g": 1e-3,
    "lr_d": 1e-3,
    **{name: getattr(TINY, name) + 1 for name in ("latent_dim", "batch_size", "d_steps", "g_steps", "eval_samples")},
    **{name: getattr(TINY, name) + 1 for name in ("trace_every", "extra_layers", "width_g", "width_d", "eval_every")},
    "steps": 600,  # far enough for another block of minibatches
}


@pytest.mark.parametrize("field", OTHER_VALUES)
def test_arms_of_a_contrast_may_differ_only_in_what_leaves_data_and_noise_alone(training, field):
    one, other = training(TINY), training(replace(TINY, **{field: OTHER_VALUES[field]}))
    for each in (one, other):
        for name, updates in (("order", "d_steps"), ("noise_d", "d_steps"), ("noise_g", "g_steps")):
            each.streams[name].skip(each.config.steps * getattr(each.config, updates))
    if one.digests() != other.digests():
        assert field in COMMON_FIELDS
