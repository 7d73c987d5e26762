"""What the pictures of a representation run are, and the file that keeps them: the artifact SEEN of its record."""

# U units, K images a unit, F filters, R rows, S steps or snapshots, C channels, H height, W width

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
class Along:
    """What one image meets in the discriminator's hidden blocks, and one z in the generator's, along training.

    Magnitudes by the block's name: (S, H, W) the mean over channels, or (S, 1, U) of a layer of units, whose order says
    nothing. NaN where the network was not finite.
    """

    steps: NDArray[np.int64]  # (S,)
    image: NDArray[np.uint8]  # (C, H, W): real
    discriminator: Mapping[str, NDArray[np.float32]]
    generator: Mapping[str, NDArray[np.float32]]
    samples: NDArray[np.uint8]  # (S, C, H, W): what the generator makes of z; mid-grey where it was not finite

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything by the name that it has in the file."""
        plain = {name: getattr(self, name) for name in _ALONG}
        maps = {f"{role}_{block}": one for role in _ROLES for block, one in getattr(self, role).items()}
        return {_AT + name: array for name, array in (plain | maps).items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """From what a file has; None where the run was measured without snapshots."""
        own = {name.removeprefix(_AT): array for name, array in arrays.items() if name.startswith(_AT)}
        if not own:
            return None
        discriminator, generator = (
            {name.removeprefix(f"{role}_"): one for name, one in own.items() if name.startswith(f"{role}_")}
            for role in _ROLES
        )
        steps, image, samples = (own[name] for name in _ALONG)
        return cls(steps=steps, image=image, samples=samples, discriminator=discriminator, generator=generator)


_ALONG, _ROLES, _AT = ("steps", "image", "samples"), ("discriminator", "generator"), "along_"
_MOVES = "moves_"


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassMoves:
    """Samples moved in latent space by the difference of two classes' mean z."""

    classes: NDArray[np.int64]  # (M,)
    images: NDArray[np.uint8]  # (R, 1 + M, C, H, W): a row a sample, as it is and moved to each class


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """Of a discriminator, trained and untrained, by OF_DISCRIMINATOR; and of the generator beside it.

    interpolations: images (R, S, C, H, W) from one latent vector to another, a row a pair of vectors. No row, if the
    generator's images are not finite. along: of both along training, if they were kept. arithmetic: where a classifier
    knows classes among the samples.
    """

    of: Mapping[str, UnitPictures]
    interpolations: NDArray[np.uint8]
    along: Along | None = None
    arithmetic: ClassMoves | None = None

    def to_bytes(self) -> bytes:
        """The content of the file: a compressed npz, its arrays named «trained_units» and so on."""
        arrays = {f"{name}_{field}": value for name, one in self.of.items() for field, value in asdict(one).items()}
        arrays |= {} if self.along is None else self.along.arrays()
        arrays |= (
            {} if self.arithmetic is None else {_MOVES + name: one for name, one in asdict(self.arithmetic).items()}
        )
        buffer = io.BytesIO()
        np.savez_compressed(buffer, interpolations=self.interpolations, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """What :meth:`to_bytes` has written."""
        with np.load(io.BytesIO(content)) as arrays:
            return cls(
                of={name: UnitPictures(**_named(arrays, UnitPictures, f"{name}_")) for name in OF_DISCRIMINATOR},
                interpolations=arrays["interpolations"],
                along=Along.of(dict(arrays)),
                arithmetic=ClassMoves(**moves) if (moves := _named(arrays, ClassMoves, _MOVES)) else None,
            )


def _named(arrays: Mapping[str, Any], kind: type[Any], prefix: str) -> dict[str, Any]:
    """The arrays of a kind's fields; none where the file has none of them."""
    names = [field.name for field in fields(kind)]
    return {name: arrays[prefix + name] for name in names if prefix + names[0] in arrays}
