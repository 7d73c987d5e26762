"""The primary comparison under other thresholds of the verdicts: its specification curve (Simonsohn et al. 2020).

Thresholds are varied one at a time, and all together at the corners of a factorial whose factors move the thresholds
of one state together: the bar; what is realistic; what is narrow; divergence; the number of probes.
"""

# K specifications, N pairs

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.findings.questions import LABELS
from analysis.judging.judgements import Case, cases, count_verdicts
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import VerdictCode
from analysis.results.robustness import Robustness, Specification, SpecificationCurve
from analysis.results.wording import drawn_text, p_text, point_text, range_text, signed
from analysis.statistics import NotEstimable, PairCounts, SpecificationTest, paired_rates, specification_test
from runs.errors import UserError
from runs.plan import Contrast, Thresholds
from runs.validation import validated

FACTORS = (0.5, 2.0)  # by which a threshold is made laxer and stricter, or stricter and laxer
# thresholds that move together at the corners, because they define one and the same state
GROUPS = (("bar",), ("precision", "density", "confidence"), ("recall", "modes"), ("divergence",), ("probes",))
VARIED = (
    "Each threshold was halved and doubled, one at a time, and all together at the 32 corners of bar, realism"
    " (precision, density, confidence), narrowness (recall, modes), divergence and probes. Of confidence the distance"
    " to 1 is halved and doubled, of divergence the rise above 1."
)


def robustness(data: StudyData) -> Robustness:
    """The specification curve of the primary contrast's arms at every grid point.

    The rate of runs not stable is what is compared, whatever the outcome of the primary contrast: its verdicts are
    what the thresholds decide. An interaction has no curve.
    """
    contrast = data.study.plan.primary
    if contrast.minus is not None:
        return Robustness(curves=(), notes=("The primary contrast is an interaction: it has no specification curve.",))
    if not set(contrast.arms) <= set(data.study.arms):
        return Robustness(curves=(), notes=("The primary contrast lacks an arm: it has no specification curve.",))
    chosen, skipped = specifications(data.study.plan.thresholds)
    notes = [VARIED, *skipped]
    if contrast.outcome != "not_stable":
        notes.append(f"The curve is of the {LABELS['not_stable']}, not of the {LABELS[contrast.outcome]}.")
    curves = [_curve(data, contrast, point, chosen) for point in data.study.grid_points()]
    return Robustness(curves=tuple(curves), notes=tuple(notes))


def specifications(registered: Thresholds) -> tuple[list[Thresholds], list[str]]:
    """Thresholds to judge by, each choice once, as registered first; and a sentence if choices are not possible."""
    names = list(asdict(registered))
    changes = [{}, *({name: factor} for name in names for factor in FACTORS), *_corners()]
    chosen, impossible = [], 0
    for factors in changes:
        try:
            chosen.append(_changed(registered, factors))
        except UserError:
            impossible += 1
    skipped = [f"{impossible} choices of thresholds are left out: no study can declare them."] if impossible else []
    return list(dict.fromkeys(chosen)), skipped


def _corners() -> Iterator[dict[str, float]]:
    for corner in itertools.product(FACTORS, repeat=len(GROUPS)):
        yield {name: factor for group, factor in zip(GROUPS, corner, strict=True) for name in group}


def _changed(registered: Thresholds, factors: Mapping[str, float]) -> Thresholds:
    values = asdict(registered)
    return validated(Thresholds, {**values, **{n: _scaled(n, values[n], f) for n, f in factors.items()}}, "threshold")


def _scaled(name: str, value: float, factor: float) -> float:
    if name == "confidence":
        return 1 - (1 - value) / factor
    if name == "divergence":
        return 1 + (value - 1) * factor
    return round(value * factor) if name == "probes" else value * factor


def _curve(
    data: StudyData, contrast: Contrast, point: Mapping[str, Any], chosen: Sequence[Thresholds]
) -> SpecificationCurve:
    by_run = {case.run["run_id"]: case for case in cases(data.only(contrast.arms, point))}
    seeds = [seed for seed in data.matched_seeds(contrast.arms, point) if seed.problem is None]
    pairs = [(by_run[first], by_run[second]) for first, second in (seed.recorded_ids for seed in seeds)]
    judged = [_judged(pairs, thresholds) for thresholds in chosen]
    alpha = data.study.plan.alpha
    differences = np.array([_failures(side) for side in judged]).reshape(len(judged), len(pairs), 2)
    test = specification_test(differences[:, :, 0] - differences[:, :, 1], alpha=alpha)
    found = tuple(
        _specification(contrast, chosen[0], thresholds, codes, 1 - alpha)
        for thresholds, codes in zip(chosen, judged, strict=True)
    )
    return SpecificationCurve(
        first=contrast.first,
        second=contrast.second,
        grid_point=point,
        specifications=found,
        test=test,
        sentence=_sentence(contrast, point, found, test),
    )


Codes = list[tuple[VerdictCode, VerdictCode]]


def _judged(pairs: Sequence[tuple[Case, Case]], thresholds: Thresholds) -> Codes:
    return [(first.verdict(thresholds).code, second.verdict(thresholds).code) for first, second in pairs]


def _failures(codes: Codes) -> list[list[int]]:
    return [[int(code is not VerdictCode.STABLE) for code in pair] for pair in codes]


def _specification(
    contrast: Contrast, registered: Thresholds, thresholds: Thresholds, codes: Codes, confidence: float
) -> Specification:
    failed = np.array(_failures(codes), dtype=bool).reshape(len(codes), 2)
    rates = paired_rates(PairCounts.from_outcomes(failed[:, 0], failed[:, 1]), confidence=confidence)
    before, after = asdict(registered), asdict(thresholds)
    return Specification(
        registered=thresholds == registered,
        changes={name: value for name, value in after.items() if value != before[name]},
        thresholds=after,
        counts=rates.counts,
        delta=rates.delta,
        interval=rates.tango,
        p=rates.p_exact,
        verdicts={
            arm: count_verdicts(pair[side].value for pair in codes)
            for side, arm in enumerate((contrast.first, contrast.second))
        },
    )


def _sentence(
    contrast: Contrast,
    point: Mapping[str, Any],
    found: Sequence[Specification],
    test: SpecificationTest | NotEstimable,
) -> str:
    where = f", at {point_text(point)}" if point else ""
    subject = f"{contrast.first} minus {contrast.second} under {len(found)} choices of thresholds{where}"
    if isinstance(test, NotEstimable):
        return f"{subject}: not estimable, {test}."
    as_registered = next(one for one in found if one.registered)
    spread = range_text(min(test.deltas), max(test.deltas))
    by_median, by_number = (p_text(p, test.alpha) for p in (test.p_median, test.p_significant))
    return (
        f"{subject}: Δ in {spread}, {signed(as_registered.delta)} as registered, median"
        f" {signed(test.median_delta)} (joint sign-flip{drawn_text(test)} {by_median}); significant in one direction in"
        f" {test.n_significant} of {len(found)} (joint {by_number}); {test.n_pairs} pairs."
    )
