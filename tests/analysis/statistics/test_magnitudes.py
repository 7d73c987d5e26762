"""Numbers near the largest and the smallest that there are have the results of their multiples near 1."""

import numpy as np
import pytest

from analysis.statistics import (
    bootstrap_mean_interval,
    contrast_effects,
    hodges_lehmann,
    interquartile_mean,
    max_t,
    paired_comparison,
    paired_differences,
    restricted_means,
    sign_flip_interval,
    sign_flip_test,
    spread_test,
)
from analysis.statistics.magnitudes import headroom, magnitude
from analysis.statistics.survival import durations

HUGE, TINY = 2.0**1022, 2.0**-1000
D = np.array([0.9, 1.2, -0.4, 1.7, 0.8, 1.1, 0.3, 1.9])


def test_eight_huge_differences_one_way_have_the_p_of_eight_signs():
    assert sign_flip_test([1e308] * 8).p == 2 / 2**8
    assert sign_flip_test([1e308] * 8).statistic == pytest.approx(1e308)


@pytest.mark.parametrize("scale", [HUGE, TINY])
def test_sign_flip_and_max_t_do_not_depend_on_the_unit(scale):
    flip = sign_flip_test(D * scale)
    assert (flip.p, flip.statistic / scale) == (sign_flip_test(D).p, pytest.approx(sign_flip_test(D).statistic))
    scaled, plain = max_t(np.stack([D * scale, D[::-1]], axis=1)), max_t(np.stack([D, D[::-1]], axis=1))
    assert (scaled.p, scaled.p_adjusted) == (plain.p, plain.p_adjusted)
    assert scaled.means[0] / scale == pytest.approx(plain.means[0])


@pytest.mark.parametrize("scale", [HUGE, 2.0**-960])
def test_intervals_and_spreads_move_with_the_unit(scale):
    for interval in (
        bootstrap_mean_interval,
        lambda d: sign_flip_interval(d[:7]),
        lambda d: hodges_lehmann(d).interval,
    ):
        one, other = interval(D), interval(D * scale)
        assert (other.low / scale, other.high / scale) == pytest.approx((one.low, one.high))
    one, other = spread_test(D, D[::-1] ** 2), spread_test(D * scale, D[::-1] ** 2 * scale)
    assert (other.p, other.statistic) == (one.p, pytest.approx(one.statistic))


@pytest.mark.parametrize("scale", [HUGE / 2, 2.0**-960])
def test_comparisons_of_huge_and_tiny_values_are_those_of_plain_ones(scale):
    first, second = np.append(D, np.inf), np.append(D[::-1] / 2, 1.0)
    one, other = (paired_comparison(k * first, k * second, larger_is_worse=True) for k in (1.0, scale))
    assert other.finite.dz == pytest.approx(one.finite.dz)
    for name in ("median_first", "median_second", "iqm_first", "iqm_second"):
        assert getattr(other, name) / scale == pytest.approx(getattr(one, name))
    for name in ("mean_first", "mean_second", "mean_difference"):
        assert getattr(other.finite, name) / scale == pytest.approx(getattr(one.finite, name))
    assert (other.wilcoxon, other.finite.sign_flip.p) == (one.wilcoxon, one.finite.sign_flip.p)


def test_means_of_huge_times_are_no_infinite_ones():
    first, second = durations([1.5e308] * 7, [True] * 7), durations([1.2e308] * 7, [True] * 7)
    found = restricted_means(first, second, tau=1.7e308)
    assert (found.first, found.second, found.difference) == pytest.approx((1.5e308, 1.2e308, 0.3e308))
    assert interquartile_mean([1.7e308] * 9) == pytest.approx(1.7e308)


def test_effects_of_factors_do_not_depend_on_the_unit():
    outcomes = np.stack([D, np.zeros(8)], axis=1)
    one, other = (contrast_effects(k * outcomes, {"x": [1, -1]}).effects[0] for k in (1.0, HUGE))
    assert (other.p, other.estimate / HUGE) == (one.p, pytest.approx(one.estimate))


def test_difference_that_is_no_number_is_refused_and_not_taken_for_a_failure():
    with pytest.raises(ValueError, match="too large"):
        paired_differences(np.array([1.5e308]), np.array([-1.5e308]))


def test_magnitude_is_the_power_of_two_above_the_largest_finite_value():
    samples = ([1.0], [0.75, -3.0], [np.inf, 5.0], [0.0], [])
    assert [magnitude(np.array(values)) for values in samples] == [1, 2, 3, 0, 0]
    assert headroom(np.array([1e300] * 1000)) == 0
    assert headroom(np.array([1e308] * 8)) > 0
