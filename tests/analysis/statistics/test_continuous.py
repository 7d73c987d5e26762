import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics import (
    bootstrap_mean_interval,
    hodges_lehmann,
    interquartile_mean,
    paired_comparison,
    sign_flip_test,
    wilcoxon_signed_rank,
    worst_rank,
)
from analysis.statistics.signed_rank import rank_sum_distribution

INF = math.inf
DARWIN = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]  # maize, eighths of an inch

values = st.one_of(st.integers(0, 5).map(float), st.floats(-1e3, 1e3), st.just(INF))
pairs = st.lists(st.tuples(values, values), min_size=0, max_size=9)


def split(sample: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in sample], [y for _, y in sample]


def no_nan(value: object) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    fields = getattr(value, "__dataclass_fields__", {})
    return all(no_nan(getattr(value, name)) for name in fields)


def test_darwins_maize_is_reproduced():
    result = paired_comparison(DARWIN, [0] * 15, larger_is_worse=False, n_resamples=2**15)
    assert result.wilcoxon.statistic == 24
    assert result.wilcoxon.p == pytest.approx(0.0412598, abs=5e-8)
    assert result.shift.estimate == 25.0
    assert (result.shift.interval.low, result.shift.interval.high) == (4.0, 41.5)
    assert result.finite.sign_flip.exact
    assert result.finite.sign_flip.p == 1726 / 32768
    assert result.superiority == 13 / 15
    assert result.finite.dz == pytest.approx(np.mean(DARWIN) / np.std(DARWIN, ddof=1))
    assert result.note == ()


@given(st.lists(st.floats(-100, 100).filter(bool), min_size=1, max_size=12, unique_by=abs))
def test_wilcoxon_without_ties_agrees_with_scipy(d):
    reference = stats.wilcoxon(d, method="exact")
    result = wilcoxon_signed_rank(d)
    assert (result.statistic, result.p) == pytest.approx((reference.statistic, reference.pvalue))


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=9))
def test_wilcoxon_with_ties_and_zeros_agrees_with_scipys_enumeration(d):
    assume(any(d))
    reference = stats.wilcoxon(d, zero_method="pratt", method=stats.PermutationMethod(n_resamples=2**10))
    result = wilcoxon_signed_rank(d)
    assert result.statistic == reference.statistic
    assert result.p == pytest.approx(reference.pvalue)


@pytest.mark.parametrize(("moving", "exact"), [(50, True), (51, False)])
def test_wilcoxon_is_exact_up_to_fifty_pairs_that_differ_and_says_so(moving, exact):
    d = np.append(np.random.default_rng(0).normal(0.3, 1, moving), [0.0] * 5)
    result = wilcoxon_signed_rank(d)
    reference = stats.wilcoxon(d, zero_method="pratt", method="asymptotic")
    assert result.exact == exact
    assert result.statistic == reference.statistic
    assert result.p == pytest.approx(reference.pvalue, abs=0.002 if exact else 1e-15)
    note = "p is of the normal approximation: more than 50 pairs differ"
    assert (note in paired_comparison(d, 0 * d, larger_is_worse=True, n_resamples=9).note) == (not exact)


def test_thousand_pairs_take_less_than_a_second():
    d = np.random.default_rng(0).normal(size=1_000)
    before = time.perf_counter()
    wilcoxon_signed_rank(d)
    hodges_lehmann(d)
    assert time.perf_counter() - before < 1


@pytest.mark.parametrize("n", [51, 70, 100])
def test_shift_interval_of_many_pairs_has_the_limits_of_the_exact_one_or_their_neighbours(n):
    d = np.arange(float(n)) ** 1.5
    averages = np.sort([(x + y) / 2 for i, x in enumerate(d) for y in d[: i + 1]])
    tail = np.cumsum(rank_sum_distribution(np.arange(1, n + 1)))
    position = int((2 * tail <= 0.05).sum()) - 1
    low = hodges_lehmann(d).interval.low
    assert averages[position - 1] <= low <= averages[position + 1]


def test_failures_in_one_arm_only_count_as_the_largest_differences():
    result = paired_comparison([INF] * 8, np.arange(8.0), larger_is_worse=True)
    assert result.wilcoxon.p == 2 / 2**8
    assert (result.shift.estimate, result.shift.interval.low, result.shift.interval.high) == (INF, INF, INF)
    assert result.superiority == 1.0
    assert (result.n_first_failed, result.n_second_failed) == (8, 0)
    assert (result.finite.n, result.finite.mean_difference, result.finite.sign_flip, result.spread) == (
        0,
        None,
        None,
        None,
    )
    assert "means are conditional: both runs finite in 0 of 8 pairs" in result.note


