import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from analysis.statistics import (
    Durations,
    FirstToFail,
    LogRank,
    NotEstimable,
    RestrictedMeans,
    SurvivalCurve,
    aalen_johansen,
    durations,
    first_to_fail,
    kaplan_meier,
    log_rank,
    mcnemar_exact_p,
    restricted_means,
)
from tests.analysis.statistics.remissions import mercaptopurine, placebo

runs = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=12)
pairs = st.lists(
    st.tuples(st.tuples(st.integers(0, 6), st.booleans()), st.tuples(st.integers(0, 6), st.booleans())), max_size=10
)


def pack(sample: list[tuple[int, bool]]) -> Durations:
    return durations([float(t) for t, _ in sample], [seen for _, seen in sample])


def curve(sample: Durations) -> SurvivalCurve:
    result = kaplan_meier(sample)
    assert isinstance(result, SurvivalCurve)
    return result


def test_leukaemia_remissions_are_reproduced():
    control, drug = placebo(), mercaptopurine()
    test = log_rank(control, drug, paired=False)
    assert isinstance(test, LogRank)
    assert test.chi_square == pytest.approx(16.7929, abs=5e-5)
    assert (curve(control).median, curve(drug).median) == (8, 23)
    assert curve(drug).survival_at(10) == pytest.approx(0.75294, abs=5e-6)


def test_leukaemia_medians_have_the_published_intervals():
    control, drug = curve(placebo()).median_interval, curve(mercaptopurine()).median_interval
    assert (control.low, control.high) == (4, 11)
    assert (drug.low, drug.high) == (13, math.inf)


def test_leukaemia_pairs_favour_the_drug_in_18_of_21():
    control, drug = placebo(), mercaptopurine()
    sign = first_to_fail(control, drug)
    assert isinstance(sign, FirstToFail)
    assert (sign.first, sign.second, sign.tied, sign.undecided) == (18, 3, 0, 0)
    assert sign.p == mcnemar_exact_p(18, 3)


def test_at_risk_counts_runs_still_watched():
    drug = mercaptopurine()
    assert drug.at_risk([0, 6, 6.5, 10, 23, 36]).tolist() == [21, 21, 17, 15, 6, 0]
    assert curve(drug).at_risk[:3].tolist() == [21, 21, 17]


@given(runs)
def test_survival_agrees_with_statsmodels_and_its_band_is_closed(sample):
    data = pack(sample)
    result = curve(data)
    if not data.n_events:
        assert (result.survival.tolist(), result.low, result.median, result.median_interval) == (
            [1.0],
            None,
            None,
            None,
        )
        assert result.note == ("0 events; not estimable",)
        return
    reference = SurvfuncRight(data.time, data.observed.astype(int))
    assert result.times[1:] == pytest.approx(reference.surv_times)
    assert result.survival[1:] == pytest.approx(reference.surv_prob)
    assert result.at_risk[1:] == pytest.approx(reference.n_risk)
    assert np.all(result.low <= result.survival + 1e-12)
    assert np.all(result.survival <= result.high + 1e-12)
    for limit in (result.low, result.high):
        assert np.all((limit >= 0) & (limit <= 1))


def test_log_log_band_matches_the_exponential_greenwood_formula():
    result = curve(durations([1.0, 2.0, 3.0, 4.0], [True, False, True, False]))
    survival = 3 / 4 * 1 / 2
    error = math.sqrt(1 / (4 * 3) + 1 / (2 * 1)) / abs(math.log(survival))
    z = stats.norm.ppf(0.975)
    assert result.low[-1] == pytest.approx(survival ** math.exp(z * error))
    assert result.high[-1] == pytest.approx(survival ** math.exp(-z * error))


def test_after_the_last_run_has_failed_the_band_does_not_rise():
    result = curve(durations([1.0, 2.0], [True, True]))
    assert (result.survival[-1], result.low[-1]) == (0, 0)
    assert result.high[-1] <= result.high[-2] < 1


@pytest.mark.parametrize("n", range(1, 30))
def test_runs_that_all_end_together_have_the_exact_limits_of_none_and_of_all(n):
    result = curve(durations([100.0] * n, [True] * n))
    none, everyone = (stats.binomtest(count, n).proportion_ci(0.95, "exact") for count in (0, n))
    assert result.low == pytest.approx([everyone.low, 0])
    assert result.high == pytest.approx([1, none.high])


