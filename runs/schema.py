"""What a stability run is: its config, the names of its traces, and what its record promises."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, fields
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import AfterValidator, Field, Strict, model_validator
from pydantic.dataclasses import dataclass

# pydantic reads no other before Python 3.12
from typing_extensions import TypedDict

from runs.artifacts import ArtifactInfo
from runs.datasets import known_dataset, refuse_unfit
from runs.validation import STRICT, Fraction, NaturalFloat, NaturalInt, PositiveFloat, PositiveInt

# raised when the same config would no longer give the same numbers: older records then do not count
TRAINING_VERSION = 2
# Fields that RunConfig got after that version, and the value that stands for what every run was before they existed.
# While a field has that value it is left out of a cell's key, so records that lack it keep counting.
LATER_FIELDS: dict[str, Any] = {"data": None, "feature_space": "own"}
MAX_POINTS = 5000  # a metric is rewritten at every heartbeat: longer ones make recording slow

# upper limits: above them nothing could be trained, so a slip of the keyboard is refused before it is tried
LONGEST_NAME = 80  # bytes: a study's and its arms' names stand in names of files, which may have 255
MOST_LATENT = 4_096  # dimensions; the largest in common use are 512
WIDEST = 1 << 16  # units or channels: as far as matching looks
MOST_LAYERS = 32  # of a player; fifteen times what images of 16 pixels need
MOST_IN_A_BATCH = 1 << 16  # of any data; a study's own data must hold a batch too
MOST_STEPS = 1_000_000_000  # at a millisecond a step twelve days
MOST_UPDATES = 1_000  # of one player in a step
MOST_SAMPLES = 20_000  # distances between all pairs of them are kept: 1.6 GB
MOST_THREADS = 256

Architecture = Literal["mlp", "dcgan", "dcgan-3x3"]
Normalization = Literal["none", "batch"]
Initialization = Literal["dcgan", "he"]
LatentDistribution = Literal["normal", "uniform"]
Loss = Literal["non-saturating"]
Dataset = Annotated[str, Strict(), AfterValidator(known_dataset)]
Device = Literal["auto", "cpu", "cuda"]
FeatureSpace = Literal["own", "inception"]
ImageSize = Literal[16, 32, 64, 128]

_NOT_IN_NAMES = "./\\$, "  # what filters, file systems and lists on the command line read otherwise
Role = Literal["g", "d"]  # generator, discriminator

# short forms: one name that sets a field of both players
BOTH_PLAYERS: Mapping[str, tuple[str, str]] = {
    name: (f"{name}_g", f"{name}_d")
    for name in ("architecture", "normalization", "init", "hidden_layers", "width", "lr")
}

# the fields that decide how many parameters a network has
SHAPE_FIELDS = (
    *(
        f"{name}_{role}"
        for name in ("architecture", "normalization", "hidden_layers", "width", "inner_width")
        for role in "gd"
    ),
    "image_size",
    "channels",
    "latent_dim",
    "extra_layers",
)

STEP_TRACES = (
    "loss_d",  # mean loss of D's last update of the step, real and fake part added
    "loss_g",  # mean loss of G's last update of the step
    "d_x",  # mean sigmoid(D(x)) in D's update
    "d_g_z1",  # mean sigmoid(D(G(z))) in D's update
    "d_g_z2",  # the same in G's update, after D's
    "grad_norm_d",
    "grad_norm_g",
    "weight_norm_d",  # of all trainable parameters together, before the update
    "weight_norm_g",
)
PROBES = (
    "eval_modes",  # classes that hold at least 1 % of the samples at classifier confidence >= .9
    "eval_kl",  # KL(classes of the samples || uniform), in nats
    "eval_confidence",  # mean confidence of the classifier in its own choice
    "eval_diversity",  # mean distance between two samples' features, that of real images = 1
    "eval_frechet",  # Fréchet distance of features to the training images
    "eval_precision",
    "eval_recall",
    "eval_density",
    "eval_coverage",
)
# between a probe and the one before it, same z: none at step 0
PROBE_CHANGES = (
    "eval_hopping",  # total variation between the two class histograms, 0 to 1
    "eval_drift",  # mean distance a sample's features moved, mean distance between real images = 1
)
CLOCK = "train_seconds"  # training alone, summed up to a probe; the only trace that two equal runs differ in
TRACES = (*STEP_TRACES, *PROBES, *PROBE_CHANGES, CLOCK)


def _plain_name(name: str) -> str:
    if not name or not name.isprintable() or any(character in name for character in _NOT_IN_NAMES):
        raise ValueError("should be a name without dots, slashes, commas, dollar signs and spaces")
    if len(name.encode()) > LONGEST_NAME:
        raise ValueError(f"should be a name of at most {LONGEST_NAME} bytes: files bear it")
    return name


Name = Annotated[str, Strict(), AfterValidator(_plain_name)]
Width = Annotated[PositiveInt, Field(le=WIDEST)]
Layers = Annotated[PositiveInt, Field(le=MOST_LAYERS)]
Steps = Annotated[PositiveInt, Field(le=MOST_STEPS)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RunConfig:
    """Everything that determines one training. Fields that end in _g and _d are the generator's and discriminator's.

    ``None`` for a width or a number of hidden layers means: as matching finds it, or for an arm that is matched to none
    as its architecture has it at this image size (an MLP as a DCGAN). ``extra_layers`` come on top of the hidden layers
    of both players.
    One *step* is ``d_steps`` updates of D, then ``g_steps`` updates of G.
    """

    study: Name = "adhoc"
    arm: Name = "dcgan"
    architecture_g: Architecture = "dcgan"
    architecture_d: Architecture = "dcgan"
    normalization_g: Normalization = "batch"
    normalization_d: Normalization = "batch"
    init_g: Initialization = "dcgan"
    init_d: Initialization = "dcgan"
    dataset: Dataset = "digits"
    data: Annotated[str, Strict(), Field(min_length=1)] | None = None  # folder of the user's own pictures
    image_size: ImageSize = 16
    channels: PositiveInt = 1
    latent_dim: Annotated[PositiveInt, Field(le=MOST_LATENT)] = 64
    latent_distribution: LatentDistribution = "normal"
    hidden_layers_g: Layers | None = None
    hidden_layers_d: Layers | None = None
    width_g: Width | None = None  # channels of the finest hidden layer (DCGAN), hidden units (MLP)
    width_d: Width | None = None
    inner_width_g: Width | None = None  # MLP: one inner layer of another width, where matching needs it
    inner_width_d: Width | None = None
    extra_layers: Annotated[NaturalInt, Field(le=MOST_LAYERS)] = 0
    loss: Loss = "non-saturating"
    r1_gamma: NaturalFloat = 0.0  # weight of the R1 penalty on D, 0 = none
    lr_g: PositiveFloat = 2e-4
    lr_d: PositiveFloat = 2e-4
    beta1: Fraction = 0.5
    beta2: Fraction = 0.999
    batch_size: Annotated[int, Strict(), Field(ge=2, le=MOST_IN_A_BATCH)] = 64
    steps: Steps = 1000
    d_steps: Annotated[PositiveInt, Field(le=MOST_UPDATES)] = 1
    g_steps: Annotated[PositiveInt, Field(le=MOST_UPDATES)] = 1
    trace_every: Steps = 1
    eval_every: Steps = 50
    eval_samples: Annotated[int, Strict(), Field(ge=100, le=MOST_SAMPLES)] = 1000
    feature_space: FeatureSpace = "own"  # which the images themselves give; inception: of unlabelled ones, on a GPU
    threads: Annotated[PositiveInt, Field(le=MOST_THREADS)] = 1
    device: Device = "auto"
    # MongoDB stores whole numbers of 64 bits with a sign
    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _fits_the_data(self) -> Self:
        refuse_unfit(self.dataset, self.data, self.channels)
        return self

    @model_validator(mode="after")
    def _fits_a_record(self) -> Self:
        for name, every in (("trace_every", self.trace_every), ("eval_every", self.eval_every)):
            if self.steps // every > MAX_POINTS:
                least = -(-self.steps // MAX_POINTS)
                raise ValueError(
                    f"steps={self.steps} with {name}={every} records more than {MAX_POINTS} points a trace;"
                    f" set {name} to {least} or more"
                )
        if self.trace_every > self.steps:
            raise ValueError(f"trace_every={self.trace_every} is more than steps={self.steps}: nothing is traced")
        return self


@dataclass(frozen=True, kw_only=True)
class PlayerConfig:
    """What a run's config says of one player."""

    architecture: Architecture
    normalization: Normalization
    init: Initialization
    hidden_layers: int | None
    width: int | None
    inner_width: int | None
    lr: float


