import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics import (
    Interval,
    PairCounts,
    rates_within_margin,
    shift_within_margin,
    tango_interval,
    wilcoxon_signed_rank,
    within_margin,
)

INF = math.inf
Z2 = float(stats.norm.ppf(0.95)) ** 2
small = st.integers(0, 30)


def counts(a: int, b: int, c: int, d: int) -> PairCounts:
    return PairCounts(a=a, b=b, c=c, d=d)


def test_difference_lies_within_the_margin_only_if_the_whole_interval_does():
    interval = Interval(low=-0.1, high=0.15)
    assert within_margin(interval, 0.2).shown
    assert not within_margin(interval, 0.12).shown
    assert not within_margin(interval, 0.15).shown  # at the margin itself the one-sided test does not reject
    assert not within_margin(Interval(low=0.3, high=0.4), 0.2).shown


@pytest.mark.parametrize(
    ("interval", "margin", "words"),
    [
        (Interval(low=-0.1, high=0.15), 0.2, "difference lies within ±0.2 (90 % interval [−0.1, +0.15])"),
        (Interval(low=0, high=0.25), 0.2, "not shown: a difference within ±0.2 (90 % interval [0, +0.25])"),
        (Interval(low=-1200.0, high=INF), 1500, "not shown: a difference within ±1,500 (90 % interval [−1,200, +∞])"),
        (None, 0.2, "not shown: a difference within ±0.2 (no pairs, so no interval)"),
    ],
)
def test_verdict_is_never_said_without_margin_and_interval(interval, margin, words):
    assert str(within_margin(interval, margin)) == words


def test_words_name_the_confidence_that_belongs_to_alpha():
    assert "95 % interval" in str(within_margin(Interval(low=-1, high=1), 2, alpha=0.025))


def test_identical_verdicts_of_few_pairs_show_only_what_the_closed_interval_does():
    limit = Z2 / (8 + Z2)  # Tango's interval without discordant pairs
    assert limit == pytest.approx(0.2527, abs=5e-5)
    assert rates_within_margin(counts(0, 0, 0, 8), limit + 1e-9).shown
    assert not rates_within_margin(counts(0, 0, 0, 8), limit).shown


@given(st.builds(counts, small, small, small, small).filter(lambda table: table.n > 0), st.floats(0.01, 0.99))
def test_rates_are_within_the_margin_when_both_one_sided_score_tests_reject(table, margin):
    result = rates_within_margin(table, margin)
    above, below = (score(table, delta) for delta in (-margin, margin))
    distance = min(abs(above - math.sqrt(Z2)), abs(below + math.sqrt(Z2)))
    if distance > 1e-6:  # not where rounding decides
        assert result.shown == (above > math.sqrt(Z2) and below < -math.sqrt(Z2))
    assert result.interval == tango_interval(table, 0.9)


def score(table: PairCounts, delta: float) -> float:
    """Tango's score statistic of the difference ``delta``, with q as the larger root of its quadratic."""
    b, c, n = table.b, table.c, table.n
    q = max(np.roots([2 * n, -b - c + (2 * n - b + c) * delta, -c * delta * (1 - delta)]).real)
    return (b - c - n * delta) / math.sqrt(n * (2 * q + delta * (1 - delta)))


@given(st.lists(st.integers(-60, 60), min_size=1, max_size=11, unique=True), st.integers(1, 50))
def test_shift_is_within_the_margin_when_both_one_sided_signed_rank_tests_reject(d, margin):
    margin += 0.3  # off the grid of Walsh averages, so that the shifted differences have no ties of opposite sign
    shifted = [np.array(d) + margin, np.array(d) - margin]
    rejected = [wilcoxon_signed_rank(x).p <= 0.1 for x in shifted]
    ends = hodges_lehmann_signs(shifted)
    assert shift_within_margin(d, margin).shown == (all(rejected) and ends == [1, -1])


def hodges_lehmann_signs(samples: list[np.ndarray]) -> list[int]:
    """On which side of 0 the signed ranks of each sample lie."""
    return [int(np.sign((np.sign(x) * stats.rankdata(np.abs(x))).sum())) for x in samples]


def test_four_pairs_show_no_shift_to_be_small_and_five_can():
    assert not shift_within_margin([0.1, -0.1, 0.2, -0.2], 100).shown
    assert shift_within_margin([0.1, -0.1, 0.2, -0.2, 0.0], 1).shown
    assert str(shift_within_margin([], 1)).endswith("(no pairs, so no interval)")


def test_failures_that_leave_the_shift_unbounded_show_nothing():
    assert not shift_within_margin([INF, INF, 0.1, -0.1, 0.2, -0.2], 1).shown
    assert shift_within_margin([INF, *([0.1, -0.1] * 10)], 1).shown


@pytest.mark.parametrize("margin", [0, -0.1, math.nan, INF])
def test_margins_that_are_none_are_refused(margin):
    with pytest.raises(ValueError, match="margin"):
        within_margin(Interval(low=-1, high=1), margin)


def test_impossible_margins_of_rates_and_levels_are_refused():
    with pytest.raises(ValueError, match="below 1"):
        rates_within_margin(counts(1, 1, 1, 1), 1)
    with pytest.raises(ValueError, match="alpha"):
        within_margin(None, 0.1, alpha=0.5)
