"""Arithmetic of latent vectors, on generators whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from experiments.networks import build_generator
from experiments.representation.arithmetic import MEANS, MOVED, ROWS, class_arithmetic
from models.blocks import BlockNetwork
from tests.experiments.tiny import ARMS, TINY

RUN = replace(TINY, latent_dim=8)


class Painted(nn.Module):
    """Images of one brightness: that of a quadrant of the first two coordinates of z."""

    def forward(self, z):
        shade = (z[:, 0] > 0).float() + 2 * (z[:, 1] > 0).float()
        return (shade / 2 - 0.75)[:, None, None, None].expand(-1, 1, 16, 16)


class Constant(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, z):
        return torch.full((len(z), 1, 16, 16), self.value)


def by_brightness(images):
    """The quadrants' shades in bytes are 32, 96, 159 and 223."""
    return (images.float().mean((1, 2, 3)) / 64).long()


def test_classes_that_lie_in_quadrants_of_z_are_reached_and_by_a_shuffled_move_seldom():
    found = class_arithmetic(BlockNetwork({"image": Painted()}), RUN, by_brightness)
    assert found is not None and found.classes.tolist() == [0, 1, 2, 3]
    assert found.moves == 3 * MOVED
    # a coordinate moves by 2 E|z| = 1.6, which changes its sign unless |z| is above: Φ(1.6) - ½ twice, .89 of them
    assert found.reached == pytest.approx(0.85, abs=0.08)
    assert found.by_chance < 0.5 < found.reached


def test_a_row_of_the_picture_is_a_sample_and_what_it_becomes():
    found = class_arithmetic(BlockNetwork({"image": Painted()}), RUN, by_brightness)
    assert found is not None and found.images.shape == (ROWS, 1 + 4, 1, 16, 16)
    shades = by_brightness(torch.from_numpy(found.images).flatten(0, 1)).reshape(ROWS, 5)
    for row in shades:
        assert row[1 + row[0]] == row[0]  # its own class's mean minus itself moves nowhere


@pytest.mark.parametrize("value", [0.3, float("nan")])
def test_one_class_alone_and_images_that_are_not_finite_are_not_counted(value):
    assert class_arithmetic(BlockNetwork({"image": Constant(value)}), RUN, by_brightness) is None


@pytest.mark.parametrize("run", ARMS.values(), ids=ARMS)
def test_a_generator_of_every_arm_can_be_asked_and_answers_the_same_again(run):
    one, other = (class_arithmetic(build(run), run, by_parity) for _ in range(2))
    assert one is not None and other is not None
    assert one.numbers() == other.numbers() and np.array_equal(one.images, other.images)
    assert MEANS + MOVED <= 1000 and 0 <= one.reached <= 1


def build(run):
    torch.manual_seed(0)
    return build_generator(run)


def by_parity(images):
    return images.flatten(1).long().sum(1) % 2
