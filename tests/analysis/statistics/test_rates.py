import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable, mcnemar

from analysis.statistics import (
    Interval,
    MissingPairs,
    PairCounts,
    conditional_odds_ratio,
    e_value,
    mcnemar_exact_p,
    mcnemar_mid_p,
    missing_pair_bounds,
    paired_rates,
    sign_flip_test,
    tango_interval,
    wilson,
)

small = st.integers(0, 40)
any_counts = st.builds(PairCounts, a=small, b=small, c=small, d=small)


def counts(a: int, b: int, c: int, d: int) -> PairCounts:
    return PairCounts(a=a, b=b, c=c, d=d)


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("table", "p", "mid", "newcombe", "tango"),
    [
        ((59, 6, 16, 80), 0.052479, 0.034690, (-0.1186, -0.0046), (-0.1240, -0.0054)),
        ((1, 1, 7, 12), 0.0703125, 0.0390625, (-0.5069, -0.0256), (-0.5172, -0.0260)),
    ],
)
def test_published_tables_are_reproduced(table, p, mid, newcombe, tango):
    result = paired_rates(counts(*table))
    assert result.p_exact == pytest.approx(p, abs=5e-7)
    assert result.p_mid == pytest.approx(mid, abs=5e-7)
    assert ends(result.newcombe) == pytest.approx(newcombe, abs=5e-5)
    assert ends(result.tango) == pytest.approx(tango, abs=5e-5)
    assert result.note == ()


def test_difference_of_the_published_table_is_minus_ten_in_161():
    assert paired_rates(counts(59, 6, 16, 80)).delta == pytest.approx(-0.0621, abs=5e-5)


def test_wilson_intervals_match_published_values():
    assert ends(wilson(13, 16).interval) == pytest.approx((0.5699, 0.9341), abs=5e-5)
    assert ends(wilson(0, 20).interval) == pytest.approx((0, 0.1611), abs=5e-5)


def test_rate_without_runs_has_no_estimate_and_says_so():
    rate = wilson(0, 0)
    assert rate.estimate is None
    assert rate.interval is None
    assert str(rate) == "no runs"
    assert str(wilson(3, 4)) == "3/4 = 0.750 [0.301, 0.954]"


def test_conditional_odds_ratio_matches_the_published_value():
    ratio, interval = conditional_odds_ratio(25, 2)
    assert ratio == 12.5
    assert ends(interval) == pytest.approx((3.1169, 108.8892), abs=5e-5)


def test_odds_ratio_without_counterexamples_is_infinite_with_a_finite_lower_limit():
    ratio, interval = conditional_odds_ratio(8, 0)
    assert ratio == math.inf
    low = 0.025 ** (1 / 8)
    assert ends(interval) == (pytest.approx(low / (1 - low)), math.inf)
    assert conditional_odds_ratio(0, 8)[0] == 0
    assert conditional_odds_ratio(0, 0) == (None, None)


def test_e_values_match_the_published_ones_and_never_overflow():
    assert e_value(7, 0) == 16.0
    assert e_value(8, 0) == pytest.approx(28.444, abs=5e-4)
    assert e_value(0, 0) == 1.0
    assert e_value(5000, 0) == math.inf


@given(st.integers(0, 60))
def test_e_value_has_mean_one_under_the_null(m):
    mean = sum(stats.binom.pmf(b, m, 0.5) * e_value(b, m - b) for b in range(m + 1))
    assert mean == pytest.approx(1)


def test_no_discordant_pairs_gives_p_one_and_the_closed_interval():
    result = paired_rates(counts(8, 0, 0, 0))
    assert (result.p_exact, result.p_mid, result.delta, result.odds_ratio) == (1.0, 1.0, 0.0, None)
    assert ends(result.tango) == pytest.approx((-0.3244, 0.3244), abs=5e-5)
    assert result.note == ("no discordant pairs; p = 1",)


