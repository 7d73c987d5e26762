"""``photo_patches``: crops of the two photographs that ship with scikit-learn: colour, no labels, no download."""

# N images, C channels, H height, W width

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.datasets.fitting import grey, resized
from experiments.datasets.images import ImageData, ImagesInMemory
from experiments.datasets.protocol import Preparation, Source

TRAINING, HELD_OUT = 5_000, 1_000
LARGEST = 128  # pixels of a crop's side
_SEED = 0  # the crops belong to the data set, not to a run


class PhotoPatches:
    """Squares of random place and side, half of them of each photograph.

    No crop is both trained on and held out, but they overlap: two photographs have no two parts that look alike.
    """

    def absent(self, source: Source, folder: Path, root: Path) -> str | None:
        """Never: who has scikit-learn has them."""
        return None

    def training_images(self, source: Source, folder: Path, root: Path) -> int:
        """5,000."""
        return TRAINING

    def prepare(self, source: Source, folder: Path, preparation: Preparation) -> None:
        """Nothing: they are cut in seconds."""

    def read(self, source: Source, folder: Path) -> ImageData:
        """All of them, in memory."""
        train, held_out = _patches(source.image_size, source.channels)
        return ImageData(train=ImagesInMemory(train, None), held_out=ImagesInMemory(held_out, None), classes=0)


@lru_cache(maxsize=1)
def _patches(size: int, channels: int) -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_sample_images  # seconds, which a study of other data need not wait for

    photographs = [torch.from_numpy(np.array(image)).permute(2, 0, 1) for image in load_sample_images().images]
    draw = np.random.default_rng(_SEED)
    crops = [_crop(photographs[i % len(photographs)], size, draw) for i in range(TRAINING + HELD_OUT)]
    colour = torch.stack(crops)
    images = colour if channels == 3 else grey(colour)
    return images[:TRAINING], images[TRAINING:]


def _crop(photograph: Tensor, size: int, draw: np.random.Generator) -> Tensor:
    """A random square (C, size, size) of a photograph (C, H, W)."""
    side = int(draw.integers(min(size, LARGEST), LARGEST + 1))
    top, left = (int(draw.integers(length - side + 1)) for length in photograph.shape[1:])
    return resized(photograph[None, :, top : top + side, left : left + side], size)[0]
