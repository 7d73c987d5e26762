import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from analysis.statistics import (
    FactorEffects,
    LogisticModel,
    NotEstimable,
    factor_effects,
    logistic_gee,
    two_level_contrasts,
)

FACTORS = {"architecture": ("mlp", "dcgan"), "normalization": ("none", "batch")}


def logistic_by_hand(failed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Effects and errors of the saturated model, in closed form.

    The estimates are contrasts of the cells' log odds. Every cell holds each seed once, so each seed's leverage is
    1/S, and the bias-reduced covariance of the cell rates is that of the residuals divided by (S - 1)².
    """
    n = len(failed)
    rates = failed.mean(axis=0).ravel()
    residuals = failed.reshape(n, -1) - rates
    slopes = np.diag(1 / (rates * (1 - rates)))
    covariance = slopes @ (residuals.T @ residuals / (n - 1) ** 2) @ slopes
    weights = np.stack([w.ravel() for w in two_level_contrasts(FACTORS).values()])
    return weights @ np.log(rates / (1 - rates)), np.sqrt(np.diag(weights @ covariance @ weights.T))


def test_logistic_model_of_a_complete_design_matches_its_closed_form():
    rng = np.random.default_rng(0)
    failed = rng.random((20, 2, 2)) < np.array([[0.7, 0.4], [0.3, 0.4]])
    result = logistic_gee(failed, FACTORS)
    assert isinstance(result, LogisticModel)
    estimates, errors = logistic_by_hand(failed)
    z = stats.norm.ppf(0.975)
    assert [e.log_odds for e in result.effects] == pytest.approx(estimates, rel=1e-4)
    assert [e.interval.high for e in result.effects] == pytest.approx(estimates + z * errors, rel=1e-3)
    assert [e.p for e in result.effects] == pytest.approx(2 * stats.norm.sf(np.abs(estimates) / errors), rel=1e-2)
    assert [e.name for e in result.effects] == list(two_level_contrasts(FACTORS))


def test_cell_without_failures_hands_over_to_the_sign_flip_test():
    failed = np.zeros((8, 2, 2), dtype=bool)
    failed[:, 0, 0] = [True, True, False, True, True, False, True, True]
    result = logistic_gee(failed, FACTORS)
    assert isinstance(result, NotEstimable)
    assert str(result) == (
        "0 of 8 not stable in cell architecture mlp, normalization batch; "
        "the logistic model is not estimable, see the sign-flip test"
    )
    assert isinstance(factor_effects(failed, FACTORS), FactorEffects)


@settings(max_examples=50)
@given(hnp.arrays(np.bool_, st.tuples(st.integers(0, 9), st.just(2), st.just(2))))
def test_logistic_model_is_finite_or_says_why_not(failed):
    result = logistic_gee(failed, FACTORS)
    if isinstance(result, LogisticModel):
        for effect in result.effects:
            assert all(map(math.isfinite, (effect.log_odds, effect.interval.low, effect.interval.high, effect.p)))
    else:
        assert "sign-flip" in str(result)


def test_effect_that_is_the_same_in_every_seed_is_not_estimable_on_the_log_odds():
    column = np.array([True, False, True, True, False, False])
    failed = np.stack([np.stack([column, column], axis=1), np.stack([~column, column], axis=1)], axis=1)
    failed[:, 1, 1] = failed[:, 1, 0]
    result = logistic_gee(failed, FACTORS)
    assert isinstance(result, NotEstimable)


def test_failures_must_be_booleans():
    with pytest.raises(ValueError, match="booleans"):
        logistic_gee(np.zeros((4, 2, 2)), FACTORS)
