"""lifelines, an independent implementation, gives the same numbers."""

import warnings

import numpy as np
import pytest
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time
from scipy import stats

from analysis.statistics import (
    CumulativeIncidence,
    Durations,
    LogRank,
    RestrictedMeans,
    SurvivalCurve,
    aalen_johansen,
    durations,
    kaplan_meier,
    log_rank,
    restricted_means,
)
from tests.analysis.statistics.remissions import mercaptopurine, placebo

pytestmark = pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0")  # how lifelines calls pandas

PRECISE = {"rel": 1e-9, "abs": 1e-12}
seeds = pytest.mark.parametrize("seed", range(12))


def runs(seed: int, n: int = 25, *, budget: float = 20.0) -> Durations:
    """Weeks, so that times tie, watched for ``budget`` weeks at most, some for less."""
    rng = np.random.default_rng(seed)
    event, watched = np.ceil(rng.exponential(8, n)), np.minimum(np.ceil(rng.exponential(30, n)), budget)
    return durations(np.minimum(event, watched), event <= watched)


def fitted(sample: Durations) -> KaplanMeierFitter:
    with warnings.catch_warnings():  # its band at survival 1 and 0, which is not compared
        warnings.simplefilter("ignore", RuntimeWarning)
        return KaplanMeierFitter().fit(sample.time, sample.observed)


def check_curve(sample: Durations) -> None:
    ours, theirs = kaplan_meier(sample), fitted(sample)
    assert isinstance(ours, SurvivalCurve)
    assert ours.survival == pytest.approx(theirs.survival_function_.loc[ours.times].to_numpy()[:, 0], **PRECISE)
    assert ours.median == theirs.median_survival_time_ or (
        ours.median is None and theirs.median_survival_time_ == np.inf
    )
    inside = (ours.survival > 1e-9) & (ours.survival < 1)
    band = theirs.confidence_interval_.loc[ours.times].to_numpy()[inside]
    assert len(band) > 1
    assert ours.low[inside] == pytest.approx(band[:, 0], **PRECISE)
    assert ours.high[inside] == pytest.approx(band[:, 1], **PRECISE)


def check_log_rank(first: Durations, second: Durations) -> None:
    ours = log_rank(first, second, paired=False)
    theirs = logrank_test(first.time, second.time, first.observed, second.observed)
    assert isinstance(ours, LogRank)
    assert (ours.chi_square, ours.p) == pytest.approx((theirs.test_statistic, theirs.p_value), **PRECISE)


@seeds
def test_kaplan_meier_and_its_log_log_band_agree_with_lifelines(seed):
    check_curve(runs(seed))


def test_leukaemia_curves_and_their_log_log_bands_agree_with_lifelines():
    check_curve(placebo())
    check_curve(mercaptopurine())


@seeds
def test_log_rank_agrees_with_lifelines_for_arms_of_unequal_size(seed):
    check_log_rank(runs(seed), runs(100 + seed, 18))


def test_leukaemia_log_rank_agrees_with_lifelines():
    check_log_rank(placebo(), mercaptopurine())


@seeds
def test_restricted_means_agree_with_lifelines_area_under_the_curve(seed):
    rng = np.random.default_rng(seed)
    time = np.minimum(np.ceil(rng.exponential(8, (2, 15))), 20)
    first, second = (durations(t, t < 20) for t in time)
    for tau in (7.5, 12.0, 20.0):
        ours = restricted_means(first, second, tau=tau, n_resamples=99)
        assert isinstance(ours, RestrictedMeans)
        theirs = [restricted_mean_survival_time(fitted(sample), t=tau) for sample in (first, second)]
        assert [ours.first, ours.second] == pytest.approx(theirs, **PRECISE)


def test_leukaemia_restricted_means_agree_with_lifelines_where_no_run_was_lost():
    ours = restricted_means(placebo(), mercaptopurine(), tau=6, n_resamples=99)
    assert isinstance(ours, RestrictedMeans)
    theirs = [restricted_mean_survival_time(fitted(sample), t=6) for sample in (placebo(), mercaptopurine())]
    assert [ours.first, ours.second] == pytest.approx(theirs, **PRECISE)


@seeds
def test_cumulative_incidence_and_its_standard_error_agree_with_lifelines(seed):
    rng = np.random.default_rng(seed)
    n = 30
    time = rng.permutation(np.arange(1.0, n + 1)) ** 1.3  # no ties: lifelines would move them apart at random
    status = np.where(time == time.max(), 0, rng.integers(0, 3, n))  # and divides by 0 if the last run has an event
    causes = [None, "collapsed", "diverged"]
    ours = aalen_johansen(time, [causes[k] for k in status], causes=causes[1:])
    assert isinstance(ours, CumulativeIncidence)
    for k, cause in enumerate(ours.causes, start=1):
        with warnings.catch_warnings():  # its band while the incidence is 0, which is not compared
            warnings.simplefilter("ignore", RuntimeWarning)
            theirs = AalenJohansenFitter().fit(time, status, event_of_interest=k)
        expected = theirs.cumulative_density_.loc[ours.times].to_numpy()[:, 0]
        assert cause.incidence == pytest.approx(expected, **PRECISE)
        begun = cause.incidence > 0
        deviation = np.sqrt(theirs.variance_.loc[ours.times].to_numpy()[begun])
        free, least = 1 - cause.incidence[begun], 1 - cause.high[begun]
        width = np.log(np.log(least) / np.log(free))  # the band is free ** exp(±width)
        assert width * free * -np.log(free) / stats.norm.ppf(0.975) == pytest.approx(deviation, rel=1e-6)
