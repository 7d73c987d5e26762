"""The features of one discriminator, or of the images themselves, measured and recorded as one sacred run."""

# N images, F features, K classes

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load
from threadpoolctl import threadpool_limits
from torch import Tensor

from experiments.datasets import load_images, source_of
from experiments.datasets.images import Images, to_unit_range
from experiments.datasets.protocol import Source
from experiments.environment import code_state, versions
from experiments.features import data_digest, file_digest
from experiments.networks import build_discriminator
from experiments.representation.classifier import Accuracy, Labelled, Parts
from experiments.representation.unsupervised import UNSUPERVISED
from experiments.streams import generator, initial_weights
from models.blocks import BlockNetwork
from models.frozen import FrozenFeatures
from models.initialization import initialize
from runs.errors import UserError
from runs.kinds import REPRESENTATION
from runs.observers import Run, flush, new_experiment
from runs.representation import (
    ACCURACY,
    REPRESENTATION_VERSION,
    RepresentationConfig,
    RepresentationInfo,
    promised_accuracies,
    refuse_too_few,
)
from runs.schema import RunConfig
from runs.store import open_store

_AT_ONCE = 100  # images
_SUBSET = 2  # stream

Pair = tuple[Tensor, Tensor]  # features of the training and of the test images, (N, F) each


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that a worker needs: what to measure, where to, and of a discriminator its config and weights."""

    config: RepresentationConfig
    url: str
    local: Path
    key: str
    trained: RunConfig | None = None
    weights: bytes = b""
    images: str | None = None  # digest of those that the discriminator was trained on, where it is recorded


@dataclass(frozen=True, kw_only=True)
class LabelledImages:
    """Images (N, C, H, W) in [-1, 1] with their classes: to fit and choose by, and to test on."""

    train: Tensor
    train_labels: np.ndarray
    test: Tensor
    test_labels: np.ndarray
    digest: str


def resolved(config: RepresentationConfig, local: Path) -> RepresentationConfig:
    """The config with the numbers of images and classes that its data set has.

    Raises UserError if the images are not here, or have no labels.
    """
    data = load_images(source_of(config), local)
    if data.train.labels is None:
        raise UserError(f"dataset={config.dataset}: its images have no labels, which a classifier needs")
    found = replace(
        config,
        train_images=min(config.train_images, len(data.train)),
        test_images=min(config.test_images, len(data.held_out)),
        classes=data.classes,
    )
    refuse_too_few(found)
    return found


def record_representation(request: Request) -> int:
    """Measure, and record as one run of its own kind; its id. Raises UserError if the weights do not fit."""
    torch.set_num_threads(1)
    experiment = new_experiment(REPRESENTATION.name, asdict(request.config), request.url)
    with threadpool_limits(1):  # products are small: with a second thread each waits a hundred times its own length
        accuracies, info = _measured(request)

    @experiment.main
    def log(_run: Run) -> None:
        for name, by_labels in accuracies.items():
            for labels, draws in by_labels.items():
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


def _measured(request: Request) -> tuple[dict[str, dict[int, list[Accuracy]]], RepresentationInfo]:
    """By name of features and labels a class the accuracies of each draw; and all else that is recorded."""
    config, images = request.config, labelled_images(request.config, request.local)
    if request.images not in (None, images.digest):
        raise UserError(f"it was trained on other images than those of dataset={config.dataset} here now")
    if request.trained is None:
        features = _of_images(images)
    else:
        features = _of_discriminator(request.trained, request.weights, images)
    steps = promised_accuracies(config)
    accuracies = {
        name: _accuracies(config, _parts(config, images, blocks.values()), steps[ACCURACY[name]])
        for name, blocks in features.items()
    }
    info = RepresentationInfo(
        versions=versions(),
        code=code_state(),
        weights=None if request.trained is None else file_digest(request.weights),
        images=images.digest,
        dimensions={name: sum(train.shape[1] for train, _ in blocks.values()) for name, blocks in features.items()},
        accuracies={
            name: {str(labels): [asdict(one) for one in draws] for labels, draws in by_labels.items()}
            for name, by_labels in accuracies.items()
        },
        blocks={
            name: {block: asdict(_parts(config, images, [pair]).accuracy()) for block, pair in blocks.items()}
            for name, blocks in features.items()
            if len(blocks) > 1
        },
    )
    return accuracies, info


def labelled_images(config: RepresentationConfig, local: Path) -> LabelledImages:
    """The images of a resolved config: the same random ones of the training part, and of the held-out part."""
    return _labelled_images(source_of(config), local, config.train_images, config.test_images, config.split_seed)


@lru_cache(maxsize=1)
def _labelled_images(
    source: Source, local: Path, train_images: int, test_images: int, split_seed: int
) -> LabelledImages:
    data = load_images(source, local)
    train, train_labels = _taken(data.train, train_images, split_seed)
    test, test_labels = _taken(data.held_out, test_images, split_seed)
    return LabelledImages(
        train=train, train_labels=train_labels, test=test, test_labels=test_labels, digest=data_digest(data)
    )


def _taken(images: Images, count: int, seed: int) -> tuple[Tensor, np.ndarray]:
    assert images.labels is not None
    chosen = torch.from_numpy(np.sort(generator(seed, _SUBSET).permutation(len(images))[:count]))
    return to_unit_range(images.take(chosen)), images.labels[chosen].numpy()


def _of_discriminator(trained: RunConfig, weights: bytes, images: LabelledImages) -> dict[str, dict[str, Pair]]:
    """By name of features, then by block. An untrained discriminator has the weights that this one began with."""
    network, untrained = build_discriminator(trained), build_discriminator(trained)
    try:
        network.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise UserError(f"its weights do not fit its config: {str(error).splitlines()[0]}") from None
    if not all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values()):
        raise UserError("its weights are not finite, so it has no features")
    initialize(untrained, trained.init_d, initial_weights(trained.seed, trained.arm, "discriminator"))
    both = {"trained": network, "untrained": untrained}
    return {name: _blocks(one, images, trained.batch_size) for name, one in both.items()}


def _blocks(network: BlockNetwork, images: LabelledImages, batch_size: int) -> dict[str, Pair]:
    count = len(images.train)
    whole = count - count % batch_size or count  # as in training, the last incomplete minibatch is left out
    frozen = FrozenFeatures(network, images.train[:whole].split(batch_size))
    parts = [[frozen(chunk) for chunk in part.split(_AT_ONCE)] for part in (images.train, images.test)]
    pairs = {
        block: (torch.cat([one[block] for one in parts[0]]), torch.cat([one[block] for one in parts[1]]))
        for block in parts[0][0]
    }
    if not all(bool(part.isfinite().all()) for pair in pairs.values() for part in pair):
        raise UserError("its features are not finite")
    return pairs


def _of_images(images: LabelledImages) -> dict[str, dict[str, Pair]]:
    made = {name: make(images.train) for name, make in UNSUPERVISED.items()}
    return {name: {name: (features(images.train), features(images.test))} for name, features in made.items()}


def _parts(config: RepresentationConfig, images: LabelledImages, blocks: Iterable[Pair]) -> Parts:
    """Features of these blocks side by side, with their classes."""
    train, test = (torch.cat(part, 1).double().numpy() for part in zip(*blocks, strict=True))
    return Parts.of(
        Labelled(features=train, labels=images.train_labels),
        Labelled(features=test, labels=images.test_labels),
        config.split_seed,
    )


def _accuracies(config: RepresentationConfig, parts: Parts, steps: Sequence[int]) -> dict[int, list[Accuracy]]:
    """By labels a class, an accuracy a draw; one with all labels, which are the last of the steps."""
    few = {n: parts.few_label_accuracies(n, config.draws, config.split_seed) for n in steps[:-1]}
    return {**few, steps[-1]: [parts.accuracy()]}
