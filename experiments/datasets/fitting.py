"""Pictures of any kind and size, made to squares of bytes."""

# N images, C channels, H height, W width

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import interpolate, pad

from experiments.datasets.torchvisions import transforms
from runs.errors import UserError


def resized(images: Tensor, size: int) -> Tensor:
    """Square uint8 images (N, C, H, H) in another size: bilinear, antialiased; to the bit what torchvision makes."""
    return interpolate(images, (size, size), mode="bilinear", align_corners=False, antialias=True)


def grey(images: Tensor) -> Tensor:
    """Colour images (N, 3, H, W) in one channel (N, 1, H, W)."""
    return transforms().rgb_to_grayscale(images)


def fit_arrays(images: Tensor, size: int, channels: int) -> Tensor:
    """Equal square uint8 images (N, 1 or 3, H, H), padded with black to a power of two, resized, in that many channels.

    Padded, since to stretch 28 pixels to 32 would blur every one of them.
    """
    height = images.shape[-1]
    padding = (1 << (height - 1).bit_length()) - height
    before, after = padding // 2, padding - padding // 2
    squares = resized(pad(images, (before, after, before, after)), size)
    if squares.shape[1] == channels:
        return squares
    return squares.expand(-1, channels, -1, -1) if channels == 3 else grey(squares)


def fit_file(file: Path | BinaryIO, name: object, size: int, channels: int) -> Tensor | UserError:
    """The picture in a file as uint8 (C, H, W): turned upright, cropped to the middle square, resized (bilinear).

    An error that calls the file by ``name`` if it holds no single picture.
    """
    try:
        with warnings.catch_warnings(), Image.open(file) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            frames = getattr(image, "n_frames", 1)
            if frames > 1:
                return UserError(f"{name} is animated: {frames} pictures in one file; expected one")
            return _fit_picture(image, size, channels)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombWarning) as error:
        return UserError(f"{name} cannot be read as an image: {_reason(error)}")


def _fit_picture(image: Image.Image, size: int, channels: int) -> Tensor:
    """Raises ValueError for numbers that no picture is made of."""
    upright = ImageOps.exif_transpose(image)
    coloured = _eight_bits(upright).convert("L" if channels == 1 else "RGB")
    square = ImageOps.fit(coloured, (size, size), method=Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(square)).reshape(size, size, channels).permute(2, 0, 1).contiguous()


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture with 8 bits a channel; of 16 the upper ones, where PIL's own conversion would cut at white."""
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        return Image.fromarray((values.clip(0, 65535) >> 8).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers without a known range")
    return image


def _reason(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "no known format"
    return str(getattr(error, "strerror", None) or error)
