"""The two players of a GAN. Each updates from its own point of view: its own objective, its own parameters."""

# B batch, C channels, H height, W width, Z latent

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from models.losses import DiscriminatorLoss, GeneratorLoss, discriminator_loss, non_saturating_loss, r1_penalty


@dataclass(frozen=True, kw_only=True)
class Player:
    """A network and the optimizer of its parameters."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    @cached_property
    def parameters(self) -> tuple[nn.Parameter, ...]:
        """The parameters that this player may change; found once, since walking a network costs as much as a layer."""
        return tuple(self.network.parameters())


@dataclass(frozen=True, kw_only=True)
class DiscriminatorUpdate:
    """What D's last forward and backward pass showed before the update; scalars on the device, no host sync."""

    loss: Tensor  # mean over the minibatch, penalty not included
    real_score: Tensor  # mean sigmoid(D(x))
    fake_score: Tensor  # mean sigmoid(D(G(z)))
    gradient_norm: Tensor
    weight_norm: Tensor


@dataclass(frozen=True, kw_only=True)
class GeneratorUpdate:
    """What G's last forward and backward pass showed before the update; scalars on the device, no host sync."""

    loss: Tensor
    fake_score: Tensor
    gradient_norm: Tensor
    weight_norm: Tensor


def discriminator_step(
    discriminator: Player,
    generator: Player,
    real: Tensor,
    noise: Tensor,
    *,
    loss: DiscriminatorLoss = discriminator_loss,
    r1_gamma: float = 0.0,
) -> DiscriminatorUpdate:
    """One update of D: real images (B, C, H, W) towards 1, G's images of noise (B, Z) towards 0.

    Real and fake images pass D as two batches (DCGAN: one batch's BatchNorm statistics never mix them). G's
    parameters and gradients stay as they are, and no gradient of G is computed.
    """
    with torch.no_grad():
        fake = generator.network(noise)
    discriminator.optimizer.zero_grad()
    if r1_gamma:
        real = real.detach().requires_grad_()
    real_logits, fake_logits = discriminator.network(real), discriminator.network(fake)
    mean_loss = loss(real_logits, fake_logits).mean()
    penalty = r1_gamma * r1_penalty(real_logits, real).mean() if r1_gamma else 0.0
    (mean_loss + penalty).backward()
    update = DiscriminatorUpdate(
        loss=mean_loss.detach(),
        real_score=real_logits.detach().sigmoid().mean(),
        fake_score=fake_logits.detach().sigmoid().mean(),
        gradient_norm=_gradient_norm(discriminator),
        weight_norm=_weight_norm(discriminator),
    )
    discriminator.optimizer.step()
    return update


def generator_step(
    generator: Player, discriminator: Player, noise: Tensor, *, loss: GeneratorLoss = non_saturating_loss
) -> GeneratorUpdate:
    """One update of G: its images of noise (B, Z) towards what D calls real.

    D's parameters and gradients stay as they are, and no gradient of D's parameters is computed.
    """
    generator.optimizer.zero_grad()
    with _held_still(discriminator):
        logits = discriminator.network(generator.network(noise))
        mean_loss = loss(logits).mean()
        mean_loss.backward()
    update = GeneratorUpdate(
        loss=mean_loss.detach(),
        fake_score=logits.detach().sigmoid().mean(),
        gradient_norm=_gradient_norm(generator),
        weight_norm=_weight_norm(generator),
    )
    generator.optimizer.step()
    return update


@contextmanager
def _held_still(player: Player) -> Iterator[None]:
    for parameter in player.parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in player.parameters:
            parameter.requires_grad_(True)


def _gradient_norm(player: Player) -> Tensor:
    return _norm([parameter.grad for parameter in player.parameters if parameter.grad is not None])


def _weight_norm(player: Player) -> Tensor:
    return _norm([parameter.detach() for parameter in player.parameters])


def _norm(tensors: list[Tensor]) -> Tensor:
    """Euclidean norm of all entries together. One copy and one norm: small networks feel every further operation."""
    return torch.cat([_in_memory_order(tensor) for tensor in tensors]).norm()


def _in_memory_order(tensor: Tensor) -> Tensor:
    """All entries as they lie in memory: a view, where flattening a channels-last tensor would copy it piecemeal."""
    return tensor.permute(sorted(range(tensor.dim()), key=tensor.stride, reverse=True)).flatten()
