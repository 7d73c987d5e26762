"""Pictures of what networks have learned: each by hand, or on a network whose answer is known."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from experiments.networks import build_discriminator, build_generator
from experiments.probes import generate
from experiments.representation import seen as module
from experiments.representation.__main__ import main
from experiments.representation.along import at_snapshot, magnitudes
from experiments.representation.labelled import labelled_images, resolved
from experiments.representation.references import untrained_discriminator
from experiments.representation.seen import (
    IMAGES,
    ROWS,
    STEPS,
    UNITS,
    Choice,
    as_pictures,
    between,
    first_filters,
    guided_gradients,
    interpolations,
    spread,
    strongest,
)
from experiments.streams import StreamId, noise
from models.blocks import BlockNetwork
from models.dcgan import DCGANDiscriminator
from models.frozen import FrozenFeatures, hidden_activations
from runs.errors import UserError
from runs.kinds import REPRESENTATION
from runs.representation import SEEN, RepresentationConfig
from runs.schema import SAMPLES
from runs.seen import Seen
from tests.experiments.sweeping import run_here, store
from tests.experiments.tiny import ARMS, TINY
from tests.recording import synthetic_seen

DRAWN = np.random.default_rng(0)


def only(unit, image=0):
    """The choice of one unit and image."""
    return Choice(
        units=torch.tensor([unit]),
        images=torch.tensor([[image]]),
        activations=torch.zeros(1, 1),
        outputs=torch.tensor([[unit]]),
    )


def two_layers(first, second, activation):
    layers = [nn.Flatten(), nn.Linear(4, 3, bias=False), activation(), nn.Linear(3, 2, bias=False), activation()]
    with torch.no_grad():
        layers[1].weight.copy_(torch.from_numpy(first))
        layers[3].weight.copy_(torch.from_numpy(second))
    return nn.Sequential(*layers)


@pytest.mark.parametrize(("activation", "slope"), [(nn.ReLU, 0.0), (lambda: nn.LeakyReLU(0.2), 0.2)])
@pytest.mark.parametrize("unit", [0, 1])
def test_guided_gradients_of_two_layers_are_those_computed_by_hand(activation, slope, unit):
    for _ in range(10):
        first, second, x = DRAWN.normal(size=(3, 4)), DRAWN.normal(size=(2, 3)), DRAWN.normal(size=4)
        before_first = first @ x
        before_second = second @ np.where(before_first > 0, before_first, slope * before_first)
        behind = second[unit] * (1 if before_second[unit] > 0 else slope)
        passed = np.maximum(0, np.where(before_first > 0, 1, slope) * behind)
        images = torch.from_numpy(x).float().reshape(1, 1, 2, 2)
        found = guided_gradients(two_layers(first, second, activation), images, only(unit))
        assert found.shape == (1, 1, 1, 2, 2)
        np.testing.assert_allclose(found.flatten().numpy(), first.T @ passed, rtol=1e-4, atol=1e-6)


def convolutions():
    network = DCGANDiscriminator(16, 4, 1, normalization="none").requires_grad_(False)
    return network, nn.Sequential(*list(network.blocks.values())[:-1])


@pytest.mark.parametrize("positive", [True, False])
def test_guided_gradients_are_the_plain_ones_where_and_only_where_all_of_these_are_positive(positive):
    network, hidden = convolutions()
    for weights in network.parameters():
        weights.copy_(torch.from_numpy(DRAWN.normal(size=tuple(weights.shape))))
        if positive:
            weights.abs_()
    images = torch.from_numpy(DRAWN.random((1, 1, 16, 16), dtype=np.float32)).requires_grad_()
    (plain,) = torch.autograd.grad(hidden(images).flatten(1)[0, 5], images)
    found = guided_gradients(hidden, images.detach(), only(5))[0]
    assert torch.allclose(found, plain, rtol=1e-4, atol=1e-6) == positive


def test_a_network_whose_gradients_were_taken_is_as_it_was():
    network, hidden = convolutions()
    images = torch.from_numpy(DRAWN.random((1, 1, 16, 16), dtype=np.float32))
    guided_gradients(hidden, images, only(5))
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in network.modules())
    assert not any(isinstance(layer, nn.ReLU) for layer in network.modules())
    assert not images.requires_grad


def test_the_strongest_units_are_found_with_their_images_and_positions():
    activations = torch.zeros(6, 4, 9)
    activations[5, 2, 7], activations[1, 2, 0], activations[3, 0, 4] = 3.0, 2.0, 4.0
    activations[2, 3, 8] = -9.0  # a strong inhibition is no excitation
    found = strongest(activations, units=2, images=2)
    assert found.units.tolist() == [2, 0]
    assert found.images.tolist() == [[5, 1], [3, 0]]
    assert found.activations.tolist() == [[3, 2], [4, 0]]
    assert found.outputs.tolist() == [[2 * 9 + 7, 2 * 9 + 0], [4, 0]]


def test_of_equal_units_and_images_the_first_are_chosen():
    found = strongest(torch.ones(20, 30, 2))
    assert found.units.tolist() == list(range(UNITS))
    assert found.images.tolist() == [list(range(IMAGES))] * UNITS


def test_a_unit_that_responds_to_one_image_shows_that_image_and_its_own_weights():
    """Guided, the gradient in the image of a single layer is its weights, here the image itself."""
    images = torch.where(torch.from_numpy(DRAWN.random((50, 1, 4, 4))) < 0.5, -1.0, 1.0)
    layer = nn.Linear(16, 3, bias=False).requires_grad_(False)
    layer.weight.copy_(torch.stack([images[7].flatten(), images[7].flatten() / 2, torch.zeros(16)]))
    network = BlockNetwork({"hidden_1": nn.Sequential(nn.Flatten(), layer, nn.LeakyReLU(0.2)), "logit": nn.Identity()})
    found = module._unit_pictures(network, images)
    assert found.units.tolist() == [0, 1, 2] and str(found.block) == "hidden_1"
    assert found.chosen[:2, 0].tolist() == [7, 7]
    assert found.activations[:2, 0].tolist() == [16.0, 8.0]
    np.testing.assert_array_equal(found.images[0, 0], np.where(images[7] > 0, 255, 0))
    np.testing.assert_array_equal(found.gradients[0, 0], np.where(images[7] > 0, 255, 1))
    np.testing.assert_array_equal(found.filters[0], found.gradients[0, 0])
    assert (found.filters[2] == 128).all() and found.filter_norms.tolist() == [4.0, 2.0, 0.0]


@pytest.mark.parametrize(("arm", "shape"), [("dcgan", (1, 4, 4)), ("mlp", (1, 16, 16))])
def test_first_filters_are_kernels_or_images_and_the_largest_come_first(arm, shape):
    filters = first_filters(build_discriminator(ARMS[arm]), torch.Size([1, 16, 16]), most=5)
    assert filters.shape == (5, *shape)
    norms = filters.flatten(1).norm(dim=1).tolist()
    assert norms == sorted(norms, reverse=True)
    weights = next(build_discriminator(ARMS[arm]).parameters())
    assert first_filters(build_discriminator(ARMS[arm]), torch.Size([1, 16, 16])).shape[0] == min(32, len(weights))


def test_signed_values_are_stretched_each_to_its_own_magnitude_and_zero_is_grey():
    values = torch.tensor([[-2.0, 1.0], [0.0, 0.0]]).reshape(2, 1, 1, 2)
    assert as_pictures(values).reshape(2, 2).tolist() == [[1, 192], [128, 128]]
    with pytest.raises(UserError, match="not finite"):
        as_pictures(values * math.nan)


@pytest.mark.parametrize(("images", "most", "kept"), [(10, 3, [0, 4, 8]), (3, 10, [0, 1, 2]), (10, 5, [0, 2, 4, 6, 8])])
def test_images_are_taken_evenly_from_all_along_the_data(images, most, kept):
    assert spread(torch.arange(images), most).tolist() == kept


def test_between_normal_vectors_the_way_is_an_arc_and_between_uniform_ones_straight():
    first, second = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    arc = between(first, second, 3, "normal")
    assert torch.allclose(arc, torch.tensor([[[1, 0], [math.sqrt(0.5), math.sqrt(0.5)], [0, 1]]]), atol=1e-6)
    assert between(first, second, 3, "uniform").tolist() == [[[1, 0], [0.5, 0.5], [0, 1]]]


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_interpolations_begin_and_end_at_the_samples_of_the_fixed_vectors(tiny, distribution):
    config = replace(tiny, latent_distribution=distribution)
    generator = build_generator(config)
    latents = noise(config.seed, StreamId.NOISE_EVAL, 0, (1000, config.latent_dim), distribution)
    samples = (generate(generator, torch.from_numpy(latents))[: 2 * ROWS] + 1) * 127.5
    found = torch.from_numpy(interpolations(generator, config)).float()
    assert found.shape == (ROWS, STEPS, 1, 16, 16)
    assert (found[:, 0] - samples[::2]).abs().max() < 1.5
    assert (found[:, -1] - samples[1::2]).abs().max() < 1.5


def test_a_generator_without_finite_images_has_no_interpolation():
    generator = build_generator(TINY)
    with torch.no_grad():
        next(generator.parameters()).fill_(math.nan)
    assert interpolations(generator, TINY).shape == (0, STEPS, 1, 16, 16)


def test_pictures_of_every_run_are_recorded_with_its_features_and_begin_at_its_samples(swept, monkeypatch):
    monkeypatch.setattr("experiments.representation.requests.TRAIN_IMAGES", 150)
    run = store(swept).find({"config.arm": "dcgan"})[0]
    assert run_here(swept, main, "with", f"run={run.id}", "draws=1").returncode == 0
    (record,) = store(swept).find(kind=REPRESENTATION)
    found = Seen.from_bytes(store(swept).artifact(record, SEEN))
    assert {name: one.images.shape for name, one in found.of.items()} == dict.fromkeys(
        ("trained", "untrained"), (UNITS, IMAGES, 1, 16, 16)
    )
    assert not np.array_equal(found.of["trained"].filters, found.of["untrained"].filters)
    with np.load(io.BytesIO(store(swept).artifact(run, SAMPLES))) as arrays:
        last = arrays["images"][-1][: 2 * ROWS].astype(int)
    assert np.abs(found.interpolations[:, 0] - last[::2]).max() <= 2
    assert np.abs(found.interpolations[:, -1] - last[1::2]).max() <= 2


@pytest.mark.parametrize("run", ARMS.values(), ids=ARMS)
def test_activations_at_a_snapshot_are_those_of_a_direct_forward_pass(run, local):
    images = labelled_images(resolved(RepresentationConfig(train_images=150), local), local)
    discriminator, generator = untrained_discriminator(run), build_generator(run)
    networks = {
        name: {key: one.numpy() for key, one in network.state_dict().items()}
        for name, network in (("discriminator", discriminator), ("generator", generator))
    }
    found = at_snapshot(RepresentationConfig(train_images=150), run, networks, images, 1.0)
    assert 0.3 < found.accuracy <= 1
    frozen = FrozenFeatures(discriminator, images.train[: 150 - 150 % run.batch_size].split(run.batch_size)).network
    with torch.no_grad():
        blocks = hidden_activations(frozen, images.train[:1])
    for name, shown in found.discriminator.items():
        expected = blocks[name][0].abs()
        torch.testing.assert_close(torch.from_numpy(shown), expected.mean(0) if expected.ndim == 3 else expected[None])
    assert list(found.generator) == list(generator.blocks)[:-1]
    interpolated = interpolations(generator, run)
    assert np.array_equal(found.sample, interpolated[0, 0])


def test_magnitudes_of_two_channels_are_their_mean_and_of_units_each_its_own():
    maps = torch.tensor([[[[1.0, -2.0]], [[3.0, 4.0]]]])
    found = magnitudes({"maps": maps, "units": torch.tensor([[-1.0, 2.0, -3.0], [9.0, 9.0, 9.0]])})
    assert found["maps"].tolist() == [[2.0, 3.0]] and found["units"].tolist() == [[1.0, 2.0, 3.0]]


def test_maps_along_training_return_from_their_file_as_they_went_into_it():
    kept = synthetic_seen(snapshots=3, channels=3)
    read = Seen.from_bytes(kept.to_bytes())
    assert kept.along is not None and read.along is not None
    assert {name: one.tolist() for name, one in read.along.arrays().items()} == {
        name: one.tolist() for name, one in kept.along.arrays().items()
    }
    assert Seen.from_bytes(synthetic_seen().to_bytes()).along is None


def test_moved_samples_return_from_their_file_and_older_files_have_none():
    kept = synthetic_seen()
    read = Seen.from_bytes(kept.to_bytes())
    assert kept.arithmetic is not None and read.arithmetic is not None
    assert np.array_equal(read.arithmetic.images, kept.arithmetic.images)
    assert Seen.from_bytes(replace(kept, arithmetic=None).to_bytes()).arithmetic is None
