"""The data sets, one file each behind one protocol, and the one place where names become data sets."""

from collections.abc import Mapping
from pathlib import Path

from experiments.datasets.celeba import CelebA
from experiments.datasets.cifar10 import Cifar10
from experiments.datasets.digits import Digits
from experiments.datasets.image_folder import ImageFolder
from experiments.datasets.images import ImageData
from experiments.datasets.lsun import Lsun
from experiments.datasets.mnist import Idx
from experiments.datasets.photo_patches import PhotoPatches
from experiments.datasets.protocol import DataSet, Preparation, Source
from experiments.datasets.stacked import Stacked
from experiments.datasets.svhn import Svhn
from runs.addresses import data_folder
from runs.datasets import LSUN_SCENES
from runs.errors import UserError
from runs.representation import RepresentationConfig
from runs.schema import RunConfig

DATASETS: Mapping[str, DataSet] = {
    "digits": Digits(),
    "stacked_digits": Stacked(Digits(), "digits", training=20_000, held_out=5_000),
    "photo_patches": PhotoPatches(),
    "mnist": Idx("MNIST"),
    "stacked_mnist": Stacked(Idx("MNIST"), "mnist", training=128_000, held_out=26_000),
    "fashion_mnist": Idx("FashionMNIST"),
    "cifar10": Cifar10(),
    "svhn": Svhn(),
    "celeba": CelebA(),
    **{f"lsun_{scene}": Lsun(scene) for scene in LSUN_SCENES},
    "image_folder": ImageFolder(),
}


def source_of(config: RunConfig | RepresentationConfig) -> Source:
    """What the config says of its data."""
    return Source(dataset=config.dataset, image_size=config.image_size, channels=config.channels, path=config.data)


def folder_of(source: Source, local: Path) -> Path:
    """The data set's folder for what is prepared of it."""
    return local / "datasets" / source.dataset


def why_absent(source: Source, local: Path) -> str | None:
    """In one line what is not here of the data, and how to get it; None if all is.

    Raises ValueError, naming the known ones, if there is no data set of that name.
    """
    if source.dataset not in DATASETS:
        raise ValueError(f"dataset={source.dataset!r}: expected one of {', '.join(DATASETS)}")
    return DATASETS[source.dataset].absent(source, folder_of(source, local), data_folder())


def present(source: Source, local: Path) -> DataSet:
    """The data set of that source, with its files there.

    Raises as :func:`why_absent` does, and UserError if files of it are absent.
    """
    absent = why_absent(source, local)
    if absent:
        raise UserError(f"dataset={source.dataset}: {absent}")
    return DATASETS[source.dataset]


def training_images(source: Source, local: Path) -> int:
    """How many images are trained on. Raises as :func:`present` does."""
    return present(source, local).training_images(source, folder_of(source, local), data_folder())


def load_images(source: Source, local: Path) -> ImageData:
    """The data of that source, prepared in a folder of ``local`` if need be. Raises as :func:`present` does."""
    found, folder = present(source, local), folder_of(source, local)
    found.prepare(source, folder, Preparation(root=data_folder()))
    return found.read(source, folder)
