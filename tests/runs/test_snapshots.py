"""Snapshots in the record, tried on every kind of store; old records have none."""

import numpy as np
import pytest
from safetensors.numpy import save

from runs.errors import UserError
from runs.generations import Work, without_snapshots, work
from runs.manifest import planned_runs
from runs.schema import SNAPSHOTS, RunConfig
from runs.snapshots import read_snapshots, snapshot_steps, tensor_name
from runs.store import open_store
from runs.study import load_study
from tests.recording import record_run, synthetic_artifacts

SMALL = RunConfig(study="tiny", steps=25, eval_every=10)
SMOKE = load_study("smoke")


def content(steps: list[int]) -> bytes:
    """Weights that say which they are: the step in G, its negative in D."""
    signs = {"generator": 1.0, "discriminator": -1.0}
    return save(
        {
            tensor_name(step, network, "4x4.0.weight"): np.full((2, 3), sign * step, dtype=np.float32)
            for step in steps
            for network, sign in signs.items()
        }
    )


def recorded(url: str, snapshots: bytes | None, config: RunConfig = SMALL, key: str | None = None) -> int:
    extra = {} if snapshots is None else {SNAPSHOTS: snapshots}
    artifacts = synthetic_artifacts(config) | extra
    return record_run(url, config, artifacts=artifacts, meta={} if key is None else {"cell_key": key})


@pytest.mark.parametrize(
    ("every", "steps"),
    [(None, []), (1, [0, 10, 20, 25]), (2, [0, 20, 25]), (3, [0, 25]), (10**30, [0, 25])],
)
def test_they_are_taken_at_every_so_many_probes_the_first_and_the_last_included(
    every: int | None, steps: list[int]
) -> None:
    assert snapshot_steps(SMALL, every) == steps


def test_they_are_read_by_step_network_and_parameter_in_the_order_of_steps(store_url_of_kind: str) -> None:
    recorded(store_url_of_kind, content([100, 0, 25]))
    store = open_store(store_url_of_kind)
    read = read_snapshots(store, store.find()[0])
    assert list(read) == [0, 25, 100]
    assert {network: list(weights) for network, weights in read[25].items()} == {
        "generator": ["4x4.0.weight"],
        "discriminator": ["4x4.0.weight"],
    }
    np.testing.assert_array_equal(read[25]["discriminator"]["4x4.0.weight"], np.full((2, 3), -25, dtype=np.float32))


@pytest.mark.parametrize(
    ("snapshots", "said"),
    [(None, "run 1 was recorded without snapshots"), (content([0])[:-1], "run 1: its snapshots.safetensors cannot be")],
)
def test_what_is_not_there_or_cannot_be_read_is_said_in_one_line(
    store_url_of_kind: str, snapshots: bytes | None, said: str
) -> None:
    recorded(store_url_of_kind, snapshots)
    store = open_store(store_url_of_kind)
    (record,) = store.find()
    with pytest.raises(UserError, match=said) as refusal:
        read_snapshots(store, record)
    assert "\n" not in str(refusal.value)


def test_runs_recorded_without_them_stay_complete_and_are_counted_unless_trained_again(store_url_of_kind: str) -> None:
    cells = {cell.key: cell for cell in SMOKE.cells()}
    runs = planned_runs(SMOKE)
    for place, (key, seed) in enumerate(runs):
        recorded(store_url_of_kind, content([0]) if place == 0 else None, cells[key].at_seed(seed), key)
    store = open_store(store_url_of_kind)
    nothing = work(SMOKE, store, again=False)
    assert nothing == Work(runs=(), generation=0, recorded=0)
    assert without_snapshots(SMOKE, store, nothing) == len(runs) - 1 == 3
    assert without_snapshots(SMOKE, store, work(SMOKE, store, again=True)) == 0