def player_config(config: RunConfig, role: Role) -> PlayerConfig:
    """The fields of that player, by their short names."""
    return PlayerConfig(**{field.name: getattr(config, f"{field.name}_{role}") for field in fields(PlayerConfig)})


def of_both_players(config: RunConfig, name: str) -> Any:
    """The value of a field, by its short form, if both players have the same; None if they differ."""
    g, d = (getattr(config, field) for field in BOTH_PLAYERS[name])
    return g if g == d else None


def trace_steps(config: RunConfig) -> list[int]:
    """Steps at which the step traces have a point."""
    return list(range(config.trace_every, config.steps + 1, config.trace_every))


def probe_steps(config: RunConfig) -> list[int]:
    """Steps after which samples are measured: 0, every ``eval_every``, and the last."""
    return [*range(0, config.steps, config.eval_every), config.steps]


def promised_steps(config: RunConfig) -> dict[str, list[int]]:
    """Steps of every trace that a complete record of this config holds."""
    probes = probe_steps(config)
    return {
        **dict.fromkeys(STEP_TRACES, trace_steps(config)),
        **dict.fromkeys((*PROBES, CLOCK), probes),
        **dict.fromkeys(PROBE_CHANGES, probes[1:]),
    }


def config_fields(config: RunConfig) -> dict[str, Any]:
    """The config as plain values, as sacred stores it."""
    return asdict(config)


