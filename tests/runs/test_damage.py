"""Whatever happens to a record: it is incomplete, with its id and why, and every other record is found as before."""

import io
import json
import math
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from runs import query
from runs.generations import recorded_generations, stale
from runs.kinds import REPRESENTATION
from runs.query import MARKS
from runs.records import RunRecord, trace
from runs.representation import RepresentationConfig, promised_accuracies
from runs.schema import STEP_TRACES, TRACES, TRAINING_VERSION, RunConfig
from runs.store import FolderStore, open_store
from runs.study import load_study
from tests.mongo_server import MongoServer
from tests.recording import record_run, varied

SMALL = RunConfig(study="tiny", steps=4, eval_every=2)
META = {
    "kind": "stability",
    "cell_key": "abc",
    "plan_hash": "def",
    "training_version": TRAINING_VERSION,
    "generation": 0,
}
FILES = ("run.json", "config.json", "info.json", "metrics.json")
SHOWN = ["id", "config", "info", "meta", "start_time", *MARKS]
DAMAGED, HEALTHY = 1, 2
STUDY = load_study("smoke")


@pytest.fixture(scope="module")
def two_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a record that will be damaged and one beside it."""
    folder = tmp_path_factory.mktemp("two")
    for seed in (0, 1):
        record_run(str(folder), varied(SMALL, seed=seed), meta=META)
    return folder


@pytest.fixture(scope="module")
def two_in_a_database(mongo_server: MongoServer) -> str:
    url = mongo_server.url(f"damage_{uuid.uuid4().hex}")
    for seed in (0, 1):
        record_run(url, varied(SMALL, seed=seed), meta=META)
    return url


def look(url: str) -> RunRecord | None:
    """What every command does with a store, in which only one record is healthy.

    The other; None if it calls itself one of another kind.
    """
    store = open_store(url)
    assert [record.id for record in store.find()] == [HEALTHY]
    assert [record.id for record in store.find({"config.seed": 1})] == [HEALTHY]
    recorded_generations(STUDY, store)
    stale(STUDY, store)
    found = {record.id: record for record in store.find(complete_only=False)}
    for record in found.values():
        assert len(store.traces(record, TRACES)) == len(TRACES)
        list(query.trace_rows(store, [record], ["d_x"], MARKS))
        for write in query.WRITERS.values():
            write(io.StringIO(), SHOWN, [query.field_row(record, SHOWN)])
    del found[HEALTHY]
    if not found:
        return None
    (other,) = found.values()
    assert other.shortcoming and "\n" not in other.shortcoming and len(other.shortcoming) <= 300
    return other


def reason(url: str) -> str:
    """Why the other is incomplete."""
    other = look(url)
    assert other is not None
    return str(other.shortcoming)


# --- files of a folder

CUT = object()  # instead of a value: the field is gone
VALUES: list[Any] = [CUT, None, "text", True, -1, 2.5, 10**30, 10**400, math.nan, [], [1, "a"], {}, {"a": {"b": None}}]


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of a document's values; of a long list the first and the last."""
    yield path
    if isinstance(content, Mapping):
        for key, inner in content.items():
            yield from places(inner, (*path, key))
    elif isinstance(content, list) and content:
        for at in {0, len(content) - 1}:
            yield from places(content[at], (*path, at))


