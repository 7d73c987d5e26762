"""Images as training and probes ask for them: by index, labelled or not, in memory or not."""

# N images, B batch, C channels, H height, W width

from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor


class Feed(Protocol):
    """Minibatches for one training, asked for one after another."""

    device: torch.device  # where indices are expected

    def __call__(self, indices: Tensor, following: Tensor | None = None) -> Tensor:
        """Images (B, C, H, W) in [-1, 1] on the training's device, at these indices (B,).

        ``following``: the indices of the next minibatch, where they are known; it may be read meanwhile.
        """


class Images(ABC):
    """N images of one size. All of them need not fit in memory: who asks for many at once asks in chunks."""

    labels: Tensor | None  # (N,) the class of each, 0 to K - 1; None where there are no classes

    @abstractmethod
    def __len__(self) -> int:
        """N."""

    @abstractmethod
    def take(self, indices: Tensor) -> Tensor:
        """The images (B, C, H, W), uint8, at these indices (B,), on the CPU."""

    def feed(self, device: torch.device, memory_format: torch.memory_format) -> Feed:
        """Minibatches for a training there, each read while the one before is trained on."""
        return ReadAhead(self, device, memory_format)

    def chunks(self, size: int) -> Iterator[Tensor]:
        """All images in their order, ``size`` at a time."""
        yield from self.chunks_of(torch.arange(len(self)), size)

    def chunks_of(self, indices: Tensor, size: int) -> Iterator[Tensor]:
        """The images at these indices (B,), ``size`` at a time."""
        for part in indices.split(size):
            yield self.take(part)


class ImagesInMemory(Images):
    """Images that are kept as they are, and in training lie on its device: no minibatch waits for a transfer."""

    def __init__(self, pixels: Tensor, labels: Tensor | None) -> None:
        """``pixels``: uint8 (N, C, H, W)."""
        self._pixels = pixels
        self.labels = labels

    def __len__(self) -> int:
        return len(self._pixels)

    def take(self, indices: Tensor) -> Tensor:
        """The images (B, C, H, W), uint8, at these indices (B,)."""
        return self._pixels[indices]

    def feed(self, device: torch.device, memory_format: torch.memory_format) -> Feed:
        """Minibatches of images that are converted and moved to the device once."""
        return OnDevice(to_unit_range(self._pixels).to(device, memory_format=memory_format))


class MappedImages(Images):
    """Images in a file that is mapped into memory: read as they are asked for, shared by all processes."""

    def __init__(self, pixels: np.ndarray, labels: Tensor | None) -> None:
        """``pixels``: uint8 (N, C, H, W)."""
        self._pixels = pixels
        self.labels = labels

    def __len__(self) -> int:
        return len(self._pixels)

    def take(self, indices: Tensor) -> Tensor:
        """The images (B, C, H, W), uint8, at these indices (B,)."""
        return torch.from_numpy(self._pixels[indices.numpy()])


class OnDevice:
    """Minibatches of images that all lie on the training's device."""

    def __init__(self, images: Tensor) -> None:
        """``images``: (N, C, H, W) in [-1, 1]."""
        self._images = images
        self.device = images.device

    def __call__(self, indices: Tensor, following: Tensor | None = None) -> Tensor:
        """See :class:`Feed`."""
        return self._images[indices]


class ReadAhead:
    """Minibatches of images that are not in memory: a thread reads the one that follows.

    For a GPU they are put in pinned memory, from where they are copied without anyone waiting.
    """

    device = torch.device("cpu")  # indices are wanted where images are read

    def __init__(self, images: Images, device: torch.device, memory_format: torch.memory_format) -> None:
        self._images, self._target, self._memory_format = images, device, memory_format
        self._reader = ThreadPoolExecutor(1, "minibatches")
        self._coming: tuple[Tensor, Future[Tensor]] | None = None

    def __call__(self, indices: Tensor, following: Tensor | None = None) -> Tensor:
        """See :class:`Feed`."""
        coming = self._coming
        images = coming[1].result() if coming and torch.equal(coming[0], indices) else self._read(indices)
        self._coming = None if following is None else (following, self._reader.submit(self._read, following))
        return images.to(self._target, non_blocking=True)

    def _read(self, indices: Tensor) -> Tensor:
        images = to_unit_range(self._images.take(indices)).to(memory_format=self._memory_format)
        return images.pin_memory() if self._target.type == "cuda" else images


@dataclass(frozen=True, kw_only=True)
class ImageData:
    """A data set at one size and number of channels, in two parts that share no image."""

    train: Images
    held_out: Images
    classes: int  # K; 0 where there are no labels
    stack_of: Self | None = None  # the images of which each of these is a stack
    digest: str | None = None  # of all its bytes; None where they are few, and whoever asks can make it
    skipped: int = 0  # files that could not be read, and were left out on request
    checked: bool = True  # False: its files are not the publisher's, and were taken all the same


def to_unit_range(images: Tensor) -> Tensor:
    """uint8 images as floats in [-1, 1], the range of a generator's tanh."""
    return images.float() / 127.5 - 1


def to_bytes(images: Tensor) -> Tensor:
    """Images in [-1, 1] as uint8, rounded to the nearest."""
    return ((images + 1) * 127.5).round().to(torch.uint8)
