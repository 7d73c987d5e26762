"""``image_folder``: a user's own pictures, in a folder that the study file names with ``data:``."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor

from experiments.datasets.fitting import fit_file
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from experiments.datasets.torchvisions import datasets
from runs.errors import UserError

HELD_OUT_SHARE, MOST_HELD_OUT = 0.1, 10_000
HELD_OUT_NAMES = ("val", "valid", "validation", "test")
_SPLIT_SEED = 0  # the split belongs to the data set, not to a run


class Files(Originals):
    """Pictures in files."""

    def __init__(self, train: list[Path], held_out: list[Path]) -> None:
        self.training, self.held_out = len(train), len(held_out)
        self._paths = [*train, *held_out]

    def fitted(self, start: int, stop: int, size: int, channels: int) -> Iterable[Tensor | UserError]:
        """See :class:`Originals`."""
        return (fit_file(path, path, size, channels) for path in self._paths[start:stop])


class ImageFolder(PreparedDataSet):
    """All pictures under the folder, however deep, without labels.

    Those under ``train`` are trained on and those under ``val`` or ``test`` held out, where it has both; otherwise a
    tenth of all, drawn once, is held out.
    """

    def variant(self, source: Source) -> str:
        """A hash of the pictures' names, sizes and times: a changed folder is another data set."""
        folder = _folder(source)
        if not folder.is_dir():
            return "absent"
        content = hashlib.sha256()
        for path in _pictures(folder):
            facts = path.stat()
            content.update(f"{path.relative_to(folder)}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
        return content.hexdigest()[:16]

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        folder = _folder(source)
        if not folder.is_dir():
            return f"data={source.path}: there is no such folder; put the pictures there"
        if len(_pictures(folder)) < 2:
            endings = ", ".join(sorted(ending.removeprefix(".") for ending in _endings()))
            return f"data={source.path}: expected two pictures or more under it ({endings})"
        return None

    def count(self, source: Source, root: Path) -> int:
        """See :class:`PreparedDataSet`."""
        return len(_parts(_folder(source))[0])

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        return Files(*_parts(_folder(source)))


def _folder(source: Source) -> Path:
    return Path(source.path or "").expanduser().absolute()


def _endings() -> frozenset[str]:
    return frozenset((*datasets().folder.IMG_EXTENSIONS, ".gif"))


@lru_cache(maxsize=4)
def _pictures(folder: Path) -> list[Path]:
    """All pictures under the folder, in the order of their names."""
    endings = _endings()
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings and path.is_file())


def _parts(folder: Path) -> tuple[list[Path], list[Path]]:
    pictures = _pictures(folder)
    own = [folder / name for name in HELD_OUT_NAMES if (folder / name).is_dir()]
    if (folder / "train").is_dir() and own:
        return (
            [path for path in pictures if folder / "train" in path.parents],
            [path for path in pictures if own[0] in path.parents],
        )
    count = max(1, min(round(HELD_OUT_SHARE * len(pictures)), MOST_HELD_OUT))
    chosen = set(np.random.default_rng(_SPLIT_SEED).permutation(len(pictures))[:count].tolist())
    return (
        [path for i, path in enumerate(pictures) if i not in chosen],
        [path for i, path in enumerate(pictures) if i in chosen],
    )
