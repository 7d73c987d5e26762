"""What could the study have seen? What its comparisons of rates had power for, what its pairs allow, what is equal.

A difference that is not shown is not an absent one: the pairs may be too few to show any, and equality is only ever
said within a registered margin.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.chapters.form import Chapter, Judged
from analysis.counting import counted
from analysis.findings.families import enough_evidence
from analysis.findings.questions import LABELS, without_value
from analysis.results.document import ContrastResult
from analysis.results.precision import MarginResult, SmallestP
from analysis.results.wording import number, p_text, point_text, signed
from analysis.statistics import (
    Equivalence,
    NotEstimable,
    PairCounts,
    detectable_rate,
    e_value,
    mcnemar_power,
    pairs_needed,
    significant,
    signs_needed,
    tango_interval,
)
from analysis.statistics.power import MOST_PAIRS
from analysis.tables.columns import ends, frame, point_columns, reason
from analysis.tables.formats import Table
from runs.plan import Plan

TITLE = "What the study could have seen"
POWER = 0.8
# rates of runs not stable, first and second arm, that studies are often planned for
PLANNING_RATES = ((0.8, 0.3), (0.6, 0.2), (0.5, 0.2), (0.5, 0.3))
MOST_SAID = 6  # margins, a sentence each; of more, a sentence a contrast
NO_MARGIN = (
    "No margin was registered within which two arms would count as equal, so nothing here says that they do not"
    " differ: an interval tells which differences the data leave open."
)
SOME_MARGINS = (
    "For the other contrasts no margin was registered within which two arms would count as equal, so nothing here says"
    " that those do not differ."
)


def precision(judged: Judged) -> Chapter:
    """Power and early looks of the contrasts of rates of runs not stable; registered margins of all; at equal updates.

    The gist is on the primary contrast where it is one of rates and asked once, else on what the pairs allow.
    """
    findings, alpha, plan = judged.findings, judged.alpha, judged.data.study.plan
    with_rates = [(one, power_row(one, one.rates.counts, alpha)) for one in findings.contrasts if one.rates is not None]
    primaries = findings.of_role("primary")
    seen = [power_sentence(one, row, alpha) for one, row in with_rates if one.role == "primary" and len(primaries) == 1]
    allowed = [smallest_p_sentence(found, alpha) for found in findings.smallest_p]
    gist = " ".join(seen or allowed) or "No registered contrast could be made, so nothing could have been seen."
    return Chapter(
        name="precision",
        title=TITLE,
        gist=gist,
        sentences=[*(allowed if seen else ()), *_margin_sentences(findings.margins), *without_margin(plan)],
        tables=(
            _power_table([row for _, row in with_rates], alpha),
            _margin_table(findings.margins, alpha),
            _planning_table(max((contrast.pairs.used for contrast in primaries), default=0), alpha),
        ),
    )


def _power_table(rows: Sequence[Mapping[str, Any]], alpha: float) -> Table:
    return Table(
        name="precision",
        caption=f"What comparisons of rates of runs not stable could have seen with power {POWER:g}"
        " by the exact McNemar test: the smallest rate told from the lower observed one, outcomes of a pair"
        " uncorrelated; and the pairs that would tell the rates apart if they and their correlation φ were as observed"
        " (without: φ = 0, also taken where φ is not estimable). e-value: evidence valid at any look; 1/α"
        f" = {number(1 / alpha)} times the tests of its family ends a study.",
        frame=frame(rows, whole=("pairs needed", "without φ")),
    )


def power_row(contrast: ContrastResult, counts: PairCounts, alpha: float) -> dict[str, Any]:
    """All at the level that Holm's first step asks of the smallest p; None where no rate or number of pairs does."""
    level, n, phi = _first_level(contrast, alpha), counts.n, correlation(counts)
    low = told = needed = uncorrelated = None
    if n:
        low, high = sorted([(counts.a + counts.b) / n, (counts.a + counts.c) / n])
        told = detectable_rate(low, n, alpha=level, power=POWER)
        needed, uncorrelated = (
            pairs_needed(low, high, phi=between, alpha=level, power=POWER) for between in (phi or 0.0, 0.0)
        )
    row = {
        "contrast": contrast.name,
        "arms": f"{contrast.first} − {contrast.second}",
        **point_columns(contrast.grid_point),
        "pairs": n,
        "lower rate": low,
        "rate told from it": told,
        "φ": phi,
        "pairs needed": needed,
        "without φ": uncorrelated,
        "discordant": counts.m,
        "discordant needed": signs_needed(level),
        "e-value": e_value(counts.b, counts.c),
    }
    return {**row, "note": "; ".join(_power_notes(row, equal_rates=counts.b == counts.c)) or None}


