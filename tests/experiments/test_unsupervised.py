"""Features without labels, on images whose answer is known."""

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC

from experiments.representation import unsupervised
from experiments.representation.unsupervised import UNSUPERVISED, fourier, kmeans, pixels, principal_components


def noise(count, channels=1, size=16, seed=0):
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def stripes(count, seed):
    """Stripes across or upright, of any phase and sign: their mean image is the same grey."""
    random = np.random.default_rng(seed)
    upright = random.integers(0, 2, count)
    waves = np.sin(np.arange(16) * np.pi / 3 + random.uniform(0, 2 * np.pi, (count, 1)))
    rows = np.broadcast_to(waves[:, None, :], (count, 16, 16))
    images = np.where(upright[:, None, None], rows, rows.transpose(0, 2, 1))
    return torch.from_numpy(images[:, None]).float(), upright


@pytest.mark.parametrize("name", UNSUPERVISED)
def test_an_images_features_are_a_fixed_function_of_it_alone(name):
    train, images = noise(120, 3), noise(7, 3, seed=1)
    features, again = (UNSUPERVISED[name](train) for _ in range(2))
    together = features(images)
    assert together.ndim == 2 and len(together) == 7
    assert torch.equal(together, again(images))
    assert torch.allclose(torch.cat([features(one) for one in images.split(1)]), together, atol=1e-4)


def test_pixels_are_pixels():
    images = noise(3)
    assert torch.equal(pixels(images)(images), images.flatten(1))


def test_principal_components_find_the_directions_in_which_images_differ():
    random = torch.Generator().manual_seed(0)
    directions = torch.linalg.qr(torch.randn(256, 2, generator=random))[0]
    scores = torch.randn(300, 2, generator=random) * torch.tensor([3.0, 1.0])
    images = (scores @ directions.T).reshape(-1, 1, 16, 16)
    found = principal_components(images)(images)
    correlation = np.corrcoef(found[:, :2].T, scores.T)
    assert np.abs(np.diag(correlation[:2, 2:])) == pytest.approx([1, 1], abs=0.02)
    assert found[:, 2:].abs().max() < 1e-3


def test_products_of_fourier_features_are_a_gaussian_kernel_of_distances(monkeypatch):
    monkeypatch.setattr(unsupervised, "WAVES", 20_000)
    images = noise(40, size=8)
    features = fourier(images)(images)
    distances = torch.cdist(images.flatten(1), images.flatten(1))
    width = torch.pdist(images.flatten(1)).median()
    assert torch.allclose(features @ features.T, torch.exp(-((distances / width) ** 2) / 2).to(features), atol=0.05)


def test_k_means_on_patches_tells_textures_that_pixels_cannot():
    (train, labels), (test, test_labels) = stripes(200, 0), stripes(200, 1)
    accuracies = {}
    for make in (pixels, kmeans):
        features = make(train)
        machine = LinearSVC(dual=False).fit(features(train).numpy(), labels)
        accuracies[make] = machine.score(features(test).numpy(), test_labels)
    assert accuracies[kmeans] > 0.99
    assert accuracies[pixels] < 0.7


def test_a_patch_that_is_a_centroid_is_nearest_to_it_in_its_own_quadrant():
    """One centroid is the patch at the upper left corner, the other is far from everything."""
    image = noise(1)
    patch = unsupervised._normalized(image[0, 0, :6, :6].flatten()[None] / 2 + 0.5)
    centroids = torch.cat([patch, 100 * torch.ones(1, 36)])
    found = unsupervised._activations(image, torch.zeros(36), torch.eye(36), centroids)
    assert found.shape == (1, 4 * 2)
    upper_left = found[0, :2]
    assert upper_left[0] > 0 and upper_left[1] == 0


def test_whitened_patches_are_uncorrelated():
    patches = torch.randn(5000, 8, generator=torch.Generator().manual_seed(0)) @ torch.randn(
        8, 8, generator=torch.Generator().manual_seed(1)
    )
    mean, whitening = unsupervised._whitening(patches * 10)
    covariance = ((patches * 10 - mean) @ whitening).T.cov()
    assert torch.allclose(covariance, torch.eye(8), atol=0.05)
