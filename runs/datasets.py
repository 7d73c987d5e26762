"""What the record and the report know of the data sets: their names and facts. How each is read is in experiments."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """One data set. ``origin`` and ``limits`` as in «The images are (origin) to 16 × 16: (limits)»."""

    channels: tuple[int, ...]  # how many its images can be given
    origin: str
    limits: str  # of what its images can show, in whole sentences from the second on
    usual_size: int = 32  # pixels of height and width, where nothing else is asked for
    in_colour: bool = False  # whether they usually have three channels
    in_a_folder: bool = False  # whether a config names, with ``data``, the folder that they are in


LSUN_SCENES = (
    "bedroom",
    "bridge",
    "church_outdoor",
    "classroom",
    "conference_room",
    "dining_room",
    "kitchen",
    "living_room",
    "restaurant",
    "tower",
)

DATASETS: Mapping[str, DatasetFacts] = {
    "digits": DatasetFacts(
        channels=(1, 3),
        usual_size=16,
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
    "stacked_digits": DatasetFacts(
        channels=(3,),
        usual_size=16,
        in_colour=True,
        origin="three digits of 8 × 8 pixels in the three colours of one image, enlarged",
        limits="every combination of ten digits is a class of its own. Nothing here speaks for photographs.",
    ),
    "stacked_mnist": DatasetFacts(
        channels=(3,),
        in_colour=True,
        origin="three of MNIST's digits in the three colours of one image, padded or resized",
        limits="every combination of ten digits is a class of its own. Nothing here speaks for photographs.",
    ),
    "photo_patches": DatasetFacts(
        channels=(1, 3),
        in_colour=True,
        origin="crops of two photographs, resized",
        limits="they are of one temple and one flower, and have no labels, so modes are not counted.",
    ),
    "svhn": DatasetFacts(
        channels=(1, 3),
        in_colour=True,
        origin="SVHN's house numbers of 32 × 32 pixels, resized",
        limits="they are photographs, but of digits alone.",
    ),
    "celeba": DatasetFacts(
        channels=(1, 3),
        usual_size=64,
        in_colour=True,
        origin="CelebA's faces, their middle squares resized",
        limits="they are aligned faces, and have no classes, so modes are not counted.",
    ),
    **{
        f"lsun_{scene}": DatasetFacts(
            channels=(1, 3),
            usual_size=64,
            in_colour=True,
            origin=f"LSUN's photographs of the scene «{scene.replace('_', ' ')}», their middle squares resized",
            limits="they have no labels, so modes are not counted.",
        )
        for scene in LSUN_SCENES
    },
    "cifar10": DatasetFacts(
        channels=(1, 3),
        origin="CIFAR-10's photographs of 32 × 32 pixels, resized",
        limits="they are small photographs of ten kinds of object, one in each.",
        in_colour=True,
    ),
    "image_folder": DatasetFacts(
        channels=(1, 3),
        origin="pictures of a folder, their middle squares resized",
        limits="they have no labels, so modes are not counted.",
        usual_size=64,
        in_colour=True,
        in_a_folder=True,
    ),
}


def known_dataset(name: str) -> str:
    """The same name. Raises ValueError, naming the known ones, if no data set has it."""
    if name not in DATASETS:
        raise ValueError(f"should be one of {', '.join(DATASETS)}")
    return name


def refuse_unfit(dataset: str, data: str | None, channels: int) -> None:
    """Raise ValueError if the data set is in no such folder (``data``), or not to be had in so many channels."""
    facts = DATASETS[dataset]
    if (data is not None) != facts.in_a_folder:
        wanted = "should name the folder of your pictures" if data is None else "should be left out"
        raise ValueError(f"data={data!r} {wanted} with dataset={dataset}")
    if channels not in facts.channels:
        expected = " or ".join(map(str, facts.channels))
        raise ValueError(f"channels={channels} should be {expected} with dataset={dataset}")
