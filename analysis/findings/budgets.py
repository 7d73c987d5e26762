"""Training budgets of the arms of a contrast: as declared, or cut down to equal training time."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.judging.study_data import StudyData
from analysis.results.document import Budget
from runs.schema import CLOCK, probe_steps

ROUNDING = 1e-9  # relative: the arm whose total is the budget is within it


def declared_budgets(data: StudyData, arms: Sequence[str], point: Mapping[str, Any]) -> tuple[Budget, ...]:
    """Every arm's whole budget, each arm once."""
    return tuple(_budget(data, arm, point, math.inf) for arm in dict.fromkeys(arms))


def equal_compute_budgets(data: StudyData, arms: Sequence[str], point: Mapping[str, Any]) -> tuple[Budget, ...] | None:
    """Every arm's steps up to its last probe within the training time that the quickest arm takes in all.

    None if the time a step takes is not known for some arm, because no run of it got anywhere.
    """
    whole = declared_budgets(data, arms, point)
    totals = [budget.seconds for budget in whole if budget.seconds is not None]
    if len(totals) < len(whole):
        return None
    return tuple(_budget(data, budget.arm, point, min(totals)) for budget in whole)


def stops(budgets: Sequence[Budget]) -> dict[str, int]:
    """The step at which each arm's runs are judged."""
    return {budget.arm: budget.steps for budget in budgets}


def seconds_per_step(data: StudyData, arm: str, point: Mapping[str, Any]) -> float | None:
    """Median over the arm's used runs, each up to its last probe before it halted, if it did."""
    rates = []
    for run_id in data.only([arm], point).used["run_id"]:
        clock = data.series[run_id][CLOCK]
        halted_at = data.records[run_id].info["halted_at"]
        trained = clock.steps if halted_at is None else clock.steps[clock.steps <= halted_at]
        if trained[-1] > 0:
            rates.append(clock.values[len(trained) - 1] / trained[-1])
    return float(np.median(rates)) if rates else None


def _budget(data: StudyData, arm: str, point: Mapping[str, Any], seconds: float) -> Budget:
    config = data.study.cell(arm, point).config
    per_step = seconds_per_step(data, arm, point)
    steps = config.steps
    if per_step is not None and per_step * steps > seconds * (1 + ROUNDING):
        steps = max(step for step in probe_steps(config) if step * per_step <= seconds)
    return Budget(
        arm=arm,
        steps=steps,
        g_steps=config.g_steps,
        updates=steps * config.g_steps,
        seconds=None if per_step is None else steps * per_step,
        seconds_per_step=per_step,
    )
