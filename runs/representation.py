"""What a representation run is: how good the features of one discriminator are, or of the images themselves."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import AfterValidator, Field, Strict, model_validator
from pydantic.dataclasses import dataclass

# pydantic reads no other before Python 3.12
from typing_extensions import TypedDict

from runs.artifacts import ArtifactInfo
from runs.datasets import refuse_unfit
from runs.errors import UserError
from runs.schema import CodeInfo, Dataset, ImageSize, Name
from runs.study import digest
from runs.validation import STRICT, NaturalInt, PositiveInt

# raised when the same weights and images would no longer give the same numbers: older records then do not count
REPRESENTATION_VERSION = 4
VALIDATION_SHARE = 0.2  # of each class's training images, which choose C, unless their number is asked for
PER_CLASS = (1, 2, 5, 10)  # labels a class of the few-label curve, unless one number is asked for
FEWEST_A_CLASS = 10  # training images, on average
TRAIN_IMAGES = 5_000  # at most: the classifier's time goes with images times features
SEEN_IMAGES = 1_000  # at most, among which units find those that excite them most
SEEN = "seen.npz"  # artifact: runs.seen says what it holds

# features by what they are of: the metric ACCURACY of each has a point for every number of labels a class
TRAINED, UNTRAINED = OF_DISCRIMINATOR = ("trained", "untrained")
PROJECTED = "projected"  # the trained ones at random to as few dimensions as the arm with the fewest has
SUPERVISED = "supervised"  # of a network of D's shape that was trained with the labels: no rival, an upper reference
OF_IMAGES = ("pixels", "pca", "kmeans", "fourier", "autoencoder", SUPERVISED)
ACCURACY_AT_SNAPSHOTS = "accuracy_at_snapshots"  # of the trained features, with all labels, after so many steps
ACCURACY = {name: f"accuracy_{name}" for name in (*OF_DISCRIMINATOR, PROJECTED, *OF_IMAGES)}


RunId = Annotated[int, Strict(), Field(ge=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RepresentationConfig:
    """Everything that decides the numbers but weights and images, whose digests ``info`` has.

    of: features of a run's discriminator, which ``run``, ``arm`` and ``seed`` name, or of the images alone, where the
    autoencoder and the supervised network are in depth and width as the discriminator of the run ``shape_of``.
    dataset, data: whose labelled images the classifier is trained and tested on, and BatchNorm's statistics are of.
    trained_on: the data set that the discriminator was trained on; None: the same.
    projected_to: dimensions of the projected features; None where all arms have equally many, or others are not known.
    """

    study: Name = "adhoc"
    of: Literal["discriminator", "images"] = "discriminator"
    run: RunId | None = None
    shape_of: RunId | None = None
    projected_to: PositiveInt | None = None
    arm: Name | None = None
    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)] | None = None
    dataset: Dataset = "digits"
    data: Annotated[str, Strict(), Field(min_length=1)] | None = None
    trained_on: Dataset | None = None
    image_size: ImageSize = 16
    channels: PositiveInt = 1
    train_images: PositiveInt = TRAIN_IMAGES  # with labels, validation included
    test_images: PositiveInt = 10_000
    classes: Annotated[PositiveInt, Field(ge=2)] = 10
    draws: PositiveInt = 10  # of few labels
    per_class: PositiveInt | None = None  # so many labels a class, instead of a few-label curve and all of them
    validation_images: PositiveInt | None = None  # about, in all, of train_images; None: VALIDATION_SHARE of them
    split_seed: NaturalInt = 0
    snapshot_steps: tuple[NaturalInt, ...] = ()  # at which the run kept its weights, and they are measured too
    seen_images: NaturalInt = 0  # looked through for pictures; 0: there are none, as in older records

    @model_validator(mode="after")
    def _fits_the_data(self) -> Self:
        refuse_unfit(self.dataset, self.data, self.channels)
        return self


# fields that RepresentationConfig got after its first records, and what stands for what they did
LATER_FIELDS: dict[str, Any] = {
    "shape_of": None,
    "projected_to": None,
    "trained_on": None,
    "per_class": None,
    "validation_images": None,
    "snapshot_steps": (),
    "seen_images": 0,
}


def completed_fields(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded config with the fields that did not exist when it was recorded."""
    return {**LATER_FIELDS, **recorded} if recorded else {}