def _first_level(contrast: ContrastResult, alpha: float) -> float:
    return alpha / contrast.effect.family


def correlation(counts: PairCounts) -> float | None:
    """Phi of a pair's two outcomes, (ad - bc)/√(margins); None where an arm's runs all ended alike."""
    a, b, c, d = counts.a, counts.b, counts.c, counts.d
    product = (a + b) * (c + d) * (a + c) * (b + d)
    return (a * d - b * c) / math.sqrt(product) if product else None


def _power_notes(row: Mapping[str, Any], *, equal_rates: bool) -> Iterator[str]:
    if row["discordant"] < row["discordant needed"]:
        discordant, needed = row["discordant"], row["discordant needed"]
        yield f"discordant pairs: {discordant}; the exact test needs {needed} to reach its level"
    if not row["pairs"]:
        return
    if equal_rates:
        yield "the observed rates are equal: no number of pairs would tell them apart"
    else:
        yield _pairs_text(row["φ"], row["pairs needed"], row["without φ"])
    if row["φ"] is None:
        yield "correlation within pairs not estimable: the runs of an arm all ended alike"


def _pairs_text(phi: float | None, needed: int | None, uncorrelated: int | None) -> str:
    """The pairs that tell the observed rates apart, at the observed correlation and beside it without one."""

    def pairs(n: int | None) -> str:
        return f"no number of pairs up to {MOST_PAIRS:,}" if n is None else f"{n:,} pairs"

    would = f"would tell them apart with power {POWER:g}"
    if phi is None:
        return f"were these rates the true ones and outcomes uncorrelated, {pairs(needed)} {would}"
    return (
        f"were these rates and this correlation ({signed(phi)}) the true ones, {pairs(needed)} {would};"
        f" without correlation {pairs(uncorrelated)}"
    )


def power_sentence(contrast: ContrastResult, row: Mapping[str, Any], alpha: float) -> str:
    """The contrast's row of the table in words, and how it stands as an early look."""
    low, told, e = row["lower rate"], row["rate told from it"], row["e-value"]
    family, level = contrast.effect.family, _first_level(contrast, alpha)
    where = f", at {point_text(contrast.grid_point)}" if contrast.grid_point else ""
    holm = f" (level {level:.2g}: Holm's first step among {family} tests)" if family > 1 else ""
    subject = f"{contrast.name}, {contrast.first} against {contrast.second}{where}{holm}"
    if low is None:
        return f"{subject}: no complete pairs, so nothing could have been seen."
    # rounded up, as a smaller rate is not told
    rate = (
        "no rate" if told is None else f"a rate of runs not stable of {number(math.ceil(told * 1000) / 1000)} or more"
    )
    pairs = f"{counted(row['pairs'], 'pair')} {'tells' if row['pairs'] == 1 else 'tell'}"
    seen = f"{pairs} {rate} from {number(low)} with power {POWER:g}"
    enough = enough_evidence(alpha, family)
    look = f"which {'reaches' if e >= enough else 'does not reach'} the {number(enough)} that would end an early look"
    return f"{subject}: {seen}, outcomes uncorrelated; e-value {number(e)}, {look}."


def smallest_p_sentence(found: SmallestP, alpha: float) -> str:
    """Whether the tests of a role can reach alpha, by their pairs and by those that differ."""
    one = f"the {found.role} test"
    tests = one if found.family == 1 else f"{found.family} {found.role} tests under Holm's correction"
    possible = significant(found.p, alpha)
    reached = f"can reach {alpha:g}" if possible else f"cannot reach {alpha:g}, whatever the data"
    text = f"With {counted(found.n, found.replicate)}, {tests} {reached}: smallest possible {p_text(found.p, alpha)}"
    if found.moving == found.n:
        return f"{text}."
    most = f"{found.moving} of them differ" if found.family == 1 else f"at most {found.moving} differ in one of them"
    return f"{text}; {most}, with which it is {p_text(found.p_moving, alpha)}."


def _margin_table(margins: Sequence[MarginResult], alpha: float) -> Table:
    confidence = f"{100 * (1 - 2 * alpha):.3g} %"
    return Table(
        name="equivalence",
        caption="Registered margins of equivalence, at equal numbers of updates: shown where the whole"
        f" {confidence} interval of the difference lies within ±margin, which are two one-sided tests at α ="
        f" {alpha:g}. Each margin is judged by itself, without correction for their number. Rates: Tango's"
        " interval; stable grid points: the means that the sign-flip test does not reject; other outcomes: that of the"
        " Hodges–Lehmann shift. Not shown is not the same as different.",
        frame=frame([_margin_row(found, confidence) for found in margins]),
    )


