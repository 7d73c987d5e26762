"""Reports whose pictures are empty, for tests of what a report says: drawing takes nearly all of a report's time."""

from pathlib import Path

from analysis.figures.pictures import Picture, data_url
from analysis.judging.study_data import StudyData
from analysis.report.contents import Contents, contents_of
from analysis.report.page import PageFigure
from analysis.report.writing import write_report
from analysis.results.document import Results
from runs.store import open_store
from runs.study import Study
from tests.analysis.synthetic import NO_STORE

EMPTY = Picture(source=data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), width=1, height=1)


def text_report(study: Study, records: str | Path, out: Path) -> tuple[Results, Path]:
    """The report of what is recorded in a folder, all but its pictures."""
    return write_report(study, open_store(str(records)), out, pictures=_without_drawing)


def contents(data: StudyData) -> Contents:
    """The chapters of a report; their figures of sample images cannot be drawn."""
    return contents_of(data, NO_STORE)


def _without_drawing(contents: Contents, folder: Path, stamp: str) -> list[PageFigure]:
    shown = [one for one in contents.figures() if not one.beside]
    return [PageFigure(caption=one.caption, picture=EMPTY, first=one.first) for one in shown]