def test_pairs_that_failed_in_both_arms_are_ties_in_rank_and_of_unknown_shift():
    result = paired_comparison([INF] * 7, [INF] * 7, larger_is_worse=True)
    assert (result.wilcoxon.p, result.shift.estimate, result.superiority) == (1.0, None, 0.5)
    assert (result.shift.interval.low, result.shift.interval.high) == (-INF, INF)
    assert (result.n_both_failed, result.note[1]) == (
        7,
        "neither run has a value in 7 of 7 pairs: ties in rank, but of unknown shift, which its interval holds",
    )
    assert (result.median_first, result.iqm_second) == (INF, INF)
    assert result.note[0] == "pairs that differ: 0 of 7; cannot reach p = 0.05; descriptive only"


def test_shift_is_finite_when_few_pairs_failed():
    d = [INF, *range(1, 13)]
    shift = hodges_lehmann(d)
    assert shift.estimate == 7.0
    assert math.isfinite(shift.interval.low)
    assert math.isfinite(shift.interval.high)


def test_shift_of_the_largest_numbers_there_are_does_not_overflow():
    assert hodges_lehmann([1e308, 1.5e308, 1.7e308]).estimate == pytest.approx(1.425e308)


def test_opposed_failures_leave_the_shift_between_them_open():
    shift = hodges_lehmann([INF, -INF])
    assert shift.estimate is None
    assert (shift.interval.low, shift.interval.high) == (-INF, INF)


@given(st.lists(st.integers(-200, 200), min_size=6, max_size=12, unique=True))
def test_shift_interval_holds_the_shifts_that_the_test_does_not_reject(d):
    interval = hodges_lehmann(d).interval
    for theta in np.linspace(-210.3, 210.3, 23):  # off the grid of Walsh averages, so without ties
        assert (interval.low <= theta <= interval.high) == (wilcoxon_signed_rank(np.array(d) - theta).p > 0.05)


# largest rank sum that is significant at .05, two-sided, by n (any table of the signed-rank test)
CRITICAL_RANK_SUM = {6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13}


@given(st.integers(0, 3), st.integers(0, 2), st.lists(st.integers(-40, 40), min_size=6, max_size=7, unique=True))
def test_infinite_differences_are_inverted_as_the_test_ranks_them(n_up, n_down, finite):
    d = np.array([INF] * n_up + [-INF] * n_down + finite)
    interval = hodges_lehmann(d).interval
    for theta in np.arange(-45.3, 46, 7):  # off the grid of Walsh averages
        ranks = stats.rankdata(np.abs(d - theta))
        smaller = min(ranks[d > theta].sum(), ranks[d < theta].sum())
        assert (interval.low <= theta <= interval.high) == (smaller > CRITICAL_RANK_SUM[len(d)])


@given(pairs)
def test_swapping_the_arms_mirrors_every_statistic(sample):
    first, second = split(sample)
    forward = paired_comparison(first, second, larger_is_worse=True, n_resamples=1024)
    backward = paired_comparison(second, first, larger_is_worse=True, n_resamples=1024)
    assert forward.wilcoxon == backward.wilcoxon
    assert forward.n_first_failed == backward.n_second_failed
    if not sample:
        return
    assert forward.superiority == pytest.approx(1 - backward.superiority)
    if forward.shift.estimate is not None:
        assert forward.shift.estimate == pytest.approx(-backward.shift.estimate)
    assert forward.shift.interval.low == pytest.approx(-backward.shift.interval.high)
    if forward.finite.n:
        assert forward.finite.mean_difference == pytest.approx(-backward.finite.mean_difference)
        assert forward.finite.sign_flip.p == backward.finite.sign_flip.p
    if forward.spread is not None:
        assert forward.spread.p == backward.spread.p


@given(pairs)
def test_no_result_is_ever_nan(sample):
    assert no_nan(paired_comparison(*split(sample), larger_is_worse=True, n_resamples=200))


def test_without_pairs_everything_is_none_and_said():
    result = paired_comparison([], [], larger_is_worse=True)
    assert (result.n, result.wilcoxon, result.shift, result.superiority, result.iqm_first) == (
        0,
        None,
        None,
        None,
        None,
    )
    assert result.note == ("no complete pairs",)


def test_five_pairs_are_descriptive_only_and_leave_the_shift_unbounded():
    result = paired_comparison([1, 2, 3, 4, 5], [0] * 5, larger_is_worse=True)
    assert result.wilcoxon.p == 0.0625
    assert (result.shift.interval.low, result.shift.interval.high) == (-INF, INF)
    assert result.note == ("5 pairs cannot reach p = 0.05; descriptive only",)


def test_superiority_interval_maps_the_difference_of_wins_and_losses():
    result = paired_comparison([1, 2, 3, 4, 5, 6, 7, 8], [0] * 8, larger_is_worse=True)
    assert result.superiority_interval.low == pytest.approx((1 + 0.3512) / 2, abs=5e-5)
    assert result.superiority_interval.high == 1.0


def test_worst_rank_replaces_failed_runs_whatever_they_hold():
    failed = [False, True, True]
    assert worst_rank([1.0, math.nan, 7.0], failed, larger_is_worse=True).tolist() == [1.0, INF, INF]
    assert worst_rank([1.0, math.nan, 7.0], failed, larger_is_worse=False).tolist() == [1.0, -INF, -INF]


