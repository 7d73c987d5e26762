"""The features of one discriminator, or of the images themselves, measured and recorded as one sacred run."""

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from threadpoolctl import threadpool_limits

from experiments.datasets import load_images, source_of
from experiments.environment import code_state, versions
from experiments.features import file_digest, weights_hash
from experiments.representation.classifier import Accuracy, Labelled, Parts, validation_images
from experiments.representation.extracted import (
    Blocks,
    Pair,
    features_of_blocks,
    features_without_a_gan,
    projected,
    side_by_side,
    trained_discriminator,
)
from experiments.representation.labelled import LabelledImages, labelled_images
from experiments.representation.references import untrained_discriminator
from runs.errors import UserError
from runs.files import replaced
from runs.kinds import REPRESENTATION
from runs.observers import Run, flush, new_experiment
from runs.representation import (
    ACCURACY,
    PROJECTED,
    REPRESENTATION_VERSION,
    TRAINED,
    UNTRAINED,
    RepresentationConfig,
    RepresentationInfo,
    label_counts,
    validation_share,
)
from runs.schema import RunConfig
from runs.store import open_store
from runs.study import digest


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that a worker needs: what to measure and where to.

    trained: the run whose discriminator it is, or has the shape of the networks that images are measured with.
    weights: of the discriminator; none where images are measured.
    """

    config: RepresentationConfig
    url: str
    local: Path
    key: str
    trained: RunConfig
    weights: bytes = b""
    images: str | None = None  # digest of those to measure on; of a run's own data set the one recorded then, if any


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How good features are: accuracies by labels a class, of each draw, and with all labels by block alone."""

    dimensions: int
    accuracies: dict[int, list[Accuracy]]
    blocks: dict[str, Accuracy]


_QUALITY = TypeAdapter(Quality)


def record_representation(request: Request) -> int:
    """Measure, and record as one run of its own kind; its id. Raises UserError if the weights do not fit."""
    torch.set_num_threads(1)
    experiment = new_experiment(REPRESENTATION.name, asdict(request.config), request.url)
    with threadpool_limits(1):  # products are small: with a second thread each waits a hundred times its own length
        found, info = _measured(request)

    @experiment.main
    def log(_run: Run) -> None:
        for name, quality in found.items():
            for labels, draws in quality.accuracies.items():
                _run.log_scalar(ACCURACY[name], mean(one.test for one in draws), labels)
        _run.info.update(info)
        flush(_run)

    meta = {
        "kind": REPRESENTATION.name,
        "representation_key": request.key,
        "representation_version": REPRESENTATION_VERSION,
    }
    run = experiment.run(meta_info=meta, options={"--loglevel": "CRITICAL"})
    run_id = int(str(run._id))
    if not open_store(request.url).find({"_id": run_id}, kind=REPRESENTATION):
        raise UserError(f"it was measured, but record {run_id} is not complete; run the same command again")
    return run_id


def _measured(request: Request) -> tuple[dict[str, Quality], RepresentationInfo]:
    """The quality of features by their name; and all else that is recorded."""
    config, images = request.config, labelled_images(request.config, request.local)
    if request.images not in (None, images.digest):  # of another data set the digest was made just before
        raise UserError(f"it was trained on other images than those of dataset={config.dataset} here now")
    found = _of_images(request, images) if config.of == "images" else _of_discriminator(request, images)
    info = RepresentationInfo(
        versions=versions(),
        code=code_state(),
        weights=file_digest(request.weights) if request.weights else None,
        images=images.digest,
        checked=images.checked,
        dimensions={name: quality.dimensions for name, quality in found.items()},
        accuracies={
            name: {str(labels): [asdict(one) for one in draws] for labels, draws in quality.accuracies.items()}
            for name, quality in found.items()
        },
        blocks={
            name: {block: asdict(one) for block, one in quality.blocks.items()}
            for name, quality in found.items()
            if quality.blocks
        },
    )
    return found, info


def _of_discriminator(request: Request, images: LabelledImages) -> dict[str, Quality]:
    config, run = request.config, request.trained
    trained = features_of_blocks(trained_discriminator(run, request.weights), images, run.batch_size)
    found = {TRAINED: _quality(config, images, trained), UNTRAINED: _of_untrained(request, images)}
    if config.projected_to is not None:
        few = projected(side_by_side(trained.values()), config.projected_to, config.split_seed)
        found[PROJECTED] = _quality(config, images, {PROJECTED: few})
    return found


def _of_images(request: Request, images: LabelledImages) -> dict[str, Quality]:
    config = request.config
    everything = load_images(source_of(config), request.local).train
    apart = validation_images(images.train_labels, config.split_seed, validation_share(config))
    features = features_without_a_gan(images, everything, request.trained, np.flatnonzero(~apart))
    return {name: _quality(config, images, blocks) for name, blocks in features.items()}


def _of_untrained(request: Request, images: LabelledImages) -> Quality:
    """Of the weights that the run began with. Kept in a file: at other settings the same seed began with the same."""
    network = untrained_discriminator(request.trained)
    protocol = replace(request.config, study="any", run=None, arm=None, seed=None, projected_to=None)
    content = {
        **asdict(protocol),
        "weights": weights_hash(network.state_dict()),
        "images": images.digest,
        "batch_size": request.trained.batch_size,
        "version": REPRESENTATION_VERSION,
    }
    kept = request.local / "representation" / f"untrained-{digest(content)}.json"
    with suppress(OSError, ValidationError):
        return _QUALITY.validate_json(kept.read_bytes())
    made = _quality(request.config, images, features_of_blocks(network, images, request.trained.batch_size))
    with suppress(OSError):  # without the file it is measured again
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replaced(kept) as part:
            part.write_bytes(_QUALITY.dump_json(made))
    return made


def _quality(config: RepresentationConfig, images: LabelledImages, blocks: Blocks) -> Quality:
    together = side_by_side(blocks.values())
    parts = _parts(config, images, together)
    return Quality(
        dimensions=together[0].shape[1],
        accuracies=_accuracies(config, parts),
        blocks={name: _parts(config, images, pair).accuracy() for name, pair in blocks.items() if len(blocks) > 1},
    )


def _parts(config: RepresentationConfig, images: LabelledImages, features: Pair) -> Parts:
    """Features with their classes."""
    train, test = (part.double().numpy() for part in features)
    return Parts.of(
        Labelled(features=train, labels=images.train_labels),
        Labelled(features=test, labels=images.test_labels),
        config.split_seed,
        validation_share(config),
    )


def _accuracies(config: RepresentationConfig, parts: Parts) -> dict[int, list[Accuracy]]:
    """By labels a class, an accuracy a draw; one with all labels."""
    *few, most = label_counts(config)
    found = {n: parts.few_label_accuracies(n, config.draws, config.split_seed) for n in few}
    return {**found, most: [parts.accuracy()]}
