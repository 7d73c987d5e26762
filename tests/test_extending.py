"""docs/extending.md, followed to the letter in a copy of the project."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import command, copy_project, run

PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")
STUDY = """
study: extended
question: Does what the page adds work together?
seeds: 1
reference_arm: dcgan
base: {dataset: stripes, image_size: 16, latent_dim: 16, loss: least-squares, lr: 2e-4, batch_size: 32, steps: 20,
       eval_every: 10, eval_samples: 100}
arms:
  residual: {architecture: residual, normalization: batch}
  dcgan: {architecture: dcgan, normalization: batch, width_g: 16, width_d: 16}
plan:
  primary: {name: x, outcome: not_stable, first: residual, second: dcgan}
  co_primary: {name: x, outcome: updates_to_bar, first: residual, second: dcgan}
"""
LATE = """
import numpy as np
from analysis.judging.verdicts import Limits, Probes, judge
n = 10
flat = {name: np.ones(n) for name in ("density", "recall", "diversity")} | {"precision": np.zeros(n)}
frechet = np.array([40.0] * 6 + [2.0] * 4)
limits = Limits(bar=10, precision=.5, density=.75, confidence=None, recall=.25, modes=None, diversity=.1,
                divergence=1.5, probes=3)
print(judge(Probes(steps=np.arange(n), frechet=frechet, **flat), limits).code)
"""


def changes() -> Iterator[tuple[str, str, str]]:
    """A file's path, the lines as they stand now (none of a new file), and those to be."""
    for kind, block in re.findall(r"```(python|diff)\n(.*?)```", PAGE, flags=re.DOTALL):
        first, _, rest = block.partition("\n")
        if kind == "python":
            yield first.removeprefix("# "), "", rest
        else:
            lines = rest.splitlines(keepends=True)
            old, new = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
            yield first.removeprefix("--- "), old, new


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with all that the page adds, and a study of it."""
    project = copy_project(tmp_path_factory.mktemp("extended"))
    for path, old, new in changes():
        file = project / path
        before = file.read_text(encoding="utf-8") if old else ""
        assert before.count(old) == 1 or not old, f"{path} does not hold once:\n{old}"
        file.write_text(before.replace(old, new) if old else new, encoding="utf-8")
    (project / "extended.yaml").write_text(STUDY, encoding="utf-8")
    return project


def test_what_the_page_adds_is_written_as_the_project_writes(extended: Path) -> None:
    root = Path(__file__).parent.parent
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", str(root / "pyproject.toml"), "."],
        cwd=extended, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_a_data_set_an_architecture_a_loss_and_a_chapter_work_from_training_to_report(extended: Path) -> None:
    trained = run(extended, "experiments.sweep", "extended.yaml", "--workers", "1")
    assert trained.returncode == 0, trained.stderr
    reported = run(extended, "analysis.report", "extended.yaml", "--out", "out")
    assert reported.returncode == 0, reported.stderr
    results = json.loads((extended / "out" / "extended" / "results.json").read_text(encoding="utf-8"))
    rows = results["chapters"]["stretches"]["tables"]["stretches"]
    assert [(row["arm"], row["seed"]) for row in rows] == [("residual", 0), ("dcgan", 0)]
    assert (extended / "out" / "extended" / "figures" / "stretches.svg").exists()
    page = (extended / "out" / "extended" / "report.html").read_text(encoding="utf-8")
    assert "Longest healthy stretch" in page
    assert "waves, made to 16 × 16" in page


def test_a_new_verdict_is_given_where_it_applies(extended: Path) -> None:
    judged = subprocess.run(**{**command(extended, ""), "args": [sys.executable, "-c", LATE]}, capture_output=True)
    assert judged.stdout.strip() == "late", judged.stderr
