"""An autoencoder and a classifier of a discriminator's shape, on images whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.datasets.images import ImagesInMemory, to_bytes
from experiments.representation import references
from experiments.representation.references import (
    _last_hidden,
    autoencoder,
    supervised,
    untrained_discriminator,
)
from tests.experiments.tiny import ARMS, TINY


def squares(count, seed=0):
    """A bright square, in the left half for class 0 and in the right half for class 1."""
    random = np.random.default_rng(seed)
    labels, images = random.integers(0, 2, count), -np.ones((count, 1, 16, 16), np.float32)
    for image, label in zip(images, labels, strict=True):
        row, column = random.integers(0, 11), random.integers(0, 4) + 8 * label
        image[0, row : row + 5, column : column + 5] = 1
    return torch.from_numpy(images), torch.from_numpy(labels)


@pytest.mark.parametrize("run", ARMS.values(), ids=ARMS)
def test_both_have_the_shape_and_the_first_weights_of_the_runs_discriminator(run):
    none, images = replace(run, steps=1), squares(100)
    before = untrained_discriminator(none).state_dict()
    for network in (autoencoder(none, ImagesInMemory(to_bytes(images[0]), None)), supervised(none, *images)):
        after = network.state_dict()
        assert {name: one.shape for name, one in after.items()} == {name: one.shape for name, one in before.items()}
        moved = [(after[name] - before[name]).abs().max() for name, _ in network.named_parameters()]
        assert max(moved) < 2e-3  # one step of Adam


@pytest.mark.parametrize("run", ARMS.values(), ids=ARMS)
def test_a_supervised_networks_last_block_tells_classes_that_it_was_taught(run):
    (images, labels), (others, truth) = squares(400), squares(200, seed=1)
    network = supervised(replace(run, steps=200), images, labels).eval()
    with torch.no_grad():
        known, unknown = (_last_hidden(network, one) for one in (images, others))
        centres = torch.stack([known[labels == label].mean(0) for label in (0, 1)])
    assert (torch.cdist(unknown, centres).argmin(1) == truth).float().mean() > 0.95


def test_an_autoencoder_rebuilds_images_better_than_their_mean_does_and_the_same_again(monkeypatch):
    images, _ = squares(500)
    losses, minimize = [], references._minimize

    def listened(coming, networks):
        minimize((losses.append(loss.item()) or loss for loss in coming), networks)

    monkeypatch.setattr(references, "_minimize", listened)
    run = replace(TINY, steps=400, d_steps=2)
    one, other = (autoencoder(run, ImagesInMemory(to_bytes(images), None)).state_dict() for _ in range(2))
    assert len(losses) == 2 * 800  # an update for each of D's
    assert np.mean(losses[700:800]) < 0.5 * images.var(0).mean()
    assert all(torch.equal(one[name], other[name]) for name in one)
