"""The test that belongs to a contrast's outcome, its effect, and its sentence.

Binary outcome: exact McNemar test and Tango's interval. Continuous: Wilcoxon's signed-rank test and the
Hodges-Lehmann shift. Interaction: sign-flip over seeds of the difference of differences, with the mean's interval.
Stable grid points: the same of the difference, or of the difference of differences.
"""

# N pairs (or seeds) compared, A arms

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.counting import counted
from analysis.findings.questions import LARGER_IS_BETTER, Question, without_value
from analysis.results.document import Effect, PairTally
from analysis.results.regions import StablePoints
from analysis.results.wording import difference_text, drawn_text, interval_text, number, p_text, point_text, signed
from analysis.statistics import (
    Interval,
    MissingPairBounds,
    PairCounts,
    PairedComparison,
    PairedRates,
    PermutationTest,
    mean_interval,
    missing_pair_bounds,
    missing_seed_bounds,
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
    stable_points: StablePoints | None = None


def find(question: Question, table: Floats, pairs: PairTally) -> Finding:
    """The finding from the outcome's values (N, A) at the seeds that are compared; see ``Question.values``."""
    if question.contrast.outcome == "stable_points":
        return _stable_points(question, table, pairs)
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
            f"{_effect_text(question, effect)}; not stable: both {counts.a}, only"
            f" {question.contrast.first} {counts.b}, only {question.contrast.second} {counts.c}, neither {counts.d}",
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
        notes=(*comparison.note, *_shift_notes(comparison), *_condition(question)),
        comparison=comparison,
    )


def _order_text(question: Question, table: Floats) -> str:
    """In how many pairs which arm has the larger value; two runs without a value but the worst rank are not equal."""
    first, second = table.T
    unknown = int(np.isinf(table).all(axis=1).sum())
    larger, smaller, n = int((first > second).sum()), int((first < second).sum()), len(table)
    equal = n - larger - smaller - unknown
    neither = "neither run learned in" if question.contrast.outcome == "updates_to_bar" else "neither was stable in"
    same = "seen at the same time in" if question.known_within else "equal in"
    ties = [f"{same} {equal}"] if equal else []
    ties += [f"{neither} {unknown}"] if unknown else []
    if n and equal == n:
        return f"{same} all {n} {question.units}" if n > 1 else f"{same} the 1 {question.units[:-1]}"
    if n and unknown == n:
        return f"{neither} any pair"
    contrast = question.contrast
    return ", ".join(
        [f"larger for {contrast.first} in {larger} of {n} {question.units}, for {contrast.second} in {smaller}", *ties]
    )


def _condition(question: Question) -> Iterator[str]:
    """What an outcome over the grid is conditional on."""
    if question.contrast.over_grid:
        seeds = [seed for seed in question.seeds if seed.problem is None]
        both, n = question.learned_together(seeds), len(seeds) * len(question.places)
        yield f"conditional on both having learned, as in {both} of {counted(n, 'pair')} of runs: silent on others"


def _shift_notes(comparison: PairedComparison) -> Iterator[str]:
    if comparison.known_within:
        within = number(comparison.known_within)
        yield f"times are seen at probes: differences are known up to ±{within}, by which the interval is wider"
    if comparison.shift is None or comparison.shift.estimate is not None:
        return
    if comparison.n_both_failed:
        yield "no shift: in too many pairs neither run has a value"
    else:
        yield (
            "no shift: the middle lies between pairs in which only the first arm's run has no value and pairs in which"
            " only the second's has none"
        )


def _interaction(question: Question, table: Floats, pairs: PairTally) -> Finding:
    """Of joint ranks where a run has no value but the worst rank."""
    ranked = not np.isfinite(table).all()
    scores = stats.rankdata(table).reshape(table.shape) if ranked else table
    sides = scores[:, 0::2] - scores[:, 1::2]
    effect, test = _mean_difference(question, sides, "ranks" if ranked else question.unit)
    return Finding(
        effect=effect,
        sides=sides,
        sentence=_sentence(question, pairs, _effect_text(question, effect)),
        notes=tuple(_sign_flip_notes(question, sides[:, 0] - sides[:, 1], effect.interval, ranked)),
        interaction=test,
    )


