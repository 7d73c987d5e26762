import math

import numpy as np
import pytest

from analysis.statistics import spread_test


def test_spread_is_a_log_ratio_blind_to_location_and_order():
    rng = np.random.default_rng(0)
    y = rng.normal(size=12)
    result = spread_test(40 + 3 * y[::-1], y)
    assert result.statistic == pytest.approx(math.log(3))
    assert spread_test(3 * y[::-1], y).p == pytest.approx(result.p)


def test_spread_of_an_arm_that_never_varies_is_an_infinite_ratio():
    result = spread_test(np.arange(8.0), [5.0] * 8)
    assert result.statistic == math.inf
    assert result.p == 2 / 2**8
    assert spread_test([1.0, 1.0], [2.0, 2.0]) is None
    assert spread_test([1.0], [2.0]) is None


@pytest.mark.parametrize("location", [0.0, 30.0])
def test_spread_test_holds_its_level_whatever_the_locations(location):
    rng = np.random.default_rng(2)
    p_values = [spread_test(location + rng.normal(size=20), rng.normal(size=20), n_resamples=199).p for _ in range(300)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
