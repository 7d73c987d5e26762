"""What measures need of a feature space, whatever it is made of."""

# N images, C channels, H height, W width, F features, K classes

import copy
from abc import ABC, abstractmethod
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from experiments.datasets.images import Images
from experiments.streams import StreamId, generator

FEATURES = 32
REAL_IMAGES = 10_000  # with which the measures compare; the distances between all pairs of them are needed
CHUNK = 250  # images at a time; with channels last a third of the time of all at once
_SUBSET_SEED = 0


class FeatureExtractor(ABC):
    """The space in which samples are measured: a fixed function of uint8 images (N, C, H, W).

    space: what tells images apart in it. accuracy: of a classifier on held-out images. hash: of all its numbers.
    """

    space: str
    accuracy: float | None
    hash: str

    @abstractmethod
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features (N, F), and class probabilities (N, K) where there are classes; both on the CPU."""

    @abstractmethod
    def move(self, device: torch.device) -> None:
        """Compute there from now on."""

    def features(self, images: Images, indices: Tensor) -> Tensor:
        """Features (N, F) of the images at these indices, which need not fit in memory."""
        return torch.cat([self(chunk)[0] for chunk in images.chunks_of(indices, CHUNK)])


def real_subset(images: Images) -> Tensor:
    """Indices of the images with which the measures compare: all, or the same REAL_IMAGES of them every time."""
    if len(images) <= REAL_IMAGES:
        return torch.arange(len(images))
    drawn = generator(_SUBSET_SEED, StreamId.ORDER).choice(len(images), REAL_IMAGES, replace=False)
    return torch.from_numpy(np.sort(drawn))


@lru_cache(maxsize=2)
def on_device(extractor: FeatureExtractor, device: torch.device) -> FeatureExtractor:
    """The same space, computed there. One on the CPU stays as it is, for runs that are trained on the CPU."""
    if device.type == "cpu":
        return extractor
    moved = copy.deepcopy(extractor)
    moved.move(device)
    return moved
