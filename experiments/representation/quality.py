"""How good features are for a linear classifier, by the protocol of a config."""

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiments.environment import versions
from experiments.representation.classifier import Accuracy, Labelled, Parts
from experiments.representation.extracted import Features
from experiments.representation.labelled import LabelledImages
from runs.files import replaced
from runs.representation import REPRESENTATION_VERSION, RepresentationConfig, all_labels, label_counts, validation_share
from runs.study import digest


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Of features: how many; accuracies by labels a class, of each draw; and of single blocks, with all labels."""

    dimensions: int
    accuracies: dict[int, list[Accuracy]]
    blocks: dict[str, Accuracy]

    @property
    def penalty(self) -> float:
        """The C that was chosen with the most labels."""
        return self.accuracies[max(self.accuracies)][0].penalty


_QUALITY = TypeAdapter(Quality)


def quality(config: RepresentationConfig, images: LabelledImages, features: Features) -> Quality:
    """Of all features together, by labels a class; and, where all labels are asked for, of single blocks with all."""
    parts = parts_of(config, images, features)
    most = all_labels(config)
    with_all = {n: [parts.accuracy()] for n in label_counts(config) if n == most}
    few = [n for n in label_counts(config) if n < most]
    return Quality(
        dimensions=features.train.shape[1],
        accuracies={n: parts.few_label_accuracies(n, config.draws, config.split_seed) for n in few} | with_all,
        blocks={
            name: parts_of(config, images, block).fitted(accuracy.penalty)
            for (accuracy,) in with_all.values()
            for name, block in features.blocks()
            if len(features.columns) > 1
        },
    )


def kept_quality(
    folder: Path, config: RepresentationConfig, images: LabelledImages, features: Features, weights: str
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
    made = quality(config, images, features)
    with suppress(OSError):  # without the file it is measured again
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(kept) as part:
            part.write_bytes(_QUALITY.dump_json(made))
    return made


def parts_of(config: RepresentationConfig, images: LabelledImages, features: Features) -> Parts:
    """Features with the classes of their images, split as the config says."""
    return Parts.of(
        Labelled(features=features.train.numpy(), labels=images.train_labels),
        Labelled(features=features.test.numpy(), labels=images.test_labels),
        config.split_seed,
        validation_share(config),
    )
