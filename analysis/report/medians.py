"""The samples of each arm's median run, for the first screen of a report: one run an arm, chosen by one rule."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from analysis.chapters.form import Caption, ReportFigure
from analysis.figures.sheets import Images, median_seed, median_sheet
from analysis.judging.verdicts import VerdictCode
from analysis.report.drawing import ANSWER, Drawing
from analysis.report.training import load_samples
from analysis.results.verdict_words import verdict_label
from analysis.results.wording import number, point_text

RULE = "Each arm's median judged run by final Fréchet distance (of two the better)"
OVER_GRID = ", at the grid point where most of its runs ended stable (of equals the first; these very runs chose it)"


@dataclass(frozen=True, kw_only=True)
class MedianRun:
    """The run that stands for an arm. ``images``: of its last probe, (64, C, H, W)."""

    arm: str
    point: Mapping[str, Any]
    seed: int
    verdict: str
    frechet: float
    images: Images

    @property
    def label(self) -> str:
        """«lr 2e-4, beta1 0.5, seed 4: stable, Fréchet 2.05»."""
        place = ", ".join([*([point_text(self.point)] if self.point else []), f"seed {self.seed}"])
        distance = f"Fréchet {number(self.frechet)}" if math.isfinite(self.frechet) else "Fréchet not finite"
        return f"{place}: {verdict_label(self.verdict)}, {distance}"


def median_figures(drawing: Drawing) -> Iterator[ReportFigure]:
    """A strip of samples an arm; nothing without a judged run."""
    runs = list(_median_runs(drawing))
    if not runs:
        return
    told = "; ".join(f"{run.arm}, {run.label}" for run in runs)
    yield ReportFigure(
        caption=Caption(
            name="median_runs",
            section=ANSWER,
            title="Samples of each arm's median run",
            sentences=[],
            text=f"{RULE}{OVER_GRID if drawing.over_a_grid else ''}. First fixed z, last probe; none is picked by"
            " hand.",
            alt=f"A strip of generated images an arm. {told}.",
        ),
        draw=partial(
            median_sheet,
            {run.arm: run.images for run in runs},
            {run.arm: run.label for run in runs},
            {run.arm: run.verdict for run in runs},
            styles=drawing.styles,
        ),
    )


def _median_runs(drawing: Drawing) -> Iterator[MedianRun]:
    for arm in drawing.arms():
        at_points = [drawing.at(point) for point in drawing.data.study.grid_points()]
        own = [part.verdicts[part.verdicts["arm"] == arm] for part in at_points]
        stable = [int((runs["verdict"] == VerdictCode.STABLE.value).sum()) if len(runs) else -1 for runs in own]
        place = stable.index(max(stable))
        distances = dict(zip(own[place]["seed"].tolist(), own[place]["final_frechet"].tolist(), strict=True))
        seed = median_seed(distances)
        (run,) = own[place][own[place]["seed"] == seed].to_dict("records")
        yield MedianRun(
            arm=arm,
            point=drawing.data.study.grid_points()[place],
            seed=seed,
            verdict=str(run["verdict"]),
            frechet=float(run["final_frechet"]),
            images=load_samples(drawing, run["run_id"])[1][-1],
        )
