"""What a dry run says of disk, against what records take."""

from datetime import datetime
from pathlib import Path

import bson
import pytest

from experiments.estimate import BYTES_A_POINT_IN_FOLDER, points_per_run
from runs.metric_writer import BYTES_A_POINT_IN_DATABASE
from runs.study import load_study
from tests.recording import record_run, synthetic_traces

CONFIG = load_study("digits").cell("mlp", {}).at_seed(0)


def test_points_of_a_folder_take_as_much_as_is_said(tmp_path: Path) -> None:
    record_run(str(tmp_path), CONFIG, traces=synthetic_traces(CONFIG))
    size = (tmp_path / "1" / "metrics.json").stat().st_size
    assert size == pytest.approx(BYTES_A_POINT_IN_FOLDER * points_per_run(CONFIG), rel=0.05)


def test_points_of_a_database_take_as_much_as_is_said() -> None:
    now = datetime(2026, 1, 1)
    documents = [
        {"steps": one.steps.tolist(), "values": one.values.tolist(), "timestamps": [now] * len(one.steps)}
        for one in synthetic_traces(CONFIG).values()
    ]
    size = sum(len(bson.encode(document)) for document in documents)
    assert size == pytest.approx(BYTES_A_POINT_IN_DATABASE * points_per_run(CONFIG), rel=0.05)
