"""Everything random in a training, as pure functions of (seed, stream, block): the same for every arm of a seed.

Counter-based (Philox, Salmon 2011), so that resuming needs nothing but a position, and no global state is touched.
torch's own CPU generator would use 32 bits of a seed, and its normal draws differ between kinds of CPU.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import IntEnum
from typing import Literal

import numpy as np
import torch
from torch import Tensor

BATCHES_A_BLOCK = 32  # noise is drawn this many minibatches at a time: one draw, one transfer to the device

Distribution = Literal["normal", "uniform"]


class StreamId(IntEnum):
    """Which of a seed's independent streams."""

    ORDER = 0
    NOISE_D = 1
    NOISE_G = 2
    NOISE_EVAL = 3
    NOISE_SCORE = 4  # for FID, after training


def generator(seed: int, stream: int, block: int = 0) -> np.random.Generator:
    """The random numbers of one block of one stream of one seed. All 64 bits of seed and stream count."""
    return np.random.Generator(np.random.Philox(key=[seed, stream], counter=[0, 0, 0, block]))


def epoch_order(seed: int, epoch: int, images: int) -> np.ndarray:
    """A permutation of ``range(images)``: the order of one epoch."""
    return generator(seed, StreamId.ORDER, epoch).permutation(images)


def noise(seed: int, stream: StreamId, block: int, shape: tuple[int, ...], distribution: Distribution) -> np.ndarray:
    """Latent vectors, float32: standard normal, or uniform on [-1, 1)."""
    source = generator(seed, stream, block)
    if distribution == "normal":
        return source.standard_normal(shape, dtype=np.float32)
    return 2 * source.random(shape, dtype=np.float32) - 1


def initial_weights(seed: int, arm: str, role: str) -> Callable[[torch.Size], Tensor]:
    """Standard normal draws for the initial weights of one player of one arm, independent between arms."""
    name = hashlib.sha256(f"initial weights of {role} of {arm}".encode()).digest()
    source = generator(seed, int.from_bytes(name[:8], "big"))
    return lambda shape: torch.from_numpy(source.standard_normal(tuple(shape), dtype=np.float32))


class Stream(ABC):
    """Minibatches one after another, with a chained digest of all that was drawn.

    The digest covers whole blocks, so two runs that took equally many minibatches from equal blocks agree in it.
    """

    def __init__(self, *, batches_a_block: int, device: torch.device) -> None:
        self._batches_a_block = batches_a_block
        self._device = device
        self._position = 0
        self._digest_before = ""  # of all blocks before the current one
        self._enter_block()

    @abstractmethod
    def _draw(self, block: int) -> np.ndarray:
        """All minibatches of a block, (batches, …)."""

    def next(self) -> Tensor:
        """The next minibatch, on the device."""
        batch = self._position % self._batches_a_block
        self._position += 1
        if batch == 0 and self._position > 1:
            self._digest_before = self.digest
            self._enter_block()
        return self._block[batch]

    def following(self) -> Tensor | None:
        """What :meth:`next` gives next, without taking it; None if that is in the next block."""
        batch = self._position % self._batches_a_block
        return None if batch == 0 and self._position > 0 else self._block[batch]

    def skip(self, batches: int) -> None:
        """Pass over minibatches as if they had been taken."""
        for _ in range(batches):
            self.next()

    def state(self) -> dict[str, int | str]:
        """Where the stream stands, for a checkpoint."""
        return {"position": self._position, "digest_before": self._digest_before}

    def restore(self, state: dict[str, int | str]) -> None:
        """Continue where a stream of the same seed stood."""
        self._position, self._digest_before = int(state["position"]), str(state["digest_before"])
        self._enter_block()

    def _enter_block(self) -> None:
        # the position counts minibatches given, so at a block's end it still belongs to that block
        block = max(self._position - 1, 0) // self._batches_a_block
        drawn = np.ascontiguousarray(self._draw(block))
        self.digest = hashlib.sha256(self._digest_before.encode() + drawn.tobytes()).hexdigest()[:16]
        self._block = torch.from_numpy(drawn).to(self._device)


class MinibatchOrder(Stream):
    """Indices (B,) of training images: a new permutation every epoch, the last incomplete minibatch left out."""

    def __init__(self, *, seed: int, images: int, batch_size: int, device: torch.device) -> None:
        self._seed, self._images, self._batch_size = seed, images, batch_size
        super().__init__(batches_a_block=images // batch_size, device=device)

    def _draw(self, block: int) -> np.ndarray:
        used = self._batches_a_block * self._batch_size
        return epoch_order(self._seed, block, self._images)[:used].reshape(-1, self._batch_size)


class NoiseStream(Stream):
    """Latent vectors (B, Z)."""

    def __init__(
        self,
        *,
        seed: int,
        stream: StreamId,
        batch_size: int,
        latent_dim: int,
        distribution: Distribution,
        device: torch.device,
    ) -> None:
        self._seed, self._stream, self._distribution = seed, stream, distribution
        self._shape = (BATCHES_A_BLOCK, batch_size, latent_dim)
        super().__init__(batches_a_block=BATCHES_A_BLOCK, device=device)

    def _draw(self, block: int) -> np.ndarray:
        return noise(self._seed, self._stream, block, self._shape, self._distribution)
