"""How good features are for a linear classifier, by the protocol of a config."""

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiments.environment import versions
from experiments.representation.classifier import Accuracy, Labelled, Parts
from experiments.representation.extracted import Blocks, Pair, side_by_side
from experiments.representation.labelled import LabelledImages
from runs.files import replaced
from runs.representation import REPRESENTATION_VERSION, RepresentationConfig, label_counts, validation_share
from runs.study import digest


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Of features: how many; accuracies by labels a class, of each draw; and of single blocks, with all labels."""

    dimensions: int
    accuracies: dict[int, list[Accuracy]]
    blocks: dict[str, Accuracy]

    @property
    def penalty(self) -> float:
        """The C that was chosen with all labels."""
        return self.accuracies[max(self.accuracies)][0].penalty


_QUALITY = TypeAdapter(Quality)


def quality(config: RepresentationConfig, images: LabelledImages, blocks: Blocks) -> Quality:
    """Of the features of all blocks together; with few labels and with all."""
    together = side_by_side(blocks.values())
    parts = parts_of(config, images, together)
    *few, most = label_counts(config)
    with_all = parts.accuracy()
    return Quality(
        dimensions=together[0].shape[1],
        accuracies={
            **{n: parts.few_label_accuracies(n, config.draws, config.split_seed) for n in few},
            most: [with_all],
        },
        blocks={
            name: parts_of(config, images, pair).fitted(with_all.penalty)
            for name, pair in blocks.items()
            if len(blocks) > 1
        },
    )


def kept_quality(
    folder: Path, config: RepresentationConfig, images: LabelledImages, blocks: Blocks, weights: str
) -> Quality:
    """The same from a file, if features by these weights were measured before; else it is written.

    weights: their digest, averaged statistics included. Runs that began with the same weights at other settings of the
    optimizer are so measured once.
    """
    protocol = replace(config, study="any", run=None, arm=None, seed=None, projected_to=None, snapshot_steps=())
    content = {
        **asdict(protocol),
        "weights": weights,
        "images": images.digest,
        "version": REPRESENTATION_VERSION,
        "versions": versions(),
    }
    kept = folder / f"{digest(content)}.json"
    with suppress(OSError, ValidationError):
        return _QUALITY.validate_json(kept.read_bytes())
    made = quality(config, images, blocks)
    with suppress(OSError):  # without the file it is measured again
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(kept) as part:
            part.write_bytes(_QUALITY.dump_json(made))
    return made


def parts_of(config: RepresentationConfig, images: LabelledImages, features: Pair) -> Parts:
    """Features with the classes of their images, split as the config says."""
    train, test = (part.double().numpy() for part in features)
    return Parts.of(
        Labelled(features=train, labels=images.train_labels),
        Labelled(features=test, labels=images.test_labels),
        config.split_seed,
        validation_share(config),
    )
