"""Population-averaged logistic model of failures in crossed factors, beside the contrasts within seeds."""

# S seeds, F factors of two levels each

import itertools
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.genmod.cov_struct import Exchangeable
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_estimating_equations import GEE
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from analysis.statistics.estimates import BoolArray, FloatArray, Interval, NotEstimable, check_confidence
from analysis.statistics.factors import Levels, two_level_contrasts

_NO_VARIATION = 1e-6  # standard error on the scale of log odds
_SIGN_FLIP = "the logistic model is not estimable, see the sign-flip test"


@dataclass(frozen=True, kw_only=True)
class LogOddsEffect:
    """An effect on the log odds of failing, with its Wald interval and p."""

    name: str
    log_odds: float
    interval: Interval
    p: float


@dataclass(frozen=True, kw_only=True)
class LogisticModel:
    """Population-averaged logistic model."""

    n_seeds: int
    effects: tuple[LogOddsEffect, ...]


def logistic_gee(failed: ArrayLike, factors: Levels, *, confidence: float = 0.95) -> LogisticModel | NotEstimable:
    """Logistic model of failures (S, 2, …, 2) with all main effects and interactions, seeds as clusters.

    Generalized estimating equations with an exchangeable correlation within seed (Liang & Zeger 1986) and the
    bias-reduced covariance of Mancl & DeRouen 2001. Effects are averages, and differences, of log odds ratios, in
    the order of ``two_level_contrasts``. NotEstimable, naming the cell, where a cell has no failures or nothing
    else, since its log odds are infinite, and where there are too few seeds: the sign-flip test of
    ``factor_effects`` stands alone then. Raises ValueError for another shape or values that are not boolean.
    """
    check_confidence(confidence)
    y = np.asarray(failed)
    if not factors or y.shape[1:] != (2,) * len(factors) or y.dtype != np.bool_:
        raise ValueError(f"failures are booleans of shape (seeds, 2, …), one 2 a factor, got {y.dtype} {y.shape}")
    reason = _why_not_estimable(y, factors)
    if reason:
        return NotEstimable(reason=f"{reason}; {_SIGN_FLIP}", n=len(y))
    weights = two_level_contrasts(factors)
    model = GEE(
        y.reshape(-1).astype(np.float64),
        np.tile(_cell_design([w.ravel() for w in weights.values()]), (len(y), 1)),
        groups=np.repeat(np.arange(len(y)), y[0].size),
        family=Binomial(),
        cov_struct=Exchangeable(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = model.fit(cov_type="bias_reduced")
        except (ConvergenceWarning, np.linalg.LinAlgError):
            return NotEstimable(reason=f"the fit did not converge; {_SIGN_FLIP}", n=len(y))
    if not (fit.bse > _NO_VARIATION).all():  # NaN included
        return NotEstimable(reason=f"an effect does not vary over seeds; {_SIGN_FLIP}", n=len(y))
    return LogisticModel(
        n_seeds=len(y),
        effects=tuple(
            _log_odds_effect(name, float(beta), float(error), confidence)
            for name, beta, error in zip(weights, fit.params[1:], fit.bse[1:], strict=True)
        ),
    )


def _cell_design(weights: list[FloatArray]) -> FloatArray:
    """Design (cells, cells) whose coefficients are the mean log odds and these contrasts of the cells' log odds."""
    cells = len(weights) + 1
    return np.linalg.inv(np.stack([np.full(cells, 1 / cells), *weights]))


def _why_not_estimable(failed: BoolArray, factors: Levels) -> str | None:
    if len(failed) < 2:
        return f"complete seeds: {len(failed)}"
    counts = failed.sum(axis=0)
    for cell in itertools.product((0, 1), repeat=len(factors)):
        if counts[cell] in (0, len(failed)):
            label = ", ".join(f"{name} {factors[name][level]}" for name, level in zip(factors, cell, strict=True))
            return f"{counts[cell]} of {len(failed)} not stable in cell {label}"
    return None


def _log_odds_effect(name: str, log_odds: float, error: float, confidence: float) -> LogOddsEffect:
    width = float(stats.norm.ppf(0.5 + confidence / 2)) * error
    return LogOddsEffect(
        name=name,
        log_odds=log_odds,
        interval=Interval(low=log_odds - width, high=log_odds + width),
        p=float(2 * stats.norm.sf(abs(log_odds) / error)),
    )
