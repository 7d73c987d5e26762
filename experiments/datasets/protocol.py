"""What a file of this folder has to offer for its data set to be trained on."""

from pathlib import Path
from typing import Protocol

from experiments.datasets.images import ImageData


class DataSet(Protocol):
    """Where images come from. Its channels, and what the report says of it, stand in :mod:`runs.datasets`."""

    def absent(self) -> str | None:
        """Which files are not here and how to get them, in one line; None if all are. Writes nothing."""

    def training_images(self) -> int:
        """How many images are trained on, at any size; known without preparing, once nothing is absent."""

    def prepare(self, folder: Path) -> None:
        """Make, in a folder of the data set's own, what reading needs: unpack, resize, index.

        Called before every reading; the first call of a sweep comes before its workers start. What is there already
        stays.
        """

    def read(self, image_size: int, channels: int, folder: Path) -> ImageData:
        """The images at that size, split into the same two parts every time. Follows :meth:`prepare`."""