def key_fields(values: Mapping[str, Any], later: Mapping[str, Any] = LATER_FIELDS) -> dict[str, Any]:
    """Those of a config's values that a cell's key is made of: fields added later only where they change something."""
    return {name: value for name, value in values.items() if name not in later or value != later[name]}


def completed_fields(recorded: Mapping[str, Any], later: Mapping[str, Any] = LATER_FIELDS) -> dict[str, Any]:
    """A recorded config with the fields that did not exist when it was recorded.

    Before version 2 of training the two players had one architecture, normalization and initialisation, and MLPs three
    hidden layers at every image size.
    """
    values = dict(recorded)
    if "architecture" in values:
        values["hidden_layers"] = 3 if values["architecture"] == "mlp" else None
        for short in BOTH_PLAYERS.keys() & values.keys():
            values |= dict.fromkeys(BOTH_PLAYERS[short], values.pop(short))
    return {**later, **values} if values else {}


Count = Annotated[int, Field(ge=0, lt=2**63)]  # as many bits as a data frame's column has
Positive = Annotated[int, Field(ge=1, lt=2**63)]


class MatchInfo(TypedDict):
    """How a run's networks compare with those of the arm that they are matched to."""

    reference: str | None  # name of that arm; None: this arm is the reference, or declared unmatched
    parameters_g: Positive  # trainable parameters
    parameters_d: Positive
    reference_parameters_g: Positive
    reference_parameters_d: Positive
    # extra layers included; not recorded before version 2 of training
    hidden_layers_g: NotRequired[Count]
    hidden_layers_d: NotRequired[Count]
    reference_hidden_layers_g: NotRequired[Count]
    reference_hidden_layers_d: NotRequired[Count]
    flops_g: Count  # of one forward pass of one image, multiply and add counted apart
    flops_d: Count


class CodeInfo(TypedDict):
    """The code that made a run."""

    commit: str | None  # None: outside a git checkout
    modified: bool | None  # whether tracked files differ from it


class FeatureInfo(TypedDict):
    """The feature space that measured a run's samples, and the images. Early records do not say all of it."""

    hash: str  # of the space's numbers
    accuracy: float | None  # of its classifier on held-out images
    space: NotRequired[str]
    real_images: NotRequired[Count]  # that the measures compare with
    data: NotRequired[str]  # digest of the images
    checked: NotRequired[bool]  # whether their files are the publisher's


class Extremes(TypedDict):
    """A step trace over *every* step, however thinned the recorded points are."""

    minimum: float  # of its finite values; NaN if it has none
    maximum: float
    first_nonfinite: Count | None  # step


# names under RunInfo["references"]
REFERENCES = (
    "held_out",  # real images that were not trained on
    "half_classes",  # real training images of the first half of the classes
    "one_class",
    "repeated",  # ten real training images again and again
    "pixel_gaussian",  # mean and covariance of the pixels of real images
    "grey",  # one constant image
    "noise",  # uniform pixels
)


def _all_named(names: Collection[str]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def checked(found: Mapping[str, Any]) -> Mapping[str, Any]:
        absent = [name for name in names if name not in found]
        if absent:
            raise ValueError(f"lacks {', '.join(absent)}")
        return found

    return checked


# how steps were computed; beyond rounding all ways give the same numbers
StepWay = Literal["as written", "captured"]


class RunInfo(TypedDict):
    """What a run's ``info`` holds when it is complete."""

    match: MatchInfo
    versions: dict[str, str]
    device: str  # the hardware's own name
    code: CodeInfo
    streams: dict[str, str]  # chained digest of what each stream gave: order, noise_d, noise_g, noise_eval
    features: FeatureInfo
    classes: Count
    # probe values of images whose quality is known, by their name
    references: Annotated[
        dict[str, Annotated[dict[str, float], AfterValidator(_all_named(PROBES))]],
        AfterValidator(_all_named(REFERENCES)),
    ]
    extremes: Annotated[dict[str, Extremes], AfterValidator(_all_named(STEP_TRACES))]  # by step trace
    halted_at: Count | None  # step after which updates stopped because parameters were not finite
    plan: dict[str, Any] | None  # the study file's content when the run was made; None for a run by hand
    artifacts: NotRequired[list[ArtifactInfo]]  # early records do not say
    step: NotRequired[StepWay]  # early records do not say, and were computed as written


class MetaInfo(TypedDict, total=False):
    """What a run's ``meta`` holds of ours, whatever its kind; early records and runs by hand lack some."""

    kind: str | None
    cell_key: str | None
    plan_hash: str | None
    training_version: Count | None
    generation: Count | None
    representation_key: str | None
    representation_version: Count | None


# artifacts of a complete run
SAMPLES = "samples.npz"  # steps (P,), images (P, 64, C, H, W) uint8: the first 64 fixed z at every probe
GENERATOR = "generator.safetensors"
DISCRIMINATOR = "discriminator.safetensors"
ARTIFACTS = (SAMPLES, GENERATOR, DISCRIMINATOR)
# one more of a run whose study asked for it, see runs.snapshots; a record is complete with and without
SNAPSHOTS = "snapshots.safetensors"
