from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.figures.thinning import fair_share, kept_points, thinned, window_length
from runs.records import trace

VALUES = st.lists(st.floats(width=32) | st.just(float("nan")), min_size=0, max_size=200)


def test_short_traces_leave_their_share_to_long_ones() -> None:
    assert fair_share([10, 100, 100], 110) == 50
    assert fair_share([10, 100, 100], 210) == 100
    assert fair_share([30, 30], 40) == 20
    assert fair_share([], 100) == 2


@given(st.lists(st.integers(1, 500), min_size=1, max_size=50), st.integers(100, 10_000))
def test_the_share_keeps_all_traces_within_the_total_and_is_the_greatest_that_does(
    lengths: list[int], total: int
) -> None:
    share = fair_share(lengths, total)
    assert sum(min(length, share) for length in lengths) <= total
    assert share == max(lengths) or sum(min(length, share + 1) for length in lengths) > total


def test_a_trace_that_fits_is_kept_whole() -> None:
    whole = trace(range(100), np.linspace(0, 1, 100))
    assert thinned(whole, 100) is whole
    assert window_length(100, 100) == 1


def test_of_each_window_the_least_and_the_greatest_are_kept_at_their_own_steps() -> None:
    long = trace(range(10, 18), [0, 3, 1, 2, 5, 4, 9, 6])
    kept = thinned(long, 4)
    assert window_length(8, 4) == 4
    assert kept.steps.tolist() == [10, 11, 15, 16]
    assert kept.values.tolist() == [0, 3, 4, 9]


@given(VALUES, st.integers(2, 40))
def test_extremes_stay_and_points_come_in_order(values: list[float], most: int) -> None:
    recorded = np.array(values, dtype=np.float64)
    kept = kept_points(recorded, most)
    assert (np.diff(kept) > 0).all()
    finite = recorded[np.isfinite(recorded)]
    if len(finite):
        shown = recorded[kept][np.isfinite(recorded[kept])]
        assert (shown.min(), shown.max()) == (finite.min(), finite.max())
    assert len(kept) <= max(most, 2) * 2 + 3


@given(VALUES, st.integers(2, 40))
def test_no_line_is_drawn_across_a_value_that_is_not_finite(values: list[float], most: int) -> None:
    recorded = np.array(values, dtype=np.float64)
    kept = kept_points(recorded, most)
    for first, second in pairwise(kept):
        if np.isfinite(recorded[[first, second]]).all():
            assert np.isfinite(recorded[first:second]).all()


def test_a_trace_without_a_finite_value_keeps_its_gap() -> None:
    assert kept_points(np.full(100, np.nan), 10).tolist() == [0]
