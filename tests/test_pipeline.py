"""From the study file to the report, as a user runs it, into a folder and into MongoDB."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from runs.study import load_study
from tests.analysis.plausible import record_study
from tests.mongo_server import MongoServer
from tests.project import command, copy_project, run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("store", ["folder", "mongodb"])
def test_a_study_is_trained_recorded_judged_and_reported(
    project: Path, store: str, mongo_server: MongoServer, tmp_path: Path
) -> None:
    url = "" if store == "folder" else mongo_server.url("pipeline")
    trained = run(project, "experiments.sweep", "smoke", url=url)
    assert trained.returncode == 0, trained.stderr
    reported = run(project, "analysis.report", "smoke", "--out", str(tmp_path), url=url)
    assert reported.returncode == 0, reported.stderr
    report = tmp_path / "smoke"
    assert str(report / "report.html") in reported.stdout
    results = json.loads((report / "results.json").read_text(encoding="utf-8"))
    assert [arm["arm"] for arm in results["arms"]] == ["mlp", "dcgan"]
    headline = "2 of 2 mlp runs had not learned after 30 updates at lr 2e-4"
    assert headline in (report / "report.html").read_text(encoding="utf-8")
    assert headline in (report / "report.md").read_text(encoding="utf-8")
    asked = run(project, "runs.query", '{"config.study": "smoke"}', "--format", "json", url=url)
    assert len(json.loads(asked.stdout)) == 4


PLOTTING = """
axes.grid: True
axes.facecolor: black
axes.prop_cycle: cycler(color=["k"])
axes.formatter.use_locale: True
lines.linestyle: --
image.cmap: gray
savefig.bbox: tight
savefig.transparent: True
font.family: serif
text.usetex: True
path.sketch: 1, 100, 2
"""
OWN_SETTINGS = (  # a matplotlibrc, and a backend
    (PLOTTING.encode(), "module://matplotlib_inline.backend_inline"),
    (b"\xff\xfe", "nonsense"),
)


def test_figures_are_the_same_bytes_whatever_the_user_has_set_for_his_own(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    record_study(str(project / "runs" / "_local" / "records"), load_study("smoke"))
    of_settings = []
    for number, (settings, backend) in enumerate(OWN_SETTINGS):
        mine = tmp_path / str(number)
        mine.mkdir()
        (mine / "matplotlibrc").write_bytes(settings)
        arguments = command(project, "analysis.report", "smoke", "--out", str(mine))
        own = {"MPLCONFIGDIR": str(mine), "MPLBACKEND": backend, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
        reported = subprocess.run(**{**arguments, "env": {**arguments["env"], **own}}, capture_output=True, timeout=200)
        assert reported.returncode == 0, reported.stderr
        of_settings.append({path.name: path.read_bytes() for path in (mine / "smoke" / "figures").iterdir()})
    one, other = of_settings
    assert len(one) > 20 and one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


@pytest.mark.parametrize("written", ["tables/*.csv", "figures/*.svg"])
def test_an_interrupted_report_leaves_nothing_and_says_so_in_one_line(tmp_path: Path, written: str) -> None:
    """While the processes that write figures are started, and while they write."""
    project, out = copy_project(tmp_path / "project"), tmp_path / "reports"
    record_study(str(project / "runs" / "_local" / "records"), load_study("smoke"))
    process = subprocess.Popen(
        **command(project, "analysis.report", "smoke", "--out", str(out)),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not any(out.glob(f".*/{written}")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does: the writers of figures are interrupted too
    error = process.communicate(timeout=60)[1]
    assert (process.returncode, error) == (130, "interrupted; run the same command again to continue\n")
    assert not list(out.iterdir())
