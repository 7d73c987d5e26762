"""The features of one discriminator, or of the images themselves, measured and recorded as one sacred run."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from experiments.datasets import source_of
from experiments.environment import code_state, versions
from experiments.features import file_digest, weights_hash
from experiments.networks import build_discriminator, build_generator
from experiments.representation.along import AtSnapshot, at_snapshot, joined
from experiments.representation.arithmetic import class_arithmetic
from experiments.representation.classifier import validation_images
from experiments.representation.extracted import (
    all_finite,
    features_of_blocks,
    features_without_a_gan,
    projected,
    with_weights,
)
from experiments.representation.labelled import LabelledImages, classifier_of, labelled_images, loaded
from experiments.representation.quality import Quality, kept_quality, quality
from experiments.representation.references import untrained_discriminator
from experiments.representation.seen import seen, spread
from models.blocks import BlockNetwork
from runs.artifacts import described
from runs.errors import UserError
from runs.kinds import REPRESENTATION
from runs.observers import Run, flush, new_experiment
from runs.representation import (
    ACCURACY,
    ACCURACY_AT_SNAPSHOTS,
    PROJECTED,
    REPRESENTATION_VERSION,
    SEEN,
    TRAINED,
    UNTRAINED,
    RepresentationConfig,
    RepresentationInfo,
    validation_share,
)
from runs.schema import RunConfig
from runs.seen import Along, ClassMoves
from runs.snapshots import read_snapshots
from runs.store import open_store


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that a worker needs: what to measure and where to.

    trained: the run whose networks they are, or whose discriminator's shape the networks have that images are measured
    with. weights, generator: of that run's networks; none where images are measured. Snapshots, which may be large, are
    read where they are measured. images: digest of those to measure on; of a run's own data set the one recorded then,
    if any. fault: why the run's weights cannot be measured.
    """

    config: RepresentationConfig
    url: str
    local: Path
    key: str
    trained: RunConfig
    weights: bytes = b""
    generator: bytes = b""
    images: str | None = None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """By name the quality of features and the content of artifacts, and accuracy with all labels by snapshot."""

    quality: Mapping[str, Quality]
    at_snapshots: Mapping[int, float] = field(default_factory=dict)
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    arithmetic: Mapping[str, float] = field(default_factory=dict)


def record_representation(request: Request) -> int:
    """Measure, and record as one run of its own kind; its id. Raises UserError if the weights do not fit."""
    if request.fault is not None:
        raise UserError(request.fault)
    torch.set_num_threads(1)
    experiment = new_experiment(REPRESENTATION.name, asdict(request.config), request.url)
    with threadpool_limits(1):  # products are small: with a second thread each waits a hundred times its own length
        images = _images(request)
        found = _of_images(request, images) if request.config.of == "images" else _of_discriminator(request, images)

    @experiment.main
    def log(_run: Run) -> None:
        for name, one in found.quality.items():
            for labels, draws in one.accuracies.items():
                _run.log_scalar(ACCURACY[name], mean(draw.test for draw in draws), labels)
        for step, accuracy in found.at_snapshots.items():
            _run.log_scalar(ACCURACY_AT_SNAPSHOTS, accuracy, step)
        _run.info.update(_info(request, images, found.quality))
        if found.arithmetic:
            _run.info["arithmetic"] = dict(found.arithmetic)
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, name) for name in found.artifacts]
            for path in paths:
                path.write_bytes(found.artifacts[path.name])
                _run.add_artifact(str(path), path.name)
            _run.info["artifacts"] = described(paths)
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


def _images(request: Request) -> LabelledImages:
    images = labelled_images(request.config, request.local)
    if request.images not in (None, images.digest):  # of another data set the digest was made just before
        raise UserError(f"it was trained on other images than those of dataset={request.config.dataset} here now")
    return images


def _of_discriminator(request: Request, images: LabelledImages) -> _Measured:
    config, run = request.config, request.trained
    network, untrained = with_weights(build_discriminator(run), request.weights), untrained_discriminator(run)
    if not all_finite(network):
        raise UserError("its weights are not finite, so it has no features")
    trained, before = (features_of_blocks(one, images, run.batch_size) for one in (network, untrained))
    frozen = weights_hash(untrained.state_dict())
    found = {
        TRAINED: quality(config, images, trained),
        UNTRAINED: kept_quality(request.local / "representation", config, images, before, frozen),
    }
    if config.projected_to is not None:
        few = projected(PROJECTED, trained, config.projected_to, config.split_seed)
        found[PROJECTED] = quality(config, images, few)
    along = _at_snapshots(request, images, found[TRAINED].penalty)
    measured = _Measured(quality=found, at_snapshots={step: one.accuracy for step, one in along.items()})
    if not config.seen_images:
        return measured
    maps = joined(along, images) if along else None
    return _with_pictures(measured, request, {TRAINED: network, UNTRAINED: untrained}, images, maps)


def _at_snapshots(request: Request, images: LabelledImages, penalty: float) -> dict[int, AtSnapshot]:
    """Both networks as they were, by step; features are measured at the last weights' C."""
    if not request.config.snapshot_steps:
        return {}
    store = open_store(request.url)
    (record,) = store.find({"_id": request.config.run})
    snapshots = read_snapshots(store, record)
    return {
        step: at_snapshot(request.config, request.trained, snapshots.pop(step), images, penalty)
        for step in request.config.snapshot_steps
    }


def _with_pictures(
    measured: _Measured,
    request: Request,
    networks: Mapping[str, BlockNetwork],
    images: LabelledImages,
    along: Along | None,
) -> _Measured:
    """The same with the file of pictures, ``networks`` with their statistics frozen, and what is counted in them."""
    generator = with_weights(build_generator(request.trained), request.generator, "its generator's")
    shown = spread(images.train, request.config.seen_images)
    classify = classifier_of(request.trained, request.local)
    found = class_arithmetic(generator, request.trained, classify) if classify is not None else None
    moves = None if found is None else ClassMoves(classes=found.classes, images=found.images)
    pictures = seen(networks, generator, request.trained, shown, along, moves)
    return replace(
        measured,
        artifacts={SEEN: pictures.to_bytes()},
        arithmetic={} if found is None else found.numbers(),
    )


def _of_images(request: Request, images: LabelledImages) -> _Measured:
    config = request.config
    everything = loaded(source_of(config), request.local).train
    apart = validation_images(images.train_labels, config.split_seed, validation_share(config))
    features = features_without_a_gan(images, everything, request.trained, np.flatnonzero(~apart))
    return _Measured(quality={name: quality(config, images, own) for name, own in features.items()})


def _info(request: Request, images: LabelledImages, found: Mapping[str, Quality]) -> RepresentationInfo:
    return RepresentationInfo(
        versions=versions(),
        code=code_state(),
        weights=file_digest(request.weights) if request.weights else None,
        images=images.digest,
        checked=images.checked,
        dimensions={name: one.dimensions for name, one in found.items()},
        accuracies={
            name: {str(labels): [asdict(draw) for draw in draws] for labels, draws in one.accuracies.items()}
            for name, one in found.items()
        },
        blocks={
            name: {block: asdict(accuracy) for block, accuracy in one.blocks.items()}
            for name, one in found.items()
            if one.blocks
        },
    )
