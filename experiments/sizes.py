"""What a config may ask for by its fields, but its data or its networks do not allow."""

from experiments.datasets.images import ImageData
from experiments.datasets.protocol import Source
from runs.errors import UserError
from runs.schema import MatchInfo, RunConfig

LEAST_TRAINING, LEAST_HELD_OUT = 100, 10  # images
MOST_PARAMETERS = 500_000_000  # of one network: 8 GB with the gradient and the two moments of Adam


def refuse_too_few(source: Source, data: ImageData) -> None:
    """Raise UserError if samples cannot be measured by so few real images: of a tenth of them neighbours are sought."""
    for part, images, least in (("train on", data.train, LEAST_TRAINING), ("hold out", data.held_out, LEAST_HELD_OUT)):
        if len(images) < least:
            raise UserError(f"dataset={source.dataset}: {len(images)} images to {part}; expected at least {least}")


def refuse_sizes(config: RunConfig, match: MatchInfo, images: int | None) -> None:
    """Raise UserError if no run of this config can be trained here.

    Because a minibatch has more images than there are to train on (None: that is not known), or a network more
    parameters than any memory.
    """
    if images is not None and config.batch_size > images:
        raise UserError(
            f"arm {config.arm}: batch_size={config.batch_size} is more than the {images:,} training images"
            f" of {config.dataset}; expected 2 to {images}"
        )
    for role, parameters in (("G", match["parameters_g"]), ("D", match["parameters_d"])):
        if parameters > MOST_PARAMETERS:
            raise UserError(
                f"arm {config.arm}: {role} would have {parameters:,} parameters; expected at most {MOST_PARAMETERS:,}:"
                f" choose a smaller width_{role.lower()}"
            )
