"""Every architecture that a player can have, one recipe each: the only place where a name becomes a network."""

# B batch, C channels, H height, W width, Z latent

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from models.blocks import BlockNetwork, Normalization, least_hidden_layers
from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.dcgan_3x3 import DCGAN3x3Discriminator, DCGAN3x3Generator, least_hidden_layers_3x3
from models.mlp import MLPDiscriminator, MLPGenerator


@dataclass(frozen=True, kw_only=True)
class Shape:
    """All that decides the layers of one player's network but its architecture."""

    image_size: int
    channels: int
    latent_dim: int  # of G; nothing to D
    width: int
    inner_width: int | None  # None: all hidden layers by ``width``
    hidden_layers: int | None  # None: as many as the architecture has at this image size
    extra_layers: int  # beyond those
    normalization: Normalization


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one architecture builds each player, and what a trainer and a matcher must know of it.

    one_width: whether a unit of width is a hidden unit, so that one inner layer may have another width, and a G
    narrower than its latent vector loses of it. memory_format: in which its layers are fastest. hidden_layers: how many
    each player has at an image size, where nothing else is asked for.
    """

    generator: Callable[[Shape], BlockNetwork]
    discriminator: Callable[[Shape], BlockNetwork]
    one_width: bool
    memory_format: torch.memory_format
    hidden_layers: Callable[[int], int] = least_hidden_layers


def _mlp_generator(shape: Shape) -> BlockNetwork:
    return MLPGenerator(shape.image_size, shape.latent_dim, *_common(shape), inner_width=shape.inner_width)


def _mlp_discriminator(shape: Shape) -> BlockNetwork:
    return MLPDiscriminator(shape.image_size, *_common(shape), inner_width=shape.inner_width)


def _dcgan_generator(shape: Shape) -> BlockNetwork:
    _refuse_inner_width(shape)
    return DCGANGenerator(shape.image_size, shape.latent_dim, *_common(shape))


def _dcgan_discriminator(shape: Shape) -> BlockNetwork:
    _refuse_inner_width(shape)
    return DCGANDiscriminator(shape.image_size, *_common(shape))


def _dcgan_3x3_generator(shape: Shape) -> BlockNetwork:
    _refuse_inner_width(shape)
    return DCGAN3x3Generator(shape.image_size, shape.latent_dim, *_common(shape))


def _dcgan_3x3_discriminator(shape: Shape) -> BlockNetwork:
    _refuse_inner_width(shape)
    return DCGAN3x3Discriminator(shape.image_size, *_common(shape))


def _common(shape: Shape) -> tuple[int, int, int, Normalization, int | None]:
    return shape.width, shape.channels, shape.extra_layers, shape.normalization, shape.hidden_layers


def _refuse_inner_width(shape: Shape) -> None:
    if shape.inner_width is not None:
        raise ValueError(f"inner_width={shape.inner_width}: a DCGAN's widths all follow from its width")


RECIPES: Mapping[str, Recipe] = {
    "mlp": Recipe(
        generator=_mlp_generator,
        discriminator=_mlp_discriminator,
        one_width=True,
        memory_format=torch.contiguous_format,
    ),
    "dcgan": Recipe(
        generator=_dcgan_generator,
        discriminator=_dcgan_discriminator,
        one_width=False,
        memory_format=torch.channels_last,
    ),
    "dcgan-3x3": Recipe(
        generator=_dcgan_3x3_generator,
        discriminator=_dcgan_3x3_discriminator,
        one_width=False,
        memory_format=torch.channels_last,
        hidden_layers=least_hidden_layers_3x3,
    ),
}


def recipe(architecture: str) -> Recipe:
    """The recipe of that name. Raises ValueError if there is none."""
    if architecture not in RECIPES:
        raise ValueError(f"architecture={architecture!r}: expected one of {', '.join(RECIPES)}")
    return RECIPES[architecture]
