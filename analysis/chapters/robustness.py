"""Would other thresholds change the answer? Verdicts, and the primary comparison, with thresholds halved and doubled.

The comparison's specification curve (Simonsohn et al. 2020) varies thresholds one at a time, and all together at the
corners of a factorial whose factors move the thresholds of one state together: the bar; what is realistic; what is
narrow; divergence; the number of probes.
"""

# K choices of thresholds, N pairs or seeds, P grid points, A arms

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.chapters.form import Caption, Chapter, Judged, ReportFigure, place_of
from analysis.counting import counted
from analysis.figures.designs import specification_curve
from analysis.figures.outcomes import sensitivity
from analysis.figures.style import VERDICTS
from analysis.findings.questions import LABELS, UNITS
from analysis.judging.choices import Choices
from analysis.judging.judgements import cases, count_verdicts
from analysis.judging.pairs import paired_runs
from analysis.judging.study_data import StudyData
from analysis.judging.thresholds import FACTORS, specifications, varied
from analysis.judging.verdicts import VerdictCode
from analysis.results.verdict_words import AS_STABLE
from analysis.results.wording import difference_text, drawn_text, number, p_text, point_text, range_text, signed
from analysis.statistics import (
    NotEstimable,
    PairCounts,
    SpecificationTest,
    mean_interval,
    paired_rates,
    sign_flip_test,
    significant,
    specification_test,
)
from analysis.tables.columns import contrast_arms, ends, frame, interval, level, point_columns
from analysis.tables.formats import Table
from runs.errors import UserError
from runs.plan import Contrast, Thresholds

TITLE = "Robustness to the thresholds"
VARIED = (
    "Each threshold was halved and doubled, one at a time, and all together at the 32 corners of bar, realism"
    " (precision, density, confidence), narrowness (recall, modes), divergence and probes. Of confidence the distance"
    " to 1 is halved and doubled, of divergence the rise above 1."
)


