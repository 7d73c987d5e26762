"""The images that a linear classifier is fitted to, chosen by and tested on: the same for everything measured."""

# N images, C channels, H height, W width

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.datasets import load_images, source_of
from experiments.datasets.images import ImageData, Images, to_unit_range
from experiments.datasets.protocol import Source
from experiments.feature_space import FeatureExtractor
from experiments.features import data_digest, feature_extractor
from experiments.streams import generator
from runs.errors import UserError
from runs.representation import RepresentationConfig, refuse_too_few
from runs.schema import RunConfig

_SUBSET = 2  # stream


@dataclass(frozen=True, kw_only=True)
class LabelledImages:
    """Images (N, C, H, W) in [-1, 1] with their classes (N,): to fit and choose by, and to test on."""

    train: Tensor
    train_labels: np.ndarray
    test: Tensor
    test_labels: np.ndarray
    digest: str
    checked: bool  # whether their files are the publisher's


def resolved(config: RepresentationConfig, local: Path) -> RepresentationConfig:
    """The config with the numbers of images and classes that its data set has.

    Raises UserError if the images are not here, or have no labels.
    """
    data = loaded(source_of(config), local)
    if data.train.labels is None:
        raise UserError(
            f"dataset={config.dataset}: its images have no labels, which a classifier needs; name a data set that has"
            " some with --test-on (make: TEST_ON=), or with test_on= of one run"
        )
    found = replace(
        config,
        train_images=min(config.train_images, len(data.train)),
        test_images=min(config.test_images, len(data.held_out)),
        classes=data.classes,
    )
    refuse_too_few(found)
    return found


@lru_cache(maxsize=1)
def loaded(source: Source, local: Path) -> ImageData:
    """The data set, read once for all runs that are measured on it."""
    return load_images(source, local)


@lru_cache(maxsize=1)
def digest_of(source: Source, local: Path) -> str:
    """The digest of all its images, made once likewise."""
    return data_digest(loaded(source, local))


def classifier_of(run: RunConfig, local: Path) -> Callable[[Tensor], Tensor] | None:
    """Images (N, C, H, W) uint8 to their most probable classes (N,), by the network that measured the run's samples.

    None where the images that the run was trained on have no classes, or are not here.
    """
    try:
        extractor = _extractor(source_of(run), local)
    except UserError:
        return None
    if extractor is None:
        return None

    def classify(images: Tensor) -> Tensor:
        probabilities = extractor(images)[1]
        assert probabilities is not None
        return probabilities.argmax(1)

    return classify


@lru_cache(maxsize=1)
def _extractor(source: Source, local: Path) -> FeatureExtractor | None:
    data = loaded(source, local)
    return None if data.train.labels is None else feature_extractor(data, local / "features")


def labelled_images(config: RepresentationConfig, local: Path) -> LabelledImages:
    """The images of a resolved config: the same random ones of the training part, and of the held-out part."""
    return _labelled_images(source_of(config), local, config.train_images, config.test_images, config.split_seed)


@lru_cache(maxsize=1)
def _labelled_images(
    source: Source, local: Path, train_images: int, test_images: int, split_seed: int
) -> LabelledImages:
    data = loaded(source, local)
    train, train_labels = _taken(data.train, train_images, split_seed)
    test, test_labels = _taken(data.held_out, test_images, split_seed)
    return LabelledImages(
        train=train,
        train_labels=train_labels,
        test=test,
        test_labels=test_labels,
        digest=digest_of(source, local),
        checked=data.checked,
    )


def _taken(images: Images, count: int, seed: int) -> tuple[Tensor, np.ndarray]:
    assert images.labels is not None
    chosen = torch.from_numpy(np.sort(generator(seed, _SUBSET).permutation(len(images))[:count]))
    return to_unit_range(images.take(chosen)), images.labels[chosen].numpy()
