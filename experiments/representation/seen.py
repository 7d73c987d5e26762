"""What a discriminator has learned, and a generator, as pictures (Radford 2016, sections 6.1 and 6.3)."""

# N images, U units, P positions, K images a unit, C channels, H height, W width, Z latent

import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.optim.swa_utils import update_bn

from experiments.datasets.images import to_bytes
from experiments.streams import Distribution, StreamId, noise
from models.blocks import BlockNetwork
from runs.errors import UserError
from runs.schema import RunConfig
from runs.seen import Along, ClassMoves, Seen, UnitPictures

UNITS, IMAGES = 8, 4  # units of the last hidden block, and images that excite each
FILTERS = 32
ROWS, STEPS = 4, 9  # of interpolations
LATENTS = 250  # whose batch gives BatchNorm of G its statistics; a probe's samples are made in batches of as many
_AT_ONCE = 100  # images


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Units (U,) with the images (U, K) that excite each most, and how much (U, K).

    outputs: (U, K) places of these activations among the U · P of an image.
    """

    units: Tensor
    images: Tensor
    activations: Tensor
    outputs: Tensor


def seen(
    discriminators: Mapping[str, BlockNetwork],
    generator: BlockNetwork,
    config: RunConfig,
    images: Tensor,
    along: Along | None = None,
    arithmetic: ClassMoves | None = None,
) -> Seen:
    """Pictures of a run's discriminators by their name, frozen as FrozenFeatures does it, and of its generator.

    images: real ones (N, C, H, W) in [-1, 1]. Raises UserError if gradients are not finite.
    """
    return Seen(
        of={name: _unit_pictures(network, images) for name, network in discriminators.items()},
        interpolations=interpolations(generator, config),
        along=along,
        arithmetic=arithmetic,
    )


def spread(images: Tensor, most: int) -> Tensor:
    """At most so many of the images, evenly from first to last."""
    return images[:: -(-len(images) // most)]


def _unit_pictures(network: BlockNetwork, images: Tensor) -> UnitPictures:
    block = list(network.blocks)[-2]  # the last is the logit
    hidden = nn.Sequential(*list(network.blocks.values())[:-1])
    with torch.no_grad():
        activations = torch.cat([hidden(chunk) for chunk in images.split(_AT_ONCE)])
    choice = strongest(activations.unflatten(1, (-1, 1)).flatten(2))
    filters = first_filters(network, images.shape[1:])
    return UnitPictures(
        block=np.array(block),
        units=choice.units.numpy(),
        chosen=choice.images.numpy(),
        activations=choice.activations.numpy(),
        images=to_bytes(images[choice.images]).numpy(),
        gradients=as_pictures(guided_gradients(hidden, images, choice)),
        filters=as_pictures(filters),
        filter_norms=_norms(filters).numpy(),
    )


def strongest(activations: Tensor, units: int = UNITS, images: int = IMAGES) -> Choice:
    """The units that images excite most, from the activations (N, U, P) of all at every position.

    A unit's activation on an image is that at its strongest position. Its images are those of its greatest activations;
    chosen are the units for which the mean of these is greatest. Of equals the first.
    """
    greatest, positions = activations.max(2)
    ranked, order = greatest.sort(dim=0, descending=True, stable=True)
    chosen = ranked[:images].mean(0).argsort(descending=True, stable=True)[:units]
    found = order[:images, chosen].T  # (U, K)
    return Choice(
        units=chosen,
        images=found,
        activations=ranked[:images, chosen].T,
        outputs=chosen[:, None] * activations.shape[2] + positions[found, chosen[:, None]],
    )


class _Rectified(nn.ReLU):
    """A LeakyReLU as captum's guided backpropagation finds it, which looks for ReLUs and passes others over."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x, self.slope)


