import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from statsmodels.stats.multitest import multipletests

from analysis.statistics import holm, max_t, sign_flip_test

contrast_arrays = hnp.arrays(
    float, st.tuples(st.integers(1, 7), st.integers(1, 4)), elements=st.integers(-3, 3).map(float)
)


def test_holm_matches_the_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_holm_counts_a_test_that_could_not_be_computed():
    assert holm([0.01, None, 0.03]) == (pytest.approx(0.03), None, pytest.approx(0.06))
    assert holm([None, None]) == (None, None)
    assert holm([]) == ()


@settings(max_examples=10)  # statsmodels collects garbage at every call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_agrees_with_statsmodels_when_all_tests_were_computed(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


@pytest.mark.parametrize("p", [float("nan"), -0.1, 1.1])
def test_holm_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="p-values"):
        holm([0.5, p])


@given(contrast_arrays)
def test_max_t_alone_is_the_sign_flip_test_and_adjusting_never_lowers_p(d):
    result = max_t(d)
    assert result.exact
    for column, p in zip(d.T, result.p, strict=True):
        assert p == pytest.approx(sign_flip_test(column).p)
    assert all(adjusted >= p - 1e-12 for p, adjusted in zip(result.p, result.p_adjusted, strict=True))


@given(contrast_arrays)
def test_max_t_agrees_with_the_step_down_maximum_of_t_statistics(d):
    """Against the definition: t statistics of every sign pattern, maxima over the columns not yet rejected."""
    signs = 1 - 2 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
    t = np.stack([np.abs(t_statistics(d * row[:, None])) for row in signs])
    observed = t[0]
    order = np.argsort(-observed, kind="stable")
    p = [(t[:, order[k:]].max(axis=1) >= observed[order[k]] - 1e-9).mean() for k in range(d.shape[1])]
    expected = np.empty(d.shape[1])
    expected[order] = np.maximum.accumulate(p)
    assert max_t(d).p_adjusted == pytest.approx(expected)


def t_statistics(d: np.ndarray) -> np.ndarray:
    """Studentized sums with the invariant denominator; monotone in Student's t for a common number of seeds."""
    squares = (d**2).sum(axis=0)
    total = d.sum(axis=0)
    n = len(d)
    share = np.divide(total**2, squares, out=np.zeros(d.shape[1]), where=squares > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.sqrt(np.where(share < n - 1e-9, (n - 1) * share / (n - share), np.inf))
    return np.minimum(t, 1e6) if n > 1 else share


def test_identical_contrasts_cost_nothing_to_adjust():
    d = np.array([1.0, 2.0, -1.0, 3.0, 2.0, 1.5])
    result = max_t(np.column_stack([d, d, d]))
    assert result.p_adjusted == pytest.approx(result.p)


def test_columns_of_zeros_have_p_one_and_seeds_of_zeros_change_nothing():
    d = np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    result = max_t(d)
    assert result.p == (0.25, 1.0)
    assert result.means == pytest.approx((4 / 3, 0))
    assert max_t(np.vstack([d, np.zeros((2, 2))])).p == result.p


def test_many_seeds_are_sampled_reproducibly_and_never_give_zero():
    d = np.ones((40, 2))
    result = max_t(d, n_resamples=99, seed=5)
    assert not result.exact
    assert result.p == (0.01, 0.01)
    assert result == max_t(d, n_resamples=99, seed=5)


def test_incomplete_seeds_are_refused():
    with pytest.raises(ValueError, match="finite"):
        max_t(np.array([[1.0, np.nan]]))
    with pytest.raises(ValueError, match="seeds, contrasts"):
        max_t(np.array([1.0, 2.0]))


def test_family_wise_error_is_held_under_the_complete_null():
    rng = np.random.default_rng(11)
    rejected = 0
    for _ in range(300):
        shared = rng.normal(size=(8, 1))
        result = max_t(shared + rng.normal(size=(8, 4)))
        rejected += min(result.p_adjusted) <= 0.05
    assert rejected / 300 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
