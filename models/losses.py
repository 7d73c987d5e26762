"""GAN losses, one function a player, one value a sample. On logits: no epsilon, no clamp."""

# B batch, C channels, H height, W width

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

DiscriminatorLoss = Callable[[Tensor, Tensor], Tensor]  # (real logits (B,), fake logits (B,)) -> (B,)
GeneratorLoss = Callable[[Tensor], Tensor]  # fake logits (B,) -> (B,)


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Binary cross-entropy of D, real and fake part added, (B,): 2 ln 2 where D cannot tell (Goodfellow 2014)."""
    return softplus(-real_logits) + softplus(fake_logits)


def non_saturating_loss(fake_logits: Tensor) -> Tensor:
    """Cross-entropy of G's samples against «real», (B,): ln 2 where D cannot tell (Goodfellow 2014, section 3)."""
    return softplus(-fake_logits)


def r1_penalty(real_logits: Tensor, real: Tensor) -> Tensor:
    """Half the squared gradient norm of D at each real sample, (B,) (Mescheder 2018, equation 9).

    ``real`` must require gradients and have made ``real_logits``.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
    return gradient.flatten(1).square().sum(1) / 2


class Losses(NamedTuple):
    """What each player minimizes."""

    discriminator: DiscriminatorLoss
    generator: GeneratorLoss


LOSSES: Mapping[str, Losses] = {"non-saturating": Losses(discriminator_loss, non_saturating_loss)}
