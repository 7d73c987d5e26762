"""What a file of this folder has to offer for its data set to be trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from experiments.datasets.images import ImageData


@dataclass(frozen=True, kw_only=True)
class Source:
    """Which images, and as what: all that a config says of its data."""

    dataset: str
    image_size: int
    channels: int
    path: str | None = None  # of the user's own folder of images; None where the data set's name says it all


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How to prepare.

    root: where the data set's own files lie. unchecked: take files whose checksum is another than the publisher's.
    skip_unreadable: leave images out that cannot be read, and count them.
    """

    root: Path
    unchecked: bool = False
    skip_unreadable: bool = False


class DataSet(Protocol):
    """Where images come from. Its channels, and what the report says of it, stand in :mod:`runs.datasets`.

    ``folder`` is the data set's own, for what reading needs: unpacked, resized, indexed.
    """

    def absent(self, source: Source, folder: Path, root: Path) -> str | None:
        """What is not here, neither prepared nor in ``root``, and how to get it, in one line; None if all is.

        Writes nothing.
        """

    def training_images(self, source: Source, folder: Path, root: Path) -> int:
        """How many images are trained on, known without preparing, once nothing is absent."""

    def prepare(self, source: Source, folder: Path, preparation: Preparation) -> None:
        """Make in ``folder`` what reading needs.

        Called before every reading; the first call of a sweep comes before its workers start. What is there already
        stays.
        """

    def read(self, source: Source, folder: Path) -> ImageData:
        """The images, split into the same two parts every time. Follows :meth:`prepare`."""