def changed(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return {} if value is CUT else value
    first, *rest = path
    copy = content.copy()
    if rest or value is not CUT:
        copy[first] = changed(content[first], tuple(rest), value)
    else:
        del copy[first]
    return copy


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    kept = path.read_bytes()
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        path.write_bytes(kept)


@settings(max_examples=100)
@given(data=st.data())
def test_a_damaged_field_of_a_file_ends_no_command(two_records: Path, data: st.DataObject) -> None:
    path = two_records / str(DAMAGED) / data.draw(st.sampled_from(FILES))
    content = json.loads(path.read_text())
    place = data.draw(st.sampled_from(sorted(places(content), key=str)))
    with damaged(path):
        path.write_text(json.dumps(changed(content, place, data.draw(st.sampled_from(VALUES)))))
        store = FolderStore(two_records)
        if [record.id for record in store.find()] != [DAMAGED, HEALTHY]:
            look(str(two_records))
        else:  # it means nothing to us, or the new value is as good
            record = store.find()[0]
            used(record)


def used(record: RunRecord) -> None:
    """What analysis relies on in a complete record."""
    assert record.config.keys() >= SMALL.__dict__.keys()
    info = record.info
    assert info["references"]["held_out"]["eval_precision"] is not None and info["features"]["hash"]
    assert info["match"]["parameters_g"] / info["match"]["reference_parameters_g"] > 0
    assert all(isinstance(info["extremes"][name]["first_nonfinite"], int | None) for name in STEP_TRACES)
    assert isinstance(info["code"]["commit"], str | None)


@given(content=st.binary(max_size=60), name=st.sampled_from(FILES))
def test_a_file_of_other_bytes_ends_no_command(two_records: Path, content: bytes, name: str) -> None:
    path = two_records / str(DAMAGED) / name
    with damaged(path):
        path.write_bytes(content)
        look(str(two_records))


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def forbidden(path: Path) -> None:
    path.chmod(0)


def a_list(path: Path) -> None:
    path.write_text("[1, 2]")


def nested(path: Path) -> None:
    path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000)


def an_endless_number(path: Path) -> None:
    path.write_text('{"a": ' + "9" * 10_000 + "}")


def no_utf_8(path: Path) -> None:
    path.write_bytes(b'{"status": "COMPLETED\xff"}')


SAID = {
    a_directory: "{}: expected a file",
    a_link_to_itself: "{}: Too many levels of symbolic links",
    a_pipe: "{}: expected a file",
    forbidden: "{}: Permission denied",
    a_list: "{}: expected an object",
    nested: "{}: no JSON (maximum recursion depth exceeded",
    an_endless_number: "{}: no JSON (Exceeds the limit",
    no_utf_8: "{}: no JSON ('utf-8' codec can't decode",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", SAID, ids=lambda one: one.__name__)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    two_records: Path, damage: Callable[[Path], None], name: str
) -> None:
    if damage is forbidden and os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = two_records / str(DAMAGED) / name
    with damaged(path):
        damage(path)
        assert reason(str(two_records)).startswith("damaged: " + SAID[damage].format(name))


METRICS: dict[str, tuple[Any, str]] = {
    "values fewer than steps": ({"steps": [1, 2, 3, 4], "values": [0.1]}, "1 values of 4 steps"),
    "a text value": ({"steps": [1, 2, 3, 4], "values": [0.1, "0.2", 0.3, 0.4]}, "a value is no number"),
    "no value": ({"steps": [1, 2, 3, 4], "values": [0.1, None, 0.3, 0.4]}, "a value is no number"),
    "a list as value": ({"steps": [1, 2, 3, 4], "values": [0.1, [0.2], 0.3, 0.4]}, "a value is no number"),
    "half a step": ({"steps": [1, 2.5, 3, 4], "values": [0.1] * 4}, "a step is no whole number"),
    "null": ({"steps": None, "values": None}, "expected lists of steps and values"),
    "nothing": ({}, "expected lists of steps and values"),
}


@pytest.mark.parametrize("case", METRICS)
def test_a_malformed_metric_is_named_with_the_reason_in_every_store(
    two_records: Path, two_in_a_database: str, case: str
) -> None:
    metric, said = METRICS[case]
    said = f"damaged: metric 'd_x': {said}"
    path = two_records / str(DAMAGED) / "metrics.json"
    with damaged(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), "d_x": metric}))
        assert reason(str(two_records)) == said
    with damaged_document(two_in_a_database, "metrics", {"run_id": DAMAGED, "name": "d_x"}) as replace:
        replace(lambda kept: {**{name: kept[name] for name in ("run_id", "name")}, **metric})
        assert reason(two_in_a_database) == said


