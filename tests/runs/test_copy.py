"""Copying records between stores: whole, once, and found there as they were found here."""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from runs import copy
from runs.addresses import is_mongo_url
from runs.contents.content import COPIED_FROM, abandoned, this_process
from runs.contents.in_database import DatabaseContents
from runs.contents.in_folder import FolderContents
from runs.contents.places import contents_at
from runs.errors import report_user_errors
from runs.kinds import KINDS, REPRESENTATION
from runs.records import RunRecord
from runs.representation import (
    REPRESENTATION_VERSION,
    RepresentationConfig,
    promised_accuracies,
    representation_key,
)
from runs.schema import ARTIFACTS, RunConfig, config_fields
from runs.store import open_store
from runs.times import utc_now
from tests.mongo_server import MongoServer
from tests.recording import record_run, synthetic_traces, trace, varied

ROOT = Path(__file__).parents[2]
SMALL = RunConfig(study="tiny", steps=4, eval_every=2)
START = datetime(2025, 1, 31, 12, 30, 5, 123_456)
ODD: dict[str, ArrayLike] = {"d_x": [0.1, np.nan, np.inf, -np.inf], "loss_d": [-0.0, 5e-324, 1 / 3, 1e308]}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of tests need not survive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def store_of(tmp_path: Path, mongo_server: MongoServer) -> Callable[[str], str]:
    """A function from a kind to the address of a new, empty store."""

    def address(kind: str) -> str:
        name = f"copy_{uuid.uuid4().hex}"
        return mongo_server.url(name) if kind == "mongodb" else str(tmp_path / name)

    return address


@pytest.fixture(
    params=[("folder", "folder"), ("folder", "mongodb"), ("mongodb", "folder"), ("mongodb", "mongodb")],
    ids=" to ".join,
)
def stores(request: pytest.FixtureRequest, store_of: Callable[[str], str]) -> tuple[str, str]:
    source, target = request.param
    return store_of(source), store_of(target)


@pytest.fixture(params=["folder", "mongodb"])
def to_each(request: pytest.FixtureRequest, store_of: Callable[[str], str]) -> tuple[str, str]:
    """A folder to copy from, and a store of each kind to copy into."""
    return store_of("folder"), store_of(request.param)


def copied(*arguments: str, status: int = 0) -> None:
    assert report_user_errors(lambda: copy.main(arguments)) == status


def everything(url: str) -> list[RunRecord]:
    store = open_store(url)
    return sorted(
        (record for kind in KINDS.values() for record in store.find(kind=kind, complete_only=False)),
        key=lambda record: record.id,
    )


def seen(url: str, record: RunRecord) -> dict[str, Any]:
    """All that a reader can see of a record but its id, to the bit."""
    store = open_store(url)
    names = [name for kind in KINDS.values() for name in kind.metrics if name in record.steps]
    traces = store.traces(record, names)
    return {
        "status": record.status,
        "config": record.config,
        "info": json.dumps(record.info, sort_keys=True),  # equal where NaN is
        "meta": {name: value for name, value in record.meta.items() if name != COPIED_FROM},
        "times": (record.start_time, record.stop_time, record.heartbeat),
        "steps": {name: list(steps) for name, steps in record.steps.items()},
        "traces": {name: (one.steps.tobytes(), one.values.tobytes()) for name, one in traces.items()},
        "artifacts": {name: store.artifact(record, name) for name in record.artifacts},
        "shortcoming": record.shortcoming,
    }


def equal_records(source: str, target: str) -> bool:
    return [seen(source, record) for record in everything(source)] == [
        seen(target, record) for record in everything(target)
    ]


def recorded_odd(url: str, **changes: Any) -> int:
    config = varied(SMALL, **changes)
    meta = {"cell_key": "abc", "plan_hash": "def", "generation": 1}
    return record_run(url, config, traces=synthetic_traces(config, ODD), meta=meta, start_time=START)


# --- what arrives


