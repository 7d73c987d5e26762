"""Probes: what a generator makes of fixed latent vectors, measured; the same measures of images of known quality."""

# N samples, C channels, H height, W width, Z latent, K classes

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from experiments.datasets.images import ImageData, to_bytes
from experiments.feature_space import FeatureExtractor, on_device, real_subset
from experiments.measures import (
    CLASS_MEASURES,
    Real,
    class_histogram,
    class_measures,
    describe_real,
    feature_measures,
)
from experiments.streams import StreamId, generator, noise
from runs.schema import PROBE_CHANGES, PROBES, RunConfig

SHEET_IMAGES = 64
_CHUNK = 250  # samples a forward pass: BatchNorm sees a batch of this size
MOST_PIXELS = 1024  # of which a covariance matrix is made
_REFERENCE_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Samples of one probe in feature space; kept to compare the next probe with."""

    features: Tensor  # (N, F)
    histogram: Tensor  # (K,)


class Prober:
    """Measures a generator at the same latent vectors every time."""

    def __init__(self, config: RunConfig, data: ImageData, extractor: FeatureExtractor, device: torch.device) -> None:
        self.extractor = on_device(extractor, device)
        self.real = described(data, self.extractor)
        shape = (max(config.eval_samples, SHEET_IMAGES), config.latent_dim)
        drawn = noise(config.seed, StreamId.NOISE_EVAL, 0, shape, config.latent_distribution)
        self.latents = torch.from_numpy(drawn).to(device)
        self._samples = config.eval_samples
        self.previous: Measured | None = None

    def probe(self, generator_network: nn.Module) -> tuple[dict[str, float], Tensor]:
        """The probes' values, and images (64, C, H, W) uint8 of the first latent vectors.

        Changes since the previous probe are among the values from the second probe on. Where samples are not finite,
        every value is NaN and the images are black.
        """
        samples = generate(generator_network, self.latents).cpu()
        first = self.previous is None
        if not bool(samples.isfinite().all()):
            self.previous = Measured(features=torch.full((1,), math.nan), histogram=torch.full((1,), math.nan))
            return dict.fromkeys(_names(first), math.nan), torch.zeros(samples[:SHEET_IMAGES].shape, dtype=torch.uint8)
        images = to_bytes(samples)
        features, probabilities = self.extractor(images[: self._samples])
        measured = Measured(features=features, histogram=_histogram(probabilities))
        values = {**_of_classes(probabilities), **feature_measures(features, self.real)}
        if self.previous is not None:
            values |= self._changes(self.previous, measured)
        self.previous = measured
        return values, images[:SHEET_IMAGES]

    def _changes(self, before: Measured, now: Measured) -> dict[str, float]:
        moved = (now.features - before.features).norm(dim=-1).mean()
        return {
            "eval_hopping": float((now.histogram - before.histogram).abs().sum() / 2),
            "eval_drift": float(moved) / self.real.mean_distance,
        }


@torch.no_grad()
def generate(generator_network: nn.Module, latents: Tensor) -> Tensor:
    """Images (N, C, H, W) of latent vectors (N, Z), as D sees them in training.

    BatchNorm uses the statistics of the batch, as in training; its running statistics are left as they were.
    """
    chunks = list(latents.split(_CHUNK))
    if len(chunks) > 1 and len(chunks[-1]) == 1:  # one sample alone has no variance
        chunks[-2:] = [torch.cat(chunks[-2:])]
    with _buffers_restored(generator_network):
        return torch.cat([generator_network(chunk) for chunk in chunks])


@lru_cache(maxsize=2)
def measure_references(data: ImageData, extractor: FeatureExtractor, samples: int) -> dict[str, dict[str, float]]:
    """Every probe of images whose quality is known, by the names of ``runs.schema.REFERENCES``.

    Each set has ``samples`` images where it can be drawn at will, otherwise as many as there are.
    """
    real = described(data, extractor)
    values = {}
    for name, images in _reference_images(data, real.features, samples).items():
        features, probabilities = extractor(images)
        values[name] = {**_of_classes(probabilities), **feature_measures(features, real)}
    return values


@lru_cache(maxsize=2)
def described(data: ImageData, extractor: FeatureExtractor) -> Real:
    """The real side of the measures, kept for the next run of the same process."""
    return describe_real(extractor.features(data.train, real_subset(data.train)))


def _reference_images(data: ImageData, features: Tensor, samples: int) -> dict[str, Tensor]:
    """``features`` (M, F): of the real images that the measures compare with."""
    chosen = real_subset(data.train)
    train = data.train.take(chosen)
    half, one = _parts(None if data.train.labels is None else data.train.labels[chosen], data.classes, features)
    draw = generator(_REFERENCE_SEED, StreamId.NOISE_EVAL)
    repeated = torch.from_numpy(draw.choice(len(train), 10, replace=False))
    shape = (samples, *train.shape[1:])
    return {
        "held_out": data.held_out.take(real_subset(data.held_out)),
        "half_classes": train[half],
        "one_class": train[one],
        "repeated": train[repeated].repeat(-(-samples // 10), 1, 1, 1)[:samples],
        "pixel_gaussian": _pixel_gaussian(train, samples, draw),
        "grey": torch.full(shape, 128, dtype=torch.uint8),
        "noise": torch.from_numpy(draw.integers(0, 256, shape, dtype=np.uint8)),
    }


def _parts(labels: Tensor | None, classes: int, features: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the real images (M,) are of the first half of the classes, and which of the first tenth of them.

    Without labels: the half, and the tenth, that lie nearest to the first image in feature space.
    """
    if labels is not None:
        return labels < classes // 2, labels < max(1, classes // 10)
    nearness = (features - features[0]).norm(dim=1).argsort(stable=True).argsort(stable=True)
    return nearness < len(features) // 2, nearness < max(1, len(features) // 10)


def _of_classes(probabilities: Tensor | None) -> dict[str, float]:
    """Measures of the classes; not a number where there are none."""
    return dict.fromkeys(CLASS_MEASURES, math.nan) if probabilities is None else class_measures(probabilities)


def _histogram(probabilities: Tensor | None) -> Tensor:
    return torch.full((1,), math.nan) if probabilities is None else class_histogram(probabilities)


def _pixel_gaussian(images: Tensor, samples: int, draw: np.random.Generator) -> Tensor:
    pixels = images.flatten(1).float().numpy()
    if pixels.shape[1] <= MOST_PIXELS:
        pixels = pixels.astype(np.float64)
        drawn = draw.multivariate_normal(pixels.mean(0), np.cov(pixels.T), samples, method="eigh")
    else:  # the same distribution, by weighing the images: their covariance would take the cube of their pixels
        weights = draw.standard_normal((samples, len(pixels)), dtype=np.float32) / math.sqrt(len(pixels) - 1)
        drawn = pixels.mean(0) + (weights - weights.mean(1, keepdims=True)) @ pixels
    return torch.from_numpy(drawn.round().clip(0, 255).astype(np.uint8)).reshape(samples, *images.shape[1:])


def _names(first: bool) -> tuple[str, ...]:
    return PROBES if first else (*PROBES, *PROBE_CHANGES)


@contextmanager
def _buffers_restored(network: nn.Module) -> Iterator[None]:
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    try:
        yield
    finally:
        for buffer, before in buffers:
            buffer.copy_(before)