def _stable_points(question: Question, table: Floats, pairs: PairTally) -> Finding:
    contrast, limits = question.contrast, question.limits_of_missing()
    sides = table if contrast.minus is None else table[:, 0::2] - table[:, 1::2]
    differences = sides[:, 0] - sides[:, 1]
    effect, test = _mean_difference(question, sides, question.unit)
    found = StablePoints(
        n_points=len(question.places),
        means={
            arm: float(column.mean()) if len(column) else None
            for arm, column in zip(contrast.arms, table.T, strict=True)
        },
        more_first=int((differences > 0).sum()),
        more_second=int((differences < 0).sum()),
        equal=int((differences == 0).sum()),
        test=test,
        bounds=missing_seed_bounds(differences, limits) if len(limits) else None,
    )
    return Finding(
        effect=effect,
        sides=sides,
        sentence=_sentence(question, pairs, f"{_counts_text(question, found)}; {_effect_text(question, effect)}"),
        notes=tuple(_sign_flip_notes(question, differences, effect.interval)),
        interaction=test if contrast.minus is not None else None,
        stable_points=found,
    )


def _counts_text(question: Question, found: StablePoints) -> str:
    """«1.8 against 4.1 a seed; more for dcgan in 8 of 9 seeds, for mlp in none, equal in 1»."""
    contrast, n = question.contrast, found.more_first + found.more_second + found.equal
    means = [number(found.means[arm]) for arm in contrast.arms]
    if contrast.minus is None:
        return (
            f"{means[0]} against {means[1]} a seed, more in {found.more_first} of {counted(n, 'seed')} with"
            f" {contrast.first},"
            f" in {found.more_second} with {contrast.second}, as many in {found.equal}"
        )
    return (
        f"({means[0]} less {means[1]}) less ({means[2]} less {means[3]}) a seed, above 0 in {found.more_first} of {n}"
        f" seeds, below in {found.more_second}, 0 in {found.equal}"
    )


def _mean_difference(question: Question, sides: Floats, unit: str) -> tuple[Effect, PermutationTest | None]:
    """The mean over seeds of one side (N, 2) less the other, tested by sign-flip."""
    differences = sides[:, 0] - sides[:, 1]
    test = sign_flip_test(differences) if len(differences) else None
    kind = "difference" if question.contrast.minus is None else "difference of differences"
    more = " (more is better)" if question.contrast.outcome in LARGER_IS_BETTER else ""
    effect = Effect(
        name=f"{kind} in {question.label}{more}",
        unit=unit,
        estimate=test.statistic if test else None,
        interval=mean_interval(differences, confidence=question.confidence),
        test=f"{'exact ' if test is None or test.exact else ''}sign-flip over seeds{drawn_text(test)}",
        p=test.p if test else None,
        p_holm=None,
        family=0,
    )
    return effect, test


def _sign_flip_notes(
    question: Question, differences: Floats, interval: Interval | None, ranked: bool = False
) -> list[str]:
    if len(differences) == 0:
        return ["no complete seeds"]
    notes = []
    n, moving, alpha = len(differences), int(np.count_nonzero(differences)), 1 - question.confidence
    if not significant(smallest_sign_p(moving), alpha):
        notes.append(f"seeds with a difference: {moving} of {n}; too few to reach p = {alpha:.2g}")
    if interval is None:
        notes.append(why_no_mean_interval(n, question.confidence, "seeds"))
    if ranked:
        fate = without_value(question.contrast.outcome)
        notes.append(f"of joint ranks, since runs {fate} have no value but the worst rank")
    return notes


def subject_of(question: Question) -> str:
    """What a contrast's sentence is about: «Rate of runs not stable, mlp minus dcgan»."""
    contrast, n_points = question.contrast, len(question.places)
    over = f", of {n_points}" if contrast.outcome == "stable_points" else f", over {counted(n_points, 'grid point')}"
    where = f" at {point_text(question.point)}" if question.point else over * contrast.over_grid
    return f"{question.label[0].upper()}{question.label[1:]}{where}, {difference_text(contrast)}"


def _sentence(question: Question, pairs: PairTally, text: str) -> str:
    subject, units = subject_of(question), question.units
    if pairs.used == 0:
        return f"{subject}: not estimable, none of {pairs.planned} planned {units} is complete and matched."
    return f"{subject}: {text}; {pairs.used} of {pairs.planned} planned {units}."


def _effect_text(question: Question, effect: Effect) -> str:
    """«Δ = +1 [+0.351, +1], exact McNemar p = 0.0078»."""
    over_seeds = question.contrast.minus is not None or question.contrast.outcome == "stable_points"
    name = "mean" if over_seeds else "Δ" if question.contrast.outcome == "not_stable" else "shift"
    p = p_text(effect.p, 1 - question.confidence)
    return f"{name} = {signed(effect.estimate)} {interval_text(effect.interval)}, {effect.test} {p}"


def _worst_named(question: Question, median: float | None) -> str:
    if median is None or not math.isinf(median):
        return number(median)
    return "never" if question.contrast.outcome == "updates_to_bar" else "not stable"
