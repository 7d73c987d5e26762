"""Features that take no labels and no GAN, to set those of a discriminator beside."""

# N images, C channels, H height, W width, F features

from collections.abc import Callable, Mapping

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import RBFSampler
from torch import Tensor
from torch.nn.functional import avg_pool2d, unfold

from experiments.streams import generator

Features = Callable[[Tensor], Tensor]  # images (N, C, H, W) in [-1, 1] -> (N, F)

COMPONENTS = 64  # of PCA
CENTROIDS, PATCH, PATCHES = 256, 6, 50_000  # of K-means, as Coates, Ng, Lee 2011 find best on small images
WAVES = 1024  # random Fourier features
_CONTRAST, _WHITENING = 10 / 255**2, 0.1  # added to variances of patches with pixels in [0, 1]
_AT_ONCE = 100  # images: their patches take 100 MB
_SEED = 0


def pixels(train: Tensor) -> Features:
    """The pixels themselves."""
    return lambda images: images.flatten(1)


def principal_components(train: Tensor) -> Features:
    """The first principal components of the training images' pixels."""
    flat = train.flatten(1).numpy()
    found = PCA(min(COMPONENTS, *flat.shape), svd_solver="full").fit(flat)
    return lambda images: torch.from_numpy(found.transform(images.flatten(1).numpy()))


def fourier(train: Tensor) -> Features:
    """Random Fourier features of a Gaussian kernel whose width is the median distance of two training images."""
    flat = train.flatten(1)
    chosen = flat[torch.from_numpy(generator(_SEED, 1).permutation(len(flat))[:500])]
    width = float(torch.pdist(chosen).median())
    found = RBFSampler(gamma=1 / (2 * width**2), n_components=WAVES, random_state=_SEED).fit(flat[:1].numpy())
    return lambda images: torch.from_numpy(found.transform(images.flatten(1).numpy()))


def kmeans(train: Tensor) -> Features:
    """K-means of one layer on whitened patches (Coates, Ng, Lee 2011): triangle activations, summed in quadrants."""
    patches = _sampled_patches(train)
    mean, whitening = _whitening(patches)
    found = MiniBatchKMeans(min(CENTROIDS, len(patches)), random_state=_SEED, n_init=3, batch_size=2048)
    centroids = torch.from_numpy(found.fit(((patches - mean) @ whitening).numpy()).cluster_centers_).float()

    def features(images: Tensor) -> Tensor:
        return torch.cat([_activations(chunk, mean, whitening, centroids) for chunk in images.split(_AT_ONCE)])

    return features


UNSUPERVISED: Mapping[str, Callable[[Tensor], Features]] = {
    "pixels": pixels,
    "pca": principal_components,
    "kmeans": kmeans,
    "fourier": fourier,
}


def _activations(images: Tensor, mean: Tensor, whitening: Tensor, centroids: Tensor) -> Tensor:
    """max(0, mean distance − distance) to each centroid (N, 4 × centroids), summed over quadrants of positions."""
    patches = _normalized(unfold(images / 2 + 0.5, PATCH).transpose(1, 2))  # (N, positions, C × 36)
    distances = torch.cdist((patches - mean) @ whitening, centroids.expand(len(images), -1, -1))
    near = (distances.mean(2, keepdim=True) - distances).clamp(min=0)
    side = images.shape[-1] - PATCH + 1
    maps = near.transpose(1, 2).unflatten(2, (side, side))
    half = (side + 1) // 2  # where the side is odd, quadrants share its middle
    quadrants = [maps[:, :, rows, columns] for rows in _halves(side, half) for columns in _halves(side, half)]
    return torch.cat([avg_pool2d(quadrant, half).flatten(1) * half**2 for quadrant in quadrants], 1)


def _halves(side: int, half: int) -> tuple[slice, slice]:
    return slice(0, half), slice(side - half, side)


def _sampled_patches(train: Tensor) -> Tensor:
    """Patches (PATCHES, C × 36), normalized, from places all over the training images."""
    count, channels, size = train.shape[0], train.shape[1], train.shape[-1]
    draw = generator(_SEED, 2)
    images, rows, columns = (draw.integers(0, most, PATCHES) for most in (count, size - PATCH + 1, size - PATCH + 1))
    offsets = np.arange(PATCH)
    found = train.numpy()[
        images[:, None, None, None],
        np.arange(channels)[None, :, None, None],
        (rows[:, None] + offsets)[:, None, :, None],
        (columns[:, None] + offsets)[:, None, None, :],
    ]
    return _normalized(torch.from_numpy(found / 2 + 0.5).flatten(1))


def _normalized(patches: Tensor) -> Tensor:
    """Each patch with mean 0 and nearly variance 1."""
    centred = patches - patches.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + _CONTRAST).sqrt()


def _whitening(patches: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and the ZCA matrix (D, D) that makes patches uncorrelated, damped where they hardly vary."""
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh((patches - mean).T.cov())
    return mean, vectors * (values.clamp(min=0) + _WHITENING).rsqrt() @ vectors.T
