"""``mnist`` and ``fashion_mnist``: 70,000 grey images of 28×28 pixels in ten classes, in the idx format."""

import gzip
import tempfile
from pathlib import Path

from torch import Tensor

from experiments.datasets.arrays import Arrays, are_published
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from experiments.datasets.torchvisions import datasets
from runs.errors import UserError


class Idx(PreparedDataSet):
    """The set of that name in torchvision; its four files, packed or not, lie in ``NAME/raw`` or where one looks."""

    def __init__(self, name: str) -> None:
        self._name = name

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        missing = [name for name in self._resources() if self._find(name, root) is None]
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
        getattr(datasets(), self._name)(root, download=True)

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        known = self._resources()
        paths = [path for name in known if (path := self._find(name, preparation.root))]
        # what is unpacked has no checksum of the publisher's, and is taken as torchvision takes it
        checked = are_published(((path, known[path.name]) for path in paths if path.name in known), preparation)
        train, train_labels, test, test_labels = map(_read, paths)
        labels = [*train_labels.tolist(), *test_labels.tolist()]
        return Arrays(train[:, None], test[:, None], labels, classes=10, checked=checked)

    def _resources(self) -> dict[str, str]:
        """Each file's name and MD5."""
        return dict(getattr(datasets(), self._name).resources)

    def _find(self, name: str, root: Path) -> Path | None:
        folders = (root / self._name / "raw", root)
        candidates = (folder / one for folder in folders for one in (name, name.removesuffix(".gz")))
        return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> Tensor:
    known = datasets().mnist
    read = known.read_image_file if "images" in path.name else known.read_label_file
    try:
        if path.suffix != ".gz":
            return read(str(path))
        with tempfile.NamedTemporaryFile() as unpacked:
            unpacked.write(gzip.decompress(path.read_bytes()))
            unpacked.flush()
            return read(unpacked.name)
    except (OSError, EOFError, ValueError, AssertionError, RuntimeError, KeyError, IndexError) as error:
        raise UserError(f"{path} cannot be read: {error or 'not in the idx format'}") from None