@pytest.mark.parametrize(("n", "expected"), [(5, (0, math.inf)), (6, (100, 100)), (8, (100, 100))])
def test_median_of_runs_that_all_ended_together_is_bounded_from_the_six_of_a_sign_test_on(n, expected):
    limits = curve(durations([100.0] * n, [True] * n)).median_interval
    assert (limits.low, limits.high) == expected


@given(st.lists(st.integers(1, 9), min_size=1, max_size=15))
def test_beta_product_at_the_end_of_uncensored_runs_is_clopper_and_pearsons(time):
    result = curve(durations([float(t) for t in time], [True] * len(time)))
    exact = stats.binomtest(0, len(time)).proportion_ci(0.95, "exact").high
    assert result.high[-1] == pytest.approx(min(exact, result.high[-2]))


def test_beta_product_of_censored_runs_matches_the_moments_of_the_product():
    # Beta(6, 1) Beta(3, 1) Beta(1, 1): at risk 6, 3 and 1, one failure each
    result = curve(durations([1.0, 2.0, 2.0, 3.0, 3.0, 4.0], [True, False, False, True, False, True]))
    mean = 6 / 7 * 3 / 4 * 1 / 2
    square = (6 * 7) / (7 * 8) * (3 * 4) / (4 * 5) * (1 * 2) / (2 * 3)
    size = (mean - square) / (square - mean**2)
    upper = stats.beta.ppf(0.975, mean * size, (1 - mean) * size)
    assert result.high[-1] == pytest.approx(min(upper, result.high[-2]))
    assert result.low[0] == pytest.approx(0.025 ** (1 / 6))


def test_before_the_first_failure_the_band_counts_the_runs_that_were_watched_until_it():
    result = curve(durations([1.0, 1.0, 2.0, 3.0], [False, False, True, True]))
    assert result.low[0] == pytest.approx(0.025 ** (1 / 2))


def test_band_covers_the_truth_at_both_ends_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = {"before": 0, "after": 0}
    for time in rng.choice([1.0, 2.0], size=(2_000, 8), p=[0.1, 0.9]):  # every run fails at 1 or at 2
        result = curve(durations(time, time < 3))
        early = result.times.searchsorted(1.0, side="right") - 1
        held["before"] += result.low[early] <= 0.9 <= result.high[early]
        held["after"] += result.low[-1] <= 0 <= result.high[-1]
    assert held["before"] / 2_000 >= 0.95
    assert held["after"] == 2_000


def test_cause_that_ended_all_runs_at_once_has_the_exact_lower_limit():
    result = aalen_johansen([100.0] * 8, ["collapsed"] * 8, causes=["collapsed", "diverged"])
    collapsed, diverged = result.causes
    assert collapsed.low[-1] == pytest.approx(stats.binomtest(8, 8).proportion_ci(0.95, "exact").low)
    assert (collapsed.high[-1], diverged.low) == (1, None)


def test_cause_not_seen_yet_has_the_exact_upper_limit_of_all_runs_watched():
    result = aalen_johansen([1.0, 2.0, 3.0, 3.0], ["a", "a", "b", None], causes=["a", "b"])
    assert result.causes[1].incidence.tolist() == [0, 0, 0, pytest.approx(0.25)]
    assert result.causes[1].high[:3] == pytest.approx([1 - 0.025 ** (1 / 4)] * 3)


def test_samples_without_runs_are_not_estimable():
    nothing = durations([], [])
    for result in (
        kaplan_meier(nothing),
        aalen_johansen([], [], causes=["collapsed"]),
        log_rank(nothing, nothing),
        first_to_fail(nothing, nothing),
        restricted_means(nothing, nothing, tau=10),
    ):
        assert isinstance(result, NotEstimable)
        assert str(result) == "no runs"


def test_comparisons_without_events_are_not_estimable_and_say_so():
    arm = durations([10.0] * 8, [False] * 8)
    for result in (log_rank(arm, arm), first_to_fail(arm, arm), restricted_means(arm, arm, tau=10)):
        assert isinstance(result, NotEstimable)
        assert (str(result), result.n) == ("0 events; not estimable", 8)


