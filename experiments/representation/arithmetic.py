"""Arithmetic of latent vectors, as far as class labels allow: does the difference of two classes' means carry over?

Radford, Metz, Chintala 2016, section 6.3.2 add and subtract means of z that belong to concepts, and look. With a
classifier at hand it can be counted: of samples of one class, moved by the mean z of another class minus that of their
own, how many become samples of the other.
"""

# N samples, Z latent, K classes, R rows, C channels, H height, W width

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.datasets.images import to_bytes
from experiments.representation.seen import fixed_latents, frozen
from experiments.streams import generator as random_generator
from models.blocks import BlockNetwork
from runs.schema import RunConfig

Classify = Callable[[Tensor], Tensor]  # images (N, C, H, W) uint8 to their most probable classes (N,)

MEANS, MOVED = 500, 40  # fixed latent vectors: of the first the means, of those that follow the samples that are moved
FEWEST = 5  # samples that a class's mean is of
ROWS, TARGETS = 4, 10  # of the picture: samples of other classes, and most frequent classes
_SHUFFLE = 3  # stream


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """Shares of samples that became the class meant: moved by the difference of means, and by one as long at random.

    images (R, 1 + K, C, H, W): a row a sample, as it is and moved to each of the classes (K,).
    """

    reached: float
    by_chance: float
    moves: int
    classes: NDArray[np.int64]
    images: NDArray[np.uint8]

    def numbers(self) -> Mapping[str, float]:
        """What a record says of it."""
        known = len(self.classes)
        return {"reached": self.reached, "by_chance": self.by_chance, "moves": self.moves, "classes": known}


@torch.no_grad()
def class_arithmetic(generator: BlockNetwork, run: RunConfig, classify: Classify) -> Arithmetic | None:
    """None where no two classes have a mean, or no sample could be moved: as after a collapse."""
    latents = fixed_latents(run, MEANS + MOVED)
    samples = frozen(generator, run)(latents)
    if not bool(samples.isfinite().all()):
        return None
    found = classify(to_bytes(samples))

    def classes_of(points: Tensor) -> Tensor:
        return classify(to_bytes(generator(points)))

    means = _means(latents[:MEANS], found[:MEANS])
    start = [(z, int(own)) for z, own in zip(latents[MEANS:], found[MEANS:], strict=True) if int(own) in means]
    moves = [(z, means[to] - means[own], to) for z, own in start for to in means if to != own]
    if not moves:
        return None
    origins, ways = torch.stack([z for z, _, _ in moves]), torch.stack([way for _, way, _ in moves])
    targets = torch.tensor([to for *_, to in moves])
    order = torch.from_numpy(random_generator(run.seed, _SHUFFLE).permutation(run.latent_dim))
    return Arithmetic(
        reached=float((classes_of(origins + ways) == targets).double().mean()),
        by_chance=float((classes_of(origins + ways[:, order]) == targets).double().mean()),
        moves=len(moves),
        classes=np.array(sorted(means)),
        images=_picture(generator, start, means),
    )


def _means(latents: Tensor, classes: Tensor) -> dict[int, Tensor]:
    """The mean z (Z,) of each class that has enough samples, of at most TARGETS classes the most frequent."""
    frequent = torch.bincount(classes).argsort(descending=True, stable=True)[:TARGETS].tolist()
    own = {one: latents[classes == one] for one in sorted(frequent)}
    return {one: points.mean(0) for one, points in own.items() if len(points) >= FEWEST}


def _picture(
    generator: BlockNetwork, start: list[tuple[Tensor, int]], means: Mapping[int, Tensor]
) -> NDArray[np.uint8]:
    first_of_each = {own: z for z, own in reversed(start)}
    rows = [
        torch.stack([z, *(z - means[own] + mean for mean in means.values())])
        for own, z in sorted(first_of_each.items())[:ROWS]
    ]
    return to_bytes(generator(torch.cat(rows))).unflatten(0, (len(rows), -1)).numpy()
