"""Features of a frozen discriminator, against what is written out by hand."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, leaky_relu, linear, max_pool2d

from models.blocks import BlockNetwork
from models.dcgan import DCGANDiscriminator
from models.dcgan_3x3 import DCGAN3x3Discriminator
from models.frozen import FrozenFeatures, concatenated
from models.mlp import MLPDiscriminator


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def images(count, channels=1, size=16):
    return torch.rand(count, channels, size, size) * 2 - 1


def test_feature_maps_are_pooled_to_4x4_flattened_and_named_by_their_block():
    network = DCGANDiscriminator(32, 8, 3, normalization="none")
    features = FrozenFeatures(network, [])(images(5, 3, 32))
    assert {name: tuple(one.shape) for name, one in features.items()} == {
        "16x16_down": (5, 8 * 16),
        "8x8_down": (5, 16 * 16),
        "4x4_down": (5, 32 * 16),
    }
    assert concatenated(features).shape == (5, (8 + 16 + 32) * 16)


def test_the_papers_discriminator_gives_its_28672_features():
    features = FrozenFeatures(DCGAN3x3Discriminator(32, 128, 3, normalization="none"), [])(images(1, 3, 32))
    assert [one.shape[1] for one in features.values()] == [2048, 2048, 4096, 4096, 8192, 8192]
    assert concatenated(features).shape == (1, 28_672)


def test_features_equal_a_forward_pass_that_is_written_out():
    network = DCGANDiscriminator(16, 4, 1, normalization="none")
    weights, x = network.state_dict(), images(3)
    first = leaky_relu(conv2d(x, weights["blocks.8x8_down.0.weight"], None, 2, 1), 0.2)
    second = leaky_relu(
        conv2d(first, weights["blocks.4x4_down.0.weight"], weights["blocks.4x4_down.0.bias"], 2, 1), 0.2
    )
    features = FrozenFeatures(network, [])(x)
    assert torch.allclose(features["8x8_down"], max_pool2d(first, 2).flatten(1), atol=1e-6)
    assert torch.allclose(features["4x4_down"], second.flatten(1), atol=1e-6)


def test_hidden_layers_of_an_mlp_are_taken_as_they_are():
    network = MLPDiscriminator(16, 6, 1, normalization="none", hidden_layers=2)
    weights, x = network.state_dict(), images(3)
    first = leaky_relu(
        linear(x.flatten(1), weights["blocks.hidden_1.1.weight"], weights["blocks.hidden_1.1.bias"]), 0.2
    )
    second = leaky_relu(linear(first, weights["blocks.hidden_2.0.weight"], weights["blocks.hidden_2.0.bias"]), 0.2)
    features = FrozenFeatures(network, [])(x)
    assert list(features) == ["hidden_1", "hidden_2"]
    assert torch.allclose(features["hidden_1"], first, atol=1e-6)
    assert torch.allclose(features["hidden_2"], second, atol=1e-6)


@pytest.mark.parametrize("network", [DCGANDiscriminator(16, 4, 1), MLPDiscriminator(16, 6, 1, hidden_layers=2)])
def test_frozen_statistics_are_the_average_over_the_training_batches(network):
    batches = [images(20), images(20), images(20)]
    kept = {name: weight.clone() for name, weight in network.named_parameters()}
    frozen = FrozenFeatures(network, batches)
    (norm,) = (layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d))
    first, second = list(network.blocks.values())[:2]
    inputs = [second[0](first(batch)) for batch in batches]
    dims = [dim for dim in range(inputs[0].ndim) if dim != 1]
    assert torch.allclose(norm.running_mean, torch.stack([x.mean(dims) for x in inputs]).mean(0), atol=1e-6)
    assert torch.allclose(norm.running_var, torch.stack([x.var(dims) for x in inputs]).mean(0), atol=1e-6)
    assert all(torch.equal(weight, kept[name]) for name, weight in network.named_parameters())
    assert not frozen.network.training


def test_batch_norm_without_a_batch_to_average_over_is_refused():
    with pytest.raises(ValueError, match="no training batches"):
        FrozenFeatures(DCGANDiscriminator(16, 4, 1), [])


def test_an_images_features_do_not_depend_on_the_images_beside_it_nor_on_what_was_seen_before():
    network = DCGANDiscriminator(16, 4, 1)
    batches = [images(20), images(20)]
    x = images(6)
    frozen = FrozenFeatures(network, batches)
    together, alone = concatenated(frozen(x)), torch.cat([concatenated(frozen(one)) for one in x.split(1)])
    assert torch.allclose(together, alone, atol=1e-6)
    with torch.no_grad():
        network.train()
        network(images(50) * 3)  # as further training would move the running statistics
    assert torch.allclose(concatenated(FrozenFeatures(network, batches)(x)), together, atol=1e-6)


def test_nothing_is_learned_by_extracting():
    frozen = FrozenFeatures(DCGANDiscriminator(16, 4, 1), [images(20)])
    before = {name: tensor.clone() for name, tensor in frozen.state_dict().items()}
    features = frozen(images(4).requires_grad_())
    assert not any(one.requires_grad for one in features.values())
    assert all(torch.equal(tensor, before[name]) for name, tensor in frozen.state_dict().items())


def test_a_network_of_other_blocks_has_its_features_too():
    network = BlockNetwork({"only": nn.Conv2d(1, 2, 3, 1, 1), "logit": nn.Sequential(nn.Flatten(), nn.Linear(128, 1))})
    assert {name: tuple(one.shape) for name, one in FrozenFeatures(network, [])(images(2, 1, 8)).items()} == {
        "only": (2, 32)
    }