@given(pairs)
def test_pair_stratified_log_rank_is_the_chi_square_of_who_failed_first(sample):
    first, second = pack([x for x, _ in sample]), pack([y for _, y in sample])
    sign, test = first_to_fail(first, second), log_rank(first, second)
    if not isinstance(sign, FirstToFail):
        assert isinstance(test, NotEstimable)
    elif sign.first + sign.second == 0:
        assert isinstance(test, NotEstimable)
        assert sign.p == 1
    else:
        assert isinstance(test, LogRank)
        assert test.chi_square == pytest.approx((sign.first - sign.second) ** 2 / (sign.first + sign.second))
    if isinstance(sign, FirstToFail):
        assert sign.first + sign.second + sign.tied + sign.undecided == len(sample)


@given(pairs)
def test_unpaired_log_rank_agrees_with_scipy(sample):
    first, second = pack([x for x, _ in sample]), pack([y for _, y in sample])
    test = log_rank(first, second, paired=False)
    assume(isinstance(test, LogRank))
    reference = stats.logrank(
        *(stats.CensoredData(s.time[s.observed], right=s.time[~s.observed]) for s in (first, second))
    )
    assert test.chi_square == pytest.approx(reference.statistic**2, abs=1e-9)
    assert test.p == pytest.approx(reference.pvalue)


def test_runs_that_all_fail_together_leave_nothing_to_compare():
    arm = durations([5.0] * 4, [True] * 4)
    result = log_rank(arm, arm)
    assert isinstance(result, NotEstimable)
    assert str(result) == "no event tells the arms apart; the log-rank test is not estimable"


def test_restricted_mean_counts_time_up_to_the_horizon_only():
    first = durations([2.0, 4.0, 10.0], [True, True, False])
    second = durations([10.0, 8.0, 12.0], [False, True, False])
    result = restricted_means(first, second, tau=10)
    assert isinstance(result, RestrictedMeans)
    assert (result.first, result.second) == pytest.approx((16 / 3, 28 / 3))
    assert result.difference == pytest.approx(-4)
    assert (result.sign_flip.p, result.sign_flip.exact) == (0.5, True)
    assert result.interval is None  # three pairs cannot reject any mean


def test_restricted_mean_of_complete_runs_is_the_area_under_kaplan_meier():
    sample = durations([2.0, 2.0, 4.0, 7.0, 10.0, 10.0], [True, True, True, True, False, False])
    result = restricted_means(sample, sample, tau=10)
    km = curve(sample)
    area = float((km.survival * np.diff(np.append(km.times, 10))).sum())
    assert isinstance(result, RestrictedMeans)
    assert result.first == pytest.approx(area)
    assert (result.difference, result.interval, result.sign_flip.p) == (0, None, 1)


def test_restricted_mean_refuses_runs_that_were_cut_short():
    whole, cut = durations([3.0, 10.0], [True, False]), durations([9.0, 10.0], [False, False])
    result = restricted_means(whole, cut, tau=10)
    assert str(result) == "runs censored before 10: 1; the mean up to 10 is not estimable"


@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["collapsed", "diverged", None])), min_size=1, max_size=12)
)
def test_cumulative_incidence_agrees_with_statsmodels_and_adds_up(sample):
    time, cause = [float(t) for t, _ in sample], [c for _, c in sample]
    causes = ["collapsed", "diverged", "nonfinite"]
    result = aalen_johansen(time, cause, causes=causes)
    assert sum(c.incidence for c in result.causes) + result.survival == pytest.approx(1)
    assert result.causes[2].low is None
    assert result.causes[2].incidence.tolist() == [0.0] * len(result.times)
    if not result.n_events:
        assert result.note == ("0 events; not estimable",)
        return
    status = np.array([0 if c is None else 1 + causes.index(c) for c in cause])
    with np.errstate(divide="ignore", invalid="ignore"):
        reference = CumIncidenceRight(np.array(time), status)
    here = np.isin(reference.times, result.times[1:])
    for ours, theirs in zip(result.causes, reference.cinc, strict=False):
        assert ours.incidence[1:] == pytest.approx(theirs[here])
        if ours.low is not None:
            assert np.all((ours.low <= ours.incidence + 1e-9) & (ours.incidence <= ours.high + 1e-9))


