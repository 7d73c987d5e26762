"""``python -m benchmarks.feature_spaces DATASET SIZE CHANNELS [FOLDER]``: which space orders known damage?

For images without labels there is no classifier to measure by. Candidates: a network that tells quarter turns, the same
network untrained, and random filters at several resolutions. Each measures real held-out images that are damaged more
and more; a space is good if every measure moves the right way at every step. Labels, where there are any, are not used.
"""

# N images, C channels, H height, W width

import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from experiments.datasets import load_images
from experiments.datasets.images import ImageData, Images, ImagesInMemory, to_unit_range
from experiments.datasets.protocol import Source
from experiments.feature_space import CHUNK, real_subset
from experiments.features import feature_extractor, feature_network
from experiments.filters import FilterFeatures
from experiments.measures import describe_real, feature_measures
from models.blocks import BlockNetwork
from runs.addresses import local_folder

Space = Callable[[Tensor], Tensor]  # uint8 (N, C, H, H) -> features (N, F)
_TURNS = 4


def spaces(data: ImageData) -> dict[str, Space]:
    """Every candidate, by name."""
    channels, size = data.train.take(torch.tensor([0])).shape[1:3]
    with TemporaryDirectory() as folder:
        rotations = feature_extractor(_quarter_turned(data), Path(folder))
    torch.manual_seed(0)
    untrained = feature_network(channels, size, _TURNS).eval()
    filters = FilterFeatures(data.train)
    return {
        "rotations": lambda images: rotations(images)[0],
        "untrained": lambda images: _activations(untrained, images),
        "random filters": lambda images: filters(images)[0],
    }


def _quarter_turned(data: ImageData) -> ImageData:
    """Each image turned by a number of quarter turns, which is its class (Gidaris, Singh, Komodakis 2018)."""

    def turned(images: Images) -> ImagesInMemory:
        pixels = images.take(torch.arange(len(images)))
        turns = torch.arange(len(images)) % _TURNS
        turned_pixels = [torch.rot90(pixel, int(turn), (1, 2)) for pixel, turn in zip(pixels, turns, strict=True)]
        return ImagesInMemory(torch.stack(turned_pixels), turns)

    return ImageData(train=turned(data.train), held_out=turned(data.held_out), classes=_TURNS)


@torch.no_grad()
def _activations(network: BlockNetwork, images: Tensor) -> Tensor:
    return torch.cat(
        [network(to_unit_range(chunk), with_activations=True)[1]["features"] for chunk in images.split(CHUNK)]
    )


def damages(images: Tensor) -> dict[str, list[Tensor]]:
    """Images (N, C, H, H) damaged more and more, by kind of damage; the first of each is the images themselves."""
    generator = torch.Generator().manual_seed(0)
    size, count = images.shape[-1], len(images)
    normal = torch.randn(images.shape, generator=generator)
    noisy = [(images + strength * normal).round().clamp(0, 255).to(torch.uint8) for strength in (8, 16, 32, 64)]
    blurred = [functional.gaussian_blur(images, 13, sigma * size / 64) for sigma in (1.0, 2.0, 4.0)]
    fewer = [images[: count // share].repeat(share, 1, 1, 1)[:count] for share in (4, 16, 64)]
    coarse = [
        functional.resize(functional.resize(images, [size // by, size // by], antialias=True), [size, size])
        for by in (2, 4, 8)
    ]
    mixed = [((1 - share) * images.float() + share * 128).to(torch.uint8) for share in (0.25, 0.5, 0.75, 1.0)]
    brightness = images.float().mean((1, 2, 3)).argsort()
    kept = [images[brightness[: count // part]].repeat(part, 1, 1, 1)[:count] for part in (2, 4)]
    return {
        "noise": [images, *noisy],
        "blur": [images, *blurred],
        "coarse": [images, *coarse],
        "fades to grey": [images, *mixed],
        "fewer images, repeated": [images, *fewer],
        "only the darkest": [images, *kept],
    }


def ordered(values: list[float], *, rising: bool) -> float:
    """Share of the steps that go the right way."""
    steps = [(after > before) == rising and after != before for before, after in pairwise(values)]
    return sum(steps) / len(steps)


def _measures(damage: str) -> Mapping[str, bool]:
    """Which measures must move under that damage, and whether they rise."""
    if damage in ("fewer images, repeated", "only the darkest"):
        return {"eval_frechet": True, "eval_recall": False, "eval_coverage": False}
    return {"eval_frechet": True, "eval_precision": False, "eval_coverage": False}


def main(dataset: str, size: str, channels: str, path: str | None = None) -> None:
    """Print, for each space and damage, the values of the measures and the share of steps that go the right way."""
    source = Source(dataset=dataset, image_size=int(size), channels=int(channels), path=path)
    loaded = load_images(source, local_folder())
    train = loaded.train.take(real_subset(loaded.train))
    held_out = loaded.held_out.take(torch.arange(min(len(loaded.held_out), 1000)))
    if len(held_out) < 1000:  # enough to measure: the last of the training images, which the space then has not seen
        held_out, train = torch.cat([held_out, train[len(held_out) - 1000 :]]), train[: len(held_out) - 1000]
    data = ImageData(train=ImagesInMemory(train, None), held_out=ImagesInMemory(held_out, None), classes=0)
    for name, space in spaces(data).items():
        real, right, steps = describe_real(space(train)), 0.0, 0
        for damage, series in damages(held_out).items():
            found = [feature_measures(space(images), real) for images in series]
            for measure, rising in _measures(damage).items():
                values = [one[measure] for one in found]
                share = ordered(values, rising=rising)
                right, steps = right + share * (len(values) - 1), steps + len(values) - 1
                print(f"{name}: {damage}: {measure}: {[round(value, 3) for value in values]}: {share:.0%}")
        print(f"{name}: {right:.0f} of {steps} steps the right way", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
