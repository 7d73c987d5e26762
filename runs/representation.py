"""What a representation run is: how good the features of one discriminator are, or of the images themselves."""

from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field, Strict
from pydantic.dataclasses import dataclass

from runs.errors import UserError
from runs.schema import Dataset, ImageSize, Name
from runs.validation import STRICT, NaturalInt, PositiveInt

# raised when the same weights and images would no longer give the same numbers: older records then do not count
REPRESENTATION_VERSION = 1
VALIDATION_SHARE = 0.2  # of each class's training images, which choose C
PER_CLASS = (1, 2, 5, 10)  # labels a class of the few-label curve
FEWEST_A_CLASS = 10  # training images, on average
TRAIN_IMAGES = 5_000  # at most: the classifier's time goes with images times features

# features by what they are of: the metric ACCURACY of each has a point for every number of labels a class
OF_DISCRIMINATOR = ("trained", "untrained")
OF_IMAGES = ("pixels", "pca", "kmeans", "fourier")
ACCURACY = {name: f"accuracy_{name}" for name in (*OF_DISCRIMINATOR, *OF_IMAGES)}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RepresentationConfig:
    """Everything that decides the numbers but weights and images, whose digests ``info`` has.

    of: features of a run's discriminator, which ``run``, ``arm`` and ``seed`` name, or of the images alone.
    """

    study: Name = "adhoc"
    of: Literal["discriminator", "images"] = "discriminator"
    run: Annotated[int, Strict(), Field(ge=1)] | None = None
    arm: Name | None = None
    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)] | None = None
    dataset: Dataset = "digits"
    data: Annotated[str, Strict(), Field(min_length=1)] | None = None
    image_size: ImageSize = 16
    channels: PositiveInt = 1
    train_images: PositiveInt = TRAIN_IMAGES  # with labels, validation included
    test_images: PositiveInt = 10_000
    classes: Annotated[PositiveInt, Field(ge=2)] = 10
    draws: PositiveInt = 10  # of few labels
    split_seed: NaturalInt = 0


class RepresentationInfo(TypedDict):
    """What ``info`` of such a run holds when it is complete."""

    versions: dict[str, str]
    code: dict[str, Any]
    weights: str | None  # digest of the discriminator's
    images: str  # digest of the data
    dimensions: dict[str, int]  # of the features, by their name
    # by name of features, then by labels a class as text: one entry a draw, each with test, validation and penalty (C)
    accuracies: dict[str, dict[str, list[dict[str, float]]]]
    blocks: dict[str, dict[str, dict[str, float]]]  # by name of features and of block: with all labels


def refuse_too_few(config: RepresentationConfig) -> None:
    """Raise UserError if the images are too few for their classes: some would be left without one to choose C by."""
    if config.train_images < FEWEST_A_CLASS * config.classes:
        raise UserError(
            f"dataset={config.dataset}: {config.train_images:,} training images of {config.classes:,} classes;"
            f" expected {FEWEST_A_CLASS} a class or more"
        )


def all_labels(config: RepresentationConfig) -> int:
    """Labels a class, on average, that the whole training part has."""
    return max(1, round((1 - VALIDATION_SHARE) * config.train_images / config.classes))


def features_of(config: RepresentationConfig) -> tuple[str, ...]:
    """The names of the features that a run of this config measures."""
    return OF_DISCRIMINATOR if config.of == "discriminator" else OF_IMAGES


def promised_accuracies(config: RepresentationConfig) -> dict[str, list[int]]:
    """Labels a class at which each metric of a complete record has a point: a few, and all that there are."""
    most = all_labels(config)
    return {ACCURACY[name]: [*(n for n in PER_CLASS if n < most), most] for name in features_of(config)}