def test_cumulative_incidence_band_uses_the_standard_error_of_statsmodels():
    time = [1.0, 2, 2, 3, 4, 5, 6, 7, 8, 9]
    cause = ["a", "b", "a", None, "b", "a", None, "b", "a", None]
    result = aalen_johansen(time, cause, causes=["a", "b"])
    reference = CumIncidenceRight(np.array(time), np.array([{"a": 1, "b": 2, None: 0}[c] for c in cause]))
    here = np.isin(reference.times, result.times[1:])
    z = stats.norm.ppf(0.975)
    for k, ours in enumerate(result.causes):
        free, error = 1 - reference.cinc[k][here], reference.cinc_se[k][here]
        inside = free < 1
        width = np.exp(z * error[inside] / (free[inside] * -np.log(free[inside])))
        assert ours.high[1:][inside] == pytest.approx(1 - free[inside] ** width)
        assert ours.low[1:][inside] == pytest.approx(1 - free[inside] ** (1 / width))


@given(runs)
def test_single_cause_incidence_is_one_minus_kaplan_meier_with_its_band(sample):
    data = pack(sample)
    result = aalen_johansen(data.time, ["x" if seen else None for seen in data.observed], causes=["x"])
    km = curve(data)
    assert result.causes[0].incidence == pytest.approx(1 - km.survival)
    if km.low is not None:
        assert result.causes[0].low == pytest.approx(1 - km.high)
        assert result.causes[0].high == pytest.approx(1 - km.low)


def test_competing_causes_are_never_read_off_one_minus_kaplan_meier():
    result = aalen_johansen([1.0, 2.0], ["collapsed", "diverged"], causes=["collapsed", "diverged"])
    assert [c.incidence[-1] for c in result.causes] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("time", "observed", "message"),
    [
        ([-1.0], [True], "0 or more"),
        ([math.nan], [True], "without NaN"),
        ([math.inf], [True], "finite"),
        ([1.0], [2], "booleans"),
        ([1.0], [None], "booleans"),
        ([1.0, 2.0], [True], "one length"),
    ],
)
def test_times_that_are_none_are_refused(time, observed, message):
    with pytest.raises(ValueError, match=message):
        durations(time, observed)


@pytest.mark.parametrize("collection", [list, tuple, np.array, pd.Series])
def test_durations_are_taken_in_any_form(collection):
    sample = durations(collection([3, 1]), collection([1, 0]))
    assert (sample.time.tolist(), sample.observed.tolist()) == ([3, 1], [True, False])


def test_curve_of_times_that_are_not_packed_is_refused():
    with pytest.raises(ValueError, match="expected Durations"):
        kaplan_meier([1.0, 2.0])


def test_survival_is_one_at_the_start_and_unknown_before():
    result = curve(durations([1.0, 2.0], [True, True]))
    assert (result.survival_at(0), result.survival_at(1), result.survival_at(9)) == (1, 0.5, 0)
    with pytest.raises(ValueError, match="0 or more"):
        result.survival_at(-1)


def test_log_rank_of_few_pairs_is_smaller_than_the_exact_p_that_its_documentation_names():
    first, second = durations([1.0] * 8, [True] * 8), durations([0.0] + [2.0] * 7, [True] * 8)
    by_rank, by_sign = log_rank(first, second), first_to_fail(first, second)
    assert isinstance(by_rank, LogRank)
    assert isinstance(by_sign, FirstToFail)
    assert (by_rank.p, by_sign.p) == (pytest.approx(0.034, abs=5e-4), pytest.approx(0.070, abs=5e-4))


def test_arms_of_unequal_size_are_no_pairs():
    with pytest.raises(ValueError, match="as many runs"):
        log_rank(durations([1.0], [True]), durations([1.0, 2.0], [True, True]))


def test_unlisted_causes_are_refused():
    with pytest.raises(ValueError, match="unlearned"):
        aalen_johansen([1.0], ["unlearned"], causes=["collapsed"])
