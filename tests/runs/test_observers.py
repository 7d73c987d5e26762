import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from sacred import Experiment
from sacred.observers.base import RunObserver
from sacred.run import Run

from runs.errors import UserError
from runs.mongo_faults import one_line_faults
from runs.observers import FolderObserver, check_store, flush, new_experiment, observer_for, store_url, tame_sacred
from runs.schema import RunConfig, config_fields
from runs.store import open_store
from tests.mongo_server import Faults, MongoServer
from tests.recording import synthetic_artifacts, synthetic_info, synthetic_traces, varied

SMALL = RunConfig(study="tiny", steps=20, eval_every=10)


@pytest.fixture
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of one's own and no MONGO_URL."""
    monkeypatch.delenv("MONGO_URL", raising=False)
    monkeypatch.delenv("GAN_STABILITY_LOCAL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def experiment(url: str, config: RunConfig, main: Callable[[Run], None]) -> Run:
    """Run ``main`` as an experiment that is recorded there."""
    made = new_experiment("test", config_fields(config), url)

    @made.main
    def train(_run: Run) -> None:
        main(_run)

    return made.run(options={"--loglevel": "CRITICAL"})


def log_everything(run: Run, config: RunConfig, folder: Path) -> None:
    """Record what a complete record of the config holds."""
    for name, series in synthetic_traces(config).items():
        for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
            run.log_scalar(name, value, step)
    run.info.update(synthetic_info(config))
    for name, content in synthetic_artifacts(config).items():
        (folder / name).write_bytes(content)
        run.add_artifact(folder / name, name)


# --- where to record


def test_records_lie_in_the_repository_when_nothing_is_said(clean_place: Path) -> None:
    assert store_url() == str(Path(__file__).parents[2] / "runs" / "_local" / "records")


def test_environment_says_where_before_the_env_file(clean_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clean_place / ".env").write_text("MONGO_URL='mongodb://from-file/db'\n")
    assert store_url() == "mongodb://from-file/db"
    monkeypatch.setenv("MONGO_URL", "mongodb://from-environment/db")
    assert store_url() == "mongodb://from-environment/db"
    monkeypatch.setenv("MONGO_URL", "")
    assert store_url() == "mongodb://from-file/db"


def test_password_in_the_env_file_is_taken_as_it_is_written(clean_place: Path) -> None:
    (clean_place / ".env").write_text("MONGO_URL=mongodb://me:$HOME${PATH}@host/db\n")
    assert store_url() == "mongodb://me:$HOME${PATH}@host/db"


def test_env_file_that_is_no_text_is_refused(clean_place: Path) -> None:
    (clean_place / ".env").write_bytes(b"MONGO_URL=\xff\xfe")
    with pytest.raises(UserError, match=r"\.env cannot be read"):
        store_url()


@pytest.mark.parametrize("url", ["http://me:secret@host/db", "localhost:27017", "mongo://me:secret@host", "records"])
def test_mongo_url_that_is_none_is_refused(url: str, clean_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URL", url)
    with pytest.raises(UserError, match=r"no address of a MongoDB database: expected mongodb://") as refusal:
        store_url()
    assert "secret" not in str(refusal.value)


# --- whether one can record there


def find_runs(url: str) -> object:
    return open_store(url).find()


@pytest.fixture
def mute_server() -> Iterator[str]:
    """Something that listens and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"mongodb://me:secret@127.0.0.1:{listener.getsockname()[1]}/db"


@pytest.fixture
def closed_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"mongodb://me:secret@127.0.0.1:{listener.getsockname()[1]}/db"


UNREACHED = r"^mongodb://\*\*\*@127\.0\.0\.1:\d+/db cannot be reached: .*start MongoDB"


@pytest.mark.parametrize("use", [check_store, find_runs, observer_for])
def test_mongodb_that_is_not_there_is_said_at_once(use: Callable[[str], object], closed_port: str) -> None:
    start = time.monotonic()
    with pytest.raises(UserError, match=UNREACHED) as said:
        use(closed_port)
    assert time.monotonic() - start < 5
    assert "secret" not in str(said.value) and "\n" not in str(said.value)


def test_mongodb_that_does_not_answer_is_waited_for_which_is_said(
    mute_server: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("runs.mongo.FIRST_ANSWER", 2.0)
    monkeypatch.setattr("runs.mongo._SILENCE", 0.1)
    start = time.monotonic()
    with pytest.raises(UserError, match=UNREACHED):
        find_runs(mute_server)
    assert 2 <= time.monotonic() - start < 10
    assert [message.split(":")[0] for message in caplog.messages] == ["mongodb"]
    assert "does not answer yet, waiting up to 2 s" in caplog.text and "secret" not in caplog.text


def test_a_server_that_is_busy_for_longer_than_others_is_used_nevertheless(tmp_path: Path) -> None:
    with MongoServer(tmp_path / "journal") as server:
        server.misbehave(Faults(delay=4))
        threading.Timer(3.8, server.misbehave, [Faults()]).start()
        url = server.url("busy")
        check_store(url)
        assert open_store(url).find() == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mongodb://me:secret@host", "names no database"),
        ("mongodb://me:secret@host/", "names no database"),
        ("mongodb://me:secret@host/a.b", "names no database"),
        ("mongodb://me:se/cret@host/db", "cannot be parsed"),
        ("mongodb://me:secret@secret@host/db", "cannot be parsed"),
        ("mongodb://host:secret/db", "cannot be parsed"),
        ("mongodb://", "cannot be parsed"),
        ("http://me:secret@host/db", "no place for records"),
        ("records", "absolute path of a folder"),
    ],
)
def test_address_that_is_none_is_refused_without_its_password(url: str, said: str) -> None:
    for use in (check_store, observer_for, open_store):
        with pytest.raises(UserError, match=said) as refusal:
            use(url)
        assert "cret" not in str(refusal.value)


def test_database_that_may_not_be_written_is_refused_with_its_own_words() -> None:
    with pytest.raises(UserError, match="refuses: not authorized on db to execute command; give MONGO_URL a user"):  # noqa: SIM117
        with one_line_faults("mongodb://me:secret@host/db"):
            raise OperationFailure("x", 13, {"errmsg": "not authorized on db to execute command"})


def test_check_of_a_database_makes_the_indexes_that_queries_use(mongo_server: MongoServer) -> None:
    url = mongo_server.url("indexed")
    check_store(url)
    check_store(url)
    with MongoClient[dict[str, Any]](url) as client:
        assert set(client["indexed"]["metrics"].index_information()) == {"_id_", "run_id_1_name_1"}
        assert {"meta.cell_key_1", "status_1", "config.study_1_config.arm_1_config.seed_1"} <= set(
            client["indexed"]["runs"].index_information()
        )


def test_check_of_a_folder_makes_it_and_leaves_it_empty(tmp_path: Path) -> None:
    check_store(str(tmp_path / "a" / "b"))
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "records"):
        with pytest.raises(UserError, match=re.escape(f"record folder {path} cannot be written")):
            check_store(str(path))


# --- recording through sacred


def test_tamed_sacred_records_a_complete_run_and_nothing_besides(store_url_of_kind: str, tmp_path: Path) -> None:
    before = np.random.get_state()[1].tolist()  # type: ignore[index]
    config = varied(SMALL, seed=2**40)

    def main(run: Run) -> None:
        log_everything(run, config, tmp_path)
        flush(run)

    run = experiment(store_url_of_kind, config, main)
    assert run.observers[0].run_entry["experiment"]["sources"] == []
    (record,) = open_store(store_url_of_kind).find()
    assert record.config["seed"] == 2**40
    assert run.host_info.get("gpus") is None
    assert run.captured_out == ""
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]


def test_artifacts_are_stored_in_silence(
    store_url_of_kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    experiment(store_url_of_kind, SMALL, lambda run: log_everything(run, SMALL, tmp_path))
    assert capfd.readouterr() == ("", "")


class SlowObserver(RunObserver):
    """Takes longer to write than sacred waits."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def started_event(self, *_: object, **__: object) -> int:
        return 1

    def log_metrics(self, metrics_by_name: dict[str, Any], info: dict[str, Any]) -> None:
        time.sleep(2.3)
        self.events.append("metrics")

    def completed_event(self, *_: object, **__: object) -> None:
        self.events.append("completed")


def test_flush_waits_until_a_slow_store_has_everything() -> None:
    tame_sacred()
    observer = SlowObserver()
    made = Experiment("test", save_git_info=False)
    made.logger = logging.getLogger("test")  # else sacred sets the level of every logger of this process
    made.observers.append(observer)

    @made.main
    def train(_run: Run) -> None:
        _run.log_scalar("d_x", 0.5, 1)
        flush(_run)

    made.run(options={"--loglevel": "CRITICAL"})
    assert observer.events == ["metrics", "completed"]


def test_database_killed_in_mid_run_leaves_an_incomplete_record_and_no_crash(tmp_path: Path) -> None:
    def main(run: Run) -> None:
        server.kill()
        log_everything(run, SMALL, tmp_path)
        flush(run)

    with MongoServer(tmp_path / "journal") as server:
        url = server.url("gan")
        start = time.monotonic()
        experiment(url, SMALL, main)
        assert time.monotonic() - start < 20
        server.start()
        store = open_store(url)
        assert store.find() == []
        (record,) = store.find(complete_only=False)
        assert record.shortcoming == "status RUNNING"


def test_database_that_comes_back_holds_what_it_had_and_takes_more(tmp_path: Path) -> None:
    def main(run: Run) -> None:
        log_everything(run, SMALL, tmp_path)
        flush(run)

    with MongoServer(tmp_path / "journal") as server:
        url = server.url("gan")
        store = open_store(url)
        experiment(url, SMALL, main)
        (before,) = store.find()
        server.kill()
        server.start()
        experiment(url, varied(SMALL, seed=1), main)
        first, second = store.find()
        assert (first.steps, first.info, first.config["seed"]) == (before.steps, before.info, 0)
        assert second.config["seed"] == 1


def test_folder_full_in_mid_run_leaves_an_incomplete_record_and_no_crash(tmp_path: Path) -> None:
    records = tmp_path / "records"

    def main(run: Run) -> None:
        (records / "1").rename(records / "gone")  # every later write fails, as on a full disk
        log_everything(run, SMALL, tmp_path)
        flush(run)

    experiment(str(records), SMALL, main)
    (records / "gone").rename(records / "1")
    (record,) = open_store(str(records)).find(complete_only=False)
    assert record.shortcoming == "status RUNNING"


def test_reader_never_meets_half_a_file_though_two_threads_write_it(tmp_path: Path) -> None:
    observer = FolderObserver(tmp_path)
    observer.dir = str(tmp_path)
    content = {f"key{number}": list(range(200)) for number in range(50)}
    observer.save_json(content, "metrics.json")

    def write() -> None:
        for _ in range(40):
            observer.save_json(content, "metrics.json")

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert json.loads((tmp_path / "metrics.json").read_text()) == content
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
