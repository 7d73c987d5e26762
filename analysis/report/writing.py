"""Writing a report: figures, tables, results and the two pages, in a folder that appears complete or not at all."""

import base64
import io
import itertools
import multiprocessing
import os
import shlex
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from analysis.figures.style import PALETTE, VERDICTS, save
from analysis.figures.style import stamp as stamp_figure
from analysis.findings.outcomes import analyse
from analysis.judging.frames import load_study_data
from analysis.judging.judgements import judge_study
from analysis.report.drawing import Drawing, ReportFigure
from analysis.report.figures import report_figures
from analysis.report.page import PageFigure, rendered
from analysis.report.tables import report_tables
from analysis.results.document import Results, to_json
from analysis.tables.formats import write_table
from runs.errors import UserError
from runs.store import RunStore
from runs.study import Study

REPORTS = Path(__file__).parents[2].resolve() / "runs" / "reports"
RESULTS = "results.json"
PIXELS_PER_INCH = 108  # of a figure on the page: at 96 its type would be smaller than the text needs
LARGE = 100_000  # bytes of an SVG from which on the page carries the PNG, if that is smaller
COLOURS = 256  # of a PNG on the page
# colours that a page's small PNG keeps as they are, however few its pixels of them: they stand for arms and verdicts
KEPT = tuple(
    dict.fromkeys(
        (*(shade for arm in PALETTE for shade in (arm.colour, arm.dark)), *(look.fill for look in VERDICTS.values()))
    )
)


def write_report(study: Study, store: RunStore, out: Path, where: str = "the record") -> tuple[Results, Path]:
    """Judge what ``store`` has of the study and write its report into ``out``/<label>; returns both.

    The folder appears complete or not at all, and takes the place of an earlier report. Raises UserError if there is
    no complete record, or if the folder holds something else than a report.
    """
    data = load_study_data(study, store)
    if not data.runs["complete"].any():
        raise UserError(
            f"study {study.name}: no complete record in {where};"
            f" train it first: make stability-sweep STUDY={shlex.quote(study.source)}"
        )
    verdicts = judge_study(data)
    results = analyse(data, verdicts)
    with _replaced_folder(out / study.label) as folder:
        _write(folder, Drawing(data=data, verdicts=verdicts, results=results, store=store))
    return results, out / study.label


def _write(folder: Path, drawing: Drawing) -> None:
    results = drawing.results
    stamp = " ".join([f"Study {results.label}, plan {results.plan_hash}.", *(f"{s.kind}." for s in results.stamps)])
    tables = {name: replace(table, stamp=stamp) for name, table in report_tables(results, drawing.verdicts).items()}
    for name in ("figures", "tables"):
        (folder / name).mkdir()
    for table in tables.values():
        write_table(table, folder / "tables")
    pages = _page_figures(drawing, folder / "figures", stamp)
    (folder / RESULTS).write_text(to_json(results), encoding="utf-8")
    for name in ("report.html", "report.md"):
        (folder / name).write_text(rendered(name, drawing, pages, tables), encoding="utf-8")


def _page_figures(drawing: Drawing, folder: Path, stamp: str) -> list[PageFigure]:
    """Figures are drawn here one by one, and written by other processes: three formats take longer than drawing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["analysis.figures.style"])  # imported once, for all writers
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=context) as writers:
        pages = [writers.submit(_page_figure, figure, folder, stamp) for figure in report_figures(drawing)]
        return [page.result() for page in pages]


def _page_figure(figure: ReportFigure, folder: Path, stamp: str) -> PageFigure:
    stamp_figure(figure.figure, stamp)
    svg, _, png = save(figure.figure, folder / figure.caption.name)
    content, kind = svg.read_bytes(), "image/svg+xml"
    if len(content) > LARGE:
        small = _in_few_colours(png)
        content, kind = min((content, kind), (small, "image/png"), key=lambda one: len(one[0]))
    width, height = figure.figure.get_size_inches()
    return PageFigure(
        caption=figure.caption,
        source=f"data:{kind};base64,{base64.b64encode(content).decode()}",
        width=round(width * PIXELS_PER_INCH),
        height=round(height * PIXELS_PER_INCH),
    )


def _in_few_colours(png: Path) -> bytes:
    """The picture as a PNG with a palette, which takes a third of the bytes."""
    small, kept, others = io.BytesIO(), [ImageColor.getrgb(colour) for colour in KEPT], COLOURS - len(KEPT)
    with Image.open(png) as image:
        picture = image.convert("RGB")
    found = picture.quantize(others, dither=Image.Dither.NONE)
    pixels, places = np.asarray(picture), np.array(found)
    for place, colour in enumerate(kept, start=others):
        places[(pixels == colour).all(axis=2)] = place
    reduced = Image.fromarray(places).convert("P")
    palette = (found.getpalette() or [])[: 3 * others]
    reduced.putpalette([*palette, *[0] * (3 * others - len(palette)), *itertools.chain(*kept)])
    reduced.save(small, "png", optimize=True)
    return small.getvalue()


@contextmanager
def _replaced_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside ``folder``: filled, it takes its place, or else nothing changes."""
    if folder.exists() and not (folder / RESULTS).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is in the way: expected nothing or an earlier report there; choose another --out")
    temporary, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{kind}") for kind in ("part", "old"))
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
    except OSError as error:
        raise UserError(f"report folder {folder}: cannot be written: {error}") from None
    finally:
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)
