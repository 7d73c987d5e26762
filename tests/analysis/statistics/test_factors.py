import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.statistics import (
    FactorEffects,
    NotEstimable,
    contrast_effects,
    factor_effects,
    max_t,
    sign_flip_test,
    two_level_contrasts,
)

FACTORS = {"architecture": ("mlp", "dcgan"), "normalization": ("none", "batch")}


def effects(result: FactorEffects | NotEstimable) -> dict[str, float]:
    assert isinstance(result, FactorEffects)
    return {effect.name: effect.estimate for effect in result.effects}


def test_contrasts_of_two_factors_are_the_textbook_ones():
    weights = two_level_contrasts(FACTORS)
    assert list(weights) == ["architecture", "normalization", "architecture × normalization"]
    assert weights["architecture"].tolist() == [[-0.5, -0.5], [0.5, 0.5]]
    assert weights["normalization"].tolist() == [[-0.5, 0.5], [-0.5, 0.5]]
    assert weights["architecture × normalization"].tolist() == [[1, -1], [-1, 1]]


def test_contrasts_of_three_factors_are_orthogonal_and_complete():
    weights = two_level_contrasts({"a": ("0", "1"), "b": ("0", "1"), "c": ("0", "1")})
    flat = np.stack([w.ravel() for w in weights.values()])
    assert flat.shape == (7, 8)
    gram = flat @ flat.T
    assert gram - np.diag(np.diag(gram)) == pytest.approx(0)
    assert flat.sum(axis=1) == pytest.approx(0)


def test_effects_recover_what_an_additive_table_was_made_of():
    rng = np.random.default_rng(3)
    cells = np.array([[10.0, 7.0], [4.0, 1.0]])  # architecture -6, normalization -3, no interaction
    outcomes = cells + rng.normal(size=(12, 1, 1))
    assert effects(factor_effects(outcomes, FACTORS)) == pytest.approx(
        {"architecture": -6, "normalization": -3, "architecture × normalization": 0}
    )


def test_what_all_cells_of_a_seed_share_changes_nothing():
    rng = np.random.default_rng(4)
    outcomes, shared = rng.normal(size=(10, 2, 2)), 100 * rng.normal(size=(10, 1, 1))
    first, second = factor_effects(outcomes, FACTORS), factor_effects(outcomes + shared, FACTORS)
    assert effects(first) == pytest.approx(effects(second))
    assert [e.p for e in first.effects] == [e.p for e in second.effects]


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 7), st.just(2), st.just(2))))
def test_tests_of_effects_are_sign_flip_and_max_t_over_seeds(failed):
    result = factor_effects(failed, FACTORS, n_resamples=200)
    assert isinstance(result, FactorEffects)
    weights = two_level_contrasts(FACTORS)
    per_seed = np.stack([(failed * w).sum(axis=(1, 2)) for w in weights.values()], axis=1)
    reference = max_t(per_seed, n_resamples=200)
    assert tuple(e.p_adjusted for e in result.effects) == reference.p_adjusted
    for effect, column in zip(result.effects, per_seed.T, strict=True):
        assert effect.p == pytest.approx(sign_flip_test(column, n_resamples=200).p)


def test_trend_over_a_grid_factor_is_a_contrast_too():
    rates = np.log10([5e-5, 2e-4, 1e-3, 5e-3])
    weights = {"learning rate": rates - rates.mean()}
    outcomes = 2 * rates + np.arange(7.0)[:, None]
    assert effects(contrast_effects(outcomes, weights)) == pytest.approx(
        {"learning rate": 2 * ((rates - rates.mean()) ** 2).sum()}
    )


@given(st.floats(1e-3, 1e3), st.integers(1, 8))
def test_cells_that_are_all_equal_show_no_trend_whatever_rounding_leaves(outcome, n_seeds):
    rates = np.log10([5e-5, 2e-4, 1e-3, 5e-3])
    result = contrast_effects(np.full((n_seeds, 4), outcome), {"learning rate": rates - rates.mean()})
    assert isinstance(result, FactorEffects)
    assert [(e.estimate, e.p, e.interval) for e in result.effects] == [(0, 1, None)]


def test_too_few_seeds_are_said_to_be_descriptive():
    result = factor_effects(np.arange(12.0).reshape(3, 2, 2) ** 2, FACTORS)
    assert result.note == (
        "seeds with any effect: 3 of 3; cannot reach p = 0.05; descriptive only",
        "no interval: over 3 seeds the exact sign-flip test rejects no mean; it needs 6",
    )
    assert [effect.interval for effect in result.effects] == [None] * 3


def test_no_seeds_give_no_effects():
    result = factor_effects(np.empty((0, 2, 2)), FACTORS)
    assert isinstance(result, NotEstimable)
    assert str(result) == "no complete seeds"


@pytest.mark.parametrize("outcomes", [np.zeros((3, 2)), np.zeros((3, 2, 3)), np.zeros(4)])
def test_outcomes_must_have_one_axis_of_two_levels_a_factor(outcomes):
    with pytest.raises(ValueError, match="two-level"):
        factor_effects(outcomes, FACTORS)


def test_weights_must_be_contrasts():
    with pytest.raises(ValueError, match="sum 0"):
        contrast_effects(np.zeros((3, 2)), {"mean": [0.5, 0.5]})
    with pytest.raises(ValueError, match="finite"):
        contrast_effects(np.array([[1.0, np.inf]]), {"difference": [-1, 1]})
