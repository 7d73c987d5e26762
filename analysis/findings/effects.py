"""The test that belongs to a contrast's outcome, its effect, and its sentence.

Binary outcome: exact McNemar test and Tango's interval. Continuous: Wilcoxon's signed-rank test and the
Hodges-Lehmann shift. Interaction: sign-flip over seeds of the difference of differences, with the mean's interval.
"""

# N pairs (or seeds) compared, A arms

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.findings.questions import Question
from analysis.results.document import Effect, PairTally
from analysis.results.wording import drawn_text, interval_text, number, p_text, point_text, signed
from analysis.statistics import (
    Interval,
    MissingPairBounds,
    PairCounts,
    PairedComparison,
    PairedRates,
    PermutationTest,
    mean_interval,
    missing_pair_bounds,
    paired_comparison,
    paired_rates,
    sign_flip_test,
    significant,
    smallest_sign_p,
    why_no_mean_interval,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a test finds. ``sides`` (N, 2): the two values whose difference it is about."""

    effect: Effect
    sides: Floats
    sentence: str
    notes: tuple[str, ...]
    rates: PairedRates | None = None
    bounds: MissingPairBounds | None = None
    comparison: PairedComparison | None = None
    interaction: PermutationTest | None = None


def find(question: Question, table: Floats, pairs: PairTally) -> Finding:
    """The finding from the outcome's values (N, A) at the seeds that are compared; larger is worse."""
    if question.contrast.minus is not None:
        return _interaction(question, table, pairs)
    if question.contrast.outcome == "not_stable":
        return _rates(question, table, pairs)
    return _comparison(question, table, pairs)


def _rates(question: Question, table: Floats, pairs: PairTally) -> Finding:
    counts = PairCounts.from_outcomes(table[:, 0] == 1, table[:, 1] == 1)
    rates = paired_rates(counts, confidence=question.confidence)
    missing = question.missing_pairs()
    effect = Effect(
        name=f"difference in {question.label}",
        unit=question.unit,
        estimate=rates.delta,
        interval=rates.tango,
        test="exact McNemar",
        p=rates.p_exact,
        p_holm=None,
        family=0,
    )
    return Finding(
        effect=effect,
        sides=table,
        sentence=_sentence(
            question,
            pairs,
            f"{_effect_text(question, effect)}; both failed {counts.a}, only {question.contrast.first} {counts.b},"
            f" only {question.contrast.second} {counts.c}, neither {counts.d}",
        ),
        notes=rates.note,
        rates=rates,
        bounds=missing_pair_bounds(counts, missing, question.confidence) if missing.n else None,
    )


def _comparison(question: Question, table: Floats, pairs: PairTally) -> Finding:
    comparison = paired_comparison(
        table[:, 0],
        table[:, 1],
        larger_is_worse=True,
        confidence=question.confidence,
        known_within=question.known_within,
    )
    shift, wilcoxon = comparison.shift, comparison.wilcoxon
    effect = Effect(
        name=f"Hodges–Lehmann shift of {question.label}",
        unit=question.unit,
        estimate=shift.estimate if shift else None,
        interval=shift.interval if shift else None,
        test="Wilcoxon signed-rank" if wilcoxon is None or wilcoxon.exact else "asymptotic Wilcoxon signed-rank",
        p=wilcoxon.p if wilcoxon else None,
        p_holm=None,
        family=0,
    )
    medians = [_worst_named(question, value) for value in (comparison.median_first, comparison.median_second)]
    return Finding(
        effect=effect,
        sides=table,
        sentence=_sentence(
            question,
            pairs,
            f"median {medians[0]} against {medians[1]}; {_effect_text(question, effect)};"
            f" {_order_text(question, table)}",
        ),
        notes=(*comparison.note, *_shift_notes(comparison)),
        comparison=comparison,
    )


def _order_text(question: Question, table: Floats) -> str:
    """In how many pairs which arm has the larger value; two runs without a value but the worst rank are not equal."""
    first, second = table.T
    unknown = int(np.isinf(table).all(axis=1).sum())
    larger, smaller, n = int((first > second).sum()), int((first < second).sum()), len(table)
    equal = n - larger - smaller - unknown
    neither = "neither run learned in" if question.contrast.outcome == "updates_to_bar" else "neither was stable in"
    ties = [f"equal in {equal}"] if equal else []
    ties += [f"{neither} {unknown}"] if unknown else []
    if n and equal == n:
        return f"equal in all {n} pairs" if n > 1 else "equal in the 1 pair"
    if n and unknown == n:
        return f"{neither} any pair"
    contrast = question.contrast
    return ", ".join(
        [f"larger for {contrast.first} in {larger} of {n} pairs, for {contrast.second} in {smaller}", *ties]
    )


def _shift_notes(comparison: PairedComparison) -> Iterator[str]:
    if comparison.known_within:
        within = number(comparison.known_within)
        yield f"times are seen at probes: differences are known up to ±{within}, by which the interval is wider"
    if comparison.shift is None or comparison.shift.estimate is not None:
        return
    if comparison.n_both_failed:
        yield "no shift: in too many pairs neither run has a value"
    else:
        yield ("no shift: the middle lies between pairs that failed only in the first arm and pairs only in the second")


def _interaction(question: Question, table: Floats, pairs: PairTally) -> Finding:
    """Of joint ranks where a failed run has no value but the worst rank."""
    ranked = not np.isfinite(table).all()
    scores = stats.rankdata(table).reshape(table.shape) if ranked else table
    sides = scores[:, 0::2] - scores[:, 1::2]
    differences = sides[:, 0] - sides[:, 1]
    test = sign_flip_test(differences) if len(differences) else None
    interval = mean_interval(differences, confidence=question.confidence)
    effect = Effect(
        name=f"difference of differences in {question.label}",
        unit="ranks" if ranked else question.unit,
        estimate=test.statistic if test else None,
        interval=interval,
        test=f"sign-flip over seeds{drawn_text(test)}",
        p=test.p if test else None,
        p_holm=None,
        family=0,
    )
    return Finding(
        effect=effect,
        sides=sides,
        sentence=_sentence(question, pairs, _effect_text(question, effect)),
        notes=tuple(_interaction_notes(differences, interval, ranked, question.confidence)),
        interaction=test,
    )


def _interaction_notes(differences: Floats, interval: Interval | None, ranked: bool, confidence: float) -> list[str]:
    if len(differences) == 0:
        return ["no complete seeds"]
    notes = []
    n, moving, alpha = len(differences), int(np.count_nonzero(differences)), 1 - confidence
    if not significant(smallest_sign_p(moving), alpha):
        notes.append(f"seeds with a difference: {moving} of {n}; too few to reach p = {alpha:.2g}")
    if interval is None:
        notes.append(why_no_mean_interval(n, confidence, "seeds"))
    if ranked:
        notes.append("of joint ranks, since failed runs have no value but the worst rank")
    return notes


def _sentence(question: Question, pairs: PairTally, text: str) -> str:
    contrast = question.contrast
    arms = f"{contrast.first} minus {contrast.second}"
    if contrast.minus is not None:
        arms = f"({arms}) less ({contrast.minus[0]} minus {contrast.minus[1]})"
    units = "pairs" if contrast.minus is None else "seeds"
    where = f" at {point_text(question.point)}" if question.point else ""
    subject = f"{question.label[0].upper()}{question.label[1:]}{where}, {arms}"
    if pairs.used == 0:
        return f"{subject}: not estimable, none of {pairs.planned} planned {units} is complete and matched."
    return f"{subject}: {text}; {pairs.used} of {pairs.planned} planned {units}."


def _effect_text(question: Question, effect: Effect) -> str:
    """«Δ = +1 [+0.351, +1], exact McNemar p = 0.0078»."""
    name = "mean" if question.contrast.minus else "Δ" if question.contrast.outcome == "not_stable" else "shift"
    p = p_text(effect.p, 1 - question.confidence)
    return f"{name} = {signed(effect.estimate)} {interval_text(effect.interval)}, {effect.test} {p}"


def _worst_named(question: Question, median: float | None) -> str:
    if median is None or not math.isinf(median):
        return number(median)
    return "never" if question.contrast.outcome == "updates_to_bar" else "failed"