def robustness(judged: Judged) -> Chapter:
    """The specification curve of the primary contrast, and how each threshold moves the verdicts."""
    found, notes = curves(judged.data)
    moved, skipped = verdict_sensitivity(judged.data)
    gist = [found[0].sentence] if len(found) == 1 else [_in_short(found, judged.alpha)] if found else []
    estimated = [curve for curve in found if isinstance(curve.test, SpecificationTest)]
    figures = [_curve_figure(judged, curve, told=len(found) == 1) for curve in estimated]
    return Chapter(
        name="robustness",
        title=TITLE,
        gist=" ".join(gist or notes),
        sentences=notes if gist else (),
        tables=(_joint_tests(found), _specifications(found, judged.alpha), _sensitivity_table(moved, skipped)),
        figures=[*figures, *([_sensitivity_figure(judged, moved, skipped)] if len(judged.verdicts) else [])],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """The primary contrast under every choice of thresholds, the registered one first.

    over_grid: it is of the stable points of the whole grid, else of the rate of runs not stable at ``point``. rows: a
    row a choice: what was changed, and the difference with its interval and p.
    """

    contrast: Contrast
    over_grid: bool
    point: Mapping[str, Any]
    thresholds: Sequence[Thresholds]
    rows: pd.DataFrame
    test: SpecificationTest | NotEstimable
    sentence: str


def curves(data: StudyData) -> tuple[list[Curve], list[str]]:
    """The curve over the grid, or one at every grid point; and notes on how thresholds were varied, or why not.

    Of an outcome other than the stable grid points, the rate of runs not stable is what is compared: its verdicts are
    what the thresholds decide. An interaction at single points has no curve.
    """
    contrast, points = data.study.plan.primary, data.study.grid_points()
    over_grid = contrast.outcome == "stable_points"
    if contrast.minus is not None and not over_grid:
        return [], ["The primary contrast is an interaction: it has no specification curve."]
    if not set(contrast.arms) <= set(data.study.arms):
        return [], ["The primary contrast lacks an arm: it has no specification curve."]
    chosen, skipped = specifications(data.study.plan.thresholds)
    notes = [VARIED, *skipped]
    if contrast.outcome not in ("not_stable", "stable_points"):
        notes.append(f"The curve is of the {LABELS['not_stable']}, not of the {LABELS[contrast.outcome]}.")
    places = [points] if over_grid else [[point] for point in points]
    return [_curve(data, contrast, own, chosen) for own in places], notes


def _curve(
    data: StudyData, contrast: Contrast, points: Sequence[Mapping[str, Any]], chosen: Sequence[Thresholds]
) -> Curve:
    over_grid, alpha = len(points) > 1, data.study.plan.alpha
    sides = _sides(_stable(data, contrast, points, chosen), over_grid)
    test = specification_test(sides[:, :, 0] - sides[:, :, 1], alpha=alpha)
    place = {"arms": contrast_arms(contrast), **({} if over_grid else point_columns(points[0]))}
    registered = asdict(chosen[0])
    rows = []
    for thresholds, side in zip(chosen, sides, strict=True):
        changes = {name: value for name, value in asdict(thresholds).items() if value != registered[name]}
        told = ", ".join(f"{name} {number(value)}" for name, value in changes.items()) or "as registered"
        compared = (_mean if over_grid else _rates)(side, 1 - alpha)
        rows.append({**place, "thresholds": told, **compared})
    return Curve(
        contrast=contrast,
        over_grid=over_grid,
        point={} if over_grid else points[0],
        thresholds=chosen,
        rows=frame(rows),
        test=test,
        sentence=_sentence(contrast, points, rows[0]["Δ"], len(rows), test),
    )


def _stable(
    data: StudyData, contrast: Contrast, points: Sequence[Mapping[str, Any]], chosen: Sequence[Thresholds]
) -> NDArray[np.bool_]:
    """Whether each run is (K, N, P, A)."""
    by_run = {case.run["run_id"]: case for point in points for case in cases(data.only(contrast.arms, point))}
    runs = paired_runs(data, contrast.arms, points)
    compared = Choices([by_run[run_id] for run_id in runs.flat])
    stable = [[code is VerdictCode.STABLE for code in compared.codes(thresholds)] for thresholds in chosen]
    return np.array(stable, dtype=np.bool_).reshape(len(chosen), *runs.shape)


def _sides(stable: NDArray[np.bool_], over_grid: bool) -> NDArray[np.int64]:
    """The two values (K, N, 2) whose difference is tested, of stable runs (K, N, P, A)."""
    values = stable.sum(axis=2) if over_grid else (~stable).astype(np.int64)[:, :, 0]
    return values if values.shape[2] == 2 else values[:, :, 0::2] - values[:, :, 1::2]


def _rates(not_stable: NDArray[np.int64], confidence: float) -> dict[str, Any]:
    """Rate of runs not stable, first minus second, with Tango's interval and the exact McNemar p."""
    rates = paired_rates(PairCounts.from_outcomes(not_stable[:, 0], not_stable[:, 1]), confidence=confidence)
    return {**asdict(rates.counts), "Δ": rates.delta, **ends("Δ", rates.tango), "exact p": rates.p_exact}


def _mean(sides: NDArray[np.int64], confidence: float) -> dict[str, Any]:
    """Stable points a seed, first minus second, with the interval of their mean and the sign-flip p."""
    differences = (sides[:, 0] - sides[:, 1]).astype(np.float64)
    test = sign_flip_test(differences) if len(differences) else None
    return {
        "Δ": test.statistic if test else None,
        **ends("Δ", mean_interval(differences, confidence=confidence)),
        "sign-flip p": test.p if test else None,
    }


def _sentence(
    contrast: Contrast,
    points: Sequence[Mapping[str, Any]],
    registered: float | None,
    n: int,
    test: SpecificationTest | NotEstimable,
) -> str:
    over_grid = len(points) > 1
    at_point = f", at {point_text(points[0])}" if points[0] else ""
    where = f", stable grid points of {len(points)}" if over_grid else at_point
    subject = f"{difference_text(contrast)} under {n} choices of thresholds{where}"
    if isinstance(test, NotEstimable):
        return f"{subject}: not estimable, {test}."
    spread = range_text(min(test.deltas), max(test.deltas))
    pairs = counted(test.n_pairs, "seed" if over_grid else "pair")
    by_median, by_number = (p_text(p, test.alpha) for p in (test.p_median, test.p_significant))
    return (
        f"{subject}: Δ in {spread}, {signed(registered)} as registered, median"
        f" {signed(test.median_delta)} (joint sign-flip{drawn_text(test)} {by_median}); significant in one direction in"
        f" {test.n_significant} of {n} (joint {by_number}); {pairs}."
    )


def _in_short(found: Sequence[Curve], alpha: float) -> str:
    tests = [curve.test for curve in found if isinstance(curve.test, SpecificationTest)]
    clear = sum(significant(test.p_median, alpha) for test in tests)
    return (
        f"{found[0].contrast.first} minus {found[0].contrast.second} under {len(found[0].rows)} choices of thresholds:"
        f" median Δ with a joint p ≤ {alpha:g} at {clear} of {len(found)} grid points"
        f" ({len(found) - len(tests)} not estimable)."
    )


def _joint_tests(found: Sequence[Curve]) -> Table:
    return Table(
        name="joint_tests",
        caption="The primary contrast over all choices of thresholds together: the median difference, and how many"
        " choices are significant in one direction, each with its joint p by sign-flips over pairs or seeds.",
        frame=frame([_joint_test(curve) for curve in found]),
        p=("median's joint p", "their joint p"),
    )


def _joint_test(curve: Curve) -> dict[str, Any]:
    test = curve.test
    place = {"arms": contrast_arms(curve.contrast), **point_columns(curve.point), "choices": len(curve.rows)}
    if isinstance(test, NotEstimable):
        return {**place, "pairs": test.n, "note": f"not estimable, {test}"}
    return {
        **place,
        "pairs": test.n_pairs,
        "least Δ": min(test.deltas),
        "greatest Δ": max(test.deltas),
        "median Δ": test.median_delta,
        "median's joint p": test.p_median,
        "significant": test.n_significant,
        "their joint p": test.p_significant,
        "note": None,
    }


def _specifications(found: Sequence[Curve], alpha: float) -> Table:
    if any(curve.over_grid for curve in found):
        caption = (
            "Stable grid points a seed, first minus second arm of the primary contrast, under every choice of"
            " thresholds, with the sign-flip p."
        )
    else:
        caption = (
            "Rate of runs not stable, first minus second arm of the primary contrast, under every choice of thresholds;"
            " a, b, c, d as in the table of pairs."
        )
    return Table(
        name="specifications",
        caption=caption,
        frame=pd.concat([curve.rows for curve in found], ignore_index=True) if found else frame([]),
        p=("exact p", "sign-flip p"),
        intervals={f"Δ {level(alpha)}": interval("Δ")},
    )


def _curve_figure(judged: Judged, curve: Curve, *, told: bool) -> ReportFigure:
    """``told``: the chapter begins with its sentence."""
    place, alpha = place_of(curve.point), judged.alpha
    kind, test, p = ("", "sign-flip", "sign-flip p") if curve.over_grid else (" Tango", "exact McNemar", "exact p")
    n_points, registered = len(judged.data.study.grid_points()), judged.data.study.plan.thresholds
    differences = curve.rows.rename(columns={p: "p"}).assign(registered=[one == registered for one in curve.thresholds])
    choices = pd.DataFrame([asdict(one) for one in curve.thresholds])
    return ReportFigure(
        caption=Caption(
            name=f"specifications{place.suffix}",
            title=f"Specification curve{place.where}",
            sentences=[] if told else [curve.sentence],
            text=f"Above: Δ under every choice of thresholds with its {1 - alpha:.0%}{kind} interval, dark where the"
            f" {test} p is at most {alpha:g}, ringed as registered. Below: what each chooses.",
            alt=f"Differences in ascending order, with their thresholds below. {curve.sentence}",
        ),
        data={"specification": pd.concat([differences, choices], axis=1)},
        draw=partial(
            specification_curve,
            differences,
            choices,
            alpha=alpha,
            contrast=contrast_arms(curve.contrast),
            unit=UNITS["stable_points"] if curve.over_grid else "share of pairs",
            largest=float(n_points) if curve.over_grid else 1.0,
        ),
    )


def verdict_sensitivity(data: StudyData) -> tuple[pd.DataFrame, list[str]]:
    """Counts of verdicts by arm, over the whole grid, with each threshold in turn halved and doubled.

    Columns: threshold, factor (1: as registered) and value, arm, a column a verdict, changed: how many of its runs then
    have another verdict than as registered. The last rows, without factor and value, count unsettled runs as stable.
    Also a sentence for each value that was skipped because the threshold cannot take it.
    """
    plan = data.study.plan.thresholds
    every_case = cases(data)
    arms, judged = [case.run["arm"] for case in every_case], Choices(every_case)
    before = judged.codes(plan)
    rows, skipped = [], []

    def add(threshold: str, factor: float | None, value: float | None, after: Sequence[VerdictCode]) -> None:
        for arm in data.study.arms:
            own = [(was, code) for of, was, code in zip(arms, before, after, strict=True) if of == arm]
            counts = count_verdicts(code.value for _, code in own)
            verdicts = {look.meaning: counts[code] for code, look in VERDICTS.items() if code in counts}
            changed = sum(code is not was for was, code in own)
            place = {"threshold": threshold, "factor": factor, "value": value, "arm": arm}
            rows.append({**place, **verdicts, "changed": changed})

    for name, value in asdict(plan).items():
        add(name, 1.0, value, before)
        for factor in FACTORS:
            try:
                thresholds = varied(plan, {name: factor})
            except UserError:
                skipped.append(f"{name} × {factor:g} is left out: no study can declare it")
                continue
            add(name, factor, getattr(thresholds, name), judged.codes(thresholds))
    unsettled, stable = VerdictCode.UNSETTLED, VerdictCode.STABLE
    add(AS_STABLE, None, None, [stable if code is unsettled else code for code in before])
    return frame(rows), skipped


def _sensitivity_table(moved: pd.DataFrame, skipped: Sequence[str]) -> Table:
    return Table(
        name="sensitivity",
        caption="Verdicts by arm, each threshold in turn as registered (factor 1), halved and doubled, of"
        " confidence the distance to 1, of divergence the rise above 1; in the last"
        " rows all thresholds as registered, and unsettled runs counted as stable."
        + "".join(f" {sentence}." for sentence in skipped),
        frame=moved,
    )


def _sensitivity_figure(judged: Judged, moved: pd.DataFrame, skipped: Sequence[str]) -> ReportFigure:
    changed = moved.groupby(["threshold", "factor"], sort=False, dropna=False)["changed"].sum().reset_index()
    moving = [
        f"{threshold if pd.isna(factor) else f'{threshold} × {factor:g}'} ({counted(int(count), 'run')})"
        for threshold, factor, count in changed.itertuples(index=False)
        if count
    ]
    summary = f"Verdicts move with {', '.join(moving)}" if moving else "No verdict moves with any threshold"
    return ReportFigure(
        caption=Caption(
            name="sensitivity",
            title="Sensitivity to the thresholds",
            sentences=[f"{summary}; each was halved and doubled in turn where it can be."],
            text="For each arm and threshold, a bar of verdicts at each of the values above the panel, from top to"
            " bottom; the other thresholds as registered. Last: all as registered, unsettled runs counted as stable."
            + "".join(f" {sentence}." for sentence in skipped),
            alt=f"Bars of verdict counts by arm and threshold. {summary}.",
        ),
        data={"bar": moved},
        draw=partial(sensitivity, moved, arms=list(judged.data.study.arms), styles=judged.styles),
    )
