"""What the figures of a report are drawn from, and what is written about each."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.style import ArmStyle, arm_styles
from analysis.judging.study_data import StudyData
from analysis.results.document import Effect, Results
from analysis.results.wording import number, point_text
from analysis.statistics import FactorEffect
from runs.store import RunStore

ANSWER = "Answer"  # the first screen: of its figures, the waffle of verdicts and each arm's median run
OUTCOMES = "Outcomes"  # the section of verdicts and, over a grid, of the stability map


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What is written about a figure: ``sentences`` say plainly what it shows, ``text`` gives n, marks and bands.

    ``alt`` is for who cannot see it. Figures of one ``section`` stand together.
    """

    name: str
    section: str
    title: str
    sentences: Sequence[str]
    text: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What a folded part of the report says besides its figures: ``gist`` is a plain sentence that is never folded.

    tables: names of those that stand in it, after ``sentences``.
    """

    title: str
    gist: str
    sentences: Sequence[str] = ()
    tables: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportFigure:
    """How a figure is drawn, which takes a while, and what is written about it.

    beside: it is a file beside the page and not shown on it.
    """

    caption: Caption
    draw: Callable[[], Figure]
    beside: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """What every figure of a report is drawn from. ``verdicts`` as ``judge_study`` makes them."""

    data: StudyData
    verdicts: pd.DataFrame
    results: Results
    store: RunStore

    @property
    def over_a_grid(self) -> bool:
        """Whether the study has several grid points."""
        return len(self.data.study.grid_points()) > 1

    @property
    def styles(self) -> dict[str, ArmStyle]:
        """By arm, the same in every report of the study whichever arms it is cut down to."""
        return arm_styles(list(self.data.study.document["arms"]))

    @property
    def updates_per_step(self) -> dict[int, int]:
        """By run id: updates of G in a training step."""
        return {run_id: int(record.config["g_steps"]) for run_id, record in self.data.records.items()}

    def at(self, point: Mapping[str, Any]) -> "Drawing":
        """The same for one grid point."""
        kept = self.verdicts
        for factor, level in point.items():
            kept = kept[kept[factor] == level]
        return Drawing(data=self.data.only(point=point), verdicts=kept, results=self.results, store=self.store)

    def points(self, names: Sequence[str]) -> pd.DataFrame:
        """Tidy traces whose ``step`` counts updates of G."""
        tidy = self.data.tidy(names)
        return tidy.assign(step=tidy["step"] * tidy["run_id"].map(self.updates_per_step))

    def onsets(self) -> pd.DataFrame:
        """Arm, seed and step (in updates of G) of each collapse, divergence or first non-finite value."""
        failed = self.verdicts[self.verdicts["onset_step"].notna()]
        step = failed["onset_step"].astype(np.int64) * failed["run_id"].map(self.updates_per_step)
        return pd.DataFrame({"arm": failed["arm"], "seed": failed["seed"], "step": step})

    def arms(self) -> list[str]:
        """Arms with a used run, in the order of declaration."""
        present = set(self.verdicts["arm"])
        return [arm for arm in self.data.study.arms if arm in present]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A grid point, in the title of a figure, in its name, and whether it is one of several."""

    point: Mapping[str, Any]
    where: str
    suffix: str
    folded: bool


def place_of(point: Mapping[str, Any]) -> Place:
    """The place of a grid point; an empty one is that of a study without a grid."""
    suffix = "".join(f"-{factor}-{level}" for factor, level in point.items())
    return Place(point=point, where=f" at {point_text(point)}" if point else "", suffix=suffix, folded=bool(point))


def row_name(arm: str, point: Mapping[str, Any]) -> str:
    """«mlp», or «mlp · lr 2e-4» at a grid point."""
    return f"{arm} · {point_text(point)}" if point else arm


def sign_flip_effect(effect: FactorEffect, *, name: str, unit: str, family: int) -> Effect:
    """A contrast over seeds as a forest draws it; its adjusted p, over ``family`` contrasts, is max-T's."""
    return Effect(
        name=name,
        unit=unit,
        estimate=effect.estimate,
        interval=effect.interval,
        test="sign-flip",
        p=effect.p,
        p_holm=effect.p_adjusted,
        family=family,
    )


def spread_text(by_arm: Mapping[str, float]) -> str:
    """«0.43 (dcgan) to 0.48 (mlp)»: the arms with the least and the greatest value."""
    finite = {value: arm for arm, value in by_arm.items() if math.isfinite(value)}
    if not finite:
        return "not finite in any arm"
    least, greatest = min(finite), max(finite)
    return f"{number(least)} ({finite[least]}) to {number(greatest)} ({finite[greatest]})"
