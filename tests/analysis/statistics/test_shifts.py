import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics import Interval, hodges_lehmann, paired_comparison, paired_shift, shift_interval

INF = math.inf
values = st.one_of(st.integers(0, 9).map(float), st.just(INF))
pairs = st.lists(st.tuples(values, values), min_size=1, max_size=9).map(lambda d: np.array(d, dtype=float).T)


def test_shift_of_runs_that_never_learned_in_either_arm_is_unknown():
    shift = paired_shift(np.full(8, INF), np.full(8, INF))
    assert (shift.estimate, shift.interval) == (None, Interval(low=-INF, high=INF))


def test_one_pair_that_failed_in_both_arms_leaves_an_estimate_and_widens_its_interval():
    first, second = np.append(np.arange(5.0, 14.0), INF), np.append(np.zeros(9), INF)
    shift, tied = paired_shift(first, second), hodges_lehmann(np.append(np.arange(5.0, 14.0), 0.0))
    assert shift.estimate == tied.estimate
    assert shift.interval.low <= tied.interval.low
    assert shift.interval.high > tied.interval.high


def test_failures_all_in_one_arm_are_an_infinite_shift_also_beside_pairs_that_failed_in_both():
    shift = paired_shift(np.full(8, INF), np.array([1.0] * 6 + [INF] * 2))
    assert shift.estimate == INF


def test_times_seen_at_the_same_probe_are_known_up_to_a_probe_interval():
    result = paired_comparison([100.0] * 8, [100.0] * 8, larger_is_worse=True, known_within=100.0)
    assert (result.shift.estimate, result.shift.interval) == (0, Interval(low=-100, high=100))
    assert result.known_within == 100


@given(pairs, st.integers(0, 5))
def test_resolution_widens_the_interval_by_itself_at_both_ends(sample, known_within):
    exact, coarse = shift_interval(*sample, 0.9), shift_interval(*sample, 0.9, known_within=known_within)
    assert (coarse.low, coarse.high) == (exact.low - known_within, exact.high + known_within)


@given(st.lists(st.tuples(st.floats(0.1, 990), st.floats(0.1, 990)), min_size=6, max_size=10))
def test_interval_of_times_at_probes_holds_that_of_the_times_themselves(sample):
    times = np.array(sample).T
    seen = np.ceil(times / 100) * 100
    exact, coarse = shift_interval(*times, 0.95), shift_interval(*seen, 0.95, known_within=100)
    assert coarse.low <= exact.low
    assert exact.high <= coarse.high


@given(pairs, st.lists(st.floats(-50, 50), min_size=9, max_size=9))
def test_interval_holds_whatever_two_failed_runs_would_have_differed_by(sample, hidden):
    first, second = sample
    unknown = np.isinf(first) & np.isinf(second)
    with np.errstate(invalid="ignore"):
        d = np.where(unknown, np.array(hidden)[: len(first)], first - second)
    known, outer = hodges_lehmann(d, 0.9).interval, shift_interval(first, second, 0.9)
    assert outer.low <= known.low
    assert known.high <= outer.high


@pytest.mark.parametrize("known_within", [-1.0, INF, math.nan])
def test_resolution_is_a_finite_number_of_zero_or_more(known_within):
    with pytest.raises(ValueError, match="known_within"):
        paired_comparison([1.0], [2.0], larger_is_worse=True, known_within=known_within)
