"""docs/records.md: what it shows reads our records, to the letter."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runs.schema import SAMPLES, RunConfig
from tests.mongo_server import MongoServer
from tests.project import ROOT
from tests.recording import record_run

OF_A_DATABASE, OF_A_FOLDER = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "records.md").read_text(encoding="utf-8"), flags=re.DOTALL
)
CONFIG = RunConfig(arm="dcgan", seed=0, steps=20, eval_every=10)


def test_pymongo_alone_reads_a_run_its_traces_and_its_files(mongo_server: MongoServer) -> None:
    url = mongo_server.url("other_readers")
    run_id = record_run(url, CONFIG, meta={"kind": "stability"})
    server, _, name = url.rpartition("/")
    example = OF_A_DATABASE.replace("mongodb://localhost:27017", server).replace("gan_stability", name)
    found: dict[str, Any] = {}
    exec(example, found)
    found["database"].client.close()
    assert (found["run"]["_id"], found["run"]["status"]) == (run_id, "COMPLETED")
    assert found["d_x"]["steps"] == list(range(1, 21)) and len(found["d_x"]["values"]) == 20
    assert "images" in np.load(BytesIO(found["samples"])) and SAMPLES == "samples.npz"


def test_a_folders_record_is_read_with_nothing_but_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_run(str(tmp_path / "runs" / "_local" / "records"), CONFIG)
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    exec(OF_A_FOLDER, found)
    assert found["config"]["arm"] == "dcgan" and found["d_x"]["steps"] == list(range(1, 21))
