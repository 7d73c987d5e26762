"""What a store promises, tried on every kind of store."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mongomock.filtering
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import UserError
from runs.filters import checked_query
from runs.matches import matches
from runs.records import trace
from runs.schema import (
    ARTIFACTS,
    CLOCK,
    GENERATOR,
    PROBE_CHANGES,
    PROBES,
    STEP_TRACES,
    TRACES,
    RunConfig,
    RunInfo,
    promised_steps,
)
from runs.store import FolderStore, open_store
from tests.recording import Status, record_run, synthetic_artifacts, synthetic_info, synthetic_traces, varied

SMALL = RunConfig(study="tiny", steps=20, eval_every=10)


def found(url: str, query: dict[str, Any] | None = None) -> list[int]:
    return [record.id for record in open_store(url).find(query)]


# --- one run


def test_what_was_recorded_comes_back(store_url_of_kind: str) -> None:
    traces = synthetic_traces(SMALL)
    meta = {"cell_key": "abc", "plan_hash": "def"}
    run_id = record_run(
        store_url_of_kind, SMALL, traces=traces, meta=meta, start_time=datetime(2025, 1, 31, 12, 30, 5, 123_456)
    )
    store = open_store(store_url_of_kind)
    (record,) = store.find()
    assert (record.id, record.status, record.complete, record.shortcoming) == (run_id, "COMPLETED", True, None)
    assert record.config == {**SMALL.__dict__}
    assert record.info == synthetic_info(SMALL)
    assert {key: record.meta[key] for key in meta} == meta
    assert record.start_time == record.heartbeat == datetime(2025, 1, 31, 12, 30, 5, 123_000)
    assert record.stop_time == datetime(2025, 1, 31, 12, 30, 25, 123_000)
    assert record.steps == {name: tuple(steps) for name, steps in promised_steps(SMALL).items()}
    for name, read in store.traces(record, TRACES).items():
        assert read.steps.dtype == np.int64
        assert read.values.dtype == np.float64
        np.testing.assert_array_equal(read.steps, traces[name].steps)
        np.testing.assert_array_equal(read.values, traces[name].values)
    assert {name: store.artifact(record, name) for name in ARTIFACTS} == synthetic_artifacts(SMALL)


def test_ids_are_numbers_that_count_up_and_order_the_answer(store_url_of_kind: str) -> None:
    recorded = [record_run(store_url_of_kind, varied(SMALL, seed=seed)) for seed in range(11)]
    assert recorded == list(range(1, 12))
    assert found(store_url_of_kind) == recorded


def test_runs_recorded_at_once_get_ids_of_their_own(store_url_of_kind: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        ids = list(threads.map(lambda seed: record_run(store_url_of_kind, varied(SMALL, seed=seed)), range(12)))
    assert sorted(ids) == found(store_url_of_kind) == list(range(1, 13))


def test_values_that_are_not_finite_come_back_as_they_are(store_url_of_kind: str) -> None:
    values = np.linspace(0.0, 1.0, 20)
    values[3:6] = math.nan, math.inf, -math.inf
    record_run(store_url_of_kind, SMALL, traces=synthetic_traces(SMALL, {"loss_g": values, "eval_frechet": math.nan}))
    store = open_store(store_url_of_kind)
    (record,) = store.find()
    read = store.traces(record, ["loss_g", "eval_frechet"])
    np.testing.assert_array_equal(read["loss_g"].values, values)
    assert np.isnan(read["eval_frechet"].values).all()


def test_points_recorded_out_of_order_come_back_in_the_order_of_steps(store_url_of_kind: str) -> None:
    traces = synthetic_traces(SMALL)
    shuffled = trace(range(1, 21), np.arange(20.0))
    object.__setattr__(shuffled, "steps", shuffled.steps[::-1])
    record_run(store_url_of_kind, SMALL, traces={**traces, "d_x": shuffled})
    store = open_store(store_url_of_kind)
    read = store.traces(store.find()[0], ["d_x"])["d_x"]
    assert read.steps.tolist() == list(range(1, 21))
    assert read.values.tolist() == [float(value) for value in range(19, -1, -1)]


def test_seed_of_more_than_32_bits_stays_exact(store_url_of_kind: str) -> None:
    seeds = [2**32, 2**62 + 1, 2**63 - 1]
    for seed in seeds:
        record_run(store_url_of_kind, varied(SMALL, seed=seed))
    assert [record.config["seed"] for record in open_store(store_url_of_kind).find()] == seeds
    assert found(store_url_of_kind, {"config.seed": 2**62 + 1}) == [2]
    assert found(store_url_of_kind, {"config.seed": {"$gt": 2**62 + 1}}) == [3]


def test_content_that_occurs_twice_is_recorded_twice(store_url_of_kind: str) -> None:
    arm = {"architecture": "mlp"}
    record_run(store_url_of_kind, SMALL, info={**synthetic_info(SMALL), "plan": {"arms": {"a": arm, "b": arm}}})
    (record,) = open_store(store_url_of_kind).find()
    assert record.info["plan"] == {"arms": {"a": {"architecture": "mlp"}, "b": {"architecture": "mlp"}}}


def test_empty_store_has_no_runs(store_url_of_kind: str) -> None:
    assert found(store_url_of_kind) == []


# --- completeness


def without(contents: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in contents.items() if key != name}


def shortcoming(url: str, **content: Any) -> str:
    """Record one run with this content; what its record lacks. Asserts that only asking for all finds it."""
    run_id = record_run(url, content.pop("config", SMALL), **content)
    store = open_store(url)
    assert store.find({"_id": run_id}) == []
    (record,) = store.find({"_id": run_id}, complete_only=False)
    assert not record.complete
    return str(record.shortcoming)


def test_completed_run_without_one_of_its_points_is_incomplete(store_url_of_kind: str) -> None:
    for name in (STEP_TRACES[0], PROBES[-1], PROBE_CHANGES[0], CLOCK):
        series = synthetic_traces(SMALL)[name]
        cut = trace(series.steps[:-1], series.values[:-1])
        assert (
            shortcoming(store_url_of_kind, traces={**synthetic_traces(SMALL), name: cut}) == f"missing points: {name} 1"
        )


def test_completed_run_without_a_trace_an_artifact_or_an_info_is_incomplete(store_url_of_kind: str) -> None:
    lost = without(synthetic_traces(SMALL), "d_x")
    assert shortcoming(store_url_of_kind, traces=lost) == "missing points: d_x 20"
    for name in ARTIFACTS:
        assert shortcoming(store_url_of_kind, artifacts=without(synthetic_artifacts(SMALL), name)) == f"missing: {name}"
    for name in sorted(RunInfo.__required_keys__):
        assert shortcoming(store_url_of_kind, info=without(synthetic_info(SMALL), name)) == f"missing: {name}"


@pytest.mark.parametrize("status", ["FAILED", "INTERRUPTED", "RUNNING"])
def test_run_that_did_not_end_well_is_incomplete(store_url_of_kind: str, status: Status) -> None:
    assert shortcoming(store_url_of_kind, status=status) == f"status {status}"


def test_running_run_is_dead_after_two_minutes_of_silence(store_url_of_kind: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    for silence in (timedelta(seconds=60), timedelta(seconds=121)):
        record_run(store_url_of_kind, SMALL, status="RUNNING", start_time=now - silence)
    record_run(store_url_of_kind, SMALL, status="FAILED", start_time=now - timedelta(days=1))
    records = open_store(store_url_of_kind).find(complete_only=False)
    assert [record.dead for record in records] == [False, True, False]
    assert records[1].shortcoming == "status RUNNING, but dead"


def test_trace_that_was_never_recorded_has_no_points(store_url_of_kind: str) -> None:
    record_run(store_url_of_kind, SMALL, traces={})
    store = open_store(store_url_of_kind)
    (record,) = store.find(complete_only=False)
    assert record.steps == {}
    assert [len(series.steps) for series in store.traces(record, ["d_x", "eval_kl"]).values()] == [0, 0]


# --- refusals


def test_unknown_metric_and_unknown_artifact_are_refused(store_url_of_kind: str) -> None:
    record_run(store_url_of_kind, SMALL)
    store = open_store(store_url_of_kind)
    (record,) = store.find()
    with pytest.raises(UserError, match=r"unknown metric 'd_xx'; did you mean 'd_x'\?"):
        store.traces(record, ["loss_d", "d_xx"])
    for name in ("generator", "../config.json", "run.json"):
        with pytest.raises(UserError, match="run 1: unknown artifact"):
            store.artifact(record, name)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([], "expected an object"),
        ({"config.sed": 1}, "unknown field 'config.sed'; did you mean 'config.seed'"),
        ({"confg.seed": 1}, "unknown field 'confg.seed'"),
        ({"$and": [{"config.seed": 1}, {"config.sed": 1}]}, "unknown field 'config.sed'"),
        ({"config..seed": 1}, "unknown field 'config..seed'"),
        ({"info..x": 1}, "one dot between"),
        ({"info.$x": 1}, "one dot between"),
        ({"$where": "sleep(1000)"}, "unknown operator '$where'"),
        ({"config.seed": {"$mod": [2, 0]}}, "config.seed: unknown operator '$mod'"),
        ({"config.seed": {"$gt": 1, "$elemMatch": {}}}, "unknown operator '$elemMatch'"),
        ({"config.seed": {"$lt": None}}, "$lt expects a number or a text"),
        ({"config.seed": {"$gt": True}}, "$gt expects a number or a text"),
        ({"config.seed": {"$in": 3}}, "$in expects a list"),
        ({"config.seed": {"$exists": 1}}, "$exists expects true or false"),
        ({"config.seed": {"$not": 3}}, "$not expects a condition"),
        ({"config.seed": {"$not": {"$foo": 3}}}, "unknown operator '$foo'"),
        ({"config.arm": {"$regex": "("}}, "expects a regular expression"),
        ({"config.arm": {"$regex": 3}}, "expects a regular expression"),
        ({"config.seed": {}}, "expected a value or an operator"),
        ({"config.seed": [1]}, "expected one value"),
        ({"info.match": {"reference": "dcgan"}}, "info.match.reference"),
        ({"$or": []}, "expected a list of one or more filters"),
        ({"$or": {"config.seed": 1}}, "expected a list of one or more filters"),
        ({"$not": {"config.seed": 1}}, "$not: expected inside the condition of a field"),
        ({"config.seed": math.nan}, "finite number"),
        ({"config.seed": 2**63}, "64 bits"),
        ({"start_time": {"$gt": "yesterday"}}, "expected a date or time"),
    ],
)
def test_filter_that_stores_might_answer_differently_is_refused_in_one_line(query: Any, said: str) -> None:
    with pytest.raises(UserError) as refusal:
        checked_query(query)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


# --- filters

QUERIES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [1, 2, 3, 4, 5, 6]),
    ({"config.arm": "dcgan"}, [1, 3, 5]),
    ({"config.arm": "dcgan", "config.seed": {"$lt": 2}}, [1, 3]),
    ({"config.seed": {"$gte": 1, "$lte": 1}}, [3, 4]),
    ({"config.seed": 1.0}, [3, 4]),
    ({"config.seed": "1"}, []),
    ({"config.seed": {"$gt": "0"}}, []),
    ({"config.seed": {"$ne": 1}}, [1, 2, 5, 6]),
    ({"config.seed": {"$in": [0, 2, None, "x"]}}, [1, 2, 5, 6]),
    ({"config.seed": {"$nin": [0, 2]}}, [3, 4]),
    ({"config.seed": {"$not": {"$gt": 0}}}, [1, 2]),
    ({"config.arm": {"$regex": "^m"}}, [2, 4, 6]),
    ({"config.arm": {"$not": {"$regex": "^m"}}}, [1, 3, 5]),
    ({"config.arm": {"$gt": "dcgan"}}, [2, 4, 6]),
    ({"config.width_g": None}, [1, 2, 3, 4, 5]),
    ({"config.width_g": {"$ne": None}}, [6]),
    ({"config.width_g": {"$gt": 0}}, [6]),
    ({"config.width_g": {"$exists": True}}, [1, 2, 3, 4, 5, 6]),
    ({"$or": [{"config.seed": 0}, {"config.width_g": 7}]}, [1, 2, 6]),
    ({"$nor": [{"config.seed": 0}, {"config.width_g": 7}]}, [3, 4, 5]),
    ({"$and": [{"config.arm": "mlp"}, {"$or": [{"config.seed": 0}, {"config.seed": 1}]}]}, [2, 4]),
    ({"meta.cell_key": "key-mlp"}, [2, 4, 6]),
    ({"meta.nothing.at.all": {"$exists": False}}, [1, 2, 3, 4, 5, 6]),
    ({"meta.nothing.at.all": {"$ne": 3}}, [1, 2, 3, 4, 5, 6]),
    ({"meta.nothing.at.all": 3}, []),
    ({"info.streams.order": "order-2"}, [5, 6]),
    ({"info.code.modified": False}, [1, 2, 3, 4, 5, 6]),
    ({"info.extremes.loss_d.maximum": {"$lt": 2}}, [1, 3, 5]),
    ({"status": "COMPLETED"}, [1, 2, 3, 4, 5, 6]),
    ({"_id": {"$gt": 4}}, [5, 6]),
    ({"start_time": {"$gte": "2025-01-02"}}, [3, 4, 5, 6]),
    ({"start_time": {"$gt": "2025-01-02T00:00:00+00:00", "$lt": "2025-01-03T01:00+02:00"}}, []),
    ({"start_time": "2025-01-02"}, [3, 4]),
    ({"start_time": {"$not": {"$lt": datetime(2025, 1, 3)}}}, [5, 6]),
    ({"stop_time": {"$gt": 3}}, []),
]


@pytest.fixture
def six_runs(store_url_of_kind: str) -> str:
    """Two arms at three seeds, a day a seed; one MLP has a width; MLPs reached NaN."""
    for seed in range(3):
        for arm in ("dcgan", "mlp"):
            config = varied(SMALL, arm=arm, seed=seed, width_g=7 if (arm, seed) == ("mlp", 2) else None)
            info = synthetic_info(config)
            if arm == "mlp":
                info["extremes"]["loss_d"]["maximum"] = math.nan
            day = datetime(2025, 1, 1 + seed)
            record_run(store_url_of_kind, config, info=info, meta={"cell_key": f"key-{arm}"}, start_time=day)
    return store_url_of_kind


def test_every_kind_of_store_answers_a_filter_alike(six_runs: str) -> None:
    assert [(query, found(six_runs, query)) for query, _ in QUERIES] == QUERIES


SCALARS = st.none() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, "a", "b", "ab", "1"])
DOCUMENTS = st.dictionaries(
    st.sampled_from("ab"), SCALARS | st.dictionaries(st.sampled_from("xy"), SCALARS), max_size=2
)
BOUNDS = SCALARS.filter(lambda value: value is not None)
CONDITIONS = st.recursive(
    SCALARS
    | st.fixed_dictionaries(
        {},
        optional={
            "$eq": SCALARS,
            "$ne": SCALARS,
            "$gt": BOUNDS,
            "$lte": BOUNDS,
            "$in": st.lists(SCALARS, max_size=3),
            "$nin": st.lists(SCALARS, max_size=3),
            "$exists": st.booleans(),
            "$regex": st.sampled_from(["a", "^b", "1$"]),
        },
    ).filter(bool),
    lambda inner: inner.filter(lambda condition: isinstance(condition, dict)).map(
        lambda condition: {"$not": condition}
    ),
    max_leaves=2,
)
FILTERS = st.recursive(
    st.dictionaries(st.sampled_from(["info.a", "info.b", "info.a.x"]), CONDITIONS, max_size=2),
    lambda inner: st.sampled_from(["$and", "$or", "$nor"]).flatmap(
        lambda name: st.lists(inner, min_size=1, max_size=3).map(lambda parts: {name: parts})
    ),
    max_leaves=4,
)


def _path_ends_in_a_value(document: dict[str, Any]) -> bool:
    """Below a plain value mongomock finds nothing, not even a missing field; MongoDB does."""
    return isinstance(document.get("a", {}), dict)


@given(FILTERS, DOCUMENTS.filter(_path_ends_in_a_value))
def test_folder_filters_as_mongomock_does(query: dict[str, Any], inner: dict[str, Any]) -> None:
    document = {"info": inner}
    assert matches(checked_query(query), document) == mongomock.filtering.filter_applies(query, document)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"info.list": 2}, True),
        ({"info.list": 4}, False),
        ({"info.list": {"$ne": 2}}, False),
        ({"info.list.1": 2}, True),
        ({"info.list.3": {"$exists": False}}, True),
        ({"info.rows.name": "b"}, True),
        ({"info.rows.name": {"$in": ["c", "d"]}}, False),
        ({"info.rows.0.name": "a"}, True),
        ({"info.rows.0.name": "b"}, False),
        ({"info.none.x": None}, True),
        ({"info.flag": 1}, False),
        ({"info.flag": True}, True),
        ({"info.nan": {"$lt": 5}}, False),
        ({"info.nan": {"$not": {"$lt": 5}}}, True),
    ],
)
def test_folder_filters_by_the_rules_of_mongodb(query: dict[str, Any], expected: bool) -> None:
    rows = [{"name": "a"}, {"name": "b"}]
    document = {"info": {"list": [1, 2, 3], "rows": rows, "none": None, "flag": True, "nan": math.nan}}
    assert matches(checked_query(query), document) == expected


# --- folders that bear marks of life


def test_files_cut_off_anywhere_make_a_record_incomplete_and_never_a_crash(tmp_path: Path) -> None:
    record_run(str(tmp_path), SMALL)
    for path in sorted((tmp_path / "1").glob("*.json")):
        content = path.read_bytes()
        for length in (0, 1, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:length])
            store = FolderStore(tmp_path)
            assert store.find() == []
            assert [record.id for record in store.find(complete_only=False)] == [1]
        path.unlink()
        assert FolderStore(tmp_path).find() == []
        path.write_bytes(content)
    assert len(FolderStore(tmp_path).find()) == 1


def test_run_whose_files_were_taken_away_is_incomplete(tmp_path: Path) -> None:
    record_run(str(tmp_path), SMALL)
    (tmp_path / "1" / GENERATOR).unlink()
    (record,) = FolderStore(tmp_path).find(complete_only=False)
    assert record.shortcoming == f"missing: {GENERATOR}"


def test_folder_of_a_run_killed_at_its_first_breath_is_an_incomplete_run(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (record,) = FolderStore(tmp_path).find(complete_only=False)
    assert (record.id, record.status, record.shortcoming) == (7, "UNREADABLE", "status UNREADABLE")


def test_what_is_no_run_is_passed_over(tmp_path: Path) -> None:
    record_run(str(tmp_path), SMALL)
    for name in ("_sources", "_resources", "notes", "-3"):
        (tmp_path / name).mkdir()
    (tmp_path / "12").write_text("a file")
    assert [record.id for record in FolderStore(tmp_path).find(complete_only=False)] == [1]


def test_metrics_that_grow_are_read_again(tmp_path: Path) -> None:
    record_run(str(tmp_path), SMALL)
    store = FolderStore(tmp_path)
    assert len(store.find()) == 1
    path = tmp_path / "1" / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["d_x"] = {"steps": [1], "values": [0.5], "timestamps": ["2025-01-01"]}
    path.write_text(json.dumps(metrics))
    (record,) = store.find(complete_only=False)
    assert record.shortcoming == "missing points: d_x 19"


def test_traces_cannot_be_changed_under_those_who_read_them_later(tmp_path: Path) -> None:
    record_run(str(tmp_path), SMALL)
    store = FolderStore(tmp_path)
    series = store.traces(store.find()[0], ["d_x"])["d_x"]
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 0.0


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="expected a folder, found a file"):
        open_store(str(tmp_path / "file"))
