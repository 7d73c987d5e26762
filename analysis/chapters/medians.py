"""The run that stands for an arm, where only one can be shown."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.chapters.form import Judged
from analysis.figures.sheets import median_seed
from analysis.judging.verdicts import VerdictCode
from analysis.results.verdict_words import verdict_label
from analysis.results.wording import number, point_text

_RULE = "Each arm's median judged run by final Fréchet distance (of two the better)"
_OVER_GRID = ", at the grid point where most of its runs ended stable (of equals the first; these very runs chose it)"


@dataclass(frozen=True, kw_only=True)
class MedianRun:
    """The run that stands for an arm."""

    arm: str
    run_id: int
    point: Mapping[str, Any]
    seed: int
    verdict: str
    frechet: float

    @property
    def label(self) -> str:
        """«lr 2e-4, beta1 0.5, seed 4: stable, Fréchet 2.05»."""
        place = ", ".join([*([point_text(self.point)] if self.point else []), f"seed {self.seed}"])
        distance = f"Fréchet {number(self.frechet)}" if math.isfinite(self.frechet) else "Fréchet not finite"
        return f"{place}: {verdict_label(self.verdict)}, {distance}"


def rule(judged: Judged) -> str:
    """How the runs are chosen, for captions."""
    return f"{_RULE}{_OVER_GRID if judged.over_a_grid else ''}"


def median_runs(judged: Judged) -> Iterator[MedianRun]:
    """One an arm that has a judged run, in the order of declaration."""
    at_points = [judged.at(point) for point in judged.data.study.grid_points()]
    for arm in judged.arms():
        own = [part.verdicts[part.verdicts["arm"] == arm] for part in at_points]
        stable = [int((runs["verdict"] == VerdictCode.STABLE.value).sum()) if len(runs) else -1 for runs in own]
        place = stable.index(max(stable))
        distances = dict(zip(own[place]["seed"].tolist(), own[place]["final_frechet"].tolist(), strict=True))
        seed = median_seed(distances)
        (run,) = own[place][own[place]["seed"] == seed].to_dict("records")
        yield MedianRun(
            arm=arm,
            run_id=int(run["run_id"]),
            point=judged.data.study.grid_points()[place],
            seed=seed,
            verdict=str(run["verdict"]),
            frechet=float(run["final_frechet"]),
        )
