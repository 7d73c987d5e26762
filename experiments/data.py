"""Data sets as images in memory."""

# N images, C channels, H height, W width

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor
from torchvision.transforms.v2 import functional

from runs.schema import Dataset

HELD_OUT_SHARE = 0.2
_SPLIT_SEED = 0  # the split belongs to the data set, not to a run


@dataclass(frozen=True, kw_only=True)
class ImageData:
    """Real images, uint8 (N, C, H, W), and their class labels (N,), in two parts that share no image."""

    train_images: Tensor
    train_labels: Tensor
    held_out_images: Tensor
    held_out_labels: Tensor
    classes: int


def load_images(dataset: Dataset, image_size: int, channels: int) -> ImageData:
    """The data set at that size, 80 % for training and 20 % held out, stratified by class.

    ``digits``: the 1,797 handwritten 8×8 digits that ship with scikit-learn, enlarged (bilinear), grey repeated over
    the channels. Enlarged 8×8 images lie in a 64-dimensional subspace of pixel space.
    """
    if dataset not in _READERS:
        raise ValueError(f"dataset={dataset!r}: expected one of {', '.join(_READERS)}")
    images, labels, classes = _READERS[dataset]()
    resized = functional.resize(images, [image_size, image_size], antialias=True)
    coloured = resized.expand(-1, channels, -1, -1).contiguous()
    train, held_out = _parts(labels)
    return ImageData(
        train_images=coloured[train],
        train_labels=labels[train],
        held_out_images=coloured[held_out],
        held_out_labels=labels[held_out],
        classes=classes,
    )


@lru_cache(maxsize=1)
def training_images(dataset: Dataset) -> int:
    """How many images of the data set are trained on, at any size."""
    return len(_parts(_digits()[1])[0])


def to_unit_range(images: Tensor) -> Tensor:
    """uint8 images as floats in [-1, 1], the range of a generator's tanh."""
    return images.float() / 127.5 - 1


def to_bytes(images: Tensor) -> Tensor:
    """Images in [-1, 1] as uint8, rounded to the nearest."""
    return ((images + 1) * 127.5).round().to(torch.uint8)


def _parts(labels: Tensor) -> list[np.ndarray]:
    """Indices of the images for training and of those held out."""
    return train_test_split(np.arange(len(labels)), test_size=HELD_OUT_SHARE, stratify=labels, random_state=_SPLIT_SEED)


def _digits() -> tuple[Tensor, Tensor, int]:
    raw = load_digits()
    images = torch.from_numpy(raw.images * (255 / 16)).round().to(torch.uint8)[:, None]
    return images, torch.from_numpy(raw.target).long(), 10


_READERS: Mapping[str, Callable[[], tuple[Tensor, Tensor, int]]] = {"digits": _digits}  # (N, 1 or 3, H, W), (N,), K
