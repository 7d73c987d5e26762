"""A feature space for images without labels: how they answer to fixed random filters at several resolutions.

Of three candidates (this, a network that tells quarter turns, the same network untrained) the one whose measures order
blurred, noisy, coarse, faded, repeated and one-sided real images best: ``python -m benchmarks.feature_spaces``.
"""

# N images, C channels, H height, W width, F features

import hashlib

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from experiments.datasets.images import Images, to_unit_range
from experiments.feature_space import CHUNK, FEATURES, FeatureExtractor, real_subset

FILTERS, SIDE = 16, 5
_SEED = 0


class FilterFeatures(FeatureExtractor):
    """Answers of random 5×5 filters without a mean, at every resolution down to 8, each halved by averaging.

    Of every filter the mean and the standard deviation of its absolute answer, of every resolution the mean colour;
    scaled to mean 0 and deviation 1 over real training images, and projected at random to 32 numbers. The filters see
    texture and contrast, not objects.
    """

    space = "random filters"
    accuracy = None

    def __init__(self, train: Images) -> None:
        """``train``: the real images that answers are scaled by, those with which the measures compare."""
        channels, size = train.take(torch.tensor([0])).shape[1:3]
        draw = torch.Generator().manual_seed(_SEED)
        filters = torch.randn(FILTERS, channels, SIDE, SIDE, generator=draw)
        filters = filters - filters.mean((2, 3), keepdim=True)
        self._filters = filters / filters.flatten(1).norm(dim=1)[:, None, None, None]
        self._resolutions = size.bit_length() - 3
        answers = torch.cat([self._answers(chunk) for chunk in train.chunks_of(real_subset(train), CHUNK)])
        self._mean, self._deviation = answers.mean(0), answers.std(0)
        self._projection = torch.randn(answers.shape[1], FEATURES, generator=draw) / answers.shape[1] ** 0.5
        content = hashlib.sha256()
        for numbers in (self._filters, self._mean, self._deviation, self._projection):
            content.update(numbers.numpy().tobytes())
        self.hash = content.hexdigest()[:16]

    def move(self, device: torch.device) -> None:
        """See :class:`FeatureExtractor`."""
        self._filters = self._filters.to(device)

    def __call__(self, images: Tensor) -> tuple[Tensor, None]:
        """Features (N, 32); there are no classes."""
        answers = torch.cat([self._answers(chunk) for chunk in images.split(CHUNK)])
        return (answers - self._mean) / self._deviation @ self._projection, None

    def _answers(self, images: Tensor) -> Tensor:
        """Of each image (N, C, H, H) all numbers before they are scaled."""
        found, pixels = [], to_unit_range(images).to(self._filters.device)
        for _ in range(self._resolutions):
            answers = conv2d(pixels, self._filters).abs()
            found += [answers.mean((2, 3)), answers.std((2, 3)), pixels.mean((2, 3))]
            pixels = avg_pool2d(pixels, 2)
        return torch.cat(found, 1).cpu()
