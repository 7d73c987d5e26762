"""``python -m analysis.report STUDY``: judge a study's record and write its report."""

import base64
import io
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import Image

from analysis.frames import load_study_data
from analysis.judging import judge_study
from analysis.outcomes import analyse
from analysis.report_drawing import Drawing, ReportFigure
from analysis.report_figures import report_figures
from analysis.report_page import PageFigure, rendered
from analysis.report_tables import report_tables
from analysis.results import Results, to_json
from analysis.style import VERDICTS, save
from analysis.style import stamp as stamp_figure
from analysis.tables import write_table
from runs.addresses import shown, store_url
from runs.errors import CommandLine, UserError, report_user_errors
from runs.store import RunStore, open_store
from runs.study import Study, load_study

REPORTS = Path(__file__).parent.parent.resolve() / "runs" / "reports"
RESULTS = "results.json"
PIXELS_PER_INCH = 108  # of a figure on the page: at 96 its type would be smaller than the text needs
LARGE = 100_000  # bytes of an SVG from which on the page carries the PNG, if that is smaller
COLOURS = 256  # of a PNG on the page


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report, print what it says in short, and where it is. Raises UserError on bad arguments."""
    options = _parser().parse_args(arguments)
    arms = None if options.arms is None else [arm.strip() for arm in options.arms.split(",")]
    study = load_study(options.study).override(seeds=options.seeds, arms=arms)
    url = store_url()
    results, folder = write_report(study, open_store(url), Path(options.out), where=shown(url))
    print(summary(results))
    print(f"\nreport: {folder / 'report.html'}")
    return 0


def write_report(study: Study, store: RunStore, out: Path, where: str = "the record") -> tuple[Results, Path]:
    """Judge what ``store`` has of the study and write its report into ``out``/<label>; returns both.

    The folder appears complete or not at all, and takes the place of an earlier report. Raises UserError if there is
    no complete record, or if the folder holds something else than a report.
    """
    data = load_study_data(study, store)
    if not data.runs["complete"].any():
        raise UserError(
            f"study {study.name}: no complete record in {where};"
            f" train it first: make stability-sweep STUDY={study.name}"
        )
    verdicts = judge_study(data)
    results = analyse(data, verdicts)
    with _replaced_folder(out / study.label) as folder:
        _write(folder, Drawing(data=data, verdicts=verdicts, results=results, store=store))
    return results, out / study.label


def summary(results: Results) -> str:
    """Runs and verdicts of each arm as a table, and the first results, for a terminal."""
    codes = [code for code in VERDICTS if any(code in arm.verdicts for arm in results.arms)]
    rows = [["arm", "runs", *(VERDICTS[code].meaning for code in codes)]]
    for arm in results.arms:
        name = " ".join([arm.arm, *(f"{factor}={level}" for factor, level in arm.grid_point.items())])
        runs = f"{arm.counts.used}/{arm.counts.planned}"
        rows.append([name, runs, *(str(arm.verdicts[code].count) for code in codes)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    stamps = [f"{stamp.kind}: {' '.join(stamp.reasons)}" for stamp in results.stamps]
    first = [contrast.sentence for role in ("primary", "co-primary") for contrast in results.of_role(role)]
    return "\n".join([*lines, "", *stamps, *first])


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
    context.set_forkserver_preload(["analysis.style"])  # imported once, for all writers
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
    small = io.BytesIO()
    with Image.open(png) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
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


def _parser() -> CommandLine:
    parser = CommandLine(prog="python -m analysis.report", description="Judge a study's record and write its report.")
    parser.add_argument("study", help="name of a study under experiments/studies, or path of a YAML file")
    parser.add_argument("--seeds", type=int, help="the first so many seeds instead of the study's")
    parser.add_argument("--arms", help="these arms only, by commas")
    parser.add_argument("--out", default=str(REPORTS), help="folder of reports; default: runs/reports")
    return parser


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
