"""``mnist`` and ``fashion_mnist``: 70,000 grey images of 28×28 pixels in ten classes, in the idx format."""

# N images

import gzip
import tempfile
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor
from torchvision import datasets
from torchvision.datasets.mnist import read_image_file, read_label_file
from torchvision.datasets.utils import check_md5

from experiments.datasets.fitting import fit_arrays
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from runs.errors import UserError


class Arrays(Originals):
    """Originals of one size that fit into memory as they are."""

    def __init__(self, train: Tensor, held_out: Tensor, labels: list[int], *, classes: int, checked: bool) -> None:
        """``train`` and ``held_out``: uint8 (N, C, H, H)."""
        self.training, self.held_out = len(train), len(held_out)
        self._images = torch.cat([train, held_out])
        self.labels, self.classes, self.checked = labels, classes, checked

    def fitted(self, start: int, stop: int, size: int, channels: int) -> Iterable[Tensor]:
        """See :class:`Originals`."""
        return fit_arrays(self._images[start:stop], size, channels)


class Idx(PreparedDataSet):
    """The set of that name in torchvision; its four files, packed or not, lie in ``NAME/raw`` or where one looks."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._resources: list[tuple[str, str]] = getattr(datasets, name).resources

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        missing = [name for name, _ in self._resources if self._find(name, root) is None]
        if not missing:
            return None
        return (
            f"{', '.join(missing)} not found in {root / self._name / 'raw'}; put the files there, or fetch them:"
            f" make data DATASET={source.dataset}"
        )

    def count(self, source: Source, root: Path) -> int:
        """See :class:`PreparedDataSet`."""
        return 60_000

    def fetch(self, root: Path) -> None:
        """Download what is missing into ``root``."""
        getattr(datasets, self._name)(root, download=True)

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        paths = [self._find(name, preparation.root) for name, _ in self._resources]
        checked = True
        for path, (name, md5) in zip(paths, self._resources, strict=True):
            if path is None:
                raise UserError(f"dataset={source.dataset}: {self.absent_originals(source, preparation.root)}")
            if path.name == name and not check_md5(str(path), md5):
                checked = False
                refuse_unless_unchecked(path, preparation)
        train, train_labels, test, test_labels = (self._read(path) for path in paths if path is not None)
        return Arrays(
            train[:, None],
            test[:, None],
            [*train_labels.tolist(), *test_labels.tolist()],
            classes=10,
            checked=checked and all(path.name.endswith(".gz") for path in paths if path is not None),
        )

    def _find(self, name: str, root: Path) -> Path | None:
        folders = (root / self._name / "raw", root)
        candidates = (folder / one for folder in folders for one in (name, name.removesuffix(".gz")))
        return next((path for path in candidates if path.is_file()), None)

    def _read(self, path: Path) -> Tensor:
        read = read_image_file if "images" in path.name else read_label_file
        try:
            if path.suffix != ".gz":
                return read(str(path))
            with tempfile.NamedTemporaryFile() as unpacked:
                unpacked.write(gzip.decompress(path.read_bytes()))
                unpacked.flush()
                return read(unpacked.name)
        except (OSError, EOFError, ValueError, AssertionError, RuntimeError, KeyError, IndexError) as error:
            raise UserError(f"{path} cannot be read: {error or 'not in the idx format'}") from None


def refuse_unless_unchecked(path: Path, preparation: Preparation) -> None:
    """Raise UserError for a file with another checksum than the publisher's, unless it is to be taken all the same."""
    if not preparation.unchecked:
        raise UserError(
            f"{path} is not the publisher's file: its MD5 is another; to take it all the same, which the record will"
            " say: make data ... UNCHECKED=1"
        )
