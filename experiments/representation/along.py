"""A run's networks along training, from its snapshots: how good D's features were, and what one input met in both."""

# S snapshots, C channels, H height, W width, U units, Z latent

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.datasets.images import to_bytes
from experiments.networks import build_discriminator, build_generator
from experiments.representation.extracted import features_of_blocks
from experiments.representation.labelled import LabelledImages
from experiments.representation.quality import parts_of
from experiments.representation.seen import fixed_latents, frozen
from experiments.snapshots import state_dict
from models.blocks import BlockNetwork
from models.frozen import hidden_activations
from runs.errors import UserError
from runs.representation import RepresentationConfig
from runs.schema import RunConfig
from runs.seen import Along
from runs.snapshots import Weights

Maps = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class AtSnapshot:
    """accuracy: with all labels, NaN where the features were not finite. Magnitudes by block, and G's image of z."""

    accuracy: float
    discriminator: Maps
    generator: Maps
    sample: NDArray[np.uint8]


def at_snapshot(
    config: RepresentationConfig,
    run: RunConfig,
    networks: Mapping[str, Weights],
    images: LabelledImages,
    penalty: float,
) -> AtSnapshot:
    """Of both networks as they were, with the linear classifier's C given. Raises UserError if they do not fit."""
    discriminator, generator = build_discriminator(run), build_generator(run)
    try:
        discriminator.load_state_dict(state_dict(networks["discriminator"]))
        generator.load_state_dict(state_dict(networks["generator"]))
    except (KeyError, RuntimeError):
        raise UserError("its snapshots do not fit its config") from None
    try:
        features = features_of_blocks(discriminator, images, run.batch_size)
        accuracy = parts_of(config, images, features).fitted(penalty).test
    except UserError:
        accuracy = math.nan
    maps, sample = _of_generator(generator, run)
    return AtSnapshot(
        accuracy=accuracy,
        discriminator=magnitudes(hidden_activations(discriminator.cpu().eval(), images.train[:1])),
        generator=maps,
        sample=sample,
    )


@torch.no_grad()
def _of_generator(generator: BlockNetwork, run: RunConfig) -> tuple[Maps, NDArray[np.uint8]]:
    """Of the first of the run's fixed latent vectors."""
    image, activations = frozen(generator, run)(fixed_latents(run, 1), with_activations=True)
    *hidden, _ = activations.items()
    return magnitudes(dict(hidden)), to_bytes(image[0].nan_to_num(0)).numpy()


def magnitudes(activations: Mapping[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    """Of the first input: the mean over the channels of a feature map (H, W), or those of a layer of units (1, U)."""
    return {
        name: (one[0].abs().mean(0) if one.ndim == 4 else one[:1].abs()).detach().numpy()
        for name, one in activations.items()
    }


def joined(found: Mapping[int, AtSnapshot], images: LabelledImages) -> Along:
    """The pictures of all snapshots, by step."""
    every = list(found.values())
    return Along(
        steps=np.array(list(found)),
        image=to_bytes(images.train[0]).numpy(),
        discriminator=_stacked(one.discriminator for one in every),
        generator=_stacked(one.generator for one in every),
        samples=np.stack([one.sample for one in every]),
    )


def _stacked(maps: Iterable[Maps]) -> Maps:
    every = list(maps)
    return {name: np.stack([one[name] for one in every]) for name in every[0]}
