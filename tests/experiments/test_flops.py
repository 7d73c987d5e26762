"""FLOPs of a step as the analysis counts them, beside those that torch counts in the players' own updates."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from analysis.findings.budgets import flops_per_step
from experiments.networks import build_discriminator, build_generator, match_info, matched_config
from experiments.players import Player, discriminator_step, generator_step
from runs.schema import RunConfig
from tests.experiments.tiny import ARMS


def player(network: torch.nn.Module) -> Player:
    return Player(network=network, optimizer=torch.optim.Adam(network.parameters()))


def counted_by_torch(config: RunConfig) -> tuple[int, int]:
    """In one update of D and in one of G."""
    generator, discriminator = player(build_generator(config)), player(build_discriminator(config))
    real = torch.randn(config.batch_size, config.channels, config.image_size, config.image_size)
    noise = torch.randn(config.batch_size, config.latent_dim)
    with FlopCounterMode(display=False) as of_d:
        discriminator_step(discriminator, generator, real, noise)
    with FlopCounterMode(display=False) as of_g:
        generator_step(generator, discriminator, noise)
    return of_d.get_total_flops(), of_g.get_total_flops()


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(("d_steps", "g_steps"), [(1, 1), (3, 1), (1, 2)])
def test_flops_of_a_step_are_torchs_but_for_the_gradients_of_the_first_layers_inputs(
    arm: str, d_steps: int, g_steps: int
) -> None:
    config = matched_config(replace(ARMS[arm], latent_dim=64, width_g=32, width_d=32), None)
    match = match_info(config, None)
    update_d, update_g = counted_by_torch(config)
    steps = replace(config, d_steps=d_steps, g_steps=g_steps)
    ratio = flops_per_step(steps, match["flops_g"], match["flops_d"]) / (d_steps * update_d + g_steps * update_g)
    assert 1 <= ratio < (1.3 if config.architecture_g == "mlp" else 1.03)
