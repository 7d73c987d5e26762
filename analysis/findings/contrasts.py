"""All declared contrasts at every grid point, at equal updates and at equal FLOPs, and their corrections."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.findings.budgets import declared_budgets, equal_compute_budgets, stops
from analysis.findings.effects import find
from analysis.findings.questions import Question
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import MatchedSeed, StudyData
from analysis.results.document import Budget, ContrastResult, PairTally, PairValue, Scale
from analysis.results.parts import Role
from analysis.statistics import holm
from runs.plan import Contrast


def at_equal_updates(data: StudyData, verdicts: pd.DataFrame) -> tuple[ContrastResult, ...]:
    """Every contrast at every grid point, on ``verdicts`` of ``judge_study``; p corrected within each role."""
    results = []
    for role, contrast, point in _askable(data):
        budgets = declared_budgets(data, contrast.arms, point)
        results.append(answer(_question(data, role, contrast, point, "equal updates", verdicts, budgets)))
    return corrected(results, data)


def at_equal_compute(data: StudyData) -> tuple[ContrastResult, ...]:
    """The same at equal FLOPs, every run judged at its last probe within them; see ``equal_compute_budgets``.

    Contrasts with an arm of which no run is complete are left out, and stay counted in the correction.
    """
    results = []
    for role, contrast, point in _askable(data):
        budgets = equal_compute_budgets(data, contrast.arms, point)
        if budgets is not None:
            verdicts = judge_study(data.only(contrast.arms, point), until=stops(budgets))
            results.append(answer(_question(data, role, contrast, point, "equal compute", verdicts, budgets)))
    return corrected(results, data)


def answer(question: Question) -> ContrastResult:
    """One contrast's result. ``effect.p_holm`` is left to :func:`corrected`."""
    contrast = question.contrast
    matched = [seed for seed in question.seeds if seed.problem is None]
    table = question.values(matched)
    known = np.array([not np.isnan(row).any() for row in table], dtype=bool)
    compared = [seed for seed, has_values in zip(matched, known, strict=True) if has_values]
    pairs = _tally(question, matched, compared)
    finding = find(question, table[known], pairs)
    return ContrastResult(
        role=question.role,
        scale=question.scale,
        name=contrast.name,
        outcome=contrast.outcome,
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
        values=tuple(
            PairValue(seed=seed.seed, first=float(first), second=float(second))
            for seed, (first, second) in zip(compared, finding.sides, strict=True)
        ),
        known_within=question.known_within,
        sentence=finding.sentence,
        notes=finding.notes,
    )


def corrected(results: Sequence[ContrastResult], data: StudyData) -> tuple[ContrastResult, ...]:
    """The results with Holm's correction of p over all tests of a role.

    A role's family is every contrast that the plan registers under it, at every grid point: those that could not be
    computed stay counted, and so do those whose arms were left out on the command line.
    """
    registered = Counter(role for role, _ in _registered(data))
    by_role: dict[Role, list[ContrastResult]] = {role: [] for role in registered}
    for result in results:
        by_role[result.role].append(result)
    done = []
    for role, family in by_role.items():
        size = registered[role] * len(data.study.grid_points())
        p_values = [result.effect.p for result in family] + [None] * (size - len(family))
        for result, p_holm in zip(family, holm(p_values), strict=False):
            done.append(replace(result, effect=replace(result.effect, p_holm=p_holm, family=size)))
    return tuple(done)


def left_out(data: StudyData) -> list[str]:
    """A sentence for each contrast whose arms are not all in the study, as after ``--arms``."""
    return [
        f"The {role} contrast {contrast.name!r} ({contrast.outcome}) is left out: its arms are not all in this report."
        for role, contrast in _registered(data)
        if not set(contrast.arms) <= set(data.study.arms)
    ]


def _registered(data: StudyData) -> list[tuple[Role, Contrast]]:
    plan = data.study.plan
    secondaries: list[tuple[Role, Contrast]] = [("secondary", contrast) for contrast in plan.secondaries]
    return [("primary", plan.primary), ("co-primary", plan.co_primary), *secondaries]


def _askable(data: StudyData) -> Iterator[tuple[Role, Contrast, Mapping[str, Any]]]:
    for role, contrast in _registered(data):
        if set(contrast.arms) <= set(data.study.arms):
            for point in data.study.grid_points():
                yield role, contrast, point


def _question(
    data: StudyData,
    role: Role,
    contrast: Contrast,
    point: Mapping[str, Any],
    scale: Scale,
    verdicts: pd.DataFrame,
    budgets: tuple[Budget, ...],
) -> Question:
    configs = {arm: data.study.cell(arm, point).config for arm in contrast.arms}
    return Question(
        contrast=contrast,
        role=role,
        scale=scale,
        point=point,
        seeds=data.matched_seeds(contrast.arms, point),
        verdicts=verdicts,
        budgets=budgets,
        probe_interval={arm: config.eval_every * config.g_steps for arm, config in configs.items()},
        confidence=1 - data.study.plan.alpha,
    )


def _tally(question: Question, matched: Sequence[MatchedSeed], compared: Sequence[MatchedSeed]) -> PairTally:
    excluded = [f"seed {seed.seed}: {seed.problem}" for seed in question.seeds if seed.problem and not seed.missing]
    valueless = [f"seed {seed.seed}: a run has no {question.label}" for seed in matched if seed not in compared]
    return PairTally(
        planned=len(question.seeds),
        used=len(compared),
        missing=sum(seed.missing for seed in question.seeds),
        excluded=len(excluded) + len(valueless),
        problems=(*excluded, *valueless),
    )
