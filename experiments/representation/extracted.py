"""Features of labelled images, by the name of what computes them and then by its blocks."""

# N images, F features

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from sklearn.random_projection import GaussianRandomProjection
from torch import Tensor

from experiments.datasets.images import Images
from experiments.representation.labelled import LabelledImages
from experiments.representation.references import autoencoder, supervised
from experiments.representation.unsupervised import UNSUPERVISED
from models.blocks import BlockNetwork
from models.frozen import FrozenFeatures
from runs.errors import UserError
from runs.representation import SUPERVISED
from runs.schema import RunConfig

_AT_ONCE = 100  # images

Pair = tuple[Tensor, Tensor]  # features of the training and of the test images, (N, F) each
Blocks = Mapping[str, Pair]


def with_weights(network: BlockNetwork, weights: bytes, whose: str = "its") -> BlockNetwork:
    """The network with recorded weights. Raises UserError if they do not fit."""
    try:
        network.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise UserError(f"{whose} weights do not fit its config: {str(error).splitlines()[0]}") from None
    return network


def all_finite(network: BlockNetwork) -> bool:
    """Whether every number of its state is."""
    return all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values())


def features_of_blocks(network: BlockNetwork, images: LabelledImages, batch_size: int) -> Blocks:
    """Those of each hidden block; BatchNorm uses statistics averaged over the classifier's training images.

    It is averaged in the network itself. Raises UserError if the features are not finite.
    """
    count = len(images.train)
    whole = count - count % batch_size or count  # as in training, the last incomplete minibatch is left out
    frozen = FrozenFeatures(network, images.train[:whole].split(batch_size))
    parts = [[frozen(chunk) for chunk in part.split(_AT_ONCE)] for part in (images.train, images.test)]
    pairs = {
        block: (torch.cat([one[block] for one in parts[0]]), torch.cat([one[block] for one in parts[1]]))
        for block in parts[0][0]
    }
    if not all(bool(part.isfinite().all()) for pair in pairs.values() for part in pair):
        raise UserError("its features are not finite")
    return pairs


def side_by_side(blocks: Iterable[Pair]) -> Pair:
    """The features of all blocks together."""
    train, test = (torch.cat(part, 1) for part in zip(*blocks, strict=True))
    return train, test


def projected(features: Pair, dimensions: int, seed: int) -> Pair:
    """At random to so many dimensions; as they are where they are no more."""
    train, test = features
    if train.shape[1] <= dimensions:
        return features
    projection = GaussianRandomProjection(dimensions, random_state=seed).fit(train.numpy())
    return torch.from_numpy(projection.transform(train.numpy())), torch.from_numpy(projection.transform(test.numpy()))


def features_without_a_gan(
    images: LabelledImages, all_images: Images, run: RunConfig, fitted: NDArray[np.int64]
) -> dict[str, Blocks]:
    """By their name: of the images alone, and of networks in depth and width as this run's discriminator.

    The autoencoder learns from ``all_images``, as a GAN does; the supervised network from the training images
    ``fitted``, whose labels the linear classifier is fitted to, and no others.
    """
    made = {name: make(images.train) for name, make in UNSUPERVISED.items()}
    found: dict[str, Blocks] = {
        name: {name: (features(images.train), features(images.test))} for name, features in made.items()
    }
    networks = {
        "autoencoder": autoencoder(run, all_images),
        SUPERVISED: supervised(run, images.train[fitted], torch.from_numpy(images.train_labels[fitted])),
    }
    return found | {name: features_of_blocks(one, images, run.batch_size) for name, one in networks.items()}
