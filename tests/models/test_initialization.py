import math

import pytest
import torch
from torch import nn

from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.initialization import fan_in, initialize
from models.mlp import MLPDiscriminator, MLPGenerator


def standard_normal(seed=0):
    source = torch.Generator().manual_seed(seed)
    return lambda shape: torch.randn(shape, generator=source)


NETWORKS = [
    lambda: DCGANGenerator(16, 64, 32, 1),
    lambda: MLPGenerator(16, 64, 128, 1),
    lambda: DCGANDiscriminator(16, 32, 1),
    lambda: MLPDiscriminator(16, 128, 1),
]


def weights(network, kinds):
    return [layer.weight for layer in network.modules() if isinstance(layer, kinds)]


@pytest.mark.parametrize("build", NETWORKS)
def test_dcgan_init_gives_every_weight_layer_of_both_architectures_the_same_spread(build):
    network = build()
    initialize(network, "dcgan", standard_normal())
    for weight in weights(network, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        error = 0.02 * 4 / math.sqrt(2 * weight.numel())  # four standard errors of a standard deviation
        assert abs(weight.std() - 0.02) < error
        assert abs(weight.mean()) < 4 * 0.02 / math.sqrt(weight.numel())
    for scale in weights(network, (nn.BatchNorm1d, nn.BatchNorm2d)):
        assert abs(scale.mean() - 1) < 0.03


@pytest.mark.parametrize("build", NETWORKS)
def test_biases_start_at_zero(build):
    network = build()
    initialize(network, "dcgan", standard_normal())
    assert all(not p.any() for name, p in network.named_parameters() if name.endswith("bias"))


def test_he_init_keeps_the_spread_of_activations_through_a_deep_relu_network():
    layers = [module for _ in range(10) for module in (nn.Linear(256, 256), nn.ReLU())]
    network = nn.Sequential(*layers)
    initialize(network, "he", standard_normal())
    inputs = torch.randn(512, 256, generator=torch.Generator().manual_seed(1))
    second_moment = network(inputs).square().mean() / inputs.square().mean()
    assert 0.5 < second_moment.item() * 2 < 3  # a ReLU halves the second moment once, at the output


def test_fan_in_counts_the_inputs_that_reach_one_output():
    assert fan_in(nn.Linear(7, 3)) == 7
    assert fan_in(nn.Conv2d(3, 8, 4, 2, 1)) == 3 * 16
    # each output of a 4x4 transposed convolution with stride 2 sees 2x2 positions of the input
    assert fan_in(nn.ConvTranspose2d(3, 8, 4, 2, 1)) == 3 * 4


def test_the_same_draws_give_the_same_weights_and_others_do_not():
    one, same, other = (DCGANDiscriminator(16, 8, 1) for _ in range(3))
    for network, seed in ((one, 0), (same, 0), (other, 1)):
        initialize(network, "dcgan", standard_normal(seed))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.blocks["logit"][0].weight, other.blocks["logit"][0].weight)
