"""``stacked_digits`` and ``stacked_mnist``: three digits in the three colours of one image, so 1,000 classes.

After Metz, Poole, Pfau, Sohl-Dickstein 2017 and Srivastava et al. 2017 (VEEGAN).
"""

# N stacks, B batch, H height, W width

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from experiments.datasets.images import ImageData, Images
from experiments.datasets.protocol import DataSet, Preparation, Source
from experiments.streams import generator

COLOURS, CLASSES_OF_ONE = 3, 10
_SEED = 0  # the stacks belong to the data set, not to a run


class Stacked:
    """Stacks of the images of another data set, each of three that were drawn once and for all."""

    def __init__(self, base: DataSet, name: str, *, training: int, held_out: int) -> None:
        """``base``: a grey data set of ten classes, called ``name``. Stacks are as many as the other two say."""
        self._base, self._name, self._training, self._held_out = base, name, training, held_out

    def absent(self, source: Source, folder: Path, root: Path) -> str | None:
        """What is not here of the images that are stacked."""
        return self._base.absent(*self._of_base(source, folder), root)

    def training_images(self, source: Source, folder: Path, root: Path) -> int:
        """Stacks to train on."""
        return self._training

    def prepare(self, source: Source, folder: Path, preparation: Preparation) -> None:
        """Prepare the images that are stacked."""
        self._base.prepare(*self._of_base(source, folder), preparation)

    def read(self, source: Source, folder: Path) -> ImageData:
        """Stacks of training images to train on, of held-out ones held out."""
        singles = self._base.read(*self._of_base(source, folder))
        return ImageData(
            train=StackedImages(singles.train, self._training, part=0),
            held_out=StackedImages(singles.held_out, self._held_out, part=1),
            classes=CLASSES_OF_ONE**COLOURS,
            checked=singles.checked,
            stack_of=singles,
        )

    def _of_base(self, source: Source, folder: Path) -> tuple[Source, Path]:
        return replace(source, dataset=self._name, channels=1), folder.parent / self._name


class StackedImages(Images):
    """N stacks (3, H, W). The class of one is the number that its three digits write: 0 to 999."""

    def __init__(self, singles: Images, count: int, *, part: int) -> None:
        """``part`` tells the draws of one part of a data set from those of the other."""
        assert singles.labels is not None
        self._singles = singles
        drawn = generator(_SEED, part).integers(len(singles), size=(count, COLOURS))
        self._stacks = torch.from_numpy(drawn)
        hundreds, tens, ones = singles.labels[self._stacks].unbind(1)
        self.labels = CLASSES_OF_ONE**2 * hundreds + CLASSES_OF_ONE * tens + ones

    def __len__(self) -> int:
        return len(self._stacks)

    def take(self, indices: Tensor) -> Tensor:
        """The stacks (B, 3, H, W), uint8, at these indices (B,)."""
        singles = self._singles.take(self._stacks[indices].flatten())
        return singles.reshape(len(indices), COLOURS, *singles.shape[2:])
