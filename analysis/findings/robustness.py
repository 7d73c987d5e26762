"""The primary comparison under other thresholds of the verdicts: its specification curve (Simonsohn et al. 2020).

Thresholds are varied one at a time, and all together at the corners of a factorial whose factors move the thresholds
of one state together: the bar; what is realistic; what is narrow; divergence; the number of probes.
"""

# K specifications, N pairs or seeds, P grid points, A arms

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.counting import counted
from analysis.findings.questions import LABELS, UNITS
from analysis.judging.judgements import cases, count_verdicts
from analysis.judging.pairs import paired_runs
from analysis.judging.study_data import StudyData
from analysis.judging.thresholds import FACTORS, varied
from analysis.judging.verdicts import VerdictCode
from analysis.results.robustness import Robustness, Specification, SpecificationCurve
from analysis.results.wording import difference_text, drawn_text, p_text, point_text, range_text, signed
from analysis.statistics import (
    NotEstimable,
    PairCounts,
    SpecificationTest,
    mean_interval,
    paired_rates,
    sign_flip_test,
    specification_test,
)
from runs.errors import UserError
from runs.plan import Contrast, Outcome, Thresholds

# thresholds that move together at the corners, because they define one and the same state
GROUPS = (("bar",), ("precision", "density", "confidence"), ("recall", "modes"), ("divergence",), ("probes",))
VARIED = (
    "Each threshold was halved and doubled, one at a time, and all together at the 32 corners of bar, realism"
    " (precision, density, confidence), narrowness (recall, modes), divergence and probes. Of confidence the distance"
    " to 1 is halved and doubled, of divergence the rise above 1."
)


def robustness(data: StudyData) -> Robustness:
    """The specification curve of the primary contrast: over the grid, or of its arms at every grid point.

    Of an outcome other than the stable grid points, the rate of runs not stable is what is compared: its verdicts are
    what the thresholds decide. An interaction at single points has no curve.
    """
    contrast, points = data.study.plan.primary, data.study.grid_points()
    over_grid = contrast.outcome == "stable_points"
    if contrast.minus is not None and not over_grid:
        return Robustness(curves=(), notes=("The primary contrast is an interaction: it has no specification curve.",))
    if not set(contrast.arms) <= set(data.study.arms):
        return Robustness(curves=(), notes=("The primary contrast lacks an arm: it has no specification curve.",))
    chosen, skipped = specifications(data.study.plan.thresholds)
    notes = [VARIED, *skipped]
    if contrast.outcome not in ("not_stable", "stable_points"):
        notes.append(f"The curve is of the {LABELS['not_stable']}, not of the {LABELS[contrast.outcome]}.")
    curves = [_curve(data, contrast, own, chosen) for own in ([points] if over_grid else [[point] for point in points])]
    return Robustness(curves=tuple(curves), notes=tuple(notes))


def specifications(registered: Thresholds) -> tuple[list[Thresholds], list[str]]:
    """Thresholds to judge by, each choice once, as registered first; and a sentence if choices are not possible."""
    names = list(asdict(registered))
    changes = [{}, *({name: factor} for name in names for factor in FACTORS), *_corners()]
    chosen, impossible = [], 0
    for factors in changes:
        try:
            chosen.append(varied(registered, factors))
        except UserError:
            impossible += 1
    skipped = [f"{impossible} choices of thresholds are left out: no study can declare them."] if impossible else []
    return list(dict.fromkeys(chosen)), skipped


def _corners() -> Iterator[dict[str, float]]:
    for corner in itertools.product(FACTORS, repeat=len(GROUPS)):
        yield {name: factor for group, factor in zip(GROUPS, corner, strict=True) for name in group}


def _curve(
    data: StudyData, contrast: Contrast, points: Sequence[Mapping[str, Any]], chosen: Sequence[Thresholds]
) -> SpecificationCurve:
    """Over several points of their stable ones, at a single one of the rate of runs not stable."""
    outcome: Outcome = "stable_points" if len(points) > 1 else "not_stable"
    codes = _codes(data, contrast, points, chosen)
    sides = _sides(codes == VerdictCode.STABLE, outcome)
    test = specification_test(sides[:, :, 0] - sides[:, :, 1], alpha=data.study.plan.alpha)
    found = tuple(
        _specification(contrast, outcome, (chosen[0], thresholds), (own, side), 1 - data.study.plan.alpha)
        for thresholds, own, side in zip(chosen, codes, sides, strict=True)
    )
    return SpecificationCurve(
        outcome=outcome,
        unit=UNITS[outcome] if len(points) > 1 else "share of pairs",
        first=contrast.first,
        second=contrast.second,
        minus=contrast.minus,
        grid_point={} if len(points) > 1 else points[0],
        specifications=found,
        test=test,
        sentence=_sentence(contrast, points, found, test),
    )


