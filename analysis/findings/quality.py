"""How good runs ended, as distributions over seeds: interquartile means, performance profiles, spreads."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.counting import counted
from analysis.findings.questions import outcome_values
from analysis.findings.time_to_event import compared_pairs
from analysis.judging.study_data import StudyData
from analysis.results.quality import ArmQuality, Quality, SpreadResult
from analysis.results.wording import drawn_text, number, p_text, point_text, signed
from analysis.statistics import NotEstimable, interquartile_mean, performance_profile, spread_test
from runs.plan import Outcome

Floats = NDArray[np.float64]

OUTCOME: Outcome = "final_frechet"
MOST_THRESHOLDS = 200


def quality(data: StudyData, verdicts: pd.DataFrame) -> Quality:
    """Final Fréchet distances of every arm, and their spread over seeds by pairs of arms that the plan compares.

    ``verdicts``: of ``judge_study(data)``. A run that is not stable has no value but the worst rank.
    """
    by_run = outcome_values(verdicts, OUTCOME).dropna()
    thresholds = profile_thresholds(by_run.to_numpy())
    return Quality(
        arms=tuple(_arm(data, by_run, thresholds, cell.arm, cell.grid_point) for cell in data.study.cells()),
        spreads=tuple(
            _spread(data, by_run, pair, point) for pair in compared_pairs(data) for point in data.study.grid_points()
        ),
    )


def profile_thresholds(values: Floats) -> Floats:
    """Thresholds (T,) of performance profiles: the finite values, or as many evenly spaced ones if they are too many.

    At all of them a profile is exact; between evenly spaced ones it is read off as a step.
    """
    finite = np.unique(values[np.isfinite(values)])
    if len(finite) <= MOST_THRESHOLDS:
        return finite
    return np.linspace(finite[0], finite[-1], MOST_THRESHOLDS)


def _arm(data: StudyData, by_run: pd.Series, thresholds: Floats, arm: str, point: Mapping[str, Any]) -> ArmQuality:
    runs = [run_id for run_id in data.only([arm], point).used["run_id"] if run_id in by_run.index]
    values = by_run.loc[runs].to_numpy(np.float64)
    profile = performance_profile(values, thresholds, larger_is_worse=True, confidence=1 - data.study.plan.alpha)
    middle, n_not_stable = interquartile_mean(values), int(np.isinf(values).sum())
    return ArmQuality(
        arm=arm,
        grid_point=point,
        n=len(values),
        n_not_stable=n_not_stable,
        interquartile_mean=middle,
        profile=profile,
        sentence=_arm_sentence(arm, point, len(values), n_not_stable, middle),
    )


def _arm_sentence(arm: str, point: Mapping[str, Any], n: int, n_not_stable: int, middle: float | None) -> str:
    subject = f"Final Fréchet distance of {arm}{_where(point)}"
    if middle is None:
        return f"{subject}: not estimable, no runs."
    if np.isinf(middle):
        were = "was" if n_not_stable == 1 else "were"
        return f"{subject}: no finite interquartile mean, as {n_not_stable} of {counted(n, 'run')} {were} not stable."
    return (
        f"{subject}: interquartile mean {number(middle)} over {counted(n, 'run')}, {n_not_stable} of them not stable."
    )


def _spread(data: StudyData, by_run: pd.Series, pair: tuple[str, str], point: Mapping[str, Any]) -> SpreadResult:
    seeds = [seed for seed in data.matched_seeds(pair, point) if seed.problem is None]
    rows = [by_run.reindex(seed.recorded_ids) for seed in seeds]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 2)
    table = table[np.isfinite(table).all(axis=1)]
    n = len(table)
    test = spread_test(table[:, 0], table[:, 1]) if n > 1 else None
    found = test or NotEstimable(reason=_no_spread(n), n=n)
    subject = f"Spread of the final Fréchet distance over seeds, {pair[0]} against {pair[1]}{_where(point)}"
    if isinstance(found, NotEstimable):
        sentence = f"{subject}: not estimable, {found}."
    else:
        sentence = (
            f"{subject}: log ratio {signed(found.statistic)}, swap test{drawn_text(found)}"
            f" {p_text(found.p, data.study.plan.alpha)}, {counted(n, 'pair')} stable in both."
        )
    return SpreadResult(first=pair[0], second=pair[1], grid_point=point, n=n, test=found, sentence=sentence)


def _no_spread(n: int) -> str:
    return "neither arm varies" if n > 1 else f"pairs in which both runs are stable: {n}"


def _where(point: Mapping[str, Any]) -> str:
    return f" at {point_text(point)}" if point else ""