def _margin_row(found: MarginResult, confidence: str) -> dict[str, Any]:
    return {
        "contrast": found.name,
        "outcome": LABELS[found.outcome],
        "arms": f"{found.first} − {found.second}",
        **point_columns(found.grid_point),
        "pairs": found.n,
        "planned": found.n_planned,
        "margin": found.margin,
        **ends(confidence, found.finding.interval if isinstance(found.finding, Equivalence) else None),
        "unit": found.unit,
        "shown": found.shown,
        "note": "; ".join(margin_notes(found)) or reason(found.finding),
    }


def margin_notes(found: MarginResult) -> Iterator[str]:
    """Why a margin was not shown to hold, and what its interval rests on; none without an interval."""
    if isinstance(found.finding, NotEstimable):
        return
    interval, margin, pairs = found.finding.interval, found.margin, counted(found.n, "pair")
    if interval is not None and (interval.low >= margin or interval.high <= -margin):
        yield "the data show a larger one"
    if found.outcome == "not_stable":
        narrowest = tango_interval(PairCounts(a=0, b=0, c=0, d=found.n), 1 - 2 * found.finding.alpha)
        if narrowest is not None and narrowest.high >= margin:
            even = f"even without a discordant one the interval is ±{number(narrowest.high)}"
            yield f"{pairs} cannot show it, whatever the data: {even}"
    elif found.first_without or found.second_without:
        arms = f"{found.first} {found.first_without}, {found.second} {found.second_without} of {found.n}"
        yield f"runs {without_value(found.outcome)}, as the worst rank: {arms}"
    if found.both_without:
        both = counted(found.both_without, "pair")
        yield f"both runs of {both}, so the interval holds whatever those differ by"


def margin_sentence(found: MarginResult) -> str:
    """Whether the margin was shown to hold, by which interval, over how many pairs."""
    where = f" at {point_text(found.grid_point)}" if found.grid_point else ""
    finding, unit = found.finding, f"unit: {found.unit}"
    if isinstance(finding, NotEstimable):
        parts = [f"not shown: a difference within ±{number(found.margin)}", str(finding), unit]
    else:
        pairs = f"{found.n} of {found.n_planned} planned {found.replicate}s"
        parts = [f"shown: {finding}" if finding.shown else str(finding), *margin_notes(found), unit, pairs]
    return f"{_outcome(found)}{where}, {found.first} minus {found.second}, {'; '.join(parts)}."


def _outcome(found: MarginResult) -> str:
    label = LABELS[found.outcome]
    return f"{label[0].upper()}{label[1:]}"


def _margin_sentences(found: Sequence[MarginResult]) -> Iterator[str]:
    """One a margin; where there are many, one a contrast for all its grid points."""
    contrasts: dict[tuple[str, ...], list[MarginResult]] = {}
    for one in found:
        contrasts.setdefault((one.role, one.name, one.outcome, one.first, one.second, str(one.margin)), []).append(one)
    for points in contrasts.values():
        if len(points) == 1 or len(found) <= MOST_SAID:
            yield from (margin_sentence(one) for one in points)
        else:
            yield _over_the_grid(points)


def _over_the_grid(points: Sequence[MarginResult]) -> str:
    one, shown = points[0], sum(point.shown for point in points)
    return (
        f"{_outcome(one)}, {one.first} minus {one.second}: shown to differ by less than {number(one.margin)}"
        f" ({one.unit}) at {shown} of {len(points)} grid points; the table gives each interval."
    )


def without_margin(plan: Plan) -> Iterator[str]:
    """What holds for the contrasts without a margin; nothing if each has one."""
    lacking = [contrast for contrast in plan.contrasts if contrast.margin is None]
    if lacking:
        yield NO_MARGIN if len(lacking) == len(plan.contrasts) else SOME_MARGINS


def _planning_table(n: int, alpha: float) -> Table:
    """Pairs for rates that studies are often planned for, and the power of the primary contrast's ``n``."""
    return Table(
        name="planning",
        caption=f"Pairs that tell two rates of runs not stable apart with power {POWER:g} at α ="
        f" {alpha:g} by the exact McNemar test, outcomes of a pair uncorrelated; and the power of this study's"
        " pairs.",
        frame=frame(
            [
                {
                    "first rate": first,
                    "second rate": second,
                    "pairs needed": pairs_needed(first, second, alpha=alpha, power=POWER),
                    "pairs here": n,
                    "power here": mcnemar_power(first, second, n, alpha=alpha),
                }
                for first, second in PLANNING_RATES
            ],
            whole=("pairs needed",),
        ),
    )
