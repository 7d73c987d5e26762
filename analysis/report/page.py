"""The pages of a report: what stands where, and their making from templates."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.chapters.form import Caption, Place, place_of
from analysis.counting import counted
from analysis.figures.explorer import explorer
from analysis.figures.pictures import Picture
from analysis.findings.key_numbers import key_numbers
from analysis.findings.spoken import spoken
from analysis.report.designs import factor_chapter
from analysis.report.drawing import ANSWER, OUTCOMES, Drawing, Heading, heading_of
from analysis.report.figures import outcome_sentences
from analysis.report.forests import CONTRASTS, CONTRASTS_AT_EQUAL_COMPUTE
from analysis.report.robustness import robustness_chapter
from analysis.report.texts import limitations, limits_in_short, provenance_lines, verdict_definitions
from analysis.report.training import SAMPLES_TITLE, TRACES_TITLE
from analysis.results.document import Results
from analysis.tables.formats import Table

EQUAL_COMPUTE_GIST = "The same contrasts where every run has the FLOPs of the cheapest arm's at most."
TRAINING_TITLE = "Training as it went"
TRAINING_SAID = "Losses and outputs of the discriminator do not tell how good samples are; the measures of samples do."
TRACES_GIST = "Losses and outputs of the discriminator, an arm a row."
TRACES_BESIDE = (
    "Losses and outputs at each grid point are files beside this page: figures/losses-… and figures/outputs-…."
)
EVERY_POINT = "Verdicts and contrasts at every grid point"
EVERY_POINT_TABLES = ("stable_points", "verdicts", "remarks", "pairs", "contrasts", "comparisons", "measures")
EVERY_POINT_GIST = "The numbers behind the map and the forest."
PLACE_GIST = "Measures over training, and samples."
MOST_TOLD = 3  # sentences before a figure; where there are more than one further, they are folded
MOST_LINKED = 3  # figures of a section, and notes on the record, in the page for code hosts
LISTS = Heading(
    title="Every run, references, thresholds",
    gist="Every judged run with its verdict and what it rests on, images of known quality in the same measures, what"
    " runs had when they were compared, and the verdicts under other thresholds.",
    tables=("references", "budgets", "sensitivity", "specifications", "runs"),
)


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """A figure as the page shows it."""

    caption: Caption
    picture: Picture


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the results: what is said in it, figures and names of tables; a ``folded`` one opens on demand.

    gist: stands beside the title of a folded one. explorer: whether the traces can be explored in it.
    """

    title: str
    figures: Sequence[PageFigure]
    tables: Sequence[str]
    gist: str = ""
    sentences: Sequence[str] = ()
    folded: bool = False
    explorer: bool = False

    @property
    def anchor(self) -> str:
        """Where links within the page lead."""
        return "-".join(["part", *re.findall(r"[a-z0-9.]+", self.title.lower())])