def test_a_copy_is_equal_to_the_bit_and_keeps_its_id_in_an_empty_store(stores: tuple[str, str]) -> None:
    source, target = stores
    ids = [recorded_odd(source, seed=seed) for seed in range(3)]
    copied(*stores)
    assert [record.id for record in everything(target)] == ids
    assert equal_records(source, target)
    (first, *_) = open_store(target).find()
    assert np.isnan(open_store(target).traces(first, ["d_x"])["d_x"].values[1])


def test_what_no_reader_asks_for_is_copied_too(stores: tuple[str, str]) -> None:
    source, target = stores
    run_id = recorded_odd(source)
    copied(*stores)
    before, after = contents_at(source).read(run_id), contents_at(target).read(run_id)
    for name in ("host", "command", "experiment", "result", "resources"):
        assert after.run[name] == before.run[name], name
    times = {name: one.timestamps for name, one in contents_at(source).points(run_id).items()}
    for name, one in contents_at(target).points(run_id).items():
        assert [abs(a - b) < timedelta(milliseconds=1) for a, b in zip(one.timestamps, times[name], strict=True)]


def test_records_get_new_ids_where_theirs_are_taken_and_nothing_else_changes(stores: tuple[str, str]) -> None:
    source, target = stores
    own = [record_run(target, varied(SMALL, arm="own", seed=seed)) for seed in range(2)]
    before = [seen(target, record) for record in everything(target)]
    for seed in range(3):
        recorded_odd(source, seed=seed)
    copied(*stores)
    found = everything(target)
    assert [record.id for record in found] == [*own, 3, 4, 5]
    assert [seen(target, record) for record in found[:2]] == before
    assert [record.config["seed"] for record in found[2:]] == [0, 1, 2]
    assert record_run(target, SMALL) == 6, "the next run counts on"


def test_a_copy_that_is_copied_back_or_through_a_third_store_is_known_everywhere(
    stores: tuple[str, str], store_of: Callable[[str], str]
) -> None:
    source, target = stores
    third = store_of("folder")
    record_run(target, varied(SMALL, arm="own"))
    recorded_odd(source)
    copied(source, target)
    copied(target, third)
    copied(third, source)
    copied(source, target)
    assert [len(everything(url)) for url in (source, target, third)] == [2, 2, 2]
    assert len({contents_at(source).read(1).identity, *(one.identity for one in contents_at(third).every())}) == 2


def test_copying_twice_copies_nothing_the_second_time(
    stores: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = stores
    for seed in range(2):
        recorded_odd(source, seed=seed)
    copied(*stores)
    capsys.readouterr()
    copied(*stores)
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"to    {target}: 2 of them are there already",
        "nothing to copy: TO holds all of it",
    ]
    assert len(everything(target)) == 2
    recorded_odd(source, seed=2)
    copied(*stores)
    assert len(everything(target)) == 3


def test_a_record_of_an_older_schema_is_copied_untouched(to_each: tuple[str, str], tmp_path: Path) -> None:
    source, target = to_each
    run_id = recorded_odd(source)
    path = Path(source, str(run_id), "config.json")
    new = [f"{name}_{role}" for name in ("architecture", "normalization", "init", "hidden_layers") for role in "gd"]
    new += ["data", "feature_space"]
    old = {name: value for name, value in json.loads(path.read_text()).items() if name not in new}
    old |= {"architecture": "dcgan", "normalization": "batch", "init": "dcgan"}
    path.write_text(json.dumps(old))
    copied(*to_each)
    assert contents_at(target).read(run_id).config == old
    assert equal_records(source, target)


# --- which


