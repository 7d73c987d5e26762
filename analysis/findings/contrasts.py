"""All declared contrasts at every grid point, at equal updates and at equal FLOPs, and their corrections."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.findings.budgets import declared_budgets, equal_compute_budgets, stops
from analysis.findings.effects import find, subject_of
from analysis.findings.families import corrected, registered
from analysis.findings.questions import LARGER_IS_BETTER, Place, Question
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import MatchedSeed, StudyData
from analysis.results.document import Budget, ContrastResult, PairTally, PairValue, Scale
from analysis.results.parts import Role
from runs.plan import Contrast


def at_equal_updates(data: StudyData, verdicts: pd.DataFrame) -> tuple[ContrastResult, ...]:
    """Every contrast at every grid point or over the grid, on ``verdicts`` of ``judge_study``; p corrected by role."""
    results = []
    for role, contrast, points in _askable(data):
        places = [_place(data, contrast, point, declared_budgets(data, contrast.arms, point)) for point in points]
        results.append(answer(_question(data, role, contrast, places, "equal updates", verdicts)))
    return corrected(results, data)


def at_equal_compute(data: StudyData) -> tuple[ContrastResult, ...]:
    """The same at equal FLOPs, every run judged at its last probe within them; see ``equal_compute_budgets``.

    They are equal at each grid point, and differ from one point to the next. Contrasts with an arm of which no run is
    complete at a point that they are asked at are left out, and stay counted in the correction.
    """
    results = []
    for role, contrast, points in _askable(data):
        budgets = [equal_compute_budgets(data, contrast.arms, point) for point in points]
        known = [(point, own) for point, own in zip(points, budgets, strict=True) if own is not None]
        if len(known) == len(points):
            judged = [judge_study(data.only(contrast.arms, point), until=stops(own)) for point, own in known]
            places = [_place(data, contrast, point, own) for point, own in known]
            verdicts = pd.concat(judged, ignore_index=True)
            results.append(answer(_question(data, role, contrast, places, "equal compute", verdicts)))
    return corrected(results, data)


def answer(question: Question) -> ContrastResult:
    """One contrast's result. ``effect.p_holm`` and ``standing`` are left to :func:`corrected`."""
    contrast = question.contrast
    matched = [seed for seed in question.seeds if seed.problem is None]
    table = question.values(matched)
    known = np.array([not np.isnan(row).any() for row in table], dtype=bool)
    compared = [seed for seed, has_values in zip(matched, known, strict=True) if has_values]
    pairs = _tally(question, matched, compared)
    finding = find(question, table[known], pairs)
    return ContrastResult(
        role=question.role,
        standing="exploratory",
        scale=question.scale,
        name=contrast.name,
        outcome=contrast.outcome,
        larger_is_better=contrast.outcome in LARGER_IS_BETTER,
        first=contrast.first,
        second=contrast.second,
        minus=contrast.minus,
        grid_point=question.point,
        pairs=pairs,
        budgets=question.budgets,
        composition=question.composition(compared),
        effect=finding.effect,
        rates=finding.rates,
        bounds=finding.bounds,
        comparison=finding.comparison,
        interaction=finding.interaction,
        stable_points=finding.stable_points,
        values=tuple(
            PairValue(seed=seed.seed, first=float(first), second=float(second))
            for seed, (first, second) in zip(compared, finding.sides, strict=True)
        ),
        known_within=question.known_within,
        subject=subject_of(question),
        sentence=finding.sentence,
        notes=finding.notes,
    )


def _askable(data: StudyData) -> Iterator[tuple[Role, Contrast, list[dict[str, Any]]]]:
    """Every contrast whose arms are in the study, with the grid points that each of its tests is about."""
    points = data.study.grid_points()
    for role, contrast in registered(data.study.plan):
        if set(contrast.arms) <= set(data.study.arms):
            for asked in [points] if contrast.over_grid else [[point] for point in points]:
                yield role, contrast, asked


def _place(data: StudyData, contrast: Contrast, point: Mapping[str, Any], budgets: tuple[Budget, ...]) -> Place:
    configs = {arm: data.study.cell(arm, point).config for arm in contrast.arms}
    return Place(
        point=point,
        seeds=data.matched_seeds(contrast.arms, point),
        budgets=budgets,
        probe_interval={arm: config.eval_every * config.g_steps for arm, config in configs.items()},
    )


def _question(
    data: StudyData, role: Role, contrast: Contrast, places: Sequence[Place], scale: Scale, verdicts: pd.DataFrame
) -> Question:
    return Question(
        contrast=contrast,
        role=role,
        scale=scale,
        places=tuple(places),
        verdicts=verdicts,
        confidence=1 - data.study.plan.alpha,
    )


def _tally(question: Question, matched: Sequence[MatchedSeed], compared: Sequence[MatchedSeed]) -> PairTally:
    excluded = [f"seed {seed.seed}: {seed.problem}" for seed in question.seeds if seed.problem and not seed.missing]
    none = "at no grid point did both arms learn" if question.contrast.over_grid else f"a run has no {question.label}"
    valueless = [f"seed {seed.seed}: {none}" for seed in matched if seed not in compared]
    return PairTally(
        planned=len(question.seeds),
        used=len(compared),
        missing=sum(seed.missing for seed in question.seeds),
        excluded=len(excluded) + len(valueless),
        problems=(*excluded, *valueless),
    )
