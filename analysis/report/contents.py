"""What a report contains: its chapters, in their order, and the answer above them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

from analysis.answer.controls import controls
from analysis.answer.headline import headline
from analysis.answer.spoken import spoken
from analysis.chapters.contrasts import contrasts
from analysis.chapters.explanation import explained
from analysis.chapters.factors import factors
from analysis.chapters.form import Chapter, Judged, ReportFigure
from analysis.chapters.oscillation import oscillation
from analysis.chapters.outcomes import outcomes
from analysis.chapters.precision import precision
from analysis.chapters.quality import quality
from analysis.chapters.representation import representation
from analysis.chapters.robustness import robustness
from analysis.chapters.runs import every_run
from analysis.chapters.samples import samples
from analysis.chapters.seen import seen
from analysis.chapters.setting import setting
from analysis.chapters.times import times
from analysis.chapters.training import training
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import StudyData
from analysis.results.document import Findings, Results
from analysis.tables.formats import Table
from runs.store import RunStore

Writer = Callable[[Judged], Chapter]

STORY: tuple[Writer, ...] = (outcomes, samples, training, contrasts)
# outside the registered contrasts
FURTHER: tuple[Callable[[Judged], Chapter | None], ...] = (
    times,
    factors,
    quality,
    oscillation,
    robustness,
    precision,
    every_run,
    representation,
    explained,
    seen,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """A study's judged record, and the chapters written from it."""

    judged: Judged
    setting: Chapter
    story: Sequence[Chapter]
    further: Sequence[Chapter]

    @property
    def chapters(self) -> list[Chapter]:
        """All, in the order of the page."""
        return [self.setting, *self.story, *self.further]

    @cached_property
    def results(self) -> Results:
        """What ``results.json`` holds."""
        return answered(self.judged.findings, self.chapters)

    def figures(self) -> Iterator[ReportFigure]:
        """All, in the order of the page."""
        for chapter in self.chapters:
            yield from chapter.all_figures()

    def tables(self) -> dict[str, Table]:
        """Those that have a row, by name."""
        found = [table for chapter in self.chapters for table in chapter.all_tables()]
        return {table.name: table for table in found if len(table.frame)}


def answered(findings: Findings, chapters: Sequence[Chapter]) -> Results:
    """The findings with the answer in words, and what chapters say."""
    return Results(
        **{field.name: getattr(findings, field.name) for field in fields(findings)},
        spoken=spoken(findings),
        headline=headline(findings),
        controls=controls(findings),
        chapters={chapter.name: chapter.rows() for chapter in chapters},
    )


def contents_of(data: StudyData, store: RunStore) -> Contents:
    """Everything that a report states on a study's record."""
    judged = Judged(data=data, verdicts=judge_study(data), store=store)
    contents = Contents(
        judged=judged,
        setting=setting(judged),
        story=[write(judged) for write in STORY],
        further=[chapter for write in FURTHER if (chapter := write(judged))],
    )
    check_names(contents.chapters)
    return contents


def check_names(chapters: Sequence[Chapter]) -> None:
    """Raise ValueError where two chapters, tables or figures have one name: one would take the other's place."""
    tables = [table.name for chapter in chapters for table in chapter.all_tables()]
    figures = [figure.caption.name for chapter in chapters for figure in chapter.all_figures()]
    for kind, names in (("chapter", [chapter.name for chapter in chapters]), ("table", tables), ("figure", figures)):
        twice = sorted(name for name, count in Counter(names).items() if count > 1 or not name)
        if twice:
            raise ValueError(f"{kind} names must be there and be one each, got {twice}")