def _known(dimensions: dict[str, int]) -> dict[str, int]:
    unknown = [name for name in dimensions if name not in ACCURACY]
    if unknown:
        raise ValueError(f"has features that nothing is recorded of: {', '.join(unknown)}")
    return dimensions


class RepresentationInfo(TypedDict):
    """What ``info`` of such a run holds when it is complete."""

    versions: dict[str, str]
    code: CodeInfo
    weights: str | None  # digest of the discriminator's; None: features of the images alone
    images: str  # digest of the data
    checked: NotRequired[bool]  # whether its files are the publisher's; early records do not say
    dimensions: Annotated[dict[str, int], AfterValidator(_known)]  # of the features, by their name
    # by name of features, then by labels a class as text: one entry a draw, each with test, validation and penalty (C)
    accuracies: dict[str, dict[str, list[dict[str, float]]]]
    blocks: dict[str, dict[str, dict[str, float]]]  # by name of features and of block: with all labels
    # of G's latent vectors, where a classifier finds two "classes" or more among its samples: which shares of "moves"
    # by the difference of two classes' means "reached" the other class, and "by_chance"
    arithmetic: NotRequired[dict[str, float]]
    artifacts: NotRequired[list[ArtifactInfo]]  # early records do not say


def refuse_too_few(config: RepresentationConfig) -> None:
    """Raise UserError if the images are too few for their classes, or for what is asked of them.

    Some class would be left without one to choose C by, or the labels asked for would be all there are.
    """
    if config.train_images < FEWEST_A_CLASS * config.classes:
        raise UserError(
            f"dataset={config.dataset}: {config.train_images:,} training images of {config.classes:,} classes;"
            f" expected {FEWEST_A_CLASS} a class or more"
        )
    least = config.validation_images and config.validation_images + config.classes
    if least and least > config.train_images:
        raise UserError(
            f"validation_images={config.validation_images}: expected train_images of {least:,} or more to take them"
            f" from, and not {config.train_images:,}"
        )
    if config.per_class and config.per_class >= all_labels(config):
        raise UserError(
            f"per_class={config.per_class}: {config.train_images:,} training images have {all_labels(config)} a class"
            " beside the validation images; expected less, or a larger train_images"
        )


def validation_share(config: RepresentationConfig) -> float:
    """Which share of each class's training images chooses C."""
    return VALIDATION_SHARE if config.validation_images is None else config.validation_images / config.train_images


def all_labels(config: RepresentationConfig) -> int:
    """Labels a class, on average, that the whole training part has."""
    return max(1, round((1 - validation_share(config)) * config.train_images / config.classes))


def features_of(config: RepresentationConfig) -> tuple[str, ...]:
    """The names of the features that a run of this config measures."""
    if config.of == "images":
        return OF_IMAGES
    return OF_DISCRIMINATOR if config.projected_to is None else (*OF_DISCRIMINATOR, PROJECTED)


def label_counts(config: RepresentationConfig) -> list[int]:
    """Labels a class at which features are measured: a few, and all that there are; or the number asked for."""
    if config.per_class is not None:
        return [config.per_class]
    most = all_labels(config)
    return [*(n for n in PER_CLASS if n < most), most]


def promised_artifacts(config: RepresentationConfig) -> tuple[str, ...]:
    """Names of the files that a complete record holds."""
    return (SEEN,) if config.of == "discriminator" and config.seen_images else ()


def promised_accuracies(config: RepresentationConfig) -> dict[str, list[int]]:
    """Labels a class, or steps of training, at which each metric of a complete record has a point."""
    promised = {ACCURACY[name]: label_counts(config) for name in features_of(config)}
    return promised | ({ACCURACY_AT_SNAPSHOTS: list(config.snapshot_steps)} if config.snapshot_steps else {})


def representation_key(
    config: Mapping[str, Any],
    *,
    weights: str | None,
    images: str | None,
    trained: Mapping[str, Any] | None = None,
    version: int = REPRESENTATION_VERSION,
) -> str:
    """What tells whether something is measured already: a hash of all that its numbers depend on.

    weights: digest of the discriminator's; without one, ``trained`` is the key's part of the config of the run in whose
    discriminator's shape images are measured. images: digest of the data, as far as it was known.
    """
    return digest(
        {
            **config,
            "shape_of": None,  # whichever run it is: its config is what counts
            "weights": weights,
            "trained": None if weights else trained,
            "images": images,
            "version": version,
        }
    )
