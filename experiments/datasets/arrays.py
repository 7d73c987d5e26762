"""Data sets whose images have one size and fit into memory as they come."""

# N images

from collections.abc import Iterable, Sequence
from pathlib import Path

from torch import Tensor

from experiments.datasets.fitting import fit_arrays
from experiments.datasets.prepared import Originals
from experiments.datasets.protocol import Preparation
from experiments.datasets.torchvisions import datasets
from runs.errors import UserError


class Arrays(Originals):
    """Images (N, C, H, H), uint8, and the class of each."""

    def __init__(self, train: Tensor, held_out: Tensor, labels: Sequence[int], *, classes: int, checked: bool) -> None:
        """``labels``: of the images to train on, then of those held out."""
        self.training, self.held_out = len(train), len(held_out)
        self._parts = (train, held_out)
        self.labels, self.classes, self.checked = labels, classes, checked

    def fitted(self, start: int, stop: int, size: int, channels: int) -> Iterable[Tensor]:
        """See :class:`Originals`."""
        train, held_out = self._parts
        yield from fit_arrays(train[start:stop], size, channels)
        yield from fit_arrays(held_out[max(start - len(train), 0) : max(stop - len(train), 0)], size, channels)


def are_published(files: Iterable[tuple[Path, str]], preparation: Preparation) -> bool:
    """Whether all of these files have the MD5 beside them, which is their publisher's.

    Raises UserError for one that has another, unless such files are to be taken all the same.
    """
    others = [path for path, md5 in files if not datasets().utils.check_md5(str(path), md5)]
    if others and not preparation.unchecked:
        raise UserError(
            f"{others[0]} is not the publisher's file: its MD5 is another; to take it all the same, which every record"
            " will say: make data ... UNCHECKED=1"
        )
    return not others