FIELDS: dict[str, tuple[str, Any, str]] = {
    "a time that is none": ("start_time", "yesterday", "start_time: expected a time, found a text"),
    "no artifacts": ("artifacts", None, "artifacts: expected a list of names"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_malformed_field_is_named_with_the_reason_in_every_store(
    two_records: Path, two_in_a_database: str, case: str
) -> None:
    field, value, said = FIELDS[case]
    path = two_records / str(DAMAGED) / "run.json"
    with damaged(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
        assert reason(str(two_records)).startswith(f"damaged: {said}")
    with damaged_document(two_in_a_database, "runs", {"_id": DAMAGED}) as replace:
        replace(lambda kept: {**kept, field: value})
        assert reason(two_in_a_database).startswith(f"damaged: {said}")


INFOS: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "a part gone": (("match", "flops_g"), CUT, "info: match.flops_g is missing"),
    "a text for a number": (("classes",), "ten", "info: classes='ten' should be a valid integer"),
    "no yardstick": (("references", "held_out"), CUT, "info: references"),
    "no measure": (("references", "grey", "eval_frechet"), CUT, "info: references.grey"),
    "no trace": (("extremes", "d_x"), CUT, "info: extremes"),
    "no networks": (("match", "reference_parameters_g"), 0, "info: match.reference_parameters_g=0"),
    "another type": (("code",), [1, 2], "info: code=[1, 2]"),
}


@pytest.mark.parametrize("case", INFOS)
def test_info_with_the_right_names_and_wrong_contents_is_incomplete_in_every_store(
    two_records: Path, two_in_a_database: str, case: str
) -> None:
    place, value, said = INFOS[case]
    path = two_records / str(DAMAGED) / "info.json"
    with damaged(path):
        path.write_text(json.dumps(changed(json.loads(path.read_text()), place, value)))
        assert reason(str(two_records)).startswith(said)
    with damaged_document(two_in_a_database, "runs", {"_id": DAMAGED}) as replace:
        replace(lambda kept: changed(kept, ("info", *place), value))
        assert reason(two_in_a_database).startswith(said)


@pytest.mark.parametrize("field", ["arm", "lr_g", "eval_samples", "device"])
def test_a_config_without_one_of_its_fields_is_incomplete_and_not_taken_for_the_default(
    two_records: Path, field: str
) -> None:
    path = two_records / str(DAMAGED) / "config.json"
    with damaged(path):
        path.write_text(json.dumps(changed(json.loads(path.read_text()), (field,), CUT)))
        assert reason(str(two_records)) == f"config: {field} missing"


def test_a_time_with_a_zone_is_compared_like_any_other(two_records: Path) -> None:
    path = two_records / str(DAMAGED) / "run.json"
    with damaged(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), "start_time": "2025-01-01T01:00:00+01:00"}))
        found = FolderStore(two_records).find({"start_time": {"$lt": "2025-01-02"}})
        assert [record.start_time for record in found] == [datetime(2025, 1, 1)]


def test_folders_whose_names_are_not_written_as_ids_are_no_runs(two_records: Path, tmp_path: Path) -> None:
    shutil.copytree(two_records, tmp_path, dirs_exist_ok=True)
    for name in ("01", "٣", "1²"):
        (tmp_path / name).mkdir()
    assert [record.id for record in FolderStore(tmp_path).find(complete_only=False)] == [1, 2]


# --- documents of a database


