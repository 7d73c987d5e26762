import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import sqrtm

from benchmarks.plain_measures import exact_distances, plain_feature_measures, plain_real
from experiments.datasets import load_images
from experiments.datasets.protocol import Source
from experiments.measures import (
    class_histogram,
    class_measures,
    describe_real,
    feature_measures,
    frechet_distance,
    pairwise_distances,
)


def gaussian(count=400, dimensions=4, seed=0, mean=0.0, scale=1.0):
    source = torch.Generator().manual_seed(seed)
    return torch.randn(count, dimensions, generator=source) * scale + mean


def one_hot(classes, count=10, confidence=1.0):
    rest = (1 - confidence) / (count - 1)
    probabilities = torch.full((len(classes), count), rest)
    probabilities[torch.arange(len(classes)), torch.tensor(classes)] = confidence
    return probabilities


def test_frechet_distance_is_that_of_the_fitted_gaussians():
    real, fake = gaussian(seed=0), gaussian(seed=1, mean=0.5, scale=2.0)
    covariances = [np.cov(side.double().numpy().T) for side in (real, fake)]
    root = sqrtm(covariances[0] @ covariances[1]).real
    expected = ((real.double().mean(0) - fake.double().mean(0)) ** 2).sum() + np.trace(sum(covariances) - 2 * root)
    assert frechet_distance(fake, describe_real(real)) == pytest.approx(float(expected), rel=1e-6)


def test_frechet_distance_of_a_shift_is_its_square():
    real = gaussian()
    assert frechet_distance(real + 3.0, describe_real(real)) == pytest.approx(9 * 4, rel=1e-5)


def test_real_images_are_at_no_distance_from_themselves():
    real = gaussian()
    measures = feature_measures(real, describe_real(real))
    assert measures["eval_frechet"] == pytest.approx(0, abs=1e-9)
    assert measures["eval_precision"] == measures["eval_recall"] == measures["eval_coverage"] == 1
    assert measures["eval_diversity"] == pytest.approx(1)


def test_a_set_far_away_scores_zero():
    real = gaussian()
    measures = feature_measures(gaussian(seed=1, mean=100.0), describe_real(real))
    for name in ("precision", "recall", "density", "coverage"):
        assert measures[f"eval_{name}"] == 0


def test_half_the_real_images_are_precise_and_miss_the_other_half():
    left, right = gaussian(seed=0), gaussian(seed=1, mean=100.0)
    measures = feature_measures(left, describe_real(torch.cat([left, right])))
    assert measures["eval_precision"] == 1
    assert measures["eval_recall"] == measures["eval_coverage"] == 0.5


def test_one_point_again_and_again_has_no_diversity_and_no_recall_but_is_precise():
    real = gaussian()
    measures = feature_measures(real[:1].repeat(50, 1), describe_real(real))
    assert measures["eval_diversity"] == 0
    assert measures["eval_precision"] == 1
    assert measures["eval_recall"] == pytest.approx(1 / len(real))  # the copied point itself: distance 0, radius 0


def test_density_counts_neighbourhoods_that_hold_a_sample():
    # 7 real points on a line, k = 5: the middle one lies in all 7 neighbourhoods
    real = torch.arange(7.0)[:, None]
    assert feature_measures(torch.full((6, 1), 3.0), describe_real(real))["eval_density"] == pytest.approx(7 / 5)


def test_equal_points_are_exactly_at_distance_zero():
    point = gaussian(1, 32, mean=50.0).repeat(40, 1)
    assert not pairwise_distances(point, point).any()


def digits():
    """Pixels of the real digits and of held-out ones, as many as features: whole 256ths, whose distances often tie."""
    source = Source(dataset="digits", image_size=16, channels=1)
    data = load_images(source, Path("nothing is kept"))
    return [next(part.chunks(len(part))).flatten(1).float()[:, ::8] / 256 for part in (data.train, data.held_out)]


def few_near(samples):
    """Samples of which some are very close to others, or equal: not enough to count as collapsed."""
    samples = samples.clone()
    samples[:4], samples[4:8] = samples[8:12], samples[8:12] + 1e-5
    return samples


