"""Samples of a run, read from its record."""

from pathlib import Path

import pytest

from runs.errors import UserError
from runs.samples import read_samples
from runs.schema import SAMPLES, RunConfig
from runs.store import open_store
from tests.recording import record_run

CONFIG = RunConfig(steps=20, eval_every=10)


def test_samples_have_the_steps_of_the_probes(tmp_path: Path) -> None:
    record_run(str(tmp_path), CONFIG)
    store = open_store(str(tmp_path))
    steps, images = read_samples(store, store.find()[0])
    assert steps.tolist() == [0, 10, 20] and images.shape[:2] == (3, 64)


@pytest.mark.parametrize("content", [b"none", b"PK\x05\x06" + bytes(18)])
def test_samples_that_cannot_be_read_name_their_run(tmp_path: Path, content: bytes) -> None:
    record_run(str(tmp_path), CONFIG, artifacts={SAMPLES: content})
    store = open_store(str(tmp_path))
    (record,) = store.find(complete_only=False)
    with pytest.raises(UserError, match=f"run {record.id}: its {SAMPLES} cannot be read"):
        read_samples(store, record)
