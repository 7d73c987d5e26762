"""One step of training: D's updates, then G's, as one call, so that a captured or fused one can take its place."""

# B batch, C channels, H height, W width, Z latent

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from experiments.players import DiscriminatorUpdate, GeneratorUpdate, Player, discriminator_step, generator_step
from models.losses import LOSSES
from runs.schema import STEP_TRACES, RunConfig

# (real, noise for D, noise for G) -> a row of traces in the order of STEP_TRACES (9,), left on the device. There are
# as many minibatches, real (B, C, H, W) and noise (B, Z), as the player has updates in a step.
Step = Callable[[Sequence[Tensor], Sequence[Tensor], Sequence[Tensor]], Tensor]

# (G, D, config) -> their step. It is made before weights are restored from a checkpoint, and called after.
StepMaker = Callable[[Player, Player, RunConfig], Step]


def alternating_step(generator: Player, discriminator: Player, config: RunConfig) -> Step:
    """The two players' updates one after another, as they are written; the last of each is traced."""
    losses, r1_gamma = LOSSES[config.loss], config.r1_gamma

    def step(real: Sequence[Tensor], noise_d: Sequence[Tensor], noise_g: Sequence[Tensor]) -> Tensor:
        for images, noise in zip(real, noise_d, strict=True):
            d = discriminator_step(
                discriminator, generator, images, noise, loss=losses.discriminator, r1_gamma=r1_gamma
            )
        for noise in noise_g:
            g = generator_step(generator, discriminator, noise, loss=losses.generator)
        return row(d, g)

    return step


def row(d: DiscriminatorUpdate, g: GeneratorUpdate) -> Tensor:
    """The traces (9,) of a step that ended with these updates, in the order of STEP_TRACES."""
    traced = {
        "loss_d": d.loss,
        "loss_g": g.loss,
        "d_x": d.real_score,
        "d_g_z1": d.fake_score,
        "d_g_z2": g.fake_score,
        "grad_norm_d": d.gradient_norm,
        "grad_norm_g": g.gradient_norm,
        "weight_norm_d": d.weight_norm,
        "weight_norm_g": g.weight_norm,
    }
    return torch.stack([traced[name] for name in STEP_TRACES])
