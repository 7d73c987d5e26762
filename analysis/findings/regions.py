"""Where over a grid each arm ended stable: how many grid points a seed, and its best ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.judging.study_data import StudyData
from analysis.results.regions import ArmRegion, SeedRegion


def regions(data: StudyData, verdicts: pd.DataFrame) -> tuple[ArmRegion, ...]:
    """One an arm; none where there is one grid point only. ``verdicts``: of ``judge_study(data)``."""
    points = data.study.grid_points()
    return tuple(_region(data, verdicts, arm, points) for arm in data.study.arms) if len(points) > 1 else ()


def _region(data: StudyData, verdicts: pd.DataFrame, arm: str, points: Sequence[Mapping[str, Any]]) -> ArmRegion:
    own = verdicts[verdicts["arm"] == arm]
    at_points = [own[own["run_id"].isin(data.only([arm], point).used["run_id"])] for point in points]
    counts = [(int((~judged["not_stable"]).sum()), len(judged)) for judged in at_points]
    best = max(counts, key=lambda count: (count[0], -count[1]))
    of_seeds = tuple(_seed_region(own, seed) for seed in data.study.seeds)
    complete = [region.stable for region in of_seeds if region.judged == len(points)]
    return ArmRegion(
        arm=arm,
        n_points=len(points),
        seeds=of_seeds,
        n_complete=len(complete),
        mean=float(np.mean(complete)) if complete else None,
        best=tuple(point for point, count in zip(points, counts, strict=True) if count == best and best[0]),
        best_stable=best[0],
        best_judged=best[1],
    )


def _seed_region(own: pd.DataFrame, seed: int) -> SeedRegion:
    runs = own[own["seed"] == seed]
    return SeedRegion(seed=seed, stable=int((~runs["not_stable"]).sum()), judged=len(runs))
