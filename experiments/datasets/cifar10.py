"""``cifar10``: 60,000 colour images of 32×32 pixels in ten classes, as torchvision reads them."""

import pickle
from pathlib import Path

import torch
from torchvision import datasets

from experiments.datasets.arrays import Arrays, are_published
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from runs.errors import UserError


class Cifar10(PreparedDataSet):
    """Its batches lie in ``cifar-10-batches-py``."""

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        missing = [path.name for path, _ in _files(root) if not path.is_file()]
        if not missing:
            return None
        return (
            f"{', '.join(missing)} not found in {root / datasets.CIFAR10.base_folder}; put the unpacked batches there,"
            " or fetch them: make data DATASET=cifar10"
        )

    def count(self, source: Source, root: Path) -> int:
        """See :class:`PreparedDataSet`."""
        return 50_000

    def fetch(self, root: Path) -> None:
        """Download what is missing into ``root``."""
        datasets.CIFAR10(root, download=True)

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        checked = are_published(_files(preparation.root), preparation)
        try:
            train, test = (_Unchecked(preparation.root, train=part) for part in (True, False))
        except (OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
            raise UserError(f"{preparation.root / _Unchecked.base_folder} cannot be read: {error}") from None
        pixels, held_out = (torch.from_numpy(part.data).permute(0, 3, 1, 2) for part in (train, test))
        return Arrays(pixels, held_out, [*train.targets, *test.targets], classes=10, checked=checked)


class _Unchecked(datasets.CIFAR10):
    """What the files hold, their checksums aside."""

    def _check_integrity(self) -> bool:
        return True

    def _load_meta(self) -> None:
        """The classes' names are not needed."""


def _files(root: Path) -> list[tuple[Path, str]]:
    listed = [*datasets.CIFAR10.train_list, *datasets.CIFAR10.test_list]
    return [(root / datasets.CIFAR10.base_folder / name, md5) for name, md5 in listed]