SAMPLES = {  # of real features, sets that a generator could come to
    "held-out": lambda real, held_out: held_out,
    "the real ones": lambda real, held_out: real,
    "shuffled real ones": lambda real, held_out: real.flip(0)[:777],
    "one real one again and again": lambda real, held_out: real[:1].repeat(300, 1),
    "one of its own again and again": lambda real, held_out: (real[:1] / 2 + 0.1).repeat(300, 1),
    "constant": lambda real, held_out: torch.zeros(300, real.shape[1]),
    "equal in pairs": lambda real, held_out: held_out.repeat_interleave(2, 0),
    "real ones in pairs": lambda real, held_out: real[:200].repeat(2, 1),
    "ten again and again": lambda real, held_out: held_out[:10].repeat(30, 1),
    "nearly equal": lambda real, held_out: real[:1] + 1e-5 * gaussian(300, real.shape[1]),
    "some near": lambda real, held_out: few_near(held_out),
    "two far apart": lambda real, held_out: torch.cat([real[:150] * 1e-3, real[:150] * 1e-3 + 40]),
    "noise": lambda real, held_out: gaussian(300, real.shape[1], seed=5),
    "few": lambda real, held_out: held_out[:7],
}


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("source", ["digits", "gaussian"])
def test_measures_are_those_of_exact_distances(source, samples):
    real, held_out = digits() if source == "digits" else (gaussian(700, 32).tanh(), gaussian(300, 32, seed=1).tanh())
    features = SAMPLES[samples](real, held_out)
    ours = feature_measures(features, describe_real(real))
    theirs = plain_feature_measures(features, plain_real(real))
    for name in ("precision", "recall", "density", "coverage"):  # counts: not one pair may be decided otherwise
        assert ours[f"eval_{name}"] == pytest.approx(theirs[f"eval_{name}"], abs=1e-12)
    assert ours["eval_diversity"] == pytest.approx(theirs["eval_diversity"], rel=1e-6, abs=1e-12)
    assert ours["eval_frechet"] == theirs["eval_frechet"]


@pytest.mark.parametrize("samples", SAMPLES)
def test_distances_are_the_exact_ones_within_rounding_and_zero_where_rows_are_equal(samples):
    real, held_out = gaussian(700, 32).tanh(), gaussian(300, 32, seed=1).tanh()
    features = SAMPLES[samples](real, held_out)
    for one in (features, real):
        exact = exact_distances(one.double(), features.double())
        ours = pairwise_distances(one, features)
        assert torch.equal(ours == 0, exact == 0)
        assert ((ours - exact).abs() <= 1e-6 * exact).all()


def test_distances_of_far_rows_that_are_near_each_other_do_not_cancel():
    far = 1000 + torch.arange(200.0)[:, None] * torch.tensor([1.0, 0.0, 0.0])
    far[1] = far[0] + torch.tensor([0.0, 2**-10, 0.0])
    assert pairwise_distances(far, far)[0, :3].tolist() == pytest.approx([0, 2**-10, 2], rel=1e-6)


def test_modes_need_one_percent_of_the_samples_at_confidence_nine_tenths():
    classes = [0] * 989 + [1] * 10 + [2]
    assert class_measures(one_hot(classes))["eval_modes"] == 2
    assert class_measures(one_hot(classes, confidence=0.9))["eval_modes"] == 2
    assert class_measures(one_hot(classes, confidence=0.89))["eval_modes"] == 0


def test_kl_of_equal_shares_is_the_logarithm_of_what_is_missing():
    assert class_measures(one_hot(list(range(10)) * 5))["eval_kl"] == pytest.approx(0, abs=1e-12)
    assert class_measures(one_hot([0, 1, 2, 3, 4] * 5))["eval_kl"] == pytest.approx(math.log(2))
    assert class_measures(one_hot([3] * 9))["eval_kl"] == pytest.approx(math.log(10))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_kl_is_at_least_the_logarithm_of_classes_over_classes_present(classes):
    measures = class_measures(one_hot(classes))
    assert measures["eval_kl"] >= math.log(10 / len(set(classes))) - 1e-9


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_a_class_histogram_is_a_distribution(classes):
    histogram = class_histogram(one_hot(classes))
    assert histogram.sum().item() == pytest.approx(1)
    assert histogram.tolist() == [classes.count(k) / len(classes) for k in range(10)]


@given(hnp.arrays(np.float32, (12, 3), elements=st.floats(-5, 5, width=32)))
def test_every_measure_of_any_samples_is_a_finite_number_in_its_range(samples):
    measures = feature_measures(torch.from_numpy(samples), describe_real(gaussian(50, 3)))
    assert all(math.isfinite(value) for value in measures.values())
    for name in ("precision", "recall", "coverage"):
        assert 0 <= measures[f"eval_{name}"] <= 1
