"""What the figures of a report are drawn from that is no chapter's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.chapters.form import Chapter, Judged
from analysis.findings.outcomes import analyse
from analysis.judging.judgements import judge_study
from analysis.judging.study_data import StudyData
from analysis.report.contents import CHAPTERS
from analysis.results.document import Effect, Results
from analysis.statistics import FactorEffect
from runs.store import RunStore

ANSWER = "Answer"  # the first screen: of its figures, the waffle of verdicts and each arm's median run
OUTCOMES = "Outcomes"  # the section of verdicts and, over a grid, of the stability map


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What a folded part of the report says besides its figures: ``gist`` is a plain sentence that is never folded.

    tables: names of those that stand in it, after ``sentences``.
    """

    title: str
    gist: str
    sentences: Sequence[str] = ()
    tables: Sequence[str] = ()


def heading_of(chapter: Chapter) -> Heading:
    """What the page shows of a chapter besides its figures."""
    return Heading(
        title=chapter.title,
        gist=chapter.gist,
        sentences=chapter.sentences,
        tables=[table.name for table in chapter.tables],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing(Judged):
    """What the figures of a report are drawn from: its chapters, and the results that are not yet a chapter's."""

    results: Results
    chapters: Sequence[Chapter]


def drawing_of(data: StudyData, store: RunStore) -> Drawing:
    """Everything that a report states on a study's record."""
    judged = Judged(data=data, verdicts=judge_study(data), store=store)
    chapters = [write(judged) for write in CHAPTERS]
    results = replace(
        analyse(
            data,
            judged.verdicts,
            judged.contrasts,
            judged.contrasts_at_equal_compute,
            margins=judged.margins,
            smallest_p=judged.smallest_p,
        ),
        chapters={chapter.name: chapter.rows() for chapter in chapters},
    )
    return Drawing(data=data, verdicts=judged.verdicts, store=store, results=results, chapters=chapters)


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