def test_all_pairs_discordant_one_way_gives_the_closed_interval_up_to_one():
    assert ends(tango_interval(counts(0, 8, 0, 0))) == (pytest.approx(0.3512, abs=5e-5), 1.0)
    assert ends(tango_interval(counts(0, 0, 8, 0))) == (-1.0, pytest.approx(-0.3512, abs=5e-5))


def test_no_pairs_at_all_gives_no_estimate_and_a_note():
    result = paired_rates(counts(0, 0, 0, 0))
    assert [result.p_exact, result.p_mid, result.delta, result.tango, result.newcombe] == [None] * 5
    assert result.note == ("no complete pairs",)


def test_five_discordant_pairs_cannot_reach_the_level_but_six_can():
    five, six = paired_rates(counts(0, 5, 0, 10)), paired_rates(counts(0, 6, 0, 10))
    assert five.p_exact == 0.0625
    assert five.note == ("discordant pairs: 5; the exact test needs 6 to reach p = 0.05",)
    assert six.p_exact == 0.03125
    assert six.note == ()


@given(any_counts.filter(lambda table: table.m > 0))
def test_exact_p_agrees_with_statsmodels(table):
    reference = mcnemar([[table.a, table.b], [table.c, table.d]], exact=True).pvalue
    assert paired_rates(table).p_exact == pytest.approx(reference)


@given(small, small)
def test_mid_p_weighs_ties_with_the_observed_outcome_by_one_half(b, c):
    m = b + c
    pmf = stats.binom.pmf(np.arange(m + 1), m, 0.5)
    distance = np.abs(2 * np.arange(m + 1) - m)
    by_definition = pmf[distance > abs(b - c)].sum() + pmf[distance == abs(b - c)].sum() / 2
    assert mcnemar_mid_p(b, c) == pytest.approx(by_definition if m else 1.0)


@given(any_counts)
def test_swapping_the_arms_negates_the_difference_and_keeps_p(table):
    forward, backward = paired_rates(table), paired_rates(counts(table.a, table.c, table.b, table.d))
    assert (forward.p_exact, forward.p_mid) == (backward.p_exact, backward.p_mid)
    if table.n:
        assert forward.delta == -backward.delta
        for name in ("tango", "newcombe"):
            low, high = ends(getattr(forward, name))
            assert ends(getattr(backward, name)) == pytest.approx((-high, -low), abs=1e-9)


@given(any_counts.filter(lambda table: table.n > 0))
def test_intervals_contain_the_difference_and_stay_within_one(table):
    result = paired_rates(table)
    for interval in (result.tango, result.newcombe):
        low, high = ends(interval)
        assert -1 - 1e-9 <= low <= result.delta <= high <= 1 + 1e-9


@given(any_counts.filter(lambda table: table.m > 0))
def test_tango_limits_are_where_the_score_test_is_just_significant(table):
    z = stats.norm.ppf(0.975)
    for delta in ends(tango_interval(table)):
        if -1 < delta < 1:
            # the constrained likelihood, maximised directly over the rate q of "only the second failed"
            q = constrained_rate(table, delta)
            variance = table.n * (2 * q + delta - delta**2)
            assert abs(table.b - table.c - table.n * delta) == pytest.approx(z * math.sqrt(variance), rel=1e-4)


def constrained_rate(table: PairCounts, delta: float) -> float:
    """Root of the derivative of b log(q + δ) + c log q + (a + d) log(1 - 2q - δ)."""
    grid_low, grid_high = max(0.0, -delta), (1 - delta) / 2

    def slope(q: float) -> float:
        gain = sum(k / x if k else 0.0 for k, x in ((table.b, q + delta), (table.c, q)))
        return gain - (2 * (table.a + table.d) / (1 - 2 * q - delta) if table.a + table.d else 0.0)

    low, high = grid_low + 1e-15, grid_high - 1e-15
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return low