def guided_gradients(hidden: nn.Module, images: Tensor, choice: Choice) -> Tensor:
    """Gradients (U, K, C, H, W) of chosen units in their images by guided backpropagation (Springenberg 2015).

    Of what comes back through an activation only what is positive goes on: the gradient before it is
    max(0, f'(x) · the gradient behind it), all else is the chain rule. For a ReLU that is the published rule. A
    LeakyReLU keeps its own derivative, as captum keeps a ReLU's: a unit below zero passes a fifth of a positive
    gradient on, not nothing, since it did pass a fifth of its input on. Activations are the network's own.

    hidden: images to activations (N, U) or (N, U, H, W).
    """
    from captum.attr import GuidedBackprop  # loads matplotlib; only who makes pictures waits for that

    network = nn.Sequential(_with_rectified(hidden), nn.Flatten())
    inputs, targets = images[choice.images].flatten(0, 1).requires_grad_(), choice.outputs.flatten()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Setting backward hooks")  # captum says so every time
        found = GuidedBackprop(network).attribute(inputs, target=targets)
    return found.detach().unflatten(0, choice.images.shape)


def _with_rectified(network: nn.Module) -> nn.Module:
    copied = deepcopy(network)
    for module in list(copied.modules()):
        for name, layer in module.named_children():
            if isinstance(layer, nn.LeakyReLU):
                setattr(module, name, _Rectified(layer.negative_slope))
    return copied


def first_filters(network: nn.Module, image: torch.Size, most: int = FILTERS) -> Tensor:
    """Weights of the first layer, those with the greatest L2 norms first: kernels (F, C, H, W), or units' as images.

    image: the shape (C, H, W) of an image.
    """
    layer = next(module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear))
    weights = layer.weight.detach()
    filters = weights if weights.ndim == 4 else weights.unflatten(1, image)
    return filters[_norms(filters).argsort(descending=True, stable=True)[:most]]


def _norms(filters: Tensor) -> Tensor:
    return filters.flatten(1).norm(dim=1)


def as_pictures(values: Tensor) -> np.ndarray:
    """Signed values (…, C, H, W) as runs.seen keeps them. Raises UserError if they are not finite."""
    if not bool(values.isfinite().all()):
        raise UserError("its guided gradients are not finite")
    greatest = values.abs().amax((-3, -2, -1), keepdim=True)
    scaled = values / greatest.masked_fill(greatest == 0, 1)
    return (128 + 127 * scaled).round().to(torch.uint8).numpy()


def fixed_latents(config: RunConfig, count: int = LATENTS) -> Tensor:
    """The first (count, Z) of the run's fixed latent vectors, as its probes use them."""
    drawn = noise(config.seed, StreamId.NOISE_EVAL, 0, (count, config.latent_dim), config.latent_distribution)
    return torch.from_numpy(drawn)


def frozen(generator: BlockNetwork, config: RunConfig) -> BlockNetwork:
    """The generator in evaluation, BatchNorm with the statistics of a batch of the run's fixed latent vectors."""
    update_bn([fixed_latents(config)], generator)
    return generator.eval()


def interpolations(generator: BlockNetwork, config: RunConfig) -> np.ndarray:
    """Images (ROWS, STEPS, C, H, W), uint8, from the first of the run's fixed latent vectors to the second, and so on.

    BatchNorm has the statistics of a batch of fixed vectors, as in samples of a probe. No row, where an image is not
    finite.
    """
    latents = fixed_latents(config)
    points = between(latents[: 2 * ROWS : 2], latents[1 : 2 * ROWS : 2], STEPS, config.latent_distribution)
    with torch.no_grad():
        images = frozen(generator, config)(points.flatten(0, 1)).unflatten(0, (ROWS, STEPS))
    return to_bytes(images if bool(images.isfinite().all()) else images[:0]).numpy()


def between(first: Tensor, second: Tensor, steps: int, distribution: Distribution) -> Tensor:
    """Points (R, S, Z) from vectors (R, Z) to others, ends included.

    Spherical for normal ones (White 2016): a straight line would leave the shell in which they all lie. Straight for
    uniform ones, whose cube holds it.
    """
    share = torch.linspace(0, 1, steps)[:, None]
    first, second = first[:, None], second[:, None]
    if distribution == "uniform":
        return (1 - share) * first + share * second
    angle = torch.cosine_similarity(first, second, dim=-1)[..., None].acos()
    return (((1 - share) * angle).sin() * first + (share * angle).sin() * second) / angle.sin()
