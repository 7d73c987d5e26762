"""``digits``: the 1,797 handwritten digits of 8×8 pixels that ship with scikit-learn, in ten classes."""

# N images, H height, W width

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.datasets.fitting import resized
from experiments.datasets.images import ImageData, ImagesInMemory
from experiments.datasets.protocol import Preparation, Source

HELD_OUT_SHARE = 0.2
_SPLIT_SEED = 0  # the split belongs to the data set, not to a run


class Digits:
    """80 % of them for training and 20 % held out, stratified by class.

    Enlarged (bilinear), grey repeated over the channels: they lie in a 64-dimensional subspace of pixel space.
    """

    def absent(self, source: Source, folder: Path, root: Path) -> str | None:
        """Never: who has scikit-learn has them."""
        return None

    def training_images(self, source: Source, folder: Path, root: Path) -> int:
        """1,437."""
        return len(_parts()[0])

    def prepare(self, source: Source, folder: Path, preparation: Preparation) -> None:
        """Nothing: they are enlarged in a moment."""

    def read(self, source: Source, folder: Path) -> ImageData:
        """All of them, in memory."""
        images, labels = _originals()
        coloured = resized(images, source.image_size).expand(-1, source.channels, -1, -1).contiguous()
        train, held_out = (ImagesInMemory(coloured[part], labels[part]) for part in _parts())
        return ImageData(train=train, held_out=held_out, classes=10)


@lru_cache(maxsize=1)
def _originals() -> tuple[Tensor, Tensor]:
    """Images (N, 1, 8, 8), uint8, and their classes (N,)."""
    from sklearn.datasets import load_digits  # seconds, which a study of other data need not wait for

    raw = load_digits()
    images = torch.from_numpy(raw.images * (255 / 16)).round().to(torch.uint8)[:, None]
    return images, torch.from_numpy(raw.target).long()


@lru_cache(maxsize=1)
def _parts() -> list[np.ndarray]:
    """Indices of the images for training and of those held out."""
    from sklearn.model_selection import train_test_split

    labels = _originals()[1]
    return train_test_split(np.arange(len(labels)), test_size=HELD_OUT_SHARE, stratify=labels, random_state=_SPLIT_SEED)
