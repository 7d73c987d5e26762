from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.matching import NoMatch, Widths, count_flops, count_parameters, match_widths
from models.mlp import MLPDiscriminator, MLPGenerator

SETTINGS = [(16, 32, 1, 64), (32, 64, 1, 64), (64, 64, 1, 100), (64, 64, 3, 100), (16, 32, 3, 64), (64, 16, 3, 100)]


def mlp_generator(size, latent, channels, normalization, width, inner):
    return MLPGenerator(size, latent, width, channels, 0, normalization, inner_width=inner)


def mlp_discriminator(size, channels, normalization, width, inner):
    return MLPDiscriminator(size, width, channels, 0, normalization, inner_width=inner)


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize(("size", "width", "channels", "latent"), SETTINGS)
def test_an_mlp_matches_dcgan_within_one_percent(size, width, channels, latent, normalization):
    pairs = [
        (DCGANGenerator(size, latent, width, channels), partial(mlp_generator, size, latent, channels, normalization)),
        (DCGANDiscriminator(size, width, channels), partial(mlp_discriminator, size, channels, normalization)),
    ]
    for reference, build in pairs:
        target = count_parameters(reference)
        found = match_widths(build, target, inner_may_differ=True)
        assert abs(count_parameters(build(found.width, found.inner)) / target - 1) <= 0.01


def test_equal_widths_are_preferred_where_they_match():
    target = count_parameters(DCGANGenerator(16, 64, 32, 1))
    build = partial(mlp_generator, 16, 64, 1, "none")
    assert match_widths(build, target, inner_may_differ=True) == Widths(width=192, inner=None)
    # 64 w + w, w w + w, 256 w + 256
    assert count_parameters(build(192, None)) == 192 * (64 + 1) + 192 * (192 + 1) + 256 * (192 + 1)


def test_one_inner_layer_floats_where_equal_widths_cannot_match():
    target = count_parameters(DCGANGenerator(64, 100, 16, 3))
    found = match_widths(partial(mlp_generator, 64, 100, 3, "none"), target, inner_may_differ=True)
    assert found.inner is not None


def test_no_layer_becomes_a_bottleneck_to_make_the_numbers_agree():
    """Fourteen units and an inner layer of one would be within 1 % too, and nothing would get through it."""
    target = count_parameters(DCGANDiscriminator(32, 16, 3))
    build = partial(mlp_discriminator, 32, 3, "none")
    assert abs(count_parameters(build(14, 1)) / target - 1) <= 0.01
    found = match_widths(build, target, inner_may_differ=True)
    assert found.inner is not None and found.inner >= found.width / 2
    assert abs(count_parameters(build(found.width, found.inner)) / target - 1) <= 0.01


@given(width=st.integers(8, 48), size=st.sampled_from([16, 32, 64]), channels=st.sampled_from([1, 3]))
def test_inner_layers_are_at_least_half_as_wide_as_the_others(width, size, channels):
    target = count_parameters(DCGANDiscriminator(size, width, channels))
    try:
        found = match_widths(partial(mlp_discriminator, size, channels, "none"), target, inner_may_differ=True)
    except NoMatch:
        return
    assert found.inner is None or found.inner >= found.width / 2


def test_a_target_that_no_width_reaches_is_refused():
    with pytest.raises(NoMatch, match="no width gives 1,000 parameters"):
        match_widths(partial(mlp_discriminator, 16, 1, "none"), 1000, inner_may_differ=False)


@given(width=st.integers(1, 400))
def test_matching_finds_every_width_again(width):
    def build(width, inner):
        return nn.Linear(10, width)

    assert match_widths(build, count_parameters(build(width, None)), inner_may_differ=False).width == width


def test_flops_count_a_multiply_add_as_two():
    assert count_flops(nn.Linear(7, 3, bias=False), torch.zeros(1, 7)) == 2 * 7 * 3
    # 104.6 million multiply-adds in DCGAN's generator at 64x64
    assert count_flops(DCGANGenerator(64, 100, 64, 3), torch.zeros(1, 100)) / 2e6 == pytest.approx(104.6, abs=0.05)


def test_counting_flops_leaves_the_network_as_it_was():
    network = DCGANDiscriminator(16, 4, 1)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    count_flops(network, torch.zeros(1, 1, 16, 16))
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
