import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics import NotEstimable, PerformanceProfile, performance_profile


def profile(values: object, thresholds: list[float], *, larger_is_worse: bool = True) -> PerformanceProfile:
    result = performance_profile(np.array(values, dtype=float), thresholds, larger_is_worse=larger_is_worse)
    assert isinstance(result, PerformanceProfile)
    return result


def test_profile_is_the_share_of_runs_at_or_below_each_threshold():
    assert profile([1, 2, 2, math.inf], [0.5, 1, 2, 1e9]).share.tolist() == [0, 0.25, 0.75, 0.75]


def test_profile_of_scores_counts_runs_at_or_above_each_threshold():
    assert profile([1, 2, 2, -math.inf], [-1e9, 2, 3], larger_is_worse=False).share.tolist() == [0.75, 0.5, 0]


def test_band_is_that_of_a_binomial_share_when_seeds_are_single_runs():
    result = profile(np.arange(20), [9.5])
    low, high = stats.binom.ppf([0.025, 0.975], 20, 0.5) / 20
    assert (result.low[0], result.high[0]) == pytest.approx((low, high), abs=1 / 20)


def test_shares_of_none_and_of_all_have_the_band_of_clopper_and_pearson():
    result = profile(np.arange(8), [-1, 9])
    none, everyone = (stats.binomtest(count, 8).proportion_ci(0.95, "exact") for count in (0, 8))
    assert (result.low.tolist(), result.high.tolist()) == (
        [0, pytest.approx(everyone.low)],
        [pytest.approx(none.high), 1],
    )


def test_cells_of_a_seed_are_resampled_together():
    alone = profile(np.repeat([0, 1], 10), [0.5])
    repeated = profile(np.tile(np.repeat([0, 1], 10)[:, None], (1, 50)), [0.5])
    assert (repeated.low.tolist(), repeated.high.tolist()) == (alone.low.tolist(), alone.high.tolist())


def test_band_depends_on_the_seed_of_the_resampling_alone():
    values = np.random.default_rng(0).normal(size=15)
    first = performance_profile(values, [0.0], larger_is_worse=True, seed=4)
    again = performance_profile(values, [0.0], larger_is_worse=True, seed=4)
    assert isinstance(first, PerformanceProfile)
    assert isinstance(again, PerformanceProfile)
    assert first.low.tolist() == again.low.tolist()


def test_no_runs_give_no_profile():
    assert isinstance(performance_profile([], [1.0], larger_is_worse=True), NotEstimable)


def test_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        performance_profile([math.nan], [1.0], larger_is_worse=True)
