"""What a chapter is, and what chapters are written from."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.style import ArmStyle, arm_styles
from analysis.findings.outcomes import analyse
from analysis.judging.judgements import study_limits
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import Limits
from analysis.results.document import ChapterRows, Findings
from analysis.results.plain import Rows
from analysis.results.wording import number, point_text
from analysis.tables.formats import Table
from runs.store import RunStore


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What is written about a figure: ``sentences`` say plainly what it shows, ``text`` gives n, marks and bands.

    ``alt`` is for who cannot see it.
    """

    name: str
    title: str
    sentences: Sequence[str]
    text: str
    alt: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportFigure:
    """How a figure is drawn, which takes a while, from which data, and what is written about it.

    data: what is drawn, by kind of mark a tidy frame, a row a mark or a point of a curve.
    beside: it is a file beside the page and not shown on it. first: it stands on the first screen, not in its chapter.
    """

    caption: Caption
    data: Mapping[str, pd.DataFrame]
    draw: Callable[[], Figure]
    beside: bool = False
    first: bool = False

    def rows(self) -> Rows:
        """What ``results.json`` holds of it."""
        return Rows(
            tuple(pd.DataFrame({"mark": mark}, index=frame.index).join(frame) for mark, frame in self.data.items())
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Chapter:
    """A subject of the report: ``gist`` is a plain sentence that is never folded, ``sentences`` stand behind it.

    name: of its part of ``results.json``, which holds the rows of all its tables, also of those without a row, and what
    its figures draw.
    folded: it opens on demand. explorer: the traces can be explored in it. parts: of the same subject, shown after it;
    they need no name.
    """

    name: str = ""
    title: str
    gist: str = ""
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[ReportFigure] = ()
    folded: bool = True
    explorer: bool = False
    parts: Sequence[Self] = ()

    def all_tables(self) -> Iterator[Table]:
        """Its own and those of its parts."""
        yield from self.tables
        for part in self.parts:
            yield from part.all_tables()

    def all_figures(self) -> Iterator[ReportFigure]:
        """Its own and those of its parts."""
        yield from self.figures
        for part in self.parts:
            yield from part.all_figures()

    def rows(self) -> ChapterRows:
        """What ``results.json`` holds of it."""
        return ChapterRows(
            title=self.title,
            gist=self.gist,
            sentences=tuple(self.sentences),
            tables={table.name: Rows((table.frame,)) for table in self.all_tables()},
            figures={figure.caption.name: figure.rows() for figure in self.all_figures()},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What every chapter is written from. ``verdicts`` as ``judge_study`` makes them."""

    data: StudyData
    verdicts: pd.DataFrame
    store: RunStore

    @cached_property
    def findings(self) -> Findings:
        """What several chapters and the answer state of arms and contrasts."""
        return analyse(self.data, self.verdicts)

    @property
    def alpha(self) -> float:
        """Level of the study's tests."""
        return self.data.study.plan.alpha

    @property
    def limits(self) -> Limits | None:
        """The thresholds as values of the probes; None without a run."""
        return study_limits(self.data)

    @property
    def over_a_grid(self) -> bool:
        """Whether the study has several grid points."""
        return len(self.data.study.grid_points()) > 1

    @property
    def styles(self) -> dict[str, ArmStyle]:
        """By arm, the same in every report of the study whichever arms it is cut down to."""
        return arm_styles(list(self.data.study.document["arms"]))

    @cached_property
    def updates_per_step(self) -> dict[int, int]:
        """By run id: updates of G in a training step."""
        return {run_id: int(record.config["g_steps"]) for run_id, record in self.data.records.items()}

    def at(self, point: Mapping[str, Any]) -> Self:
        """The same for one grid point."""
        kept = self.verdicts
        for factor, level in point.items():
            kept = kept[kept[factor] == level]
        return replace(self, data=self.data.only(point=point), verdicts=kept)

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
    """A grid point, in the title of a figure, and in its name."""

    where: str
    suffix: str


def place_of(point: Mapping[str, Any]) -> Place:
    """The place of a grid point; an empty one is that of a study without a grid."""
    suffix = "".join(f"-{factor}-{level}" for factor, level in point.items())
    return Place(where=f" at {point_text(point)}" if point else "", suffix=suffix)


def row_name(arm: str, point: Mapping[str, Any]) -> str:
    """«mlp», or «mlp · lr 2e-4» at a grid point."""
    return f"{arm} · {point_text(point)}" if point else arm


def spread_text(by_arm: Mapping[str, float]) -> str:
    """«0.43 (dcgan) to 0.48 (mlp)»: the arms with the least and the greatest value."""
    finite = {value: arm for arm, value in by_arm.items() if math.isfinite(value)}
    if not finite:
        return "not finite in any arm"
    least, greatest = min(finite), max(finite)
    return f"{number(least)} ({finite[least]}) to {number(greatest)} ({finite[greatest]})"
