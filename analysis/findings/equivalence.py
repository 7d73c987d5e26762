"""Whether arms were shown to differ by less than the margins that a study registers."""

# N pairs compared

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.counting import counted
from analysis.findings.questions import LABELS, without_value
from analysis.results.document import ContrastResult
from analysis.results.precision import MarginResult
from analysis.results.wording import number, point_text
from analysis.statistics import (
    Equivalence,
    NotEstimable,
    PairCounts,
    bootstrap_mean_interval,
    rates_within_margin,
    shift_interval,
    sign_flip_interval,
    signs_needed,
    tango_interval,
    why_no_mean_interval,
    within_margin,
)
from runs.plan import OVER_GRID, Contrast, Plan

Floats = NDArray[np.float64]

MOST_INVERTED = 16  # seeds whose sign-flip test can be inverted
NO_MARGIN = (
    "No margin was registered within which two arms would count as equal, so nothing here says that they do not"
    " differ: an interval tells which differences the data leave open."
)
SOME_MARGINS = (
    "For the other contrasts no margin was registered within which two arms would count as equal, so nothing here says"
    " that those do not differ."
)


def equivalence(plan: Plan, contrasts: Sequence[ContrastResult]) -> tuple[MarginResult, ...]:
    """Every registered margin at every grid point, by contrasts at equal updates; each at level alpha by itself."""
    return tuple(
        _judged(result, contrast.margin, plan.alpha)
        for contrast in plan.contrasts
        if contrast.margin is not None
        for result in _answers(contrast, contrasts)
    )


def without_margin(plan: Plan) -> str | None:
    """What holds for the contrasts without a margin; None if each has one."""
    lacking = [contrast for contrast in plan.contrasts if contrast.margin is None]
    if not lacking:
        return None
    return NO_MARGIN if len(lacking) == len(plan.contrasts) else SOME_MARGINS


def _answers(contrast: Contrast, contrasts: Sequence[ContrastResult]) -> list[ContrastResult]:
    """Its results, one a grid point."""
    asked = (contrast.outcome, contrast.first, contrast.second, contrast.minus)
    return [result for result in contrasts if (result.outcome, result.first, result.second, result.minus) == asked]


def _judged(result: ContrastResult, margin: float, alpha: float) -> MarginResult:
    values = np.array([(pair.first, pair.second) for pair in result.values], dtype=np.float64).reshape(-1, 2)
    finding = _finding(result, values, margin, alpha)
    notes = tuple(_notes(result, values, finding)) if isinstance(finding, Equivalence) else ()
    return MarginResult(
        role=result.role,
        name=result.name,
        first=result.first,
        second=result.second,
        outcome=result.outcome,
        grid_point=result.grid_point,
        margin=margin,
        unit=result.effect.unit,
        n=len(values),
        n_planned=result.pairs.planned,
        finding=finding,
        sentence=_sentence(result, finding, margin, notes),
        notes=notes,
    )


def _finding(result: ContrastResult, values: Floats, margin: float, alpha: float) -> Equivalence | NotEstimable:
    first, second = values.T
    n, needed = len(values), signs_needed(2 * alpha)
    if n == 0:
        return NotEstimable(
            reason=f"none of {result.pairs.planned} planned {_unit(result)}s is complete and matched", n=n
        )
    if result.outcome == "not_stable":
        return rates_within_margin(PairCounts.from_outcomes(first == 1, second == 1), margin, alpha=alpha)
    if n < needed:
        pairs = f"{counted(n, _unit(result))} {'is' if n == 1 else 'are'}"
        return NotEstimable(reason=f"{pairs} too few for an exact {_level(alpha)} interval, which needs {needed}", n=n)
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


def _unit(result: ContrastResult) -> str:
    return "seed" if result.outcome in OVER_GRID else "pair"


def _notes(result: ContrastResult, values: Floats, finding: Equivalence) -> Iterator[str]:
    if _lies_beyond(finding):
        yield "the data show a larger one"
    if result.outcome == "not_stable":
        yield from _notes_on_pairs(len(values), finding)
    else:
        yield from _notes_without_value(result, np.isinf(values))


def _lies_beyond(finding: Equivalence) -> bool:
    interval = finding.interval
    return interval is not None and (interval.low >= finding.margin or interval.high <= -finding.margin)


def _notes_on_pairs(n: int, finding: Equivalence) -> Iterator[str]:
    narrowest = tango_interval(PairCounts(a=0, b=0, c=0, d=n), 1 - 2 * finding.alpha)
    if narrowest is not None and narrowest.high >= finding.margin:
        limit = number(narrowest.high)
        yield (
            f"{counted(n, 'pair')} cannot show it, whatever the data: even without a discordant one the interval is"
            f" ±{limit}"
        )


def _notes_without_value(result: ContrastResult, without: NDArray[np.bool_]) -> Iterator[str]:
    """``without`` (N, 2): of each pair, which runs are the worst rank."""
    if not without.any():
        return
    first, second, both = (int(which.sum()) for which in (without[:, 0], without[:, 1], without.all(axis=1)))
    fate = without_value(result.outcome)
    yield f"runs {fate}, as the worst rank: {result.first} {first}, {result.second} {second} of {len(without)}"
    if both:
        yield f"both runs of {counted(both, 'pair')}, so the interval holds whatever those differ by"


def _sentence(result: ContrastResult, finding: Equivalence | NotEstimable, margin: float, notes: Sequence[str]) -> str:
    label = LABELS[result.outcome]
    where = f" at {point_text(result.grid_point)}" if result.grid_point else ""
    subject = f"{label[0].upper()}{label[1:]}{where}, {result.first} minus {result.second}"
    unit, pairs = (
        f"unit: {result.effect.unit}",
        f"{len(result.values)} of {result.pairs.planned} planned {_unit(result)}s",
    )
    if isinstance(finding, NotEstimable):
        parts = [f"not shown: a difference within ±{number(margin)}", str(finding), unit]
    else:
        parts = [f"shown: {finding}" if finding.shown else str(finding), *notes, unit, pairs]
    return f"{subject}, {'; '.join(parts)}."


def _level(alpha: float) -> str:
    return f"{100 * (1 - 2 * alpha):.3g} %"