def test_only_complete_records_are_copied_unless_all_are_asked_for(
    stores: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = stores
    recorded_odd(source)
    half = {"d_x": trace([1, 2], [1.0, 2.0])}
    long_ago = utc_now() - timedelta(hours=1)
    record_run(source, varied(SMALL, seed=1), status="FAILED")
    record_run(source, varied(SMALL, seed=2), traces=half)
    record_run(source, varied(SMALL, seed=3), status="INTERRUPTED", artifacts={})
    record_run(source, varied(SMALL, seed=4), status="RUNNING", start_time=long_ago)
    alive = record_run(source, varied(SMALL, seed=5), status="RUNNING")
    copied(*stores)
    assert [record.config["seed"] for record in everything(target)] == [0]
    assert "(4 incomplete, not copied without --all; 1 still running)" in capsys.readouterr().out
    copied(*stores, "--all")
    assert "(1 still running, not copied)" in capsys.readouterr().out
    found = [seen(target, record) for record in everything(target)]
    assert found == [seen(source, record) for record in everything(source) if record.id != alive]
    failed = contents_at(target).read(2).run
    assert failed["fail_trace"] == ["RuntimeError: synthetic"]


def test_a_filter_chooses_and_a_dry_run_copies_nothing(
    to_each: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = to_each
    for seed in range(4):
        recorded_odd(source, seed=seed)
    chosen = '{"config.seed": {"$gte": 2}}'
    copied(source, target, chosen, "--dry-run")
    assert "would copy 2 records, " in capsys.readouterr().out
    assert everything(target) == []
    assert not Path(target).exists()
    copied(source, target, chosen)
    assert [record.config["seed"] for record in everything(target)] == [2, 3]
    copied(source, target)
    assert sorted(record.config["seed"] for record in everything(target)) == [0, 1, 2, 3]


def test_a_record_that_cannot_be_read_keeps_no_other_from_being_copied(
    to_each: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = to_each
    for seed in range(4):
        recorded_odd(source, seed=seed)
    Path(source, "1", "run.json").write_text("{")
    Path(source, "2", "metrics.json").unlink()
    Path(source, "2", "metrics.json").write_text('{"d_x": {"steps": [1], "values": [1.0], "timestamps": ["never"]}}')
    Path(source, "3", "info.json").write_text(json.dumps({"large": 2**70}))
    copied(source, target, "--all", status=1)
    printed = capsys.readouterr()
    assert "NOT COPIED run 1: its run.json is missing or cut off\n" in printed.err
    assert "NOT COPIED run 2: its content is damaged: " in printed.err
    lost = 2 if target.startswith("/") else 3
    assert f"copied {4 - lost} record" in printed.out and f"; {lost} records could not be copied" in printed.out
    assert 4 in [record.id for record in everything(target)]
    assert len(everything(target)) == 4 - lost


# --- whole, or not at all


def test_readers_meet_no_part_of_a_record_while_it_is_copied(
    stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stores
    recorded_odd(source)
    met = []

    def artifact(self: Any, run_id: int, name: str) -> Any:
        met.append((contents_at(target).ids(), open_store(target).find()))
        return originals[type(self)](self, run_id, name)

    originals = {kind: kind.artifact for kind in (FolderContents, DatabaseContents)}
    for kind in originals:
        monkeypatch.setattr(kind, "artifact", artifact)
    copied(*stores)
    assert met == [([], [])] * len(ARTIFACTS)
    assert equal_records(source, target)


def test_an_interrupted_copy_leaves_nothing_behind_and_continues(
    stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stores
    for seed in range(3):
        recorded_odd(source, seed=seed)
    opened = []

    def artifact(self: Any, run_id: int, name: str) -> Any:
        opened.append(name)
        if len(opened) == len(ARTIFACTS) + 2:
            raise KeyboardInterrupt
        return original(self, run_id, name)

    kind = type(contents_at(source))
    original = kind.artifact
    monkeypatch.setattr(kind, "artifact", artifact)
    copied(*stores, status=130)
    assert [record.id for record in everything(target)] == [1]
    assert leftovers(target) == 0
    copied(*stores)
    assert equal_records(source, target)


KILLED = """
import os, sys
from runs import copy
from runs.contents.in_folder import FolderContents

original, opened = FolderContents.artifact, []
def artifact(self, run_id, name):
    opened.append(name)
    return original(self, run_id, name) if len(opened) < 5 else os._exit(9)

FolderContents.artifact = artifact
copy.main(sys.argv[1:])
"""


def test_what_a_killed_copy_left_is_removed_by_the_next_one(to_each: tuple[str, str]) -> None:
    source, target = to_each
    for seed in range(3):
        recorded_odd(source, seed=seed)
    command = [sys.executable, "-W", "ignore", "-c", KILLED, source, target]
    assert subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode == 9
    assert [record.id for record in everything(target) if record.complete] == [1]
    assert leftovers(target) > 0
    copied(source, target)
    assert sorted(record.config["seed"] for record in everything(target)) == [0, 1, 2]
    assert all(record.complete for record in everything(target))
    assert leftovers(target) == 0


def leftovers(url: str) -> int:
    """Documents and files that belong to no record."""
    if not is_mongo_url(url):
        return len([path for path in Path(url).iterdir() if not path.name.isdecimal()])
    database = DatabaseContents(url)._database
    runs = list(database["runs"].find())
    files = [entry["file_id"] for run in runs for entry in run["artifacts"]]
    return (
        len([run for run in runs if "copying" in run])
        + len(list(database["metrics"].find({"run_id": {"$nin": [run["_id"] for run in runs]}})))
        + len(list(database["fs.chunks"].find({"files_id": {"$nin": files}})))
    )


def test_a_record_that_another_process_is_copying_is_left_to_it(
    to_each: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = to_each
    recorded_odd(source)
    identity = contents_at(source).read(1).identity
    with AnotherCopier(target, identity):
        copied(source, target, status=1)
        assert "another process is copying it" in capsys.readouterr().err
        assert everything_complete(target) == []
    copied(source, target)
    assert len(everything_complete(target)) == 1


def everything_complete(url: str) -> list[RunRecord]:
    return [record for record in everything(url) if record.complete]


class AnotherCopier:
    """A process that lives, and has begun to copy that record."""

    def __init__(self, target: str, identity: str) -> None:
        self._target, self._identity = target, identity

    def __enter__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        host, process = this_process()[0], self._process.pid
        if is_mongo_url(self._target):
            begun = {"host": host, "process": process, "heard": utc_now()}
            document = {"_id": 9, "status": "COPYING", "copying": begun, "config": {}, "artifacts": []}
            runs = DatabaseContents(self._target)._runs
            runs.insert_one({**document, "meta": {COPIED_FROM: self._identity}})
        else:
            Path(self._target, f".copying-{self._identity}.{process}@{host}").mkdir(parents=True)

    def __exit__(self, *_: object) -> None:
        self._process.communicate(b"\n")


def test_a_process_of_another_host_counts_as_gone_after_two_minutes() -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    assert not abandoned("elsewhere", 1, now - timedelta(minutes=1))
    assert abandoned("elsewhere", 1, now - timedelta(minutes=3))
    assert not abandoned(*this_process(), now - timedelta(minutes=3))


# --- beside others


def test_runs_recorded_meanwhile_and_copies_get_ids_of_their_own(to_each: tuple[str, str]) -> None:
    source, target = to_each
    for seed in range(12):
        recorded_odd(source, seed=seed)
    stop = threading.Event()

    def record_until_told() -> list[int]:
        ids = []
        while not stop.is_set() and len(ids) < 50:
            ids.append(record_run(target, varied(SMALL, arm="own", seed=len(ids))))
        return ids

    with ThreadPoolExecutor(2) as threads:
        recording = threads.submit(record_until_told)
        copied(source, target)
        stop.set()
        own = recording.result()
    found = everything(target)
    assert len(found) == len(own) + 12 and all(record.complete for record in found)
    assert sorted(record.id for record in found if record.config["arm"] == "own") == sorted(own)
    assert sorted(record.config["seed"] for record in found if record.config["arm"] != "own") == list(range(12))


def test_an_id_that_another_writer_takes_at_that_moment_is_left_to_it(
    to_each: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = to_each
    recorded_odd(source)
    kind = type(contents_at(target))
    name = "_last_id" if kind is DatabaseContents else "ids"
    original, own = getattr(kind, name), []

    def just_before(self: Any) -> Any:
        seen_then = original(self)
        if not own and sys._getframe(1).f_code.co_name in ("_begin", "_publish"):
            own.append(record_run(target, varied(SMALL, arm="own")))
        return seen_then

    monkeypatch.setattr(kind, name, just_before)
    copied(source, target)
    assert own == [1]
    assert [(record.id, record.config["arm"], record.complete) for record in everything(target)] == [
        (1, "own", True),
        (2, SMALL.arm, True),
    ]


# --- records that name others


def record_representation(url: str, run: int | None, *, shape_of: int | None = None, images: str | None = "i") -> int:
    """What was measured on a run, under the key by which whoever measures looks for it."""
    of = "images" if run is None else "discriminator"
    fields = {"study": "tiny", "of": of, "run": run, "shape_of": shape_of, "train_images": 100, "test_images": 10}
    config = RepresentationConfig(**fields)
    object.__setattr__(config, "snapshot_steps", [])  # sacred records its configs as lists
    weights = None if run is None else f"weights of {run}"
    key = representation_key(config_fields(config), weights=weights, images=images)  # type: ignore[arg-type]
    meta = {"kind": "representation", "representation_version": REPRESENTATION_VERSION, "representation_key": key}
    traces = {name: trace(steps, [0.5] * len(steps)) for name, steps in promised_accuracies(config).items()}
    info: dict[str, Any] = {"dimensions": {}, "accuracies": {}, "blocks": {}, "versions": {}}
    info |= {"weights": weights, "images": "i", "code": {"commit": None, "modified": None}}
    return record_run(url, config, traces=traces, info=info, artifacts={}, meta=meta)  # type: ignore[arg-type]


@pytest.mark.parametrize("images", ["i", None], ids=["images known", "an early run"])
def test_what_was_measured_on_a_run_names_it_by_its_new_id_and_is_found_by_its_new_key(
    stores: tuple[str, str], images: str | None
) -> None:
    source, target = stores
    record_run(target, varied(SMALL, arm="own"))
    run = recorded_odd(source)
    record_representation(source, run, images=images)
    record_representation(source, None, shape_of=run)
    copied(*stores)
    (new,) = open_store(target).find({"config.arm": SMALL.arm})
    measured, of_images = open_store(target).find(kind=REPRESENTATION)
    assert (new.id, measured.config["run"], of_images.config["shape_of"]) == (2, 2, 2)
    key = representation_key(measured.config, weights=f"weights of {run}", images=images)
    assert measured.meta["representation_key"] == key
    before = open_store(source).find(kind=REPRESENTATION)
    assert of_images.meta["representation_key"] == before[1].meta["representation_key"]
    copied(*stores)
    assert len(open_store(target).find(kind=REPRESENTATION)) == 2


def test_the_run_that_was_measured_comes_along_even_if_it_was_not_asked_for(
    to_each: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = to_each
    record_run(target, varied(SMALL, arm="own"))
    for seed in range(2):
        recorded_odd(source, seed=seed)
    record_representation(source, 2)
    copied(source, target, '{"config.of": "discriminator"}')
    assert "with  1 run that they are about\n" in capsys.readouterr().out
    (measured,) = open_store(target).find(kind=REPRESENTATION)
    (new,) = open_store(target).find({"_id": measured.config["run"]})
    assert new.config["seed"] == 1


def test_what_was_measured_on_a_run_that_is_gone_is_not_copied(
    to_each: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = to_each
    record_representation(source, 7)
    record_representation(source, None, shape_of=7)
    copied(source, target, status=1)
    assert "NOT COPIED run 1: it is about run 7, which is in neither store" in capsys.readouterr().err
    (of_images,) = open_store(target).find(kind=REPRESENTATION)
    assert of_images.config["shape_of"] is None


# --- what is said


def test_every_record_has_a_line_where_there_is_no_terminal(
    to_each: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = to_each
    record_run(target, varied(SMALL, arm="own"))
    for seed in range(2):
        recorded_odd(source, seed=seed)
    copied(*to_each)
    printed = capsys.readouterr()
    assert printed.err == ""
    first, second, *lines, last = printed.out.splitlines()
    assert (first, second) == (f"from  {source}: 2 records", f"to    {target}: 0 of them are there already")
    assert lines == ["1 of 2  run 1 is 2 there  tiny dcgan seed 0", "2 of 2  run 2 is 3 there  tiny dcgan seed 1"]
    assert last.startswith("copied 2 records, ") and last.endswith(" s")


def test_the_word_mongo_url_stands_for_what_the_variable_holds(
    to_each: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source, target = to_each
    monkeypatch.chdir(tmp_path)
    recorded_odd(source)
    if is_mongo_url(target):
        monkeypatch.setenv("MONGO_URL", target)
        copied(source, "MONGO_URL")
        assert equal_records(source, target)
    else:
        monkeypatch.delenv("MONGO_URL", raising=False)
        copied(source, "MONGO_URL", status=2)
        assert "MONGO_URL is not set" in capsys.readouterr().err


SECRET = "mongodb://me:secret@127.0.0.1:1/db"


@pytest.mark.parametrize("arguments", [(SECRET, "x"), ("{source}", SECRET), (SECRET, SECRET), ("me:secret@h/db", "x")])
def test_secrets_are_never_shown(
    arguments: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    source = str(tmp_path / "records")
    recorded_odd(source)
    copied(*(word.replace("{source}", source) for word in arguments), status=2)
    out, error = capsys.readouterr()
    assert "secret" not in out + error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["."], "the following arguments are required: TO"),
        (["nowhere", "x"], "nowhere: there is no such folder"),
        (["empty", "x"], "empty: it holds no records"),
        (["file", "x"], "expected a folder of records, found a file"),
        (["local", "x"], "give {here}/local/records, where they are"),
        (["local/records", "local"], "give {here}/local/records, where they are"),
        (["local/records", "local/records"], "are the same store"),
        (
            ["local/records", "http://host"],
            "expected mongodb://[user:password@]host[:port]/database, or the path of a folder",
        ),
        (["local/records", "x", "{"], "malformed JSON"),
        (["local/records", "x", '{"config.sed": 1}'], "did you mean 'config.seed'"),
        (["local/records", "file/x"], "cannot be written"),
    ],
)
def test_bad_arguments_get_one_line_and_make_nothing(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded_odd(str(tmp_path / "local" / "records"))
    Path("empty").mkdir()
    Path("file").touch()
    copied(*arguments, status=2)
    out, error = capsys.readouterr()
    assert out == "" and error.count("\n") == 1
    assert said.replace("{here}", str(tmp_path)) in error
    assert not Path("x").exists()


def test_a_copy_that_lost_its_database_continues_when_that_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, opened = str(tmp_path / "records"), []
    for seed in range(3):
        recorded_odd(source, seed=seed)
    original = FolderContents.artifact
    with MongoServer(tmp_path / "journal") as server:
        target = server.url("lost")

        def artifact(self: FolderContents, run_id: int, name: str) -> Any:
            opened.append(name)
            if len(opened) == 5:
                server.kill()
            return original(self, run_id, name)

        monkeypatch.setattr(FolderContents, "artifact", artifact)
        copied(source, target, status=2)
        error = capsys.readouterr().err
        assert error.startswith("error: run 2 is not copied: ") and error.count("\n") == 1
        server.start()
        begun = DatabaseContents(target)._runs
        begun.update_one({"status": "COPYING"}, {"$set": {"copying.process": 4_000_000}})  # that process has ended
        copied(source, target)
        assert sorted(record.config["seed"] for record in everything_complete(target)) == [0, 1, 2]
        assert leftovers(target) == 0
