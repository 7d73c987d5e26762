"""Whether arms were shown to differ by less than the margins that a study registers."""

# N pairs compared

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.counting import counted
from analysis.results.document import ContrastResult
from analysis.results.precision import MarginResult
from analysis.statistics import (
    Equivalence,
    NotEstimable,
    PairCounts,
    bootstrap_mean_interval,
    rates_within_margin,
    shift_interval,
    sign_flip_interval,
    signs_needed,
    why_no_mean_interval,
    within_margin,
)
from runs.plan import Contrast, Plan

Floats = NDArray[np.float64]

MOST_INVERTED = 16  # seeds whose sign-flip test can be inverted


def judge_margins(plan: Plan, contrasts: Sequence[ContrastResult]) -> Iterator[MarginResult]:
    """Every registered margin at every grid point, by contrasts at equal updates; each at level alpha by itself."""
    for contrast in plan.contrasts:
        if contrast.margin is not None:
            for result in _answers(contrast, contrasts):
                yield _judged(result, contrast.margin, plan.alpha)


def _answers(contrast: Contrast, contrasts: Sequence[ContrastResult]) -> list[ContrastResult]:
    """Its results, one a grid point."""
    asked = (contrast.outcome, contrast.first, contrast.second, contrast.minus)
    return [result for result in contrasts if (result.outcome, result.first, result.second, result.minus) == asked]


def _judged(result: ContrastResult, margin: float, alpha: float) -> MarginResult:
    values = np.array([(pair.first, pair.second) for pair in result.values], dtype=np.float64).reshape(-1, 2)
    without = np.isinf(values)  # the worst rank
    return MarginResult(
        role=result.role,
        name=result.name,
        first=result.first,
        second=result.second,
        outcome=result.outcome,
        grid_point=result.grid_point,
        margin=margin,
        unit=result.effect.unit,
        replicate=result.replicate,
        n=len(values),
        n_planned=result.pairs.planned,
        first_without=int(without[:, 0].sum()),
        second_without=int(without[:, 1].sum()),
        both_without=int(without.all(axis=1).sum()),
        finding=_finding(result, values, margin, alpha),
    )


def _finding(result: ContrastResult, values: Floats, margin: float, alpha: float) -> Equivalence | NotEstimable:
    """``values`` (N, 2): of the outcome, both arms' of each pair."""
    first, second = values.T
    n, needed = len(values), signs_needed(2 * alpha)
    if n == 0:
        return NotEstimable(
            reason=f"none of {result.pairs.planned} planned {result.replicate}s is complete and matched", n=n
        )
    if result.outcome == "not_stable":
        return rates_within_margin(PairCounts.from_outcomes(first == 1, second == 1), margin, alpha=alpha)
    if n < needed:
        pairs, level = f"{counted(n, result.replicate)} {'is' if n == 1 else 'are'}", f"{100 * (1 - 2 * alpha):.3g} %"
        return NotEstimable(reason=f"{pairs} too few for an exact {level} interval, which needs {needed}", n=n)
    if result.outcome == "stable_points":
        return _of_mean(first - second, margin, alpha)
    interval = shift_interval(first, second, 1 - 2 * alpha, known_within=result.known_within)
    return within_margin(interval, margin, alpha=alpha)


def _of_mean(differences: Floats, margin: float, alpha: float) -> Equivalence | NotEstimable:
    """By the means that the sign-flip test does not reject; by the bootstrap where these are too many to enumerate.

    Seeds that all show one difference have no interval: how rare another is, so few of them cannot tell.
    """
    few = len(differences) <= MOST_INVERTED
    interval = (sign_flip_interval if few else bootstrap_mean_interval)(differences, confidence=1 - 2 * alpha)
    if interval is None:
        reason = why_no_mean_interval(len(differences), 1 - 2 * alpha, "seeds")
        return NotEstimable(reason=reason, n=len(differences))
    return within_margin(interval, margin, alpha=alpha)
