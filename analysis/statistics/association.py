"""How strongly two quantities of runs go together in rank, with the uncertainty that comes of few seeds."""

# N runs, S seeds, R resamples

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.statistics.estimates import FloatArray, Interval, NotEstimable, Values, check_confidence, check_paired
from analysis.statistics.resampling import N_RESAMPLES, at_least

FEWEST_SEEDS = 5  # with fewer the resamples are too few to have quantiles
_MOST_CONSTANT = 0.05  # share of resamples without a correlation, beyond which the rest say too little


@dataclass(frozen=True, kw_only=True)
class RankCorrelation:
    """Spearman's ρ over ``n`` runs of ``seeds`` seeds; interval: None where resamples give none.

    p: two-sided, None where no seed has a run in every stratum.
    """

    estimate: float
    interval: Interval | None
    p: float | None
    n: int
    seeds: int


def rank_correlation(
    first: Values,
    second: Values,
    seeds: Sequence[int],
    *,
    strata: Sequence[object] | None = None,
    confidence: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> RankCorrelation | NotEstimable:
    """Spearman's rank correlation of two quantities (N,) of runs, with a percentile bootstrap interval over seeds.

    Runs of one seed are resampled together: they share data order and noise. With ``strata`` (N,) ranks are taken, and
    centred, within each stratum, so that no difference between strata counts. Ranks are those of all runs, also in a
    resample. Infinite values are ranked as such. NotEstimable where either quantity is constant within all strata. The
    interval is too short for few seeds: at .95 it holds the truth in 87 to 90 % of simulations with 6 seeds of 4 runs,
    in 90 % with 9. p is of a permutation test, which is exact however few they are: one quantity's seeds are exchanged
    for each other, all runs of a seed together, among seeds with one run in every stratum. Raises ValueError for NaN.
    Source: Efron, Tibshirani 1993, An Introduction to the Bootstrap, 13.3 and 15.2.
    """
    check_paired(first, second)
    check_confidence(confidence)
    groups = np.unique([str(one) for one in strata or [""] * len(seeds)], return_inverse=True)[1]
    x, y = (_centred_ranks(np.asarray(one, np.float64), groups) for one in (first, second))
    if not len(x) or not (x.any() and y.any()):
        return NotEstimable(reason="all runs alike", n=len(x))
    places = np.unique(np.asarray(seeds), return_inverse=True)[1]
    count = int(places.max()) + 1
    # of each seed's runs: all that a correlation of centred ranks is made of
    terms = (x * y, x * x, y * y, x, y, np.ones_like(x))
    sums = np.stack([np.bincount(places, one, count) for one in terms]).astype(np.float64)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), n_resamples)
    return RankCorrelation(
        estimate=float(_correlation(sums.sum(1))),
        interval=_percentiles(_correlation(sums @ drawn.T), confidence) if count >= FEWEST_SEEDS else None,
        p=_permutation_p(x, y, places, groups, n_resamples, seed),
        n=len(x),
        seeds=count,
    )


def _permutation_p(
    x: FloatArray, y: FloatArray, places: NDArray[np.int64], groups: NDArray[np.int64], n_resamples: int, seed: int
) -> float | None:
    """Share of exchanges of seeds whose sum of products is as far from its mean as the observed one."""
    table = np.full((2, places.max() + 1, groups.max() + 1), np.nan)
    table[:, places, groups] = x, y
    first, second = table[:, ~np.isnan(table[0]).any(axis=1)]
    if len(np.unique(np.stack([places, groups]), axis=1).T) < len(x) or len(first) < 2:
        return None
    products = first @ second.T  # of the runs of one seed with those of another, summed over strata
    random, at = np.random.default_rng(seed), np.arange(len(first))
    orders = random.permuted(np.tile(at, (n_resamples, 1)), axis=1)
    sums, centre = products[at, orders].sum(axis=1), products.mean() * len(at)
    as_far = at_least(np.abs(sums - centre), abs(np.trace(products) - centre), np.abs(products).sum())
    return float((as_far.sum() + 1) / (n_resamples + 1))


def _centred_ranks(values: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    if np.isnan(values).any():
        raise ValueError("a rank correlation needs numbers, got NaN")
    ranks = np.zeros(len(values))
    for group in np.unique(groups):
        own = groups == group
        ranks[own] = rankdata(values[own])
        ranks[own] -= ranks[own].mean()
    return ranks


def _correlation(sums: FloatArray) -> FloatArray:
    """Pearson's correlation from sums (6, R) of xy, xx, yy, x, y and 1; NaN where there is none."""
    xy, xx, yy, x, y, n = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (xy - x * y / n) / np.sqrt((xx - x * x / n) * (yy - y * y / n))
    return np.where(np.isfinite(found), found.clip(-1, 1), np.nan)


def _percentiles(resampled: FloatArray, confidence: float) -> Interval | None:
    known = resampled[~np.isnan(resampled)]
    if len(known) < (1 - _MOST_CONSTANT) * len(resampled):
        return None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(low=float(low), high=float(high))
