"""Noise in the place of images that are not here: a training on it takes as long as one on them."""

import torch

from experiments.datasets.images import ImageData, ImagesInMemory
from experiments.datasets.protocol import Source

_TRAINING, _HELD_OUT = 2_000, 200
_SEED = 0


def stand_in(source: Source) -> ImageData:
    """Images without labels, of the source's size and channels."""
    draw = torch.Generator().manual_seed(_SEED)
    shape = (_TRAINING + _HELD_OUT, source.channels, source.image_size, source.image_size)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=draw)
    return ImageData(
        train=ImagesInMemory(pixels[:_TRAINING], None), held_out=ImagesInMemory(pixels[_TRAINING:], None), classes=0
    )
