import math

import numpy as np
import pytest

from analysis.statistics import (
    hodges_lehmann,
    mcnemar_exact_p,
    mcnemar_power,
    paired_rates,
    sign_flip_test,
    significant,
    signs_needed,
    smallest_sign_p,
)
from analysis.statistics.significance import all_significant


def test_p_at_alpha_is_significant():
    assert significant(0.05, 0.05)
    assert not significant(math.nextafter(0.05, 1) + 1e-9, 0.05)


def test_p_that_could_not_be_computed_is_not_significant():
    assert not significant(None, 0.05)


@pytest.mark.parametrize("k", range(1, 60))
def test_rounding_of_a_corrected_level_does_not_decide(k):
    assert significant(k * (0.05 / k), 0.05)
    assert significant(0.05 / k * k, 0.05)
    assert significant(0.05 / k, 0.05 * (1 / k))


def test_arrays_follow_the_same_rule():
    p = np.array([0.01, 0.05, 0.0500001, 1.0])
    assert all_significant(p, 0.05).tolist() == [significant(value, 0.05) for value in p] == [True, True, False, False]


@pytest.mark.parametrize(("alpha", "needed"), [(0.05, 6), (1 / 16, 5), (1 / 32, 6), (0.05 / 8, 9), (0.9, 2), (0.01, 8)])
def test_pairs_needed_by_signs_are_the_fewest_that_can_be_significant(alpha, needed):
    assert signs_needed(alpha) == needed
    assert significant(smallest_sign_p(needed), alpha)
    assert not significant(smallest_sign_p(needed - 1), alpha)


def test_all_rules_agree_on_five_pairs_one_way_at_one_sixteenth():
    alpha = 1 / 16
    assert mcnemar_exact_p(5, 0) == sign_flip_test([1.0] * 5).p == alpha
    assert significant(mcnemar_exact_p(5, 0), alpha)
    assert mcnemar_power(1.0, 0.0, 5, alpha=alpha) == 1
    assert mcnemar_power(1.0, 0.0, 4, alpha=alpha) == 0
    interval = hodges_lehmann([1.0, 2.0, 3.0, 4.0, 5.0], 1 - alpha).interval
    assert (interval.low, interval.high) == (1, 5)  # 0 is rejected
    assert paired_rates([True] * 5, [False] * 5, confidence=1 - alpha).note == ()
