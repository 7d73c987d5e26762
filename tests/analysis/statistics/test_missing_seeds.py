import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics import missing_seed_bounds, sign_flip_test


def test_ends_are_the_means_with_every_missing_seed_at_its_least_and_its_greatest():
    bounds = missing_seed_bounds([1, 2, 3], [(-2, 0), (1, 4)])
    assert bounds.n_missing == 2
    assert (bounds.low.statistic, bounds.high.statistic) == pytest.approx((1.0, 2.0))
    assert bounds.low.p == sign_flip_test([1, 2, 3, -2, 1]).p
    assert bounds.high.p == sign_flip_test([1, 2, 3, 0, 4]).p


@given(
    st.lists(st.integers(-5, 5), max_size=4),
    st.lists(st.tuples(st.integers(-5, 0), st.integers(0, 5)), min_size=1, max_size=3),
)
def test_no_completion_has_a_mean_beyond_the_ends(known, limits):
    bounds = missing_seed_bounds(known, limits)
    for chosen in itertools.product(*(range(low, high + 1) for low, high in limits)):
        mean = np.mean([*known, *chosen])
        assert bounds.low.statistic - 1e-12 <= mean <= bounds.high.statistic + 1e-12


def test_without_a_complete_seed_the_limits_are_all_there_is():
    bounds = missing_seed_bounds([], [(-3, 3)])
    assert (bounds.low.statistic, bounds.high.statistic) == (-3, 3)


@pytest.mark.parametrize("limits", [[(1, 0)], [(0, np.inf)], [(np.nan, 0)], [1, 2], [(1, 2, 3)]])
def test_limits_that_are_none_are_refused(limits):
    with pytest.raises(ValueError, match="least and greatest"):
        missing_seed_bounds([1.0], limits)