@given(any_counts.filter(lambda table: table.m > 0))
def test_pairs_as_strata_of_mantel_haenszel_give_the_mcnemar_chi_square(table):
    kinds = {"a": [[1, 0], [1, 0]], "b": [[1, 0], [0, 1]], "c": [[0, 1], [1, 0]], "d": [[0, 1], [0, 1]]}
    strata = [np.array(kinds[kind]) for kind in "abcd" for _ in range(getattr(table, kind))]
    chi_square = StratifiedTable(strata).test_null_odds(correction=False).statistic
    assert chi_square == pytest.approx((table.b - table.c) ** 2 / table.m)


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 5))
def test_sign_flip_of_paired_outcomes_equals_exact_mcnemar(b, c, concordant):
    differences = [1] * b + [-1] * c + [0] * concordant
    flip = sign_flip_test(differences, n_resamples=2**16)
    assert flip.exact
    assert flip.p == pytest.approx(paired_rates(counts(concordant, b, c, 0)).p_exact if b + c + concordant else 1)


CELLS = {(True, True): "a", (True, False): "b", (False, True): "c", (False, False): "d"}
known = st.sampled_from([(None, None), (True, None), (False, None), (None, True), (None, False)])


@given(any_counts, st.lists(known, max_size=4))
def test_missing_pair_bounds_are_the_extremes_of_every_completion(table, pairs):
    bounds = missing_pair_bounds(table, MissingPairs.from_known(pairs))
    if table.n + len(pairs) == 0:
        assert (bounds.delta_low, bounds.p_low, bounds.p_high) == (None, None, None)
        return
    ends_of_pairs = [
        [cell for end, cell in CELLS.items() if all(k in (None, e) for k, e in zip(pair, end, strict=True))]
        for pair in pairs
    ]
    completions = [
        paired_rates(counts(*(getattr(table, cell) + ended.count(cell) for cell in "abcd")))
        for ended in itertools.product(*ends_of_pairs)
    ]
    assert bounds.n_missing == len(pairs)
    assert bounds.first_failed in completions
    assert bounds.second_failed in completions
    p_values, deltas = [r.p_exact for r in completions], [r.delta for r in completions]
    assert bounds.p_low == pytest.approx(min(p_values))
    assert bounds.p_high == pytest.approx(max(p_values))
    assert (bounds.delta_low, bounds.delta_high) == pytest.approx((min(deltas), max(deltas)))


def test_surviving_run_of_a_missing_pair_narrows_the_bounds():
    eight = counts(0, 6, 0, 0)
    unknown = missing_pair_bounds(eight, MissingPairs(unknown=2))
    assert (unknown.delta_low, unknown.delta_high) == ((6 - 2) / 8, 1)
    stable = missing_pair_bounds(eight, MissingPairs(second_passed=2))  # both failed only in the first, or in neither
    assert (stable.delta_low, stable.delta_high) == (6 / 8, 1)
    assert (stable.p_low, stable.p_high) == (2 / 2**8, 2 / 2**6)
    failed = missing_pair_bounds(eight, MissingPairs(second_failed=1, first_failed=1))
    assert (failed.delta_low, failed.delta_high) == ((6 - 1) / 8, 7 / 8)
    assert failed.first_failed.counts == counts(1, 7, 0, 0)
    assert failed.second_failed.counts == counts(1, 6, 1, 0)


def test_pair_of_which_both_runs_are_known_is_not_missing():
    with pytest.raises(ValueError, match="not missing pairs"):
        MissingPairs.from_known([(True, False)])
    with pytest.raises(ValueError, match="unknown is -1"):
        MissingPairs(unknown=-1)


OUTCOMES = {"first": [True, True, False, False, True], "second": [True, False, True, False, False]}


