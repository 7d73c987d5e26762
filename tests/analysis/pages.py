"""Reports whose pictures are empty, for tests of what a report says: drawing takes nearly all of a report's time."""

from pathlib import Path

from analysis.figures.pictures import Picture, data_url
from analysis.judging.study_data import StudyData
from analysis.report.drawing import Drawing, drawing_of
from analysis.report.figures import report_figures
from analysis.report.page import PageFigure
from analysis.report.writing import write_report
from analysis.results.document import Results
from runs.store import open_store
from runs.study import Study

EMPTY = Picture(source=data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), width=1, height=1)


def text_report(study: Study, records: str | Path, out: Path) -> tuple[Results, Path]:
    """The report of what is recorded in a folder, all but its pictures."""
    return write_report(study, open_store(str(records)), out, pictures=_without_drawing)


def drawing(data: StudyData) -> Drawing:
    """What figures and tables that show no sample images are made from."""
    return drawing_of(data, None)  # type: ignore[arg-type]


def _without_drawing(drawing: Drawing, folder: Path, stamp: str) -> list[PageFigure]:
    return [PageFigure(caption=one.caption, picture=EMPTY) for one in report_figures(drawing) if not one.beside]
