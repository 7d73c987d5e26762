"""``cifar10``: 60,000 colour images of 32×32 pixels in ten classes, as torchvision reads them."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from experiments.datasets.arrays import Arrays, are_published
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from experiments.datasets.torchvisions import datasets
from runs.errors import UserError


class Cifar10(PreparedDataSet):
    """Its batches lie in ``cifar-10-batches-py``."""

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        missing = [path.name for path, _ in _files(root) if not path.is_file()]
        if not missing:
            return None
        return (
            f"{', '.join(missing)} not found in {root / datasets().CIFAR10.base_folder}; put the unpacked batches"
            " there, or fetch them: make data DATASET=cifar10"
        )

    def count(self, source: Source, root: Path) -> int:
        """See :class:`PreparedDataSet`."""
        return 50_000

    def fetch(self, root: Path) -> None:
        """Download what is missing into ``root``."""
        datasets().CIFAR10(root, download=True)

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        checked = are_published(_files(preparation.root), preparation)
        try:
            train, test = (_unchecked()(preparation.root, train=part) for part in (True, False))
        except (OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
            raise UserError(f"{preparation.root / datasets().CIFAR10.base_folder} cannot be read: {error}") from None
        pixels, held_out = (torch.from_numpy(part.data).permute(0, 3, 1, 2) for part in (train, test))
        return Arrays(pixels, held_out, [*train.targets, *test.targets], classes=10, checked=checked)


def _unchecked() -> Callable[..., Any]:
    published: Any = datasets().CIFAR10

    class Unchecked(published):
        """What the files hold, their checksums aside."""

        def _check_integrity(self) -> bool:
            return True

        def _load_meta(self) -> None:
            """The classes' names are not needed."""

    return Unchecked


def _files(root: Path) -> list[tuple[Path, str]]:
    cifar10 = datasets().CIFAR10
    return [(root / cifar10.base_folder / name, md5) for name, md5 in (*cifar10.train_list, *cifar10.test_list)]
