"""What comparisons of rates of runs not stable could have seen at their pairs, and how they stand as early looks."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from analysis.counting import counted
from analysis.findings.equivalence import equivalence, without_margin
from analysis.findings.families import enough_evidence
from analysis.results.document import ContrastResult
from analysis.results.parts import Role
from analysis.results.precision import ContrastPrecision, PlanningRow, Precision, SmallestP
from analysis.results.wording import number, p_text, point_text, signed
from analysis.statistics import (
    PairCounts,
    detectable_rate,
    e_value,
    mcnemar_power,
    pairs_needed,
    significant,
    signs_needed,
    smallest_sign_p,
)
from analysis.statistics.power import MOST_PAIRS
from analysis.statistics.resampling import N_RESAMPLES
from runs.plan import OVER_GRID, Plan

POWER = 0.8
# rates of runs not stable, first and second arm, that studies are often planned for
PLANNING_RATES = ((0.8, 0.3), (0.6, 0.2), (0.5, 0.2), (0.5, 0.3))


def precision(plan: Plan, contrasts: Sequence[ContrastResult]) -> Precision:
    """Power, detectable rates and e-values of the contrasts of rates of runs not stable; registered margins of all.

    contrasts: at equal updates.
    """
    with_rates = [(contrast, contrast.rates.counts) for contrast in contrasts if contrast.rates is not None]
    primaries = [contrast.pairs.used for contrast in contrasts if contrast.role == "primary"]
    n = max(primaries, default=0)
    return Precision(
        alpha=plan.alpha,
        power=POWER,
        contrasts=tuple(_of_contrast(contrast, counts, plan.alpha) for contrast, counts in with_rates),
        planning=tuple(_planning(first, second, n, plan.alpha) for first, second in PLANNING_RATES),
        smallest_p=tuple(_smallest_p(contrasts, plan.alpha)),
        equivalence=equivalence(plan, contrasts),
        without_margin=without_margin(plan),
    )


def correlation(counts: PairCounts) -> float | None:
    """Phi of a pair's two outcomes, (ad - bc)/√(margins); None where an arm's runs all ended alike."""
    a, b, c, d = counts.a, counts.b, counts.c, counts.d
    product = (a + b) * (c + d) * (a + c) * (b + d)
    return (a * d - b * c) / math.sqrt(product) if product else None


def _planning(first: float, second: float, n: int, alpha: float) -> PlanningRow:
    return PlanningRow(
        rate_first=first,
        rate_second=second,
        pairs_needed=pairs_needed(first, second, alpha=alpha, power=POWER),
        n=n,
        power=mcnemar_power(first, second, n, alpha=alpha),
    )


def _smallest_p(contrasts: Sequence[ContrastResult], alpha: float) -> Iterator[SmallestP]:
    by_role: dict[Role, list[ContrastResult]] = {}
    for contrast in contrasts:
        by_role.setdefault(contrast.role, []).append(contrast)
    for role, tests in by_role.items():
        # of each test what its pairs allow, and what those that differ do
        allowed = [(least_p(one, one.pairs.used), least_p(one, moving(one)), one) for one in tests]
        p, _, first = min(allowed, key=lambda test: test[0])
        p_moving, of_moving = min((test[1], -moving(test[2])) for test in allowed)
        family = tests[0].effect.family
        found = SmallestP(
            role=role,
            family=family,
            n=first.pairs.used,
            moving=-of_moving,
            p=min(1.0, family * p),
            p_moving=min(1.0, family * p_moving),
            sentence="",
        )
        yield replace(found, sentence=_smallest_text(found, _units(first), alpha))


def least_p(contrast: ContrastResult, n: int) -> float:
    """Smallest p of the contrast's test over ``n`` pairs or seeds that differ, all one way.

    2^(1-n) of all exact tests here: McNemar's, the sign-flip and the signed-rank test. Of a sign-flip test with more
    sign vectors than are drawn, the share that the observed one is of these.
    """
    drawn = contrast.minus is not None or contrast.outcome == "stable_points"
    least = smallest_sign_p(n)
    return max(least, 1 / (N_RESAMPLES + 1)) if drawn and 2**n > N_RESAMPLES else least


def moving(contrast: ContrastResult) -> int:
    """Pairs or seeds with a difference: the others tell no test anything."""
    return sum(pair.first != pair.second for pair in contrast.values)


def _units(contrast: ContrastResult) -> str:
    return "pair" if contrast.minus is None and contrast.outcome not in OVER_GRID else "seed"


def _smallest_text(found: SmallestP, units: str, alpha: float) -> str:
    one = f"the {found.role} test"
    tests = one if found.family == 1 else f"{found.family} {found.role} tests under Holm's correction"
    if not significant(found.p, alpha):
        reached = f"cannot reach {alpha:g}, whatever the data"
    else:
        reached = f"can reach {alpha:g}"
    text = f"With {counted(found.n, units)}, {tests} {reached}: smallest possible {p_text(found.p, alpha)}"
    if found.moving == found.n:
        return f"{text}."
    most = f"{found.moving} of them differ" if found.family == 1 else f"at most {found.moving} differ in one of them"
    return f"{text}; {most}, with which it is {p_text(found.p_moving, alpha)}."


def _of_contrast(contrast: ContrastResult, counts: PairCounts, alpha: float) -> ContrastPrecision:
    n, m = counts.n, counts.m
    family = contrast.effect.family or 1
    level = alpha / family  # what Holm's first step asks for
    rates = sorted([(counts.a + counts.b) / n, (counts.a + counts.c) / n]) if n else []
    phi = correlation(counts)
    found = ContrastPrecision(
        name=contrast.name,
        first=contrast.first,
        second=contrast.second,
        grid_point=contrast.grid_point,
        n=n,
        correlation=phi,
        low_rate=rates[0] if rates else None,
        detectable_rate=detectable_rate(rates[0], n, alpha=level, power=POWER) if rates else None,
        pairs_needed=pairs_needed(*rates, phi=phi or 0.0, alpha=level, power=POWER) if rates else None,
        pairs_needed_uncorrelated=pairs_needed(*rates, alpha=level, power=POWER) if rates else None,
        discordant=m,
        discordant_needed=signs_needed(level),
        level=level,
        family=family,
        e_value=e_value(counts.b, counts.c),
        enough=enough_evidence(alpha, family),
        sentence="",
        notes=(),
    )
    return replace(found, sentence=_sentence(found), notes=tuple(_notes(found, rates)))


def _sentence(found: ContrastPrecision) -> str:
    where = f", at {point_text(found.grid_point)}" if found.grid_point else ""
    holm = f" (level {found.level:.2g}: Holm's first step among {found.family} tests)" if found.family > 1 else ""
    subject = f"{found.name}, {found.first} against {found.second}{where}{holm}"
    if found.low_rate is None:
        return f"{subject}: no complete pairs, so nothing could have been seen."
    pairs = f"{counted(found.n, 'pair')} {'tells' if found.n == 1 else 'tell'}"
    if found.detectable_rate is None:
        seen = f"{pairs} no rate from {number(found.low_rate)} with power {POWER:g}, outcomes uncorrelated"
    else:
        least = math.ceil(found.detectable_rate * 1000) / 1000
        seen = (
            f"{pairs} a rate of runs not stable of {number(least)} or more from {number(found.low_rate)} with power"
            f" {POWER:g}, outcomes uncorrelated"
        )
    reached = "reaches" if found.e_value >= found.enough else "does not reach"
    look = f"e-value {number(found.e_value)}, which {reached} the {number(found.enough)} that would end an early look"
    return f"{subject}: {seen}; {look}."


def _notes(found: ContrastPrecision, rates: Sequence[float]) -> list[str]:
    notes = []
    if found.discordant < found.discordant_needed:
        notes.append(
            f"discordant pairs: {found.discordant}; the exact test needs {found.discordant_needed} to reach its level"
        )
    if rates and rates[0] == rates[1]:
        notes.append("the observed rates are equal: no number of pairs would tell them apart")
    elif rates:
        notes.append(_pairs_text(found))
    if rates and found.correlation is None:
        notes.append("correlation within pairs not estimable: the runs of an arm all ended alike")
    return notes


def _pairs_text(found: ContrastPrecision) -> str:
    """The pairs that tell the observed rates apart, at the observed correlation and beside it without one."""

    def needed(n: int | None) -> str:
        return f"no number of pairs up to {MOST_PAIRS:,}" if n is None else f"{n:,} pairs"

    would = f"would tell them apart with power {POWER:g}"
    if found.correlation is None:
        return f"were these rates the true ones and outcomes uncorrelated, {needed(found.pairs_needed)} {would}"
    return (
        f"were these rates and this correlation ({signed(found.correlation)}) the true ones,"
        f" {needed(found.pairs_needed)} {would}; without correlation {needed(found.pairs_needed_uncorrelated)}"
    )
