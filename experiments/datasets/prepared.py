"""Images prepared on disk: fitted to one size, as bytes in one file that is mapped into memory, never loaded whole."""

# N images, C channels, H height, W width

import fcntl
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.datasets.images import ImageData, MappedImages
from experiments.datasets.protocol import Preparation, Source
from runs.errors import UserError
from runs.files import replaced
from runs.progress import progress

_IMAGES, _LABELS, _FACTS = "images.u8", "labels.npy", "prepared.json"
_PART, _SKIPPED, _LOCK = "images.u8.part", "skipped.txt", "lock"
_AT_ONCE = 256  # images between two looks at the disk; what an interruption can lose
_HASHED = 1 << 20  # bytes


class Originals(ABC):
    """A data set's own files, opened: training images first, then those held out."""

    training: int
    held_out: int
    labels: Sequence[int] | None = None  # of all of them in that order
    classes: int = 0
    checked: bool = True  # whether the publisher's checksums agree; True where there are none

    @abstractmethod
    def fitted(self, start: int, stop: int, size: int, channels: int) -> Iterable[Tensor | UserError]:
        """Images ``start`` to ``stop`` as uint8 (C, H, W) of that size; the error of one that cannot be read."""


class PreparedDataSet(ABC):
    """A data set whose files a user has or fetches; it is prepared once for each size and number of channels."""

    @abstractmethod
    def original(self, source: Source, preparation: Preparation) -> Originals:
        """Its files, none of which is absent, opened. Raises UserError if they are damaged."""

    @abstractmethod
    def absent_originals(self, source: Source, root: Path) -> str | None:
        """Which files are not in ``root``, in one line; None if all seem to be."""

    @abstractmethod
    def count(self, source: Source, root: Path) -> int:
        """How many training images the files in ``root`` hold, without preparing them."""

    def fetch(self, root: Path) -> None:
        """Download into ``root`` what is missing there. Raises UserError where nobody may: a licence asks first."""
        raise UserError("it has to be downloaded by hand")

    def variant(self, source: Source) -> str:
        """What tells this source's images from others of the same data set and size."""
        return ""

    def absent(self, source: Source, folder: Path, root: Path) -> str | None:
        """See :class:`experiments.datasets.protocol.DataSet`."""
        return None if _facts(self._place(source, folder)) else self.absent_originals(source, root)

    def training_images(self, source: Source, folder: Path, root: Path) -> int:
        """See :class:`experiments.datasets.protocol.DataSet`."""
        facts = _facts(self._place(source, folder))
        return int(facts["training"]) if facts else self.count(source, root)

    def prepare(self, source: Source, folder: Path, preparation: Preparation) -> None:
        """See :class:`experiments.datasets.protocol.DataSet`. An interrupted preparation goes on where it was.

        Of several processes that find nothing one prepares, and the others wait for it.
        """
        place = self._place(source, folder)
        if _facts(place):
            return
        absent = self.absent_originals(source, preparation.root)
        if absent:
            raise UserError(f"dataset={source.dataset}: {absent}")
        originals = self.original(source, preparation)
        place.mkdir(parents=True, exist_ok=True)
        with _alone(place):
            if not _facts(place):
                _prepare(originals, place, source, preparation)

    def read(self, source: Source, folder: Path) -> ImageData:
        """All of them, mapped into memory."""
        place = self._place(source, folder)
        facts = _facts(place)
        assert facts is not None
        shape = (facts["training"] + facts["held_out"], source.channels, source.image_size, source.image_size)
        pixels = np.memmap(place / _IMAGES, dtype=np.uint8, mode="r", shape=shape)
        labels = torch.from_numpy(np.load(place / _LABELS)) if facts["classes"] else None
        train, held_out = (
            MappedImages(pixels[part], None if labels is None else labels[part])
            for part in (slice(facts["training"]), slice(facts["training"], None))
        )
        return ImageData(
            train=train,
            held_out=held_out,
            classes=facts["classes"],
            digest=facts["digest"],
            checked=facts["checked"],
            skipped=facts["skipped"],
        )

    def _place(self, source: Source, folder: Path) -> Path:
        return folder / self.variant(source) / f"{source.image_size}x{source.image_size}x{source.channels}"


def _facts(place: Path) -> dict[str, Any] | None:
    """What is known of the images prepared there; None if none are, or not all of them."""
    path = place / _FACTS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the lock of that folder, which ends with the process whatever happens to it."""
    with (place / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepare(originals: Originals, place: Path, source: Source, preparation: Preparation) -> None:
    skipped = _write_images(originals, place, source, preparation.skip_unreadable)
    kept = [i for i in range(originals.training + originals.held_out) if i not in skipped]
    if originals.labels is not None:
        with replaced(place / _LABELS) as part, part.open("wb") as file:
            np.save(file, np.asarray(originals.labels, dtype=np.int64)[kept])
    training = originals.training - sum(i < originals.training for i in skipped)
    (place / _PART).replace(place / _IMAGES)
    facts = {
        "training": training,
        "held_out": len(kept) - training,
        "classes": originals.classes,
        "digest": _digest(place),
        "checked": originals.checked,
        "skipped": len(skipped),
    }
    with replaced(place / _FACTS) as part:
        part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _write_images(originals: Originals, place: Path, source: Source, skip: bool) -> set[int]:
    """Append what is missing to the file of images; the numbers of those that were left out."""
    size, channels = source.image_size, source.channels
    total, row = originals.training + originals.held_out, channels * size**2
    left_out = place / _SKIPPED
    skipped = set(map(int, left_out.read_text().split())) if left_out.is_file() else set()
    with (place / _PART).open("ab") as file, left_out.open("a") as journal:
        whole = file.tell() // row
        file.truncate(whole * row)
        file.seek(0, 2)
        done = _numbers_done(whole, skipped)
        bar = progress(total=total, unit="image", label=source.dataset, initial=done, short=total < _AT_ONCE * 8)
        while done < total:
            stop = min(done + _AT_ONCE, total)
            for number, image in enumerate(originals.fitted(done, stop, size, channels), start=done):
                if isinstance(image, Tensor):
                    file.write(image.numpy().tobytes())
                elif skip:
                    skipped.add(number)
                    journal.write(f"{number}\n")
                else:
                    raise image
            file.flush()
            journal.flush()
            bar.update(stop - done)
            done = stop
        bar.close()
    return skipped


def _numbers_done(rows: int, skipped: set[int]) -> int:
    """How many originals are done with, if so many rows are written and these were left out."""
    done = rows
    for number in sorted(skipped):
        if number <= done:
            done += 1
    return done


def _digest(place: Path) -> str:
    content = hashlib.sha256()
    for name in (_IMAGES, _LABELS):
        if (place / name).is_file():
            with (place / name).open("rb") as file:
                while part := file.read(_HASHED):
                    content.update(part)
    return content.hexdigest()[:16]
