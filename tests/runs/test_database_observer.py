"""Recording into a database that goes away, refuses or is slow: every point once, or a line that says why."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gridfs import GridFS
from pymongo import MongoClient

from runs.database_observer import DatabaseObserver
from runs.observers import check_store, flush, new_experiment, observer_for
from runs.schema import GENERATOR, RunConfig, config_fields
from runs.store import open_store
from runs.tamed_sacred import MongoObserver, Run
from tests.mongo_server import DISK_FULL, NOT_PRIMARY, Faults, MongoServer
from tests.recording import record_run, synthetic_artifacts, synthetic_info, synthetic_traces

SMALL = RunConfig(study="tiny", steps=20, eval_every=10)
NOW = datetime(2025, 1, 31)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MongoServer]:
    """A server of one's own, to be maltreated."""
    with MongoServer(tmp_path / "journal") as one:
        yield one


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that waits is a tenth as patient."""
    for name in ("START_SECONDS", "CALL_SECONDS", "END_SECONDS"):
        monkeypatch.setattr(f"runs.database_observer.{name}", 1.5)


def points(start: int, end: int) -> dict[str, dict[str, list[Any]]]:
    """Of one metric, as sacred hands them over."""
    steps = list(range(start, end))
    return {"d_x": {"steps": steps, "values": [step / 8 for step in steps], "timestamps": [NOW] * len(steps)}}


def started(url: str) -> DatabaseObserver:
    """An observer of a run that has been entered."""
    observer = observer_for(url)
    assert isinstance(observer, DatabaseObserver)
    observer.started_event({"name": "test", "sources": []}, "main", {"hostname": "here"}, NOW, {"seed": 1}, {}, None)
    return observer


def stored(url: str, name: str = "d_x") -> list[dict[str, Any]]:
    """The documents of a metric."""
    with MongoClient[dict[str, Any]](url) as client:
        return list(client.get_default_database()["metrics"].find({"name": name}))


# --- an outage in mid-run


@pytest.mark.parametrize("outage", ["killed", "mute", "no primary", "disk full"])
def test_an_outage_in_mid_run_leaves_a_complete_record(
    server: MongoServer, outage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    monkeypatch.setattr("sacred.SETTINGS.DEFAULT_BEAT_INTERVAL", 0.1)
    away, back = {
        "killed": (server.kill, server.start),
        "mute": (lambda: server.misbehave(Faults(mute=True)), lambda: server.misbehave(Faults())),
        "no primary": (lambda: server.misbehave(NOT_PRIMARY), lambda: server.misbehave(Faults())),
        "disk full": (lambda: server.misbehave(DISK_FULL), lambda: server.misbehave(Faults())),
    }[outage]
    made = new_experiment("test", config_fields(SMALL), server.url("gan"))
    traces = synthetic_traces(SMALL)

    def log(run: Run, part: slice) -> None:
        for name, series in traces.items():
            for step, value in list(zip(series.steps.tolist(), series.values.tolist(), strict=True))[part]:
                run.log_scalar(name, value, step)
        time.sleep(0.5)

    @made.main
    def train(_run: Run) -> None:
        log(_run, slice(0, 1))
        away()
        log(_run, slice(1, 2))
        time.sleep(2)
        back()
        log(_run, slice(2, None))
        _run.info.update(synthetic_info(SMALL))
        for name, content in synthetic_artifacts(SMALL).items():
            (tmp_path / name).write_bytes(content)
            _run.add_artifact(tmp_path / name, name)
        flush(_run)

    made.run(options={"--loglevel": "CRITICAL"})
    store = open_store(server.url("gan"))
    (record,) = store.find()
    found = store.traces(record, list(traces))
    for name, series in traces.items():
        assert found[name].steps.tolist() == series.steps.tolist()
        assert found[name].values.tolist() == series.values.tolist()
    assert store.artifact(record, GENERATOR) == b"generator"


def test_points_that_were_kept_while_the_server_was_away_go_with_the_next_ones(
    server: MongoServer, impatient: None
) -> None:
    url = server.url("gan")
    observer = started(url)
    observer.log_metrics(points(0, 3), {})
    server.kill()
    observer.log_metrics(points(3, 5), {})
    observer.log_metrics(points(5, 9), {})
    server.start()
    observer.log_metrics(points(9, 10), {})
    (metric,) = stored(url)
    assert metric["steps"] == list(range(10))


# --- answers that are lost


@pytest.mark.parametrize("fault", ["lost_answers", "cut_off"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_nothing_is_stored_twice_or_not_at_all_when_connections_die_around_writes(
    server: MongoServer, fault: str, times: int, tmp_path: Path
) -> None:
    url, info = server.url("gan"), {}
    check_store(url)

    def with_fault() -> None:
        server.misbehave(Faults(**{fault: times}))

    with_fault()
    observer = started(url)
    for number in range(3):
        with_fault()
        observer.log_metrics(points(10 * number, 10 * number + 10), info)
    (tmp_path / "file").write_bytes(b"content")
    with_fault()
    observer.artifact_event("file", str(tmp_path / "file"))
    with_fault()
    observer.heartbeat_event(info, "", NOW, None)
    with_fault()
    observer.completed_event(NOW, None)
    (metric,) = stored(url)
    assert (metric["steps"], metric["values"]) == (list(range(30)), [step / 8 for step in range(30)])
    with MongoClient[dict[str, Any]](url) as client:
        (run,) = client["gan"]["runs"].find()
        (file,) = GridFS(client["gan"]).find()
        assert file.read() == b"content"
        assert client["gan"]["fs.chunks"].count_documents({}) == 1
    assert (run["status"], run["artifacts"]) == ("COMPLETED", [{"name": "file", "file_id": file._id}])
    assert run["info"]["metrics"] == [{"name": "d_x", "id": str(metric["_id"])}]


def test_a_write_that_arrives_after_it_was_repeated_changes_nothing(server: MongoServer) -> None:
    url = server.url("gan")
    observer = started(url)
    series = observer._writer._series
    observer._writer.add(points(0, 3))
    late = [one.push(observer.run_entry["_id"], name) for name, one in series.items()]
    observer._writer.send()
    with pytest.raises(Exception, match=r"E11000|uplicate"):
        observer.metrics.bulk_write(late)
    observer._writer.add(points(3, 6))
    late = [one.push(observer.run_entry["_id"], name) for name, one in series.items()]
    observer._writer.send()
    observer.metrics.bulk_write(late)
    (metric,) = stored(url)
    assert metric["steps"] == list(range(6))


def test_a_heartbeat_that_arrives_after_the_end_does_not_set_the_run_back(server: MongoServer) -> None:
    observer = started(server.url("gan"))
    running = dict(observer.run_entry)
    observer.completed_event(NOW, None)
    observer.run_entry = running
    observer.save()
    (run,) = observer.runs.find()
    assert run["status"] == "COMPLETED"


@pytest.mark.parametrize("kind", ["home-made", pytest.param("real", marks=pytest.mark.mongodb)])
def test_many_writers_at_once_have_runs_and_points_of_their_own(kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("real_database") if kind == "real" else request.getfixturevalue("server").url("gan")
    check_store(url)

    def write() -> None:
        for _ in range(3):
            observer = started(url)
            for number in range(3):
                observer.log_metrics(points(number, number + 1), {})
            observer.completed_event(NOW, None)

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    metrics = stored(url)
    assert sorted(metric["run_id"] for metric in metrics) == list(range(1, 19))
    assert all(metric["steps"] == [0, 1, 2] for metric in metrics)


# --- a server that does not come back, or refuses


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (None, "127.0.0.1"),
        (Faults(mute=True), ""),
        (NOT_PRIMARY, "not primary"),
        (DISK_FULL, "No space left on device"),
    ],
)
def test_a_run_ends_soon_without_its_server_and_one_line_says_what_is_missing_and_why(
    server: MongoServer, fault: Faults | None, reason: str, caplog: pytest.LogCaptureFixture, impatient: None
) -> None:
    url = server.url("gan")
    observer = started(url)
    if fault is None:
        server.kill()
    else:
        server.misbehave(fault)
    for number in range(3):
        observer.log_metrics(points(number, number + 1), {})
    start = time.monotonic()
    observer.hurry()
    observer.log_metrics(points(3, 4), {})
    observer.heartbeat_event({}, "", NOW, None)
    observer.completed_event(NOW, None)
    assert time.monotonic() - start < 5
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said.startswith(f"run 1 is not recorded completely: {url} did not take 4 points: ")
    assert reason in said and len(said) < 250 and said.isprintable()


def test_a_server_that_comes_back_at_the_end_gets_all(server: MongoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.database_observer.CALL_SECONDS", 0.5)
    url = server.url("gan")
    observer = started(url)
    server.kill()
    observer.log_metrics(points(0, 5), {})
    threading.Timer(0.7, server.start).start()
    observer.completed_event(NOW, None)
    (metric,) = stored(url)
    assert metric["steps"] == list(range(5))


def test_a_server_that_comes_back_empty_keeps_the_runs_that_it_gets_then(
    server: MongoServer, caplog: pytest.LogCaptureFixture, impatient: None
) -> None:
    url = server.url("gan")
    old = started(url)
    old.log_metrics(points(0, 3), {})
    server.come_back_empty()
    new = started(url)
    assert new.run_entry["_id"] == old.run_entry["_id"] == 1
    old.log_metrics(points(3, 6), {})
    old.completed_event(NOW, None)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        f"run 1 is not recorded completely: {url} did not take 3 points: it has 0 points where it took 3"
    ]
    (run,) = new.runs.find()
    assert (run["status"], run["host"]["record"]) == ("RUNNING", new._token)


def test_a_slow_server_gets_everything(server: MongoServer) -> None:
    server.misbehave(Faults(delay=0.2))
    url = server.url("gan")
    record_run(url, SMALL)
    assert len(open_store(url).find()) == 1


# --- what viewers read


def test_documents_have_the_form_of_sacreds_own(server: MongoServer) -> None:
    def record(make: Callable[[str], MongoObserver], database: str) -> tuple[dict[str, Any], dict[str, Any]]:
        url, info = server.url(database), {"some": "thing"}
        observer = make(url)
        observer.started_event(
            {"name": "test", "sources": [], "base_dir": "."}, "main", {"hostname": "h"}, NOW, {"seed": 1}, {}, None
        )
        observer.log_metrics(points(0, 3), info)
        observer.heartbeat_event(info, "", NOW, None)
        observer.artifact_event("file", __file__)
        observer.completed_event(NOW, None)
        (metric,) = stored(url)
        with MongoClient[dict[str, Any]](url) as client:
            (run,) = client[database]["runs"].find()
        return run, metric

    with MongoClient[dict[str, Any]](server.url("theirs")) as client:
        run, metric = record(lambda url: MongoObserver(client=client, db_name="theirs"), "theirs")
    our_run, our_metric = record(lambda url: DatabaseObserver(url), "ours")
    assert our_run["host"].pop("record")
    assert kinds(our_run) == kinds(run)
    assert kinds(our_metric) == kinds(metric)
    without_ids = ("_id", "artifacts", "info")
    assert {k: v for k, v in our_run.items() if k not in without_ids} == {
        k: v for k, v in run.items() if k not in without_ids
    }
    json.dumps(our_run["info"])


def kinds(content: Any) -> Any:
    """The form of a document: names and types."""
    if isinstance(content, dict):
        return {name: kinds(value) for name, value in content.items()}
    return [kinds(value) for value in content] if isinstance(content, list) else type(content).__name__


def test_times_in_the_record_are_utc(server: MongoServer) -> None:
    run_id = record_run(server.url("gan"), SMALL, start_time=datetime.now(UTC).replace(tzinfo=None))
    (record,) = open_store(server.url("gan")).find({"_id": run_id})
    assert not record.dead