def rendered(name: str, drawing: Drawing, pages: Sequence[PageFigure], tables: Mapping[str, Table]) -> str:
    """The page ``report.html`` or ``report.md``, whichever is named."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["md_alt"] = lambda text: text.replace("[", "(").replace("]", ")")
    results = drawing.results
    sections = _shown(_main_sections(drawing, pages, tables))
    further = _shown(_further_sections(drawing, pages, tables))
    return environment.get_template(f"{name}.j2").render(
        results=results,
        spoken=spoken(results),
        numbers=key_numbers(results),
        first={page.caption.name: page for page in pages if page.caption.section == ANSWER},
        # the stamps, which open the headline, have a place of their own
        in_full=results.headline[len(results.stamps) :],
        facts=_facts(results),
        sections=sections,
        further=further,
        elsewhere=[*_places_as_one(sections), *further],
        tables=tables,
        forest=next((page for page in pages if page.caption.section == CONTRASTS), None),
        most_linked=MOST_LINKED,
        most_told=MOST_TOLD,
        limits=limitations(drawing.data.study, results),
        limits_in_short=limits_in_short(drawing.data.study, results),
        definitions=verdict_definitions(results),
        provenance=provenance_lines(results),
        # runs without any point have no traces to explore
        explorer=lambda: Markup(explorer(drawing.data, drawing.verdicts)) if len(drawing.verdicts) else "",
    )


def _shown(sections: Iterable[Section]) -> list[Section]:
    return [section for section in sections if section.figures or section.tables or section.sentences]


def _places_as_one(sections: Sequence[Section]) -> list[Section]:
    """The sections with those of single grid points put into one."""
    places = [section for section in sections if section.gist == PLACE_GIST]
    if not places:
        return list(sections)
    title = f"{SAMPLES_TITLE} at {counted(len(places), 'grid point')}"
    figures = [figure for section in places for figure in section.figures]
    rest = [section for section in sections if section not in places]
    return [*rest, Section(title=title, gist=PLACE_GIST, figures=figures, tables=())]


def _main_sections(drawing: Drawing, pages: Sequence[PageFigure], tables: Mapping[str, Table]) -> Iterator[Section]:
    """The story: outcomes with samples, training, and registered contrasts; what is of each grid point is folded."""
    told = outcome_sentences(drawing.results)
    outcomes = ("regions",) if drawing.over_a_grid else ("verdicts", "remarks", "pairs")
    yield _section(pages, tables, OUTCOMES, outcomes, sentences=told)
    for place in _places(drawing):
        title = f"{SAMPLES_TITLE}{place.where}"
        gist = PLACE_GIST if place.folded else ""
        yield _section(pages, tables, title, () if place.folded else ("measures",), gist=gist, folded=place.folded)
    beside = [TRACES_BESIDE] if drawing.over_a_grid else []
    yield Section(title=TRAINING_TITLE, figures=(), tables=(), sentences=[TRAINING_SAID, *beside], explorer=True)
    yield _section(pages, tables, TRACES_TITLE, (), gist=TRACES_GIST, folded=True)
    if drawing.over_a_grid:
        yield _section(pages, tables, CONTRASTS, ("contrasts_over_grid",))
        yield _section(
            pages,
            tables,
            CONTRASTS_AT_EQUAL_COMPUTE,
            ("contrasts_equal_compute",),
            gist=EQUAL_COMPUTE_GIST,
            folded=True,
        )
        yield _section(pages, tables, EVERY_POINT, EVERY_POINT_TABLES, gist=EVERY_POINT_GIST, folded=True)
    else:
        yield _section(pages, tables, CONTRASTS, ("contrasts", "comparisons"))
        yield _section(pages, tables, CONTRASTS_AT_EQUAL_COMPUTE, ("contrasts_equal_compute",))


def _further_sections(drawing: Drawing, pages: Sequence[PageFigure], tables: Mapping[str, Table]) -> Iterator[Section]:
    """What is outside the registered contrasts, all folded."""
    for chapter in (*headings(drawing), LISTS):
        yield _section(
            pages,
            tables,
            chapter.title,
            chapter.tables,
            gist=chapter.gist,
            sentences=tuple(sentence for sentence in chapter.sentences if sentence != chapter.gist),
            folded=True,
        )


def headings(drawing: Drawing) -> list[Heading]:
    """What is outside the registered contrasts, by subject."""
    results, (times, *others, precision) = drawing.results, [heading_of(chapter) for chapter in drawing.chapters]
    return [times, factor_chapter(results), *others, robustness_chapter(results), precision]


def _section(
    pages: Sequence[PageFigure],
    tables: Mapping[str, Table],
    title: str,
    names: Sequence[str],
    *,
    gist: str = "",
    sentences: Sequence[str] = (),
    folded: bool = False,
) -> Section:
    return Section(
        title=title,
        gist=gist,
        sentences=sentences,
        figures=[page for page in pages if page.caption.section == title],
        tables=[name for name in names if name in tables],
        folded=folded,
    )


def _places(drawing: Drawing) -> list[Place]:
    return [place_of(point) for point in drawing.data.study.grid_points()]


def _facts(results: Results) -> str:
    counts = results.counts
    seeds = f"seeds {results.seeds[0]} to {results.seeds[-1]}" if len(results.seeds) > 1 else f"seed {results.seeds[0]}"
    return (
        f"{counted(counts.planned, 'run')} planned, {counts.complete} complete, {counts.excluded} excluded,"
        f" {counts.used} judged;"
        f" {len(results.seeds)} seeds ({seeds}); α = {results.alpha:g}."
    )
