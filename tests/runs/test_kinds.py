"""Records of several kinds lie in one store: each is complete by its own kind's promise, and found by its kind."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypedDict

from runs import query
from runs.errors import report_user_errors
from runs.kinds import KINDS, REPRESENTATION, STABILITY, RunKind
from runs.manifest import missing_runs, planned_runs
from runs.records import trace
from runs.representation import SEEN, RepresentationConfig
from runs.schema import TRACES, RunConfig, promised_steps
from runs.store import open_store
from runs.study import load_study
from tests.recording import record_run, synthetic_traces


@given(st.builds(RunConfig, steps=st.integers(10, 300), trace_every=st.integers(1, 10), eval_every=st.integers(1, 400)))
def test_record_with_every_promised_point_is_complete_and_one_without_any_trace_is_not(config: RunConfig) -> None:
    points = promised_steps(config)
    assert set(points) == set(TRACES)
    assert STABILITY.faulty_points(config, points) is None
    for name in TRACES:
        rest = {other: steps for other, steps in points.items() if other != name}
        assert STABILITY.faulty_points(config, rest) == f"missing points: {name} {len(points[name])}"


def test_a_point_too_many_is_as_wrong_as_one_too_few() -> None:
    points = {**promised_steps(RunConfig()), "d_x": range(1, 1000), "loss_g": range(1, 1002)}
    said = "missing points: d_x 1; 1 points too many: loss_g"
    assert STABILITY.faulty_points(RunConfig(), points) == said


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([1, 2, 2, 4], "points at other steps than the config's: d_x"),
        ([2, 3, 4, 5], "points at other steps than the config's: d_x"),
        ([-4, -3, -2, -1], "points at other steps than the config's: d_x"),
        ([1, 1, 2, 2, 3, 3, 4, 4], "4 points too many: d_x"),
        ([1, 2, 3], "missing points: d_x 1"),
    ],
)
def test_points_are_compared_by_their_steps_in_every_store(store_url_of_kind: str, steps: list[int], said: str) -> None:
    config = RunConfig(study="tiny", steps=4, eval_every=2)
    other = trace(steps, [0.5] * len(steps))
    record_run(store_url_of_kind, config, traces={**synthetic_traces(config), "d_x": other})
    (record,) = open_store(store_url_of_kind).find(complete_only=False)
    assert record.shortcoming == said


@dataclass(frozen=True, kw_only=True)
class ProbeConfig:
    """Of a kind of run that trains no GAN."""

    epochs: int = 3
    seed: int = 0


class ProbeInfo(TypedDict):
    """What its record says."""

    weights: str


PROBING = RunKind(
    name="probing",
    config=ProbeConfig,
    completed=dict,
    metrics=("accuracy",),
    promised=lambda config: {"accuracy": list(range(1, config.epochs + 1))},
    info=ProbeInfo,
    artifacts=lambda config: ("probe.bin",),
    shown=("config.epochs",),
)
SMOKE = load_study("smoke")
SMALL = RunConfig(study="tiny", steps=20, eval_every=10)


@pytest.fixture
def probing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, PROBING.name, PROBING)  # type: ignore[misc]


def record_probing(url: str, points: int = 3, **content: Any) -> int:
    whole = {
        "traces": {"accuracy": trace(range(1, points + 1), [0.5] * points)},
        "info": {"weights": "abc"},
        "artifacts": {"probe.bin": b"probe"},
        "meta": {"kind": "probing"},
    }
    return record_run(url, ProbeConfig(), **{**whole, **content})  # type: ignore[arg-type]


@pytest.mark.usefixtures("probing")
def test_each_kind_is_found_by_itself_and_records_without_one_are_stability_runs(store_url_of_kind: str) -> None:
    record_run(store_url_of_kind, SMALL)  # as records were before there were kinds
    record_run(store_url_of_kind, SMALL, meta={"kind": "stability"})
    record_probing(store_url_of_kind)
    store = open_store(store_url_of_kind)
    assert [record.id for record in store.find()] == [1, 2]
    assert [record.id for record in store.find(kind=STABILITY)] == [1, 2]
    (record,) = store.find(kind=PROBING)
    assert (record.id, record.config) == (3, {"epochs": 3, "seed": 0})
    assert store.traces(record, ["accuracy"])["accuracy"].steps.tolist() == [1, 2, 3]
    assert [record.id for record in store.find({"config.seed": 0}, kind=PROBING)] == [3]
    assert store.find({"config.seed": 1}, kind=PROBING) == []
    assert [record.id for record in store.find({"$or": [{"_id": 2}, {"_id": 3}]})] == [2]


@pytest.mark.usefixtures("probing")
def test_a_record_is_complete_by_what_its_own_kind_promises(store_url_of_kind: str) -> None:
    record_probing(store_url_of_kind, points=2)
    record_probing(store_url_of_kind, info={})
    record_probing(store_url_of_kind, artifacts={})
    record_probing(store_url_of_kind, meta={"kind": "stability"})
    store = open_store(store_url_of_kind)
    assert store.find(kind=PROBING) == store.find() == []
    shortcomings = [record.shortcoming for record in store.find(kind=PROBING, complete_only=False)]
    assert shortcomings == ["missing points: accuracy 1", "missing: weights", "missing: probe.bin"]
    (other,) = store.find(complete_only=False)
    assert str(other.shortcoming).startswith("config: unknown field 'epochs'")


def test_pictures_are_promised_of_discriminators_for_which_they_were_asked() -> None:
    assert REPRESENTATION.artifacts(RepresentationConfig(seen_images=10)) == (SEEN,)
    assert REPRESENTATION.artifacts(RepresentationConfig()) == ()  # as in records from before there were any
    assert REPRESENTATION.artifacts(RepresentationConfig(of="images", seen_images=10)) == ()


def test_a_record_of_a_kind_that_is_not_known_is_none_of_the_others(store_url_of_kind: str) -> None:
    record_probing(store_url_of_kind)
    store = open_store(store_url_of_kind)
    assert store.find(complete_only=False) == []
    (record,) = store.find(kind=PROBING, complete_only=False)
    assert record.shortcoming == "unknown kind of run 'probing'. Known: representation, stability"


def test_cells_of_a_study_are_stability_runs_whatever_else_has_their_keys(store_url_of_kind: str) -> None:
    cell = next(SMOKE.cells())
    record_probing(store_url_of_kind, meta={"kind": "probing", "cell_key": cell.key})
    assert missing_runs(SMOKE, open_store(store_url_of_kind)) == planned_runs(SMOKE)


@pytest.mark.usefixtures("probing")
def test_the_query_shows_the_kind_that_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(query, "store_url", lambda: str(tmp_path))
    record_run(str(tmp_path), SMALL)
    record_probing(str(tmp_path))
    assert query.main(["--kind", "probing", "--format", "csv", "--fields", "id,status"]) == 0
    assert capsys.readouterr().out == "id,status\n2,COMPLETED\n"
    assert query.main(["--format", "csv", "--fields", "id,config.arm"]) == 0
    assert capsys.readouterr().out == "id,config.arm\n1,dcgan\n"
    assert report_user_errors(lambda: query.main(["--kind", "stabilty"])) == 2
    assert capsys.readouterr().err.count("\n") == 1
