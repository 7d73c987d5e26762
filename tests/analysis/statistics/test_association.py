"""Rank correlations over runs of few seeds, against closed forms and simulations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from analysis.statistics import NotEstimable, RankCorrelation, rank_correlation


def correlated(seeds: int, rho: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two normal quantities of four runs a seed, whose correlation is rho between seeds and within."""
    shared, own = random.normal(size=(2, seeds, 1)), random.normal(size=(2, seeds, 4))
    together = math.sqrt(0.3) * shared + math.sqrt(0.7) * own
    second = rho * together[0] + math.sqrt(1 - rho**2) * together[1]
    return together[0].ravel(), second.ravel(), np.repeat(np.arange(seeds), 4)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20))
def test_it_is_spearmans_coefficient(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)
    found = rank_correlation(x, y, range(len(x)), n_resamples=10)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert isinstance(found, NotEstimable)
    else:
        assert isinstance(found, RankCorrelation)
        assert found.estimate == pytest.approx(spearmanr(x, y).statistic)


def test_a_difference_between_strata_does_not_count_within_them() -> None:
    x, y = [1, 2, 3, 11, 12, 13], [3, 2, 1, 13, 12, 11]
    whole = rank_correlation(x, y, range(6))
    within = rank_correlation(x, y, range(6), strata=["a"] * 3 + ["b"] * 3)
    assert isinstance(whole, RankCorrelation) and isinstance(within, RankCorrelation)
    assert whole.estimate > 0.5 and within.estimate == pytest.approx(-1)


def test_runs_of_a_seed_are_resampled_together() -> None:
    """Copies of each run tell no more than the run: the interval stays as wide."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 12))
    alone = rank_correlation(x, y, range(12))
    copied = rank_correlation(np.repeat(x, 5), np.repeat(y, 5), np.repeat(np.arange(12), 5))
    assert isinstance(alone, RankCorrelation) and isinstance(copied, RankCorrelation)
    assert alone.interval is not None and copied.interval is not None
    assert (copied.n, copied.seeds) == (60, 12)
    assert copied.interval.low == pytest.approx(alone.interval.low, abs=0.02)
    assert copied.interval.high == pytest.approx(alone.interval.high, abs=0.02)


def test_an_interval_over_nine_seeds_holds_the_truth_in_nine_of_ten_simulations() -> None:
    random, truth = np.random.default_rng(1), 6 / math.pi * math.asin(0.25)
    held = 0
    for _ in range(300):
        found = rank_correlation(*correlated(9, 0.5, random), n_resamples=499)
        assert isinstance(found, RankCorrelation) and found.interval is not None
        held += found.interval.low <= truth <= found.interval.high
    assert held / 300 == pytest.approx(0.9, abs=0.045)


def test_infinite_values_are_the_greatest_and_few_seeds_have_no_interval() -> None:
    found = rank_correlation([1, 2, 3, math.inf], [1, 2, 3, 4], range(4))
    assert isinstance(found, RankCorrelation)
    assert (found.estimate, found.interval, found.n, found.seeds) == (pytest.approx(1), None, 4, 4)


def test_p_is_the_share_of_exchanges_of_seeds_that_are_as_extreme() -> None:
    """Of the 20 ways to call three of six runs stable two separate the runs."""
    found = rank_correlation(range(6), [0, 0, 0, 1, 1, 1], range(6))
    assert isinstance(found, RankCorrelation)
    assert found.p == pytest.approx(2 / 20, abs=0.01)
    perfect = rank_correlation(range(5), range(5), range(5))
    assert isinstance(perfect, RankCorrelation) and perfect.p == pytest.approx(2 / math.factorial(5), abs=0.005)


def test_without_association_p_is_uniform_also_for_stable_or_not_and_few_seeds() -> None:
    random, small = np.random.default_rng(2), 0
    for _ in range(400):
        x, y = random.normal(size=24), np.repeat(random.permutation([0, 0, 0, 1, 1, 1]), 4)
        found = rank_correlation(x, y, np.repeat(np.arange(6), 4), strata=list(range(4)) * 6, n_resamples=199)
        assert isinstance(found, RankCorrelation) and found.p is not None
        small += found.p <= 0.15  # of 20 arrangements the two most extreme have .1, and the next .2
    assert small / 400 == pytest.approx(0.1, abs=0.045)


def test_seeds_that_lack_a_run_have_no_part_in_p_and_two_runs_of_one_place_none_at_all() -> None:
    x, y, seeds, strata = [1, 2, 3, 4, 9], [1, 2, 3, 4, 0], [0, 1, 2, 3, 4], ["a", "a", "a", "a", "b"]
    lacking = rank_correlation(x, y, seeds, strata=strata)
    assert isinstance(lacking, RankCorrelation) and lacking.p is None
    twice = rank_correlation(x, y, [0, 0, 1, 2, 3])
    assert isinstance(twice, RankCorrelation) and twice.p is None


def test_what_never_varies_is_not_estimable_and_nan_is_refused() -> None:
    assert str(rank_correlation([1, 1, 1], [1, 2, 3], range(3))) == "all runs alike"
    assert isinstance(rank_correlation([], [], []), NotEstimable)
    with pytest.raises(ValueError, match="got NaN"):
        rank_correlation([1, math.nan], [1, 2], range(2))
