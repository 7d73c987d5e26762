"""A step is an argument of a training: what it is given, and what becomes of the row that it gives back."""

from dataclasses import replace

import torch

from experiments.players import DiscriminatorUpdate, GeneratorUpdate
from experiments.steps import row
from runs.schema import STEP_TRACES
from tests.experiments.tiny import TINY


def test_a_row_has_every_trace_in_its_place():
    numbers = {name: torch.tensor(float(place)) for place, name in enumerate(STEP_TRACES)}
    d = DiscriminatorUpdate(
        loss=numbers["loss_d"],
        real_score=numbers["d_x"],
        fake_score=numbers["d_g_z1"],
        gradient_norm=numbers["grad_norm_d"],
        weight_norm=numbers["weight_norm_d"],
    )
    g = GeneratorUpdate(
        loss=numbers["loss_g"],
        fake_score=numbers["d_g_z2"],
        gradient_norm=numbers["grad_norm_g"],
        weight_norm=numbers["weight_norm_g"],
    )
    assert row(d, g).tolist() == [float(place) for place in range(len(STEP_TRACES))]


def counting(given):
    """A step that trains nothing, notes what it is given and answers with numbers that count up."""

    def make_step(generator, discriminator, config):
        def step(real, noise_d, noise_g):
            given.append([[tuple(one.shape) for one in minibatches] for minibatches in (real, noise_d, noise_g)])
            return torch.arange(len(STEP_TRACES)) + 100.0 * len(given)

        return step

    return make_step


def test_a_training_takes_any_step_and_records_the_rows_that_it_gives(training):
    given = []
    one = training(TINY, counting(given))
    before = [parameter.clone() for parameter in one.generator.parameters]
    one.run(lambda: None)
    assert len(given) == TINY.steps
    for place, name in enumerate(STEP_TRACES):
        values = one.recorder.state()["series"][name]["values"].tolist()
        assert values == [100.0 * step + place for step in range(1, TINY.steps + 1)]
    assert all(torch.equal(was, now) for was, now in zip(before, one.generator.parameters, strict=True))


def test_a_step_is_given_a_minibatch_for_every_update_of_each_player(training):
    given = []
    training(replace(TINY, d_steps=3, g_steps=2), counting(given)).train(1)
    assert given == [[[(16, 1, 16, 16)] * 3, [(16, 8)] * 3, [(16, 8)] * 2]]


def test_the_minibatches_of_a_step_are_those_that_its_streams_give_next(training):
    taken = []

    def make_step(generator, discriminator, config):
        def step(*minibatches):
            taken.append(minibatches)
            return torch.zeros(len(STEP_TRACES))

        return step

    config = replace(TINY, d_steps=2, g_steps=2, steps=40, eval_every=40)  # past a block of noise
    one, other = training(config, make_step), training(config)
    one.train(config.steps)
    for real, noise_d, noise_g in taken:
        for update in range(2):
            assert torch.equal(real[update], other.next_real())
            assert torch.equal(noise_d[update], other.streams["noise_d"].next())
            assert torch.equal(noise_g[update], other.streams["noise_g"].next())
    assert one.digests() == other.digests()
