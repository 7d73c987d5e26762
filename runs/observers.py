"""Recording: sacred observers that write to the store, and sacred kept to that."""

import logging
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runs.addresses import folder_at, is_mongo_url, store_url
from runs.database_observer import DatabaseObserver
from runs.errors import UserError
from runs.files import replaced
from runs.mongo import create_indexes
from runs.tamed_sacred import (
    Experiment,
    FileStorageObserver,
    Run,
    RunObserver,
    WithoutSources,
    get_config_updates,
    plain_json,
    tame_sacred,
)

__all__ = [
    "DatabaseObserver",
    "FolderObserver",
    "Run",
    "check_store",
    "flush",
    "new_experiment",
    "observer_for",
    "parsed_settings",
    "store_url",
    "tame_sacred",
]


def check_store(url: str) -> None:
    """Make sure that runs can be recorded there, a database gets its indexes and some seconds to answer.

    Raises UserError if ``url`` is neither the address of a MongoDB database that answers and lets us write, nor the
    absolute path of a folder that exists or can be made, and be written to.
    """
    if is_mongo_url(url):
        create_indexes(url)
        return
    folder = folder_at(url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"record folder {folder} cannot be written: {error.strerror}; free that path or set MONGO_URL"
        ) from None


def observer_for(url: str) -> RunObserver:
    """A new observer, good for one run, that records there. Raises UserError as :func:`check_store` does."""
    if is_mongo_url(url):
        return DatabaseObserver(url)
    return FolderObserver(folder_at(url))


def new_experiment(name: str, config: Mapping[str, Any], url: str) -> Experiment:
    """An Experiment for one run: its captured functions are state, which two runs must not share."""
    tame_sacred()
    experiment = Experiment(name, save_git_info=False)  # the git remote's address may hold a token
    # without a logger of its own, sacred sets the level of every logger of this process
    experiment.logger = logging.getLogger(name)  # type: ignore[assignment]
    experiment.add_config(dict(config))
    experiment.observers.append(observer_for(url))
    return experiment


def parsed_settings(words: Sequence[str]) -> dict[str, Any]:
    """``FIELD=VALUE`` words as sacred's command line reads them: values are Python literals, otherwise text."""
    updates, _ = get_config_updates(list(words))
    return dict(updates)


def flush(run: Run) -> None:
    """Send what was logged so far and wait until that is done: the last act of an experiment's main function.

    Left to itself sacred waits for two seconds, marks the run COMPLETED and sends the rest while others read it.
    Points and ``info`` of a later time are not recorded.
    """
    for observer in run.observers:
        if isinstance(observer, DatabaseObserver):
            observer.hurry()
    if run._heartbeat is not None:
        run._stop_heartbeat_event.set()
        run._heartbeat.join()


class FolderObserver(WithoutSources, FileStorageObserver):
    """Records into a folder; a reader never meets a file that is half written."""

    dir: str

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._saving = threading.Lock()  # the heartbeat's thread saves, and the run's own when it adds an artifact

    def save_json(self, obj: Any, filename: str) -> None:
        """Write ``obj`` to that file of the run's folder."""
        with self._saving, replaced(Path(self.dir, filename)) as part:
            part.write_text(plain_json(obj), encoding="utf-8")
