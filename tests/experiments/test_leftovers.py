"""A sweep that starts clears away what killed processes left half written."""

import os

from experiments.launch import make_runs
from runs.generations import work
from runs.store import open_store
from runs.study import load_study


def test_a_sweep_that_starts_removes_the_parts_that_killed_processes_left(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(tmp_path))
    url, study = str(tmp_path / "records"), load_study("smoke")
    for folder in ("checkpoints/a.snapshots", "features", "records/7"):
        (tmp_path / folder).mkdir(parents=True)
        part = tmp_path / folder / ".file.1234567.part"
        part.write_text("half")
        os.utime(part, (0, 0))
    started = []

    def engine(requests, workers, runs_per_gpu):
        started.extend(requests)
        yield from ()

    todo = work(study, open_store(url), again=False)
    make_runs(study, todo, url, workers=1, only_show=False, what="", engine=engine)
    assert started and list(tmp_path.rglob("*.part")) == []
