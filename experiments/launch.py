"""Making a study's missing runs, and showing how far they are."""

from collections.abc import Generator, Sequence
from contextlib import closing

from experiments.cells import MatchedCell, matched_cells, requests
from experiments.datasets import load_images, source_of
from experiments.engines import Engine, Event, Notice, run_locally
from experiments.estimate import dry_run
from experiments.features import data_digest
from experiments.recording import RunRequest
from experiments.watched import SweepProgress
from runs.addresses import folder_at, is_mongo_url, local_folder
from runs.errors import UserError
from runs.files import remove_parts
from runs.generations import Work
from runs.observers import check_store
from runs.processes import available_cores
from runs.store import RunStore, open_store
from runs.study import Study


def make_runs(
    study: Study,
    todo: Work,
    url: str,
    *,
    workers: int | None,
    runs_per_gpu: int | None = None,
    only_show: bool,
    what: str,
    engine: Engine = run_locally,
) -> None:
    """Train and record these runs of the study, ``workers`` at a time (None: as the engine has room), or show the cost.

    ``runs_per_gpu``: at a time on each GPU (None: as many as train fastest). ``what`` is said before the first is
    trained. Raises UserError, before anything is written, if a cell cannot be matched or trained or the store cannot be
    written, and before anything is trained if the engine refuses the runs.
    """
    cells = matched_cells(study, without_data=only_show)
    runs = requests(study, cells, todo.runs, url, todo.generation)
    if only_show:
        dry_run(study, cells, runs, workers or len(available_cores()))
    else:
        check_store(url)
        _remove_parts(url)
        refuse_other_images(study, cells, open_store(url))
        print(what, flush=True)
        _train(runs, engine(runs, workers, runs_per_gpu))


def refuse_other_images(study: Study, cells: Sequence[MatchedCell], store: RunStore) -> None:
    """Raise UserError if complete records of the study's cells are of other images than those in the folder now.

    A path does not say what lies there: runs on other images would pass for more seeds of the same.
    """
    for source in {source_of(one.config) for one in cells if one.config.data is not None}:
        keys = [one.cell.key for one in cells if source_of(one.config) == source]
        now = data_digest(load_images(source, local_folder()))
        found = store.find({"config.study": study.name, "meta.cell_key": {"$in": keys}})
        others = [record for record in found if record.info["features"].get("data") != now]
        if others:
            raise UserError(
                f"study {study.name}: {len(others)} complete records are of other images than those in {source.path}"
                f" now (digests {others[0].info['features'].get('data')} and {now}): put the former back, or give the"
                " study another name"
            )


def _remove_parts(url: str) -> None:
    """Remove half written files of killed processes, where runs write them; the data, which may be many, aside."""
    local = local_folder()
    records = [] if is_mongo_url(url) else [folder_at(url)]
    remove_parts([local / "checkpoints", local / "features", local / "representation", *records])


def _train(todo: Sequence[RunRequest], events: Generator[Event | Notice]) -> None:
    with closing(SweepProgress(todo)) as progress, closing(events):  # after Ctrl-C: stops the engine
        for event in events:
            progress.show(event)
