"""Probes: what a generator makes of fixed latent vectors, measured; the same measures of images of known quality."""

# N samples, C channels, H height, W width, Z latent, K classes

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from experiments.datasets.images import ImageData, Images, class_labels, to_bytes
from experiments.features import FeatureExtractor
from experiments.measures import (
    class_histogram,
    class_measures,
    describe_real,
    feature_measures,
)
from experiments.streams import StreamId, generator, noise
from runs.schema import PROBE_CHANGES, PROBES, RunConfig

SHEET_IMAGES = 64
_CHUNK = 250  # samples a forward pass: BatchNorm sees a batch of this size
_REFERENCE_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Samples of one probe in feature space; kept to compare the next probe with."""

    features: Tensor  # (N, F)
    histogram: Tensor  # (K,)


class Prober:
    """Measures a generator at the same latent vectors every time."""

    def __init__(self, config: RunConfig, data: ImageData, extractor: FeatureExtractor, device: torch.device) -> None:
        self._extractor = extractor
        self.real = describe_real(extractor.features(data.train))
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
        features, probabilities = self._extractor(images[: self._samples])
        measured = Measured(features=features, histogram=class_histogram(probabilities))
        values = {**class_measures(probabilities), **feature_measures(features, self.real)}
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
    with _buffers_restored(generator_network):
        return torch.cat([generator_network(chunk) for chunk in latents.split(_CHUNK)])


def measure_references(data: ImageData, extractor: FeatureExtractor, samples: int) -> dict[str, dict[str, float]]:
    """Every probe of images whose quality is known, by the names of ``runs.schema.REFERENCES``.

    Each set has ``samples`` images where it can be drawn at will, otherwise as many as there are.
    """
    real = describe_real(extractor.features(data.train))
    values = {}
    for name, images in _reference_images(data, samples).items():
        features, probabilities = extractor(images)
        values[name] = {**class_measures(probabilities), **feature_measures(features, real)}
    return values


def _reference_images(data: ImageData, samples: int) -> dict[str, Tensor]:
    train, labels = _all(data.train), class_labels(data.train)
    draw = generator(_REFERENCE_SEED, StreamId.NOISE_EVAL)
    repeated = torch.from_numpy(draw.choice(len(train), 10, replace=False))
    shape = (samples, *train.shape[1:])
    return {
        "held_out": _all(data.held_out),
        "half_classes": train[labels < data.classes // 2],
        "one_class": train[labels == 0],
        "repeated": train[repeated].repeat(-(-samples // 10), 1, 1, 1)[:samples],
        "pixel_gaussian": _pixel_gaussian(train, samples, draw),
        "grey": torch.full(shape, 128, dtype=torch.uint8),
        "noise": torch.from_numpy(draw.integers(0, 256, shape, dtype=np.uint8)),
    }


def _all(images: Images) -> Tensor:
    return torch.cat(list(images.chunks(_CHUNK)))


def _pixel_gaussian(images: Tensor, samples: int, draw: np.random.Generator) -> Tensor:
    pixels = images.flatten(1).double().numpy()
    drawn = draw.multivariate_normal(pixels.mean(0), np.cov(pixels.T), samples, method="eigh")
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