@pytest.mark.parametrize(("value", "larger_is_worse"), [(math.nan, True), (-INF, True), (INF, False)])
def test_values_without_a_rank_are_refused(value, larger_is_worse):
    with pytest.raises(ValueError, match=r"NaN|infinite"):
        paired_comparison([value], [1.0], larger_is_worse=larger_is_worse)


@pytest.mark.parametrize("collection", [list, tuple, np.array, pd.Series, lambda d: pd.Series(d, dtype="Int64")])
def test_differences_are_taken_in_any_form(collection):
    for test in (wilcoxon_signed_rank, hodges_lehmann, sign_flip_test, interquartile_mean):
        assert test(collection(DARWIN)) == test(np.array(DARWIN, dtype=float))


@pytest.mark.parametrize(
    "wrong", [["a", "b"], ["1", "2"], [None, 1.0], [math.nan], [[1.0, 2.0]], [[1], [1, 2]], 3, [1j], {}, None]
)
def test_values_that_are_no_numbers_in_one_dimension_are_refused(wrong):
    for test in (wilcoxon_signed_rank, hodges_lehmann, sign_flip_test, interquartile_mean):
        with pytest.raises(ValueError, match="expected numbers in one dimension"):
            test(wrong)


def test_two_columns_of_a_data_frame_are_compared_first_minus_second():
    frame = pd.DataFrame({"crossed": DARWIN, "selfed": 0})
    options = {"larger_is_worse": False, "n_resamples": 99}
    assert paired_comparison(frame, **options) == paired_comparison(DARWIN, [0] * 15, **options)
    with pytest.raises(ValueError, match="two columns"):
        paired_comparison(frame.assign(third=1), **options)


def test_worst_rank_knows_failed_runs_from_booleans_or_0_and_1_alone():
    assert worst_rank([5, math.nan], [0, 1], larger_is_worse=True).tolist() == [5, INF]
    with pytest.raises(ValueError, match="0 and 1"):
        worst_rank([5, 6], ["no", "yes"], larger_is_worse=True)


def test_series_must_carry_the_same_pairs():
    first = pd.Series([1.0, 2.0], index=["s0", "s1"])
    assert paired_comparison(first, first + 1, larger_is_worse=True).superiority == 0
    with pytest.raises(ValueError, match="different indexes"):
        paired_comparison(first, first.iloc[::-1], larger_is_worse=True)


@given(st.lists(st.integers(-900, 900), min_size=2, max_size=8))
def test_exact_sign_flip_agrees_with_scipy(sevenths):
    # scipy takes means that differ in their last bits only for different; those of whole numbers do not
    reference = stats.permutation_test(
        (np.array(sevenths),), np.mean, permutation_type="samples", n_resamples=2**9, vectorized=True
    )
    assert sign_flip_test([k / 7 for k in sevenths]).p == pytest.approx(reference.pvalue)


def test_sampled_sign_flip_is_seeded_near_the_exact_p_and_never_zero():
    sampled = sign_flip_test(DARWIN, n_resamples=9_999, seed=3)
    assert not sampled.exact
    assert sampled == sign_flip_test(DARWIN, n_resamples=9_999, seed=3)
    assert sampled.p == pytest.approx(1726 / 32768, abs=0.01)
    assert sign_flip_test([1.0] * 60, n_resamples=999).p == 1 / 1000


def test_sums_that_differ_by_rounding_alone_are_ties():
    assert sign_flip_test([0.1, 0.2, -0.3]).p == 1.0


def test_bootstrap_interval_agrees_with_scipy_over_pairs():
    rng = np.random.default_rng(1)
    x, y = rng.normal(1, 1, 20), rng.normal(0, 1, 20)
    reference = stats.bootstrap(
        (x, y), lambda a, b, axis: (a - b).mean(axis=axis), paired=True, rng=np.random.default_rng(4), vectorized=True
    ).confidence_interval
    interval = bootstrap_mean_interval(x - y, seed=4)
    assert (interval.low, interval.high) == pytest.approx((reference.low, reference.high), abs=0.05)
    assert interval == bootstrap_mean_interval(x - y, seed=4)


def test_bootstrap_interval_ends_at_0_where_only_rounding_says_otherwise():
    interval = bootstrap_mean_interval([0, -0.05, -0.15, 0])
    assert interval is not None
    assert interval.high == 0  # and not 7e-18, which would pass for a positive difference


def test_bootstrap_of_differences_without_spread_has_no_interval():
    assert bootstrap_mean_interval([2.0] * 9) is None
    assert bootstrap_mean_interval([2.0]) is None
    assert bootstrap_mean_interval([]) is None


def test_interquartile_mean_drops_a_quarter_at_either_end():
    assert interquartile_mean([1, 2, 3, 4, 5, 6, 7, INF]) == 4.5
    assert interquartile_mean([1, 2, 3, INF]) == 2.5
    assert interquartile_mean([1, INF, INF, INF]) == INF
    assert interquartile_mean([]) is None
