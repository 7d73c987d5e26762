"""The pages of a report: what stands where, and their making from templates."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.answer.key_numbers import key_numbers
from analysis.chapters.form import Caption, Chapter, ReportFigure
from analysis.counting import counted
from analysis.figures.explorer import explorer
from analysis.figures.pictures import Picture
from analysis.report.contents import Contents
from analysis.report.texts import limitations, limits_in_short, provenance_lines, verdict_definitions
from analysis.results.document import Results
from analysis.tables.formats import Table

CONTRASTS = "contrasts"  # name of the chapter whose first figure stands on the page for code hosts
MOST_TOLD = 3  # sentences before a figure; where there are more than one further, they are folded
MOST_LINKED = 3  # figures of a chapter, and notes on the record, in the page for code hosts


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """A figure as the page shows it. ``first``: on the first screen."""

    caption: Caption
    picture: Picture
    first: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """A chapter, or a part of one, with the figures that the page has of it and the names of its tables with rows."""

    chapter: Chapter
    figures: Sequence[PageFigure]
    tables: Sequence[str]

    @property
    def anchor(self) -> str:
        """Where links within the page lead."""
        return "-".join(["part", *re.findall(r"[a-z0-9.]+", self.chapter.title.lower())])


def rendered(name: str, contents: Contents, pages: Sequence[PageFigure], tables: Mapping[str, Table]) -> str:
    """The page ``report.html`` or ``report.md``, whichever is named."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["md_alt"] = lambda text: text.replace("[", "(").replace("]", ")")
    judged, results = contents.judged, contents.results
    shown = {page.caption.name: page for page in pages}
    return environment.get_template(f"{name}.j2").render(
        results=results,
        numbers=key_numbers(results),
        first=[page for page in pages if page.first],
        facts=_facts(results),
        setting=list(_sections([contents.setting], shown, tables)),
        sections=list(_sections(contents.story, shown, tables)),
        further=list(_sections(contents.further, shown, tables)),
        elsewhere=[
            _section(chapter, chapter.all_figures(), chapter.all_tables(), shown, tables)
            for chapter in (*contents.story, *contents.further)
        ],
        tables=tables,
        forest=_forest(contents, shown),
        most_linked=MOST_LINKED,
        most_told=MOST_TOLD,
        limits=limitations(judged.data.study, results),
        limits_in_short=limits_in_short(judged.data.study, results),
        definitions=verdict_definitions(results),
        provenance=provenance_lines(results),
        # runs without any point have no traces to explore
        explorer=lambda: Markup(explorer(judged.data, judged.verdicts)) if len(judged.verdicts) else "",
    )


def _forest(contents: Contents, shown: Mapping[str, PageFigure]) -> PageFigure | None:
    """The first figure of the registered contrasts; None where no contrast could be made."""
    (chapter,) = [chapter for chapter in contents.story if chapter.name == CONTRASTS]
    return next((shown[figure.caption.name] for figure in chapter.figures), None)


def _sections(
    chapters: Iterable[Chapter], shown: Mapping[str, PageFigure], tables: Mapping[str, Table]
) -> Iterator[Section]:
    """Chapters and their parts, those in which there is nothing left out."""
    for chapter in chapters:
        section = _section(chapter, chapter.figures, chapter.tables, shown, tables)
        if section.figures or section.tables or chapter.sentences:
            yield section
        yield from _sections(chapter.parts, shown, tables)


def _section(
    chapter: Chapter,
    figures: Iterable[ReportFigure],
    of_chapter: Iterable[Table],
    shown: Mapping[str, PageFigure],
    tables: Mapping[str, Table],
) -> Section:
    return Section(
        chapter=chapter,
        figures=[shown[one.caption.name] for one in figures if one.caption.name in shown and not one.first],
        tables=[table.name for table in of_chapter if table.name in tables],
    )


def _facts(results: Results) -> str:
    counts = results.counts
    seeds = f"seeds {results.seeds[0]} to {results.seeds[-1]}" if len(results.seeds) > 1 else f"seed {results.seeds[0]}"
    return (
        f"{counted(counts.planned, 'run')} planned, {counts.complete} complete, {counts.excluded} excluded,"
        f" {counts.used} judged;"
        f" {len(results.seeds)} seeds ({seeds}); α = {results.alpha:g}."
    )