@pytest.mark.parametrize("kind", [bool, int, float])
@pytest.mark.parametrize("collection", [list, tuple, np.array, pd.Series, lambda arm: pd.array(arm).copy()])
def test_rates_are_compared_of_outcomes_in_any_form(kind, collection):
    first, second = (collection([kind(failed) for failed in arm]) for arm in OUTCOMES.values())
    assert paired_rates(first, second) == paired_rates(counts(1, 2, 1, 1))


def test_rates_are_compared_of_the_two_columns_of_a_data_frame():
    frame = pd.DataFrame(OUTCOMES)
    assert paired_rates(frame, confidence=0.9) == paired_rates(counts(1, 2, 1, 1), confidence=0.9)
    assert paired_rates(frame[["second", "first"]].astype(int)).counts == counts(1, 1, 2, 1)
    assert PairCounts.from_outcomes(frame.astype("boolean")) == counts(1, 2, 1, 1)


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        ((pd.DataFrame(OUTCOMES).assign(third=True),), "two columns"),
        ((pd.DataFrame(OUTCOMES), [True] * 5), "stands alone"),
        ((pd.DataFrame({"first": [1, 2], "second": [0, 1]}),), "0 and 1"),
        (([True, False],), "two arrays"),
        ((counts(1, 1, 1, 1), [True]), "both arms"),
    ],
)
def test_arms_that_are_no_two_of_outcomes_are_refused(arms, message):
    with pytest.raises(ValueError, match=message):
        paired_rates(*arms)


def test_pairs_are_counted_from_boolean_arrays():
    first = [True, True, False, False, True]
    second = [True, False, True, False, False]
    assert PairCounts.from_outcomes(first, second) == counts(1, 2, 1, 1)
    assert PairCounts.from_outcomes([], []) == counts(0, 0, 0, 0)


@pytest.mark.parametrize("kind", [float, np.int64, np.float64])
def test_counts_taken_from_a_data_frame_become_plain_integers(kind):
    table = PairCounts(a=kind(1), b=kind(7), c=kind(0), d=kind(4))
    assert table == counts(1, 7, 0, 4)
    assert [type(count) for count in (table.a, table.b, wilson(kind(3), kind(8)).count)] == [int] * 3
    assert paired_rates(table).p_exact == 2 / 2**7


def test_series_of_different_pairs_are_refused():
    first = pd.Series([True, False], index=[0, 1])
    assert PairCounts.from_outcomes(first, first) == counts(1, 0, 0, 1)
    with pytest.raises(ValueError, match="different indexes"):
        PairCounts.from_outcomes(first, pd.Series([True, False], index=[1, 0]))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([True], [True, False], "one length"),
        ([1, 2], [True, False], "booleans"),
        ([0.5, 0], [True, False], "booleans"),
        ([math.nan, 1], [True, False], "booleans"),
        ([None, True], [True, False], "booleans"),
        (["1", "0"], [True, False], "booleans"),
        (pd.Series([True, None], dtype="boolean"), [True, False], "booleans"),
        ([[1], [1, 0]], [True, False], "nested"),
    ],
)
def test_outcomes_that_are_not_paired_booleans_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        PairCounts.from_outcomes(first, second)


def test_impossible_counts_and_levels_are_refused():
    with pytest.raises(ValueError, match="c is -1"):
        counts(0, 0, -1, 0)
    for not_a_count in (None, "3", math.nan, math.inf, np.float64("inf")):
        with pytest.raises(ValueError, match=r"a is .* counts are whole numbers of 0 or more"):
            PairCounts(a=not_a_count, b=0, c=0, d=0)
    for test in (mcnemar_exact_p, mcnemar_mid_p, conditional_odds_ratio):
        for b, c in ((-1, 3), (-1, 1), (3, 1.5)):
            with pytest.raises(ValueError, match="counts are whole numbers of 0 or more"):
                test(b, c)
    with pytest.raises(ValueError, match=r"n is 2\.5"):
        wilson(1, 2.5)
    with pytest.raises(ValueError, match="at most n"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="confidence"):
        paired_rates(counts(1, 1, 1, 1), confidence=95)
