import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.streams import MinibatchOrder, NoiseStream, StreamId, epoch_order, generator, initial_weights, noise

CPU = torch.device("cpu")
SEEDS = st.integers(0, 2**63 - 1)


def order(seed=0, images=100, batch_size=8):
    return MinibatchOrder(seed=seed, images=images, batch_size=batch_size, device=CPU)


def noise_stream(seed=0, stream=StreamId.NOISE_D):
    return NoiseStream(seed=seed, stream=stream, batch_size=4, latent_dim=3, distribution="normal", device=CPU)


def take(stream, count):
    return torch.stack([stream.next() for _ in range(count)])


@given(seed=SEEDS, epoch=st.integers(0, 1000))
def test_an_epoch_shows_every_image_once(seed, epoch):
    assert sorted(epoch_order(seed, epoch, 50)) == list(range(50))


def test_an_epoch_is_made_of_whole_minibatches_without_repetition():
    stream = order(images=100, batch_size=8)
    first_epoch = take(stream, 12).flatten()
    assert len(set(first_epoch.tolist())) == 96
    assert not torch.equal(take(stream, 12).flatten(), first_epoch)


@given(seed=SEEDS, batches=st.integers(0, 100), more=st.integers(1, 50))
def test_a_restored_stream_continues_as_if_never_interrupted(seed, batches, more):
    for make in (lambda: order(seed), lambda: noise_stream(seed)):
        whole, interrupted, resumed = make(), make(), make()
        take(whole, batches) if batches else None
        take(interrupted, batches) if batches else None
        resumed.restore(interrupted.state())
        assert torch.equal(take(whole, more), take(resumed, more))
        assert whole.digest == resumed.digest


@given(batches=st.integers(1, 100))
def test_skipped_minibatches_count_in_the_digest_like_taken_ones(batches):
    taken, skipped = noise_stream(), noise_stream()
    take(taken, batches)
    skipped.skip(batches)
    assert taken.digest == skipped.digest
    assert torch.equal(taken.next(), skipped.next())


def test_digests_differ_as_soon_as_anything_drawn_differs():
    digests = {stream.digest for stream in (noise_stream(0), noise_stream(1), noise_stream(0, StreamId.NOISE_G))}
    assert len(digests) == 3
    moved = noise_stream(0)
    moved.skip(40)
    assert moved.digest not in digests


@given(seed=st.integers(0, 2**32 - 1))
def test_two_seeds_two_to_the_32_apart_share_nothing(seed):
    far = seed + 2**32
    assert not np.array_equal(epoch_order(seed, 0, 100), epoch_order(far, 0, 100))
    assert not torch.equal(noise_stream(seed).next(), noise_stream(far).next())
    shape = torch.Size([8])
    assert not torch.equal(initial_weights(seed, "a", "g")(shape), initial_weights(far, "a", "g")(shape))


def test_streams_of_a_seed_are_unrelated():
    drawn = [generator(0, stream).standard_normal(4000) for stream in StreamId]
    drawn += [generator(0, StreamId.NOISE_D, block).standard_normal(4000) for block in (1, 2)]
    correlations = np.corrcoef(drawn)[np.triu_indices(len(drawn), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(4000)


@pytest.mark.parametrize(("distribution", "deviation"), [("normal", 1.0), ("uniform", 1 / np.sqrt(3))])
def test_noise_has_the_moments_of_its_distribution(distribution, deviation):
    values = noise(0, StreamId.NOISE_EVAL, 0, (1000, 64), distribution)
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=5 * deviation / np.sqrt(values.size))
    assert values.std() == pytest.approx(deviation, rel=0.01)


def test_initial_weights_depend_on_arm_and_role():
    draws = [initial_weights(0, arm, role)(torch.Size([50])) for arm in ("mlp", "dcgan") for role in ("g", "d")]
    assert len({tuple(draw.tolist()) for draw in draws}) == 4


def test_drawing_leaves_global_random_state_alone():
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    take(order(), 30)
    take(noise_stream(), 40)
    initial_weights(0, "mlp", "generator")(torch.Size([3, 3]))
    assert torch.equal(torch_state, torch.get_rng_state())
    assert np.array_equal(numpy_state, np.random.get_state()[1])
