"""What the pictures of a representation run are, and the file that keeps them: the artifact SEEN of its record."""

# U units, K images a unit, F filters, R rows, S steps, C channels, H height, W width

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from runs.representation import OF_DISCRIMINATOR

Pictures = NDArray[np.uint8]  # of signed values: 128 is 0, and the greatest magnitude of each picture lies at 1 or 255


@dataclass(frozen=True, kw_only=True, eq=False)
class UnitPictures:
    """What one discriminator's first layer and the units of its last hidden block respond to.

    images: real ones in [0, 255]. gradients: of each unit's activation in the image, by guided backpropagation.
    """

    block: NDArray[np.str_]  # (): name of the last hidden block
    units: NDArray[np.int64]  # (U,): channels of a convolution
    chosen: NDArray[np.int64]  # (U, K): which of the training images
    activations: NDArray[np.float32]  # (U, K): of the unit on the image
    images: NDArray[np.uint8]  # (U, K, C, H, W)
    gradients: Pictures  # (U, K, C, H, W)
    filters: Pictures  # (F, C, H, W): weights of the first layer; H and W are those of its kernel, if it has one
    filter_norms: NDArray[np.float32]  # (F,): L2


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """Of a discriminator, trained and untrained, by OF_DISCRIMINATOR; and of the generator beside it.

    interpolations: images (R, S, C, H, W) from one latent vector to another, a row a pair of vectors. No row, if the
    generator's images are not finite.
    """

    of: Mapping[str, UnitPictures]
    interpolations: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """The content of the file: a compressed npz, its arrays named «trained_units» and so on."""
        arrays = {f"{name}_{field}": value for name, one in self.of.items() for field, value in asdict(one).items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, interpolations=self.interpolations, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """What :meth:`to_bytes` has written."""
        with np.load(io.BytesIO(content)) as arrays:
            return cls(
                of={name: UnitPictures(**_fields(arrays, name)) for name in OF_DISCRIMINATOR},
                interpolations=arrays["interpolations"],
            )


def _fields(arrays: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {field.name: arrays[f"{name}_{field.name}"] for field in fields(UnitPictures)}
