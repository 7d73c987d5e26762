"""Writing a report: figures, tables, results and the two pages, in a folder that appears complete or not at all."""

import gc
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from analysis.chapters.form import ReportFigure
from analysis.figures.pictures import Picture, filed, written
from analysis.judging.frames import load_study_data
from analysis.judging.other_cells import what_to_do
from analysis.report.contents import Contents, contents_of
from analysis.report.page import PageFigure, rendered
from analysis.results.document import Results, to_json
from analysis.results.wording import listed
from analysis.tables.formats import write_table
from runs.errors import UserError
from runs.processes import available_cores, interrupts_held
from runs.store import RunStore
from runs.study import Study

RESULTS = "results.json"
# new objects; Python's own number is 700. A figure is many thousand that live until it is written, and looking for
# garbage among them takes a tenth of the time
COLLECTED_AT = 50_000
PENDING = 3  # figures a writer that wait for it


def drawn(contents: Contents, folder: Path, stamp: str) -> list[PageFigure]:
    """Figures are drawn here one by one, and written by other processes: three formats take longer than drawing."""
    shown: list[tuple[ReportFigure, Future[Picture]]] = []
    beside: list[Future[list[Path]]] = []
    room = BoundedSemaphore(PENDING * len(available_cores()))  # each that waits to be written takes memory
    with _writers() as writers:
        for one in contents.figures():
            stem = folder / one.caption.name
            room.acquire()
            with interrupts_held():  # a task may start a process
                if one.beside:
                    beside.append(writers.submit(filed, one.draw(), stem, stamp))
                    handed: Future[Any] = beside[-1]
                else:
                    shown.append((one, writers.submit(written, one.draw(), stem, stamp)))
                    handed = shown[-1][1]
            handed.add_done_callback(lambda _: room.release())
        for files in beside:
            files.result()  # raises what its writer raised
        return [PageFigure(caption=one.caption, picture=picture.result(), first=one.first) for one, picture in shown]


def write_report(
    study: Study,
    store: RunStore,
    out: Path,
    where: str = "the record",
    *,
    pictures: Callable[[Contents, Path, str], list[PageFigure]] = drawn,
) -> tuple[Results, Path]:
    """Judge what ``store`` has of the study and write its report into ``out``/<label>; returns both.

    The folder appears complete or not at all, and takes the place of an earlier report. Raises UserError if there is
    no complete record, or if the folder holds something else than a report.

    pictures: makes the figures' files in the folder that it is given, stamped with the text, and what the page carries
        of each; drawing takes nearly all of a report's time.
    """
    data = load_study_data(study, store)
    if not data.runs["complete"].any():
        left_out = sorted(study.document["arms"].keys() - study.arms.keys())
        others = store.find({"config.study": study.name, "config.arm": {"$nin": left_out}})
        raise UserError(f"study {study.name}: no complete record in {where}{what_to_do(study, others)}")
    contents = contents_of(data, store)
    with _collecting_rarely(), _replaced_folder(out / study.label) as folder:
        _write(folder, contents, pictures)
    return contents.results, out / study.label


def _write(folder: Path, contents: Contents, pictures: Callable[[Contents, Path, str], list[PageFigure]]) -> None:
    results = contents.results
    space = listed(list(results.provenance["feature space"]))
    made_from = f"Study {results.label}, plan {results.plan_hash}, samples measured by {space}."
    stamp = " ".join([made_from, *(f"{s.kind}." for s in results.stamps)])
    tables = {name: replace(table, stamp=stamp, alpha=results.alpha) for name, table in contents.tables().items()}
    for name in ("figures", "tables"):
        (folder / name).mkdir()
    for table in tables.values():
        write_table(table, folder / "tables")
    pages = pictures(contents, folder / "figures", stamp)
    (folder / RESULTS).write_text(to_json(results), encoding="utf-8")
    for name in ("report.html", "report.md"):
        (folder / name).write_text(rendered(name, contents, pages, tables), encoding="utf-8")


@contextmanager
def _writers() -> Iterator[ProcessPoolExecutor]:
    """Processes, at most one a core. After Ctrl-C or an error they finish what they were handed, a few figures."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["analysis.figures.pictures"])  # imported once, for all of them
    with ProcessPoolExecutor(
        len(available_cores()), mp_context=context, initializer=gc.set_threshold, initargs=(COLLECTED_AT,)
    ) as writers:
        try:
            yield writers
        except BaseException:
            writers.shutdown(cancel_futures=True)
            raise


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """See COLLECTED_AT."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_AT)
    try:
        yield
    finally:
        gc.set_threshold(*before)


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
