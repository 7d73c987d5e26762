"""Recording: sacred observers that write to the store, and sacred kept to that."""

import json
import logging
import tempfile
import threading
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gridfs import GridFS
from pymongo.errors import PyMongoError

from runs.addresses import folder_at, is_mongo_url, store_url
from runs.errors import UserError
from runs.files import replaced
from runs.mongo import create_indexes, database

with warnings.catch_warnings():  # sacred imports pkg_resources, which warns every user of every command
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    import sacred.run
    from sacred import SETTINGS, Experiment
    from sacred.arg_parser import get_config_updates
    from sacred.observers import FileStorageObserver, MongoObserver
    from sacred.observers.base import RunObserver
    from sacred.run import Run
    from sacred.serializer import flatten

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

LOG = logging.getLogger(__name__)


def check_store(url: str) -> None:
    """Make sure that runs can be recorded there, within about three seconds; a database gets its indexes.

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
        runs = database(url)
        return DatabaseObserver.create_from(runs["runs"], GridFS(runs), metrics_collection=runs["metrics"])
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


def tame_sacred() -> None:
    """Keep sacred to recording; call it before an Experiment is made.

    Sources and dependencies are not stored again at every run, stdout is not captured, ``nvidia-smi`` is not run, and
    the seed is not put into global generators: nothing here draws from those, and numpy's refuses 2**32 and above.
    """
    SETTINGS.DISCOVER_SOURCES = "none"
    SETTINGS.DISCOVER_DEPENDENCIES = "none"
    SETTINGS.CAPTURE_MODE = "no"
    SETTINGS.HOST_INFO.INCLUDE_GPU_INFO = False
    SETTINGS.HOST_INFO.INCLUDE_CPU_INFO = False
    sacred.run.set_global_seed = _leave_global_seeds


def flush(run: Run) -> None:
    """Send what was logged so far and wait until that is done: the last act of an experiment's main function.

    Left to itself sacred waits for two seconds, marks the run COMPLETED and sends the rest while others read it.
    Points and ``info`` of a later time are not recorded.
    """
    if run._heartbeat is not None:
        run._stop_heartbeat_event.set()
        run._heartbeat.join()


class _WithoutSources:
    """Sacred copies the experiment's file into every store; a run's ``info`` has the commit."""

    def save_sources(self, ex_info: object) -> list[object]:
        return []


class FolderObserver(_WithoutSources, FileStorageObserver):
    """Records into a folder; a reader never meets a file that is half written."""

    dir: str

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._saving = threading.Lock()  # the heartbeat's thread saves, and the run's own when it adds an artifact

    def save_json(self, obj: Any, filename: str) -> None:
        """Write ``obj`` to that file of the run's folder."""
        with self._saving, replaced(Path(self.dir, filename)) as part:
            part.write_text(_json(obj), encoding="utf-8")


class DatabaseObserver(_WithoutSources, MongoObserver):
    """Records into MongoDB; when the database goes away the run goes on, and its record stays incomplete."""

    run_entry: dict[str, Any]

    def heartbeat_event(self, info: dict[str, Any], captured_out: str, beat_time: datetime, result: Any) -> None:
        """Store the state of the run, its ``info`` as plain values."""
        super().heartbeat_event(json.loads(_json(info)), captured_out, beat_time, result)

    def final_save(self, attempts: int) -> None:
        """Store the run's last state, once: sacred's ten attempts hold a run for minutes and end in a TypeError."""
        try:
            self.runs.update_one({"_id": self.run_entry["_id"]}, {"$set": self.run_entry}, upsert=True)
        except PyMongoError as error:
            cause = str(error).split(" (configured")[0]
            LOG.warning("run %s is not recorded completely: %s", self.run_entry["_id"], cause)

    @staticmethod
    def _try_to_detect_content_type(filename: str) -> str:
        """Sacred's own prints two lines a file into the progress bar."""
        return "application/octet-stream"


def _json(content: Any) -> str:
    """Unlike sacred's own, plain JSON for plain data: a list that occurs twice is not the second time a reference."""
    return json.dumps(content, sort_keys=True, indent=2, default=flatten)


def _leave_global_seeds(seed: int) -> None:
    del seed
