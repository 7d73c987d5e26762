"""Training budgets of the arms of a contrast: as declared, or cut down to equal computation.

Computation is counted in floating-point operations, which are the same on every machine and at every load of it;
what a clock measures is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.judging.study_data import StudyData
from analysis.results.document import Budget
from runs.schema import CLOCK, RunConfig, probe_steps


def declared_budgets(data: StudyData, arms: Sequence[str], point: Mapping[str, Any]) -> tuple[Budget, ...]:
    """Every arm's whole budget, each arm once."""
    return tuple(_declared(data, arm, point) for arm in dict.fromkeys(arms))


def equal_compute_budgets(data: StudyData, arms: Sequence[str], point: Mapping[str, Any]) -> tuple[Budget, ...] | None:
    """Every arm's steps up to its last probe within the FLOPs that the cheapest arm takes in all.

    None if the size of some arm's networks is not known, because no run of it is complete.
    """
    whole = declared_budgets(data, arms, point)
    totals = [budget.flops for budget in whole if budget.flops is not None]
    if len(totals) < len(whole):
        return None
    configs = [data.study.cell(budget.arm, point).config for budget in whole]
    return tuple(_within(budget, config, min(totals)) for budget, config in zip(whole, configs, strict=True))


def flops_per_step(config: RunConfig, flops_g: int, flops_d: int) -> int:
    """Floating-point operations of one training step; ``flops_g``, ``flops_d``: of one image's forward pass.

    A backward pass counts as two forward ones: one for the gradients of the activations, one for those of the
    weights. So, an image of the batch, as the two players compute:

    - an update of D: G forward, then D forward and backward on a real and on a generated image, G + 2 (1 + 2) D;
      with the R1 penalty on the real ones, the gradient of D's input, and a backward pass through it, (1 + 2) D more
    - an update of G: G forward and backward, D forward and backward to its input only, 3 G + 2 D

    Optimizers, norms and nonlinearities are left out, as they are from the counts of the forward passes. The gradient
    of a network's very input is counted where the players do not compute it: 1 to 2 % too much for a DCGAN at 16 or 32
    pixels, 10 % for an MLP that is matched to it, by torch's own count of both updates.
    """
    penalty = 3 * flops_d if config.r1_gamma else 0
    update_d = flops_g + 2 * 3 * flops_d + penalty
    update_g = 3 * flops_g + 2 * flops_d
    return config.batch_size * (config.d_steps * update_d + config.g_steps * update_g)


def step_flops(data: StudyData, arm: str, point: Mapping[str, Any]) -> int | None:
    """Of the arm's networks as matching made them, the same for every seed; None without a complete run."""
    runs = data.only([arm], point).runs
    complete = runs[runs["complete"]]
    if complete.empty:
        return None
    forward = complete.iloc[0]
    return flops_per_step(data.study.cell(arm, point).config, int(forward["flops_g"]), int(forward["flops_d"]))


def stops(budgets: Sequence[Budget]) -> dict[str, int]:
    """The step at which each arm's runs are judged."""
    return {budget.arm: budget.steps for budget in budgets}


def seconds_per_step(data: StudyData, arm: str, point: Mapping[str, Any]) -> float | None:
    """As measured: median over the arm's used runs, each up to its last probe before it halted, if it did."""
    rates = []
    for run_id in data.only([arm], point).used["run_id"]:
        clock = data.series[run_id][CLOCK]
        halted_at = data.records[run_id].info["halted_at"]
        trained = clock.steps if halted_at is None else clock.steps[clock.steps <= halted_at]
        if trained[-1] > 0:
            rates.append(clock.values[len(trained) - 1] / trained[-1])
    return float(np.median(rates)) if rates else None


def _declared(data: StudyData, arm: str, point: Mapping[str, Any]) -> Budget:
    config = data.study.cell(arm, point).config
    seconds, per_step = seconds_per_step(data, arm, point), step_flops(data, arm, point)
    return Budget(
        arm=arm,
        grid_point=point,
        steps=config.steps,
        g_steps=config.g_steps,
        updates=config.steps * config.g_steps,
        flops=None if per_step is None else config.steps * per_step,
        flops_per_step=per_step,
        seconds=None if seconds is None else config.steps * seconds,
        seconds_per_step=seconds,
    )


def _within(budget: Budget, config: RunConfig, flops: int) -> Budget:
    """The steps up to the last probe within so many FLOPs."""
    per_step, seconds = budget.flops_per_step or 0, budget.seconds_per_step
    steps = max(step for step in probe_steps(config) if step * per_step <= flops)
    return replace(
        budget,
        steps=steps,
        updates=steps * config.g_steps,
        flops=steps * per_step,
        seconds=None if seconds is None else steps * seconds,
    )
