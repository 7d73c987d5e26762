"""Runs that were trained, measured and copied to another store: nothing is trained or measured there again."""

import pytest

from experiments.representation.__main__ import main as measure
from runs import copy
from runs.kinds import REPRESENTATION
from runs.schema import RunConfig
from runs.store import FolderStore
from tests.experiments.sweeping import run_here, store, sweep_here
from tests.recording import record_run


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A tenth of the images."""
    monkeypatch.setattr("experiments.representation.requests.TRAIN_IMAGES", 150)


def measured_runs(records):
    """Which discriminators were measured: ids of their runs, and arm and seed that are found under these."""
    found = [record.config["run"] for record in records.find({"config.of": "discriminator"}, kind=REPRESENTATION)]
    runs = [records.find({"_id": run})[0].config for run in found]
    return found, [(run["study"], run["arm"], run["seed"]) for run in runs]


def test_a_store_that_records_were_copied_to_lacks_nothing_that_the_first_had(swept, tmp_path_factory):
    assert run_here(swept, measure, "smoke", "--workers", "1").returncode == 0
    records = swept / "runs" / "_local" / "records"
    laptop = records.rename(tmp_path_factory.mktemp("laptop") / "records")
    for seed in range(3):  # the laptop's ids are taken
        record_run(str(records), RunConfig(study="another", steps=4, eval_every=2, seed=seed))
    assert copy.main([str(laptop), str(records)]) == 0
    assert "smoke: 4 of 4 runs are complete" in sweep_here(swept, "smoke").stdout
    assert "5 of 5 are measured, measuring 0" in run_here(swept, measure, "smoke", "--workers", "1").stdout
    (before, runs), (after, same) = measured_runs(FolderStore(laptop)), measured_runs(store(swept))
    assert same == runs and len(runs) == 4
    assert before != after
