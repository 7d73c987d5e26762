"""What makes training faster changes no result beyond rounding."""

import pytest
import torch

from benchmarks.plain_layers import make_plain
from experiments.players import Player, discriminator_step, generator_step
from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.mlp import MLPDiscriminator, MLPGenerator


def trained(generator, discriminator, *, memory_format=torch.contiguous_format, fused=False, steps=5):
    """Traces and weights after a few steps in double precision, from fixed weights and data."""
    source = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=source, dtype=torch.float64)

    players = []
    for network in (generator, discriminator):
        network.double()
        for parameter in network.parameters():
            parameter.data = 0.05 * draw(*parameter.shape)
        network.to(memory_format=memory_format)
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.999), fused=fused)
        players.append(Player(network=network, optimizer=optimizer))
    g, d = players
    losses = []
    for _ in range(steps):
        real = draw(8, 1, 16, 16).contiguous(memory_format=memory_format)
        losses.append(discriminator_step(d, g, real, draw(8, 6)).loss)
        losses.append(generator_step(g, d, draw(8, 6)).loss)
    return [*losses, *(parameter.detach().contiguous() for one in players for parameter in one.parameters)]


ARCHITECTURES = {
    "dcgan": lambda: (DCGANGenerator(16, 6, 4, 1), DCGANDiscriminator(16, 4, 1)),
    "mlp": lambda: (MLPGenerator(16, 6, 12, 1), MLPDiscriminator(16, 12, 1)),
}


def assert_equal_within_rounding(left, right):
    for one, other in zip(left, right, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-11)


def test_channels_last_changes_nothing_beyond_rounding():
    plain = trained(*ARCHITECTURES["dcgan"]())
    assert_equal_within_rounding(plain, trained(*ARCHITECTURES["dcgan"](), memory_format=torch.channels_last))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_fused_adam_changes_nothing_beyond_rounding(architecture):
    build = ARCHITECTURES[architecture]
    assert_equal_within_rounding(trained(*build()), trained(*build(), fused=True))


@pytest.mark.parametrize("fused", [False, True], ids=["adam", "fused adam"])
def test_layers_made_of_products_with_channels_last_train_as_plain_convolutions_do(fused):
    plain = ARCHITECTURES["dcgan"]()
    for network in plain:
        make_plain(network)
    ours = trained(*ARCHITECTURES["dcgan"](), memory_format=torch.channels_last, fused=fused)
    assert_equal_within_rounding(trained(*plain), ours)


def test_the_comparison_would_notice_another_learning_rule():
    build = ARCHITECTURES["mlp"]
    with pytest.raises(AssertionError):
        assert_equal_within_rounding(trained(*build()), trained(*build(), steps=6)[2:])