@contextmanager
def damaged_document(
    url: str, collection: str, which: dict[str, Any]
) -> Iterator[Callable[[Callable[[dict[str, Any]], dict[str, Any]]], None]]:
    """A function that replaces the document by what another makes of it; afterwards it is as it was."""
    with MongoClient[dict[str, Any]](url) as client:
        documents = client.get_default_database()[collection]
        kept = documents.find_one(which)
        assert kept is not None

        def write(content: Mapping[str, Any]) -> None:
            gone = dict.fromkeys(kept.keys() - content.keys() - {"_id"}, "")
            fields = {name: value for name, value in content.items() if name != "_id"}
            documents.update_one({"_id": kept["_id"]}, {"$set": fields, **({"$unset": gone} if gone else {})})

        try:
            yield lambda change: write(change(kept))
        finally:
            write(kept)


STORED: list[Any] = [
    *(value for value in VALUES if not (isinstance(value, int) and abs(value) > 2**62)),
    2**62,
    datetime.now(UTC).replace(tzinfo=None),
    bson.ObjectId(),
    b"bytes",
]


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_field_of_a_document_ends_no_command(two_in_a_database: str, data: st.DataObject) -> None:
    which = data.draw(st.sampled_from([("runs", {"_id": DAMAGED}), ("metrics", {"run_id": DAMAGED, "name": "d_x"})]))
    with damaged_document(two_in_a_database, *which) as replace:

        def change(kept: dict[str, Any]) -> dict[str, Any]:
            place = data.draw(st.sampled_from(sorted((path for path in places(kept) if path), key=str)))
            value = data.draw(st.sampled_from(STORED))
            return {**changed(kept, place, value), "_id": kept["_id"]}

        replace(change)
        complete = open_store(two_in_a_database).find()
        if len(complete) == 1:
            look(two_in_a_database)
        else:
            used(complete[0])


def test_a_record_whose_id_is_no_number_of_a_run_is_shown_and_incomplete(mongo_server: MongoServer) -> None:
    url = mongo_server.url(f"ids_{uuid.uuid4().hex}")
    for seed in range(2):
        record_run(url, varied(SMALL, seed=seed), meta=META)
    with MongoClient[dict[str, Any]](url) as client:
        runs = client.get_default_database()["runs"]
        one = runs.find_one({"_id": 2})
        assert one is not None
        for strange in (math.nan, 2.5):
            runs.insert_one({**one, "_id": strange})
    store = open_store(url)
    assert [record.id for record in store.find()] == [1, 2]
    reasons = [str(record.shortcoming) for record in store.find(complete_only=False) if not record.complete]
    assert sorted(reasons) == [
        "damaged: _id: expected a whole number, found 2.5",
        "damaged: _id: expected a whole number, found nan",
    ]


def test_a_metric_that_is_there_twice_makes_a_record_incomplete(two_in_a_database: str) -> None:
    with damaged_document(two_in_a_database, "metrics", {"run_id": DAMAGED, "name": "loss_d"}) as replace:
        replace(lambda kept: {**kept, "name": "d_x"})
        assert reason(two_in_a_database) == "damaged: metric 'd_x': it is there twice"


# --- another kind of run


def test_a_representation_record_is_judged_by_its_own_types(tmp_path: Path) -> None:
    config = RepresentationConfig(study="tiny", of="images", train_images=200)
    info: dict[str, Any] = {
        "versions": {},
        "code": {"commit": None, "modified": None},
        "weights": None,
        "images": "abc",
        "dimensions": {"pixels": 256},
        "accuracies": {},
        "blocks": {},
    }
    traces = {name: trace(steps, [0.5] * len(steps)) for name, steps in promised_accuracies(config).items()}
    for wrong in ({}, {"dimensions": {"pixels": "many"}}, {"dimensions": {"nothing": 3}}, {"code": None}):
        record_run(
            str(tmp_path),
            config,  # type: ignore[arg-type]
            traces=traces,
            info={**info, **wrong},
            artifacts={},
            meta={"kind": REPRESENTATION.name},
        )
    found = open_store(str(tmp_path)).find(kind=REPRESENTATION, complete_only=False)
    assert [record.complete for record in found] == [True, False, False, False]
    assert all(str(record.shortcoming).startswith("info: ") for record in found[1:])