def _codes(
    data: StudyData, contrast: Contrast, points: Sequence[Mapping[str, Any]], chosen: Sequence[Thresholds]
) -> NDArray[np.object_]:
    """Verdicts (K, N, P, A) of the contrast's runs, of N pairs or seeds at P points, under every choice."""
    by_run = {case.run["run_id"]: case for point in points for case in cases(data.only(contrast.arms, point))}
    runs = paired_runs(data, contrast.arms, points)
    codes = [[by_run[run_id].verdict(thresholds).code for run_id in runs.flat] for thresholds in chosen]
    return np.array(codes, dtype=np.object_).reshape(len(chosen), *runs.shape)


def _sides(stable: NDArray[np.bool_], outcome: Outcome) -> NDArray[np.int64]:
    """The two values (K, N, 2) whose difference is tested, of stable runs (K, N, P, A)."""
    values = stable.sum(axis=2) if outcome == "stable_points" else (~stable).astype(np.int64)[:, :, 0]
    return values if values.shape[2] == 2 else values[:, :, 0::2] - values[:, :, 1::2]


def _specification(
    contrast: Contrast,
    outcome: Outcome,
    thresholds: tuple[Thresholds, Thresholds],
    found: tuple[NDArray[np.object_], NDArray[np.int64]],
    confidence: float,
) -> Specification:
    """thresholds: as registered, and as chosen. found: verdicts (N, P, A) and the values (N, 2) under that choice."""
    before, after = (asdict(one) for one in thresholds)
    codes, sides = found
    return Specification(
        registered=thresholds[0] == thresholds[1],
        changes={name: value for name, value in after.items() if value != before[name]},
        thresholds=after,
        verdicts={
            arm: count_verdicts(code.value for code in codes[:, :, place].ravel())
            for place, arm in enumerate(contrast.arms)
        },
        **(_mean(sides, confidence) if outcome == "stable_points" else _rates(sides, confidence)),
    )


def _rates(not_stable: NDArray[np.int64], confidence: float) -> dict[str, Any]:
    rates = paired_rates(PairCounts.from_outcomes(not_stable[:, 0], not_stable[:, 1]), confidence=confidence)
    return {"counts": rates.counts, "delta": rates.delta, "interval": rates.tango, "p": rates.p_exact}


def _mean(sides: NDArray[np.int64], confidence: float) -> dict[str, Any]:
    differences = (sides[:, 0] - sides[:, 1]).astype(np.float64)
    test = sign_flip_test(differences) if len(differences) else None
    return {
        "counts": None,
        "delta": test.statistic if test else None,
        "interval": mean_interval(differences, confidence=confidence),
        "p": test.p if test else None,
    }


def _sentence(
    contrast: Contrast,
    points: Sequence[Mapping[str, Any]],
    found: Sequence[Specification],
    test: SpecificationTest | NotEstimable,
) -> str:
    over_grid = len(points) > 1
    at_point = f", at {point_text(points[0])}" if points[0] else ""
    where = f", stable grid points of {len(points)}" if over_grid else at_point
    subject = f"{difference_text(contrast)} under {len(found)} choices of thresholds{where}"
    if isinstance(test, NotEstimable):
        return f"{subject}: not estimable, {test}."
    as_registered = next(one for one in found if one.registered)
    spread = range_text(min(test.deltas), max(test.deltas))
    n = counted(test.n_pairs, "seed" if over_grid else "pair")
    by_median, by_number = (p_text(p, test.alpha) for p in (test.p_median, test.p_significant))
    return (
        f"{subject}: Δ in {spread}, {signed(as_registered.delta)} as registered, median"
        f" {signed(test.median_delta)} (joint sign-flip{drawn_text(test)} {by_median}); significant in one direction in"
        f" {test.n_significant} of {len(found)} (joint {by_number}); {n}."
    )
