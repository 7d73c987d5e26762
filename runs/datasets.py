"""What the record and the report know of the data sets: their names and facts. How each is read is in experiments."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """One data set. ``origin`` and ``limits`` as in «The images are (origin) to 16 × 16: (limits)»."""

    channels: tuple[int, ...]  # how many its images can be given
    origin: str
    limits: str  # of what its images can show, in whole sentences from the second on
    in_a_folder: bool = False  # whether a config names, with ``data``, the folder that they are in


DATASETS: Mapping[str, DatasetFacts] = {
    "digits": DatasetFacts(
        channels=(1, 3),
        origin="digits of 8 × 8 pixels, enlarged",
        limits=(
            "they lie in a subspace of 64 dimensions of pixel space, which may favour one architecture. Nothing here"
            " speaks for photographs or larger images."
        ),
    ),
    "mnist": DatasetFacts(
        channels=(1, 3),
        origin="MNIST's digits of 28 × 28 pixels, padded or resized",
        limits="they are grey strokes on black. Nothing here speaks for photographs.",
    ),
    "fashion_mnist": DatasetFacts(
        channels=(1, 3),
        origin="Fashion-MNIST's garments of 28 × 28 pixels, padded or resized",
        limits="they are grey, centred and on black. Nothing here speaks for photographs.",
    ),
    "cifar10": DatasetFacts(
        channels=(1, 3),
        origin="CIFAR-10's photographs of 32 × 32 pixels, resized",
        limits="they are small photographs of ten kinds of object, one in each.",
    ),
    "image_folder": DatasetFacts(
        channels=(1, 3),
        origin="pictures of a folder, their middle squares resized",
        limits="they have no labels, so modes are not counted.",
        in_a_folder=True,
    ),
}


def known_dataset(name: str) -> str:
    """The same name. Raises ValueError, naming the known ones, if no data set has it."""
    if name not in DATASETS:
        raise ValueError(f"should be one of {', '.join(DATASETS)}")
    return name
