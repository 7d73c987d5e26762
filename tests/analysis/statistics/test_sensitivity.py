import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.statistics import NotEstimable, SpecificationTest, mcnemar_exact_p, sign_flip_test, specification_test

outcome_differences = hnp.arrays(
    float, st.tuples(st.integers(1, 4), st.integers(1, 7)), elements=st.sampled_from([-1.0, 0.0, 1.0])
)


def joint(differences: np.ndarray, alpha: float = 0.05) -> SpecificationTest:
    result = specification_test(differences, alpha=alpha)
    assert isinstance(result, SpecificationTest)
    return result


def significant_one_way(differences: np.ndarray, alpha: float) -> int:
    """Largest number of specifications that McNemar calls significant in one direction."""
    counts = {1: 0, -1: 0}
    for row in differences:
        b, c = int((row > 0).sum()), int((row < 0).sum())
        if b != c and mcnemar_exact_p(b, c) <= alpha:
            counts[1 if b > c else -1] += 1
    return max(counts.values())


@given(outcome_differences, st.sampled_from([0.05, 0.5]))
def test_joint_p_values_are_shares_of_all_label_swaps(d, alpha):
    result = joint(d, alpha)
    swaps = [d * signs for signs in itertools.product([1, -1], repeat=d.shape[1])]
    medians = np.array([abs(np.median(swap.sum(axis=1))) for swap in swaps])
    significant = np.array([significant_one_way(swap, alpha) for swap in swaps])
    assert result.exact
    assert result.p_median == pytest.approx((medians >= medians[0]).mean())
    assert result.n_significant == significant[0]
    assert result.p_significant == pytest.approx((significant >= significant[0]).mean())


def test_single_specification_is_the_sign_flip_test():
    d = np.array([[1.0, 1, 1, -1, 0, 1, 1, 1]])
    assert joint(d).p_median == sign_flip_test(d[0]).p


def test_repeating_a_specification_adds_no_evidence():
    d = np.array([1.0, 1, 1, 1, 0, 1, 1, -1])
    once, often = joint(d[None]), joint(np.tile(d, (30, 1)))
    assert (often.p_median, often.p_significant) == (once.p_median, once.p_significant)


def test_swapping_the_arms_negates_the_median_and_keeps_p():
    d = np.array([[1.0, 1, 0, -1, 1, 1, 1, 1], [1.0, 0, 0, -1, 1, 1, 1, 1], [0.0, 0, 0, 0, 0, 1, 1, 1]])
    forward, backward = joint(d), joint(-d)
    assert forward.deltas == pytest.approx([5 / 8, 4 / 8, 3 / 8])
    assert forward.median_delta == -backward.median_delta == 0.5
    assert (forward.p_median, forward.p_significant) == (backward.p_median, backward.p_significant)


def test_specifications_without_any_difference_are_never_significant():
    result = joint(np.zeros((3, 5)))
    assert (result.n_significant, result.p_median, result.p_significant) == (0, 1, 1)


def test_many_pairs_are_sampled_reproducibly():
    d = np.ones((2, 50))
    result = specification_test(d, n_resamples=99, seed=1)
    assert isinstance(result, SpecificationTest)
    assert (result.exact, result.n_significant, result.p_median) == (False, 2, 0.01)
    assert 0 < result.p_significant < 0.15
    assert result == specification_test(d, n_resamples=99, seed=1)


count_differences = hnp.arrays(
    float, st.tuples(st.integers(1, 4), st.integers(1, 7)), elements=st.integers(-4, 4).map(float)
)


@given(count_differences, st.sampled_from([0.05, 0.5]))
def test_counts_of_a_seed_are_tested_by_all_label_swaps_and_each_by_its_own_sign_flips(d, alpha):
    def one_way(swap: np.ndarray) -> int:
        means = [(sign_flip_test(row), row.sum()) for row in swap]
        up = sum(test.p <= alpha and total > 0 for test, total in means)
        return max(up, sum(test.p <= alpha and total < 0 for test, total in means))

    result = joint(d, alpha)
    swaps = [d * signs for signs in itertools.product([1, -1], repeat=d.shape[1])]
    medians = np.array([abs(np.median(swap.sum(axis=1))) for swap in swaps])
    significant = np.array([one_way(swap) for swap in swaps])
    assert result.deltas == pytest.approx(d.mean(axis=1))
    assert result.p_median == pytest.approx((medians >= medians[0]).mean())
    assert result.n_significant == significant[0]
    assert result.p_significant == pytest.approx((significant >= significant[0]).mean())


def test_counts_that_are_binary_outcomes_times_two_have_the_same_p():
    d = np.array([[1.0, 1, 0, -1, 1, 1, 1, 1], [1.0, 1, 0, 0, 1, 1, 1, 1], [0.0, 0, 0, 0, 0, 1, 1, 1]])
    once, twice = joint(d), joint(2 * d)
    assert (once.p_median, once.n_significant, once.p_significant) == (
        twice.p_median,
        twice.n_significant,
        twice.p_significant,
    )
    assert once.n_significant == 1  # six of six; seven of which one is against are not enough
    assert twice.median_delta == 2 * once.median_delta


def test_counts_over_many_seeds_are_sampled_reproducibly():
    result = specification_test(2 * np.ones((2, 50)), n_resamples=99, seed=1)
    assert isinstance(result, SpecificationTest)
    assert (result.exact, result.n_significant, result.p_median) == (False, 2, 0.01)


def test_no_pairs_give_no_test():
    assert isinstance(specification_test(np.empty((2, 0))), NotEstimable)


@pytest.mark.parametrize(
    "d",
    [
        np.array([0.5]),
        np.array([[0.5]]),
        np.array([[np.nan]]),
        np.array([[np.inf]]),
        np.array([[1e308]]),
        np.empty((0, 3)),
    ],
)
def test_differences_that_are_not_paired_outcomes_are_refused(d):
    with pytest.raises(ValueError, match="differences must be"):
        specification_test(d)
