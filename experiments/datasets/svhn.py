"""``svhn``: house numbers of street photographs, 99,289 digits of 32×32 pixels in colour, as torchvision reads them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from experiments.datasets.arrays import Arrays, are_published
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from experiments.datasets.torchvisions import datasets
from runs.errors import UserError

_PARTS = ("train", "test")


class Svhn(PreparedDataSet):
    """``train_32x32.mat`` and ``test_32x32.mat``."""

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        missing = [path.name for path, _ in _files(root) if not path.is_file()]
        if not missing:
            return None
        return f"{', '.join(missing)} not found in {root}; put them there, or fetch them: make data DATASET=svhn"

    def count(self, source: Source, root: Path) -> int:
        """See :class:`PreparedDataSet`."""
        return 73_257

    def fetch(self, root: Path) -> None:
        """Download what is missing into ``root``."""
        for part in _PARTS:
            datasets().SVHN(root, split=part, download=True)

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        checked = are_published(_files(preparation.root), preparation)
        read = []
        for part, (path, _) in zip(_PARTS, _files(preparation.root), strict=True):
            try:
                read.append(_unchecked()(preparation.root, split=part))
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UserError(f"{path} cannot be read: {error}") from None
        train, test = read
        labels = [*train.labels.tolist(), *test.labels.tolist()]
        pixels, held_out = (torch.from_numpy(part.data) for part in (train, test))
        return Arrays(pixels, held_out, labels, classes=10, checked=checked)


def _unchecked() -> Callable[..., Any]:
    published: Any = datasets().SVHN

    class Unchecked(published):
        """What the files hold, their checksums aside."""

        def _check_integrity(self) -> bool:
            return True

    return Unchecked


def _files(root: Path) -> list[tuple[Path, str]]:
    known = datasets().SVHN.split_list
    return [(root / known[part][1], known[part][2]) for part in _PARTS]
