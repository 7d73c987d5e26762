"""The data sets, one file each behind one protocol, and the one place where names become data sets."""

from collections.abc import Mapping
from pathlib import Path

from experiments.datasets.digits import Digits
from experiments.datasets.images import ImageData
from experiments.datasets.protocol import DataSet
from runs.errors import UserError

DATASETS: Mapping[str, DataSet] = {"digits": Digits()}


def present(name: str) -> DataSet:
    """The data set of that name, with its files there.

    Raises ValueError, naming the known ones, if there is no such data set, and UserError if files of it are absent.
    """
    if name not in DATASETS:
        raise ValueError(f"dataset={name!r}: expected one of {', '.join(DATASETS)}")
    absent = DATASETS[name].absent()
    if absent:
        raise UserError(f"dataset={name}: {absent}")
    return DATASETS[name]


def load_images(name: str, image_size: int, channels: int, local: Path) -> ImageData:
    """The data set at that size, prepared in a folder of ``local`` if need be. Raises as :func:`present` does."""
    folder = local / "datasets" / name
    found = present(name)
    found.prepare(folder)
    return found.read(image_size, channels, folder)
