"""``lsun_bedroom`` and the other nine scenes of LSUN (Yu et al. 2015), in the LMDB format that they come in.

Read in the order of the database, by a cursor: torchvision's own reader first lists all three million keys, and keeps
the list in the working directory.
"""

import io
from collections.abc import Iterable
from pathlib import Path

import lmdb
from torch import Tensor

from experiments.datasets.fitting import fit_file
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from runs.errors import UserError


class Lsun(PreparedDataSet):
    """One scene: folders ``SCENE_train_lmdb`` and ``SCENE_val_lmdb``."""

    def __init__(self, scene: str) -> None:
        self._scene = scene

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        missing = [path.name for path in self._databases(root) if not (path / "data.mdb").is_file()]
        if not missing:
            return None
        return (
            f"{' and '.join(missing)} not found in {root}; download the scene's two archives with the tool of its"
            " authors (fyu/lsun) and unpack them there"
        )

    def count(self, source: Source, root: Path) -> int:
        """See :class:`PreparedDataSet`."""
        return _Database(self._databases(root)[0]).length

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        return _Scene(*(_Database(path) for path in self._databases(preparation.root)))

    def _databases(self, root: Path) -> list[Path]:
        return [root / f"{self._scene}_{part}_lmdb" for part in ("train", "val")]


class _Database:
    """An LMDB of encoded pictures."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._environment = lmdb.open(str(path), readonly=True, lock=False, readahead=False, meminit=False)
        except lmdb.Error as error:
            raise UserError(f"{path} cannot be read: {error}") from None
        self.length = int(self._environment.stat()["entries"])
        self._reached = -1, b""  # number and key of the picture after the last one read: to go on there

    def fitted(self, start: int, stop: int, size: int, channels: int) -> Iterable[Tensor | UserError]:
        with self._environment.begin() as transaction, transaction.cursor() as cursor:
            cursor.first()
            if start == self._reached[0]:
                cursor.set_key(self._reached[1])
            else:
                for _ in range(start):
                    cursor.next()
            for _ in range(start, min(stop, self.length)):
                name = f"{self.path}: picture {cursor.key().decode(errors='replace')}"
                yield fit_file(io.BytesIO(cursor.value()), name, size, channels)
                cursor.next()
            self._reached = stop, cursor.key()


class _Scene(Originals):
    def __init__(self, train: _Database, held_out: _Database) -> None:
        self._train, self._held_out = train, held_out
        self.training, self.held_out = train.length, held_out.length

    def fitted(self, start: int, stop: int, size: int, channels: int) -> Iterable[Tensor | UserError]:
        if start < self.training:
            yield from self._train.fitted(start, min(stop, self.training), size, channels)
        if stop > self.training:
            first = max(start - self.training, 0)
            yield from self._held_out.fitted(first, stop - self.training, size, channels)
