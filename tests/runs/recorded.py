"""Records of the smoke study's planned runs, and the store that commands are made to look at."""

from pathlib import Path
from typing import Any

import pytest

from runs.addresses import is_mongo_url
from runs.manifest import planned_runs
from runs.study import Study, load_study
from tests.recording import record_run

SMOKE = load_study("smoke")
RUNS = planned_runs(SMOKE)  # mlp and dcgan at seed 0, then at seed 1


def look_at(url: str, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands look there, whatever a ``.env`` here says; a folder is ``records`` in ``local``."""
    monkeypatch.chdir(local)
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(local))
    monkeypatch.setenv("MONGO_URL", url if is_mongo_url(url) else "")


def recorded(url: str, place: int, *, study: Study = SMOKE, **options: Any) -> int:
    """Record that planned run; options as of record_run."""
    key, seed = planned_runs(study)[place]
    cell = next(cell for cell in study.cells() if cell.key == key)
    meta = {"cell_key": key, "training_version": 2, **options.pop("meta", {})}
    return record_run(url, cell.at_seed(seed), meta=meta, **options)
