"""The captured step, with a stand-in for the graph where there is no GPU: it warms up, and computes when called."""

from copy import deepcopy
from dataclasses import replace
from functools import partial

import pytest
import torch

from experiments.captured import CapturedStep, way_of
from experiments.steps import alternating_step
from models.losses import LOSSES
from tests.experiments.equality import fingerprint
from tests.experiments.tiny import ARMS, TINY


def as_a_graph(compute):
    """What a graph does: some computations for warming up, and the same one at every call."""
    for _ in range(3):
        compute()
    return compute


def refused(compute):
    compute()
    raise RuntimeError("operation not permitted when stream is capturing")


def another(compute):
    """A graph that has caught something else."""

    def replay():
        compute()
        return compute()

    return replay


def step_of(capture):
    return partial(CapturedStep, capture=capture)


@pytest.mark.parametrize("capture", [as_a_graph, refused, another])
def test_whether_it_can_be_captured_or_not_a_training_has_the_same_bits(training, tiny, capture):
    prints = []
    for make_step in (alternating_step, step_of(capture)):
        one = training(tiny, make_step)
        one.run(lambda: None)
        prints.append(fingerprint(one))
    assert prints[0] == prints[1]
    assert way_of(one.take_step) == ("captured" if capture is as_a_graph else "as written")


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_can_be_captured_with_a_penalty_and_several_updates(training, loss):
    config = replace(TINY, loss=loss, r1_gamma=0.5, d_steps=2, g_steps=2)
    one, other = training(config), training(config, step_of(as_a_graph))
    one.train(5)
    other.train(5)
    assert way_of(other.take_step) == "captured"
    assert all(
        torch.equal(mine, theirs)
        for mine, theirs in zip(one.discriminator.parameters, other.discriminator.parameters, strict=True)
    )


def test_a_training_continues_from_a_checkpoint_to_the_bit(training, tiny):
    whole, kept = training(tiny, step_of(as_a_graph)), {}
    whole.run(lambda: kept.update({whole.step: deepcopy(whole.state())}))
    for make_step in (alternating_step, step_of(as_a_graph)):
        continued = training(tiny, make_step)
        continued.restore(deepcopy(kept[sorted(kept)[1]]))
        continued.run(lambda: None)
        assert fingerprint(continued) == fingerprint(whole)


def test_what_is_not_finite_is_captured_too(training):
    one = training(replace(ARMS["mlp"], lr_g=1e30, lr_d=1e30), step_of(as_a_graph))
    one.run(lambda: None)
    assert way_of(one.take_step) == "captured" and one.halted_at is not None
