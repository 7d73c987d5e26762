"""Values of an outcome, by run and by matched pair."""

# S seeds, P grid points, A arms

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.judging.study_data import StudyData
from analysis.statistics import worst_rank
from runs.plan import Outcome

_MADE_OF: Mapping[Outcome, Outcome] = {"stable_points": "not_stable", "updates_where_both_learn": "updates_to_bar"}


def outcome_values(verdicts: pd.DataFrame, outcome: Outcome) -> pd.Series:
    """The outcome of every run of a frame of ``judge_study``, by run id; larger is worse.

    Of an outcome over the grid: of the runs that it is made of, not_stable or updates_to_bar.
    not_stable: 1 or 0. updates_to_bar: +inf if never learned. final_frechet and mode_hopping: +inf, the worst rank,
    for a run that is not stable; NaN where a stable run has no value.
    """
    by_run = verdicts.set_index("run_id")
    column = _MADE_OF.get(outcome, outcome)
    if column in ("not_stable", "updates_to_bar"):
        return by_run[column].astype(np.float64)
    values = worst_rank(by_run[outcome], by_run["not_stable"], larger_is_worse=True)
    return pd.Series(values, index=by_run.index, name=outcome)


def compared_pairs(data: StudyData) -> list[tuple[str, str]]:
    """The pairs of arms that registered contrasts compare, each once; those with an arm left out are not there."""
    contrasts = [contrast for contrast in data.study.plan.contrasts if contrast.minus is None]
    pairs = dict.fromkeys((contrast.first, contrast.second) for contrast in contrasts)
    return [pair for pair in pairs if set(pair) <= set(data.study.arms)]


def paired_runs(data: StudyData, arms: Sequence[str], points: Sequence[Mapping[str, Any]]) -> NDArray[np.int64]:
    """Run ids (S, P, A) at every seed whose runs at all those grid points are used and matched."""
    at_points = [data.matched_seeds(arms, point) for point in points]
    complete = [seeds for seeds in zip(*at_points, strict=True) if all(seed.problem is None for seed in seeds)]
    rows = [[seed.run_ids for seed in seeds] for seeds in complete]
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(points), len(arms))


def paired_values(
    data: StudyData, by_run: pd.Series, arms: Sequence[str], points: Sequence[Mapping[str, Any]]
) -> NDArray[np.float64]:
    """Values (S, P, A) of the runs of :func:`paired_runs`, given by run id; NaN for a run that has none."""
    runs = paired_runs(data, arms, points)
    return by_run.reindex(runs.ravel()).to_numpy(np.float64).reshape(runs.shape)
