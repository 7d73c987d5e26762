"""Features of labelled images, by the name of what computes them and then by its blocks."""

# N images, F features

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import prod
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from sklearn.random_projection import GaussianRandomProjection
from torch import Tensor

from experiments.datasets.images import Images
from experiments.environment import resolve_device
from experiments.representation.labelled import LabelledImages
from experiments.representation.references import autoencoder, supervised
from experiments.representation.unsupervised import UNSUPERVISED
from models.blocks import BlockNetwork
from models.frozen import FrozenFeatures, concatenated
from runs.errors import UserError
from runs.representation import SUPERVISED
from runs.schema import RunConfig

MOST_IN_MEMORY = 2**30  # bytes of one part's features; more are written to a file, and read as they are needed
_AT_ONCE = 100  # images


@dataclass(frozen=True, kw_only=True)
class Features:
    """Of the training and of the test images (N, F), those of all blocks side by side, and which columns are whose."""

    train: Tensor
    test: Tensor
    columns: Mapping[str, slice]

    @classmethod
    def of_one_block(cls, name: str, train: Tensor, test: Tensor) -> Self:
        """Features that are one block by themselves."""
        return cls(train=train, test=test, columns={name: slice(None)})

    def blocks(self) -> Iterator[tuple[str, Self]]:
        """Those of each block alone, by its name."""
        for name, own in self.columns.items():
            yield name, self.of_one_block(name, self.train[:, own], self.test[:, own])


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


def features_of_blocks(network: BlockNetwork, images: LabelledImages, batch_size: int) -> Features:
    """Those of the hidden blocks; BatchNorm uses statistics averaged over the classifier's training images.

    It is averaged in the network itself. Computed on a GPU where there is one, a few images at a time. Raises
    UserError if the features are not finite.
    """
    device = resolve_device("auto")
    count = len(images.train)
    whole = count - count % batch_size or count  # as in training, the last incomplete minibatch is left out
    frozen = FrozenFeatures(network.to(device), images.train[:whole].split(batch_size))
    widths = {name: one.shape[1] for name, one in frozen(images.train[:1].to(device)).items()}
    ends = pairwise(accumulate(widths.values(), initial=0))
    train, test = (_extracted(frozen, part, sum(widths.values()), device) for part in (images.train, images.test))
    network.to("cpu")
    columns = {name: slice(*two) for name, two in zip(widths, ends, strict=True)}
    return Features(train=train, test=test, columns=columns)


def _extracted(frozen: FrozenFeatures, images: Tensor, dimensions: int, device: str) -> Tensor:
    rows = torch.from_numpy(room((len(images), dimensions)))
    for chunk, own in zip(images.split(_AT_ONCE), rows.split(_AT_ONCE), strict=True):
        own.copy_(concatenated(frozen(chunk.to(device))))
        if not bool(own.isfinite().all()):
            raise UserError("its features are not finite")
    return rows


def room(shape: Sequence[int]) -> NDArray[np.float32]:
    """Room for so many numbers of single precision: in memory, or where they are many in a file without a name.

    The file lies where the system keeps temporary ones (TMPDIR) and is gone with the last array on it.
    """
    if prod(shape) * np.dtype(np.float32).itemsize <= MOST_IN_MEMORY:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=tuple(shape))


def projected(name: str, features: Features, dimensions: int, seed: int) -> Features:
    """At random to so many dimensions, as one block of that name; as they are where they are no more."""
    train, test = features.train, features.test
    if train.shape[1] > dimensions:
        projection = GaussianRandomProjection(dimensions, random_state=seed).fit(train.numpy())
        train, test = (torch.from_numpy(projection.transform(part.numpy())) for part in (train, test))
    return Features.of_one_block(name, train, test)


def features_without_a_gan(
    images: LabelledImages, all_images: Images, run: RunConfig, fitted: NDArray[np.int64]
) -> dict[str, Features]:
    """By their name: of the images alone, and of networks in depth and width as this run's discriminator.

    The autoencoder learns from ``all_images``, as a GAN does; the supervised network from the training images
    ``fitted``, whose labels the linear classifier is fitted to, and no others.
    """
    made = {name: make(images.train) for name, make in UNSUPERVISED.items()}
    found = {
        name: Features.of_one_block(name, features(images.train), features(images.test))
        for name, features in made.items()
    }
    networks = {
        "autoencoder": autoencoder(run, all_images),
        SUPERVISED: supervised(run, images.train[fitted], torch.from_numpy(images.train_labels[fitted])),
    }
    return found | {name: features_of_blocks(one, images, run.batch_size) for name, one in networks.items()}
