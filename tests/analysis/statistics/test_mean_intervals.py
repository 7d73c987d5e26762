import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics import (
    bootstrap_mean_interval,
    mean_interval,
    paired_comparison,
    sign_flip_interval,
    sign_flip_test,
    why_no_mean_interval,
)

few = st.lists(st.integers(-300, 300), min_size=6, max_size=7, unique=True).map(lambda d: np.array(d) / 8)


def test_six_differences_have_their_range_as_interval():
    interval = mean_interval([3.0, 1.0, -2.0, 8.0, 5.0, 4.0])
    assert (interval.low, interval.high) == (-2, 8)


def test_seven_differences_have_the_third_lowest_and_highest_mean_of_a_subset():
    d = [3.0, 1.0, -2.0, 8.0, 5.0, 4.0, 11.0]
    means = sorted(np.mean(part) for k in range(1, 8) for part in itertools.combinations(d, k))
    interval = mean_interval(d)
    assert (interval.low, interval.high) == (means[2], means[-3])


@given(few, st.integers(-2500, 2500))
def test_interval_holds_the_means_that_the_sign_flip_test_does_not_reject(d, k):
    theta, interval = k / 64 + 1e-4, sign_flip_interval(d)  # off the means of subsets
    assert (interval.low <= theta <= interval.high) == (sign_flip_test(d - theta).p > 0.05)


@given(few)
def test_interval_excludes_zero_just_where_the_test_is_significant(d):
    shifted = d + 1e-3
    interval = sign_flip_interval(shifted)
    assert (not interval.low <= 0 <= interval.high) == (sign_flip_test(shifted).p <= 0.05)


@given(few)
def test_interval_of_the_negated_differences_is_the_mirrored_one(d):
    one, other = mean_interval(d), mean_interval(-d)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@pytest.mark.parametrize("n", range(6))
def test_fewer_than_six_differences_have_no_interval_and_say_why(n):
    assert mean_interval(np.arange(float(n))) is None
    assert why_no_mean_interval(n, 0.95) == (
        f"no interval: over {n} pairs the exact sign-flip test rejects no mean; it needs 6"
    )


def test_equal_differences_have_no_interval_and_say_why():
    assert mean_interval([2.0] * 7) is None
    assert mean_interval([2.0] * 9) is None
    assert why_no_mean_interval(7, 0.95, "seeds") == (
        "no interval: all seeds show the same difference, so there is no spread to tell from"
    )


def test_lower_confidence_needs_fewer_differences():
    interval = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0], confidence=15 / 16)
    assert (interval.low, interval.high) == (1, 5)


def test_eight_differences_and_more_are_resampled():
    d = np.random.default_rng(0).normal(size=8)
    assert mean_interval(d, seed=3) == bootstrap_mean_interval(d, seed=3)


def test_comparison_of_six_pairs_has_the_sign_flip_range():
    interval = paired_comparison([3, 1, -2, 8, 5, 4], [0] * 6, larger_is_worse=False).finite.interval
    assert (interval.low, interval.high) == (-2, 8)
    assert paired_comparison([3, 1, -2, 8, 5], [0] * 5, larger_is_worse=False).finite.interval is None


@pytest.mark.parametrize("draw", [lambda rng: rng.normal(size=7), lambda rng: rng.standard_t(2, size=7)])
def test_interval_of_few_symmetric_differences_holds_their_mean_as_often_as_it_says(draw):
    rng = np.random.default_rng(1)
    intervals = [mean_interval(draw(rng)) for _ in range(3_000)]
    held = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert held == pytest.approx(1 - 6 / 128, abs=0.012)  # the exact level of seven signs


def test_too_many_subsets_are_refused():
    with pytest.raises(ValueError, match="too many subsets"):
        sign_flip_interval(range(17))
