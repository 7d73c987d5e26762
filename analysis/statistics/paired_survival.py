"""Times to an event of two arms over matched pairs: log-rank, restricted mean, and who failed first."""

# N pairs

from dataclasses import dataclass

import numpy as np
from scipy import stats
from statsmodels.duration.survfunc import survdiff

from analysis.statistics.estimates import BoolArray, Interval, NotEstimable
from analysis.statistics.magnitudes import without_overflow
from analysis.statistics.mean_intervals import mean_interval
from analysis.statistics.pair_counts import mcnemar_exact_p
from analysis.statistics.resampling import N_RESAMPLES, PermutationTest, sign_flip_test
from analysis.statistics.survival import NO_EVENTS, Durations


@dataclass(frozen=True, kw_only=True)
class LogRank:
    """Log-rank test of two arms, 1 degree of freedom.

    p is that of χ², which is too small for few pairs: of 8 that all decide, 7 to 1 gives .034 where the exact test
    of ``first_to_fail`` gives .070. Below some 20 pairs that test is the one to trust.
    """

    chi_square: float
    p: float
    n_events: int


@dataclass(frozen=True, kw_only=True)
class RestrictedMeans:
    """Mean event-free time up to ``tau`` in both arms and its paired difference, first minus second.

    interval: see ``mean_interval``; None where all differences are equal, or the n pairs too few. sign_flip: test that
    the differences are symmetric about 0.
    """

    tau: float
    n: int
    first: float
    second: float
    difference: float
    interval: Interval | None
    sign_flip: PermutationTest


@dataclass(frozen=True, kw_only=True)
class FirstToFail:
    """Pairs by the arm whose run had the event first, and the exact sign test of the two counts.

    tied: both had it at the same time. undecided: neither had it, or the one without was censored earlier.
    """

    first: int
    second: int
    tied: int
    undecided: int
    p: float


def first_to_fail(first: Durations, second: Durations) -> FirstToFail | NotEstimable:
    """Sign test on which run of each pair had the event first; p is 1 where no pair decides.

    A run that is censored at the time of the other's event outlived it. NotEstimable without any event. Raises
    ValueError for samples of unequal length.
    """
    reason = _no_events(first, second)
    if reason:
        return reason
    first_earlier = _had_event_before(first, second)
    second_earlier = _had_event_before(second, first)
    tied = first.observed & second.observed & (first.time == second.time)
    b, c = int(first_earlier.sum()), int(second_earlier.sum())
    return FirstToFail(
        first=b, second=c, tied=int(tied.sum()), undecided=first.n - b - c - int(tied.sum()), p=mcnemar_exact_p(b, c)
    )


def _had_event_before(one: Durations, other: Durations) -> BoolArray:
    outlived = (other.time > one.time) | ((other.time == one.time) & ~other.observed)
    return one.observed & outlived


def log_rank(first: Durations, second: Durations, *, paired: bool = True) -> LogRank | NotEstimable:
    """Log-rank test, stratified by pair unless ``paired`` is False, when the arms may differ in size.

    Stratified by pair, χ² = (b - c)²/(b + c), where b and c count the pairs in which the first, the second arm's
    run had the event first: the asymptotic form of ``first_to_fail``. NotEstimable without events, and where no
    event happened while runs of both arms could have had it. Source: Mantel 1966; Peto & Peto 1972.
    """
    reason = _no_events(first, second, paired=paired)
    if reason:
        return reason
    time = np.concatenate([first.time, second.time])
    observed = np.concatenate([first.observed, second.observed])
    arm = np.repeat([0, 1], [first.n, second.n])
    pair = np.concatenate([np.arange(first.n), np.arange(second.n)]) if paired else None
    try:
        chi_square = float(survdiff(time, observed.astype(int), arm, strata=pair)[0])
    except np.linalg.LinAlgError:  # the variance is 0
        return NotEstimable(reason="no event tells the arms apart; the log-rank test is not estimable", n=first.n)
    return LogRank(chi_square=chi_square, p=float(stats.chi2.sf(chi_square, 1)), n_events=int(observed.sum()))


def restricted_means(
    first: Durations,
    second: Durations,
    *,
    tau: float,
    confidence: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> RestrictedMeans | NotEstimable:
    """Restricted mean survival time, mean(min(t, tau)), and its paired difference.

    Runs watched up to ``tau`` make it a plain mean, whatever their events; NotEstimable if a run was censored
    before, or without events. Raises ValueError for unequal lengths or a ``tau`` that is not positive.
    Source: Royston & Parmar 2013.
    """
    if not tau > 0:
        raise ValueError(f"tau is {tau}, expected a time above 0")
    reason = _no_events(first, second)
    if reason:
        return reason
    lost = sum(int((~sample.observed & (sample.time < tau)).sum()) for sample in (first, second))
    if lost:
        return NotEstimable(
            reason=f"runs censored before {tau:g}: {lost}; the mean up to {tau:g} is not estimable", n=first.n
        )
    x, y = np.minimum(first.time, tau), np.minimum(second.time, tau)
    return RestrictedMeans(
        tau=tau,
        n=first.n,
        first=without_overflow(np.mean, x),
        second=without_overflow(np.mean, y),
        difference=without_overflow(np.mean, x - y),
        interval=mean_interval(x - y, confidence=confidence, n_resamples=n_resamples, seed=seed),
        sign_flip=sign_flip_test(x - y, n_resamples=n_resamples, seed=seed),
    )


def _no_events(first: Durations, second: Durations, *, paired: bool = True) -> NotEstimable | None:
    if paired and first.n != second.n:
        raise ValueError(f"pairs need as many runs in both arms, got {first.n} and {second.n}")
    if not first.n or not second.n:
        return NotEstimable(reason="no runs", n=0)
    return None if first.n_events + second.n_events else NotEstimable(reason=NO_EVENTS, n=first.n)
