"""The Makefile as its users call it, with a stand-in for the environment that shows what it is asked for."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project import PACKAGES, ROOT

STAND_IN = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >> "$CALLS"
echo ... >> "$CALLS"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile beside an environment that is installed already."""
    for name in ("Makefile", "requirements.lock", "requirements-cluster.lock"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    (tmp_path / ".venv" / ".cluster").touch()
    return tmp_path


def make(project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    environment = {**outside, "CALLS": str(project / "calls"), **variables}
    return subprocess.run(["make", *words], cwd=project, env=environment, capture_output=True, text=True)


def calls(project: Path, *words: str, **variables: str) -> list[list[str]]:
    """The arguments of each program that a target runs."""
    done = make(project, *words, **variables)
    assert done.returncode == 0, done.stderr
    return [call.splitlines() for call in (project / "calls").read_text().split("...\n")[:-1]]


def test_a_sweep_and_its_report_get_the_same_choice_of_runs(project: Path) -> None:
    assert calls(project, "stability-sweep", "STUDY=aa", "SEEDS=3", "ARMS=one,two", "WORKERS=4") == [
        ["-m", "experiments.sweep", "aa", "--seeds", "3", "--arms", "one,two", "--workers", "4"],
        ["-m", "analysis.report", "aa", "--seeds", "3", "--arms", "one,two"],
    ]


def test_ray_is_installed_where_it_is_asked_for_and_nowhere_else(project: Path) -> None:
    (project / ".venv" / ".cluster").unlink()
    assert calls(project, "stability-sweep")[0] == ["-m", "experiments.sweep", "digits"]
    (project / "calls").unlink()
    install, sweep, _ = calls(project, "stability-sweep", "ENGINE=ray", RAY_ADDRESS="host:6379")
    assert install[-2:] == ["-r", "requirements-cluster.lock"]
    assert sweep == ["-m", "experiments.sweep", "digits", "--engine", "ray"]


def test_what_ray_needs_agrees_with_what_is_pinned_without_it() -> None:
    pinned, more = (
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), flags=re.MULTILINE))
        for name in ("requirements.lock", "requirements-cluster.lock")
    )
    assert "ray" in more and not pinned.keys() & more.keys()


@pytest.mark.parametrize(
    "study", ["my study.yaml", "it's mine.yaml", "a;b.yaml", "a SEED=3.yaml", "~/$HOME.yaml", '"a"']
)
def test_a_study_may_have_any_name(project: Path, study: str) -> None:
    given = f"STUDY={study.replace('$', '$$')}"
    assert calls(project, "report", given, "ARMS=mlp, dcgan") == [
        ["-m", "analysis.report", study, "--arms", "mlp, dcgan"]
    ]
    assert calls(project, "reproducibility", given)[-1] == ["-m", "analysis.reruns", study]


def test_status_is_of_the_study_that_is_named_or_of_all(project: Path) -> None:
    assert calls(project, "status") == [["-m", "runs.status"]]
    (project / "calls").unlink()
    named = calls(project, "status", "STUDY=aa", "SEEDS=3")
    assert named == [["-m", "runs.status", "aa", "--seeds", "3"]]
    (project / "calls").unlink()
    assert calls(project, "status", "SEEDS=3") == [["-m", "runs.status", "digits", "--seeds", "3"]]
    (project / "calls").unlink()
    assert calls(project, "status", STUDY="aa") == [["-m", "runs.status", "aa"]]


def test_purge_needs_a_study_that_is_named(project: Path) -> None:
    done = make(project, "purge")
    assert done.returncode == 2 and "make purge STUDY=name" in done.stderr
    assert not (project / "calls").exists()
    assert calls(project, "purge", "STUDY=it's mine.yaml") == [["-m", "runs.purge", "it's mine.yaml"]]
    (project / "calls").unlink()
    assert calls(project, "purge", "STUDY=aa", "YES=1") == [["-m", "runs.purge", "aa", "--yes"]]


def test_clean_deletes_reports_and_no_record(project: Path) -> None:
    records, report = project / "runs/_local/records/1/run.json", project / "runs/reports/digits/report.html"
    checkpoint = project / "runs/_local/checkpoints/a-0.pt"
    for path in (records, report, checkpoint):
        path.parent.mkdir(parents=True)
        path.touch()
    assert make(project, "clean").returncode == 0
    assert (records.exists(), checkpoint.exists(), report.exists()) == (True, True, False)
    misplaced = project / "runs/reports/records/1/run.json"
    misplaced.parent.mkdir(parents=True)
    misplaced.touch()
    done = make(project, "clean")
    assert done.returncode == 2 and "there are records in runs/reports" in done.stderr and misplaced.exists()


def test_features_are_tested_on_the_data_set_that_is_named(project: Path) -> None:
    assert calls(project, "representation", "STUDY=tiny_imagenet", "TEST_ON=cifar10", "WORKERS=1") == [
        ["-m", "experiments.representation", "tiny_imagenet", "--test-on", "cifar10", "--workers", "1"]
    ]


def test_again_and_yes_are_passed_on_and_only_from_the_command_line(project: Path) -> None:
    assert calls(project, "stability-sweep", "AGAIN=1", "YES=1")[0][3:] == ["--again", "--yes"]
    (project / "calls").unlink()
    assert calls(project, "stability-sweep", "AGAIN=0", AGAIN="1", YES="1")[0][3:] == []


def test_snapshots_are_asked_of_the_sweep_and_change_no_report(project: Path) -> None:
    assert calls(project, "stability-sweep", "SNAPSHOT_EVERY=5") == [
        ["-m", "experiments.sweep", "digits", "--snapshot-every", "5"],
        ["-m", "analysis.report", "digits"],
    ]


def test_tests_run_and_say_so_where_no_mongodb_imitation_can_be_installed(project: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "secantusdb.lock").touch()
    done = make(project, "test")  # the stand-in makes no environment
    assert done.returncode == 0 and "-m\npytest\n" in (project / "calls").read_text()
    assert (
        "secantusdb cannot be installed into .venv-mongo: tests that need a MongoDB server are skipped" in done.stderr
    )
    assert not (project / ".venv-mongo").exists()


def test_tests_with_a_server_of_ones_own_install_no_other(project: Path) -> None:
    assert [call[1] for call in calls(project, "test", TEST_MONGO_URL="mongodb://host")] == ["pytest"]


def test_the_mongodb_imitation_is_no_part_of_the_product() -> None:
    product = [*ROOT.glob("*.toml"), ROOT / "requirements.lock"]
    product += [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert not [path for path in product if "secantus" in path.read_text().lower() and path.name != "pyproject.toml"]
    assert "secantus" not in (ROOT / "pyproject.toml").read_text().partition("[tool.")[0]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("SEED=3", "SEEDS"), ("STUDDY=aa", "STUDY"), ("seeds=3", "SEEDS"), ("ARM=mlp", "ARMS"), ("WORKER=2", "WORKERS")],
)
def test_a_variable_that_it_does_not_know_is_refused_with_the_nearest(project: Path, typo: str, meant: str) -> None:
    done = make(project, "stability-sweep", "STUDY=my study.yaml", typo)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"unknown variable {typo.split('=')[0]}; did you mean {meant}?" in done.stderr
    assert not (project / "calls").exists()


def test_variables_of_the_environment_that_it_does_not_know_are_none_of_its_business(project: Path) -> None:
    assert calls(project, "report", SEED="3", LANG="C") == [["-m", "analysis.report", "digits"]]


@pytest.mark.parametrize("name", ["PYTHON", "MONGO_URL", "GAN_STABILITY_LOCAL", "RAY_ADDRESS"])
def test_variables_that_programs_read_may_be_given_to_make(project: Path, name: str) -> None:
    assert calls(project, "report", f"{name}=/some where") == [["-m", "analysis.report", "digits"]]
    assert name in make(project, "help").stdout or name == "PYTHON"


def test_an_environment_with_a_space_in_its_name_is_refused(project: Path) -> None:
    done = make(project, "report", "VENV=my env")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "without spaces" in done.stderr


def test_a_clone_may_lie_in_a_folder_with_spaces(project: Path) -> None:
    moved = project.rename(project.with_name("my clone"))
    assert calls(moved, "report", "STUDY=aa") == [["-m", "analysis.report", "aa"]]


def test_a_checkout_has_unix_line_ends_even_where_git_would_convert_them(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    names = ["Makefile", ".ci/run", ".ci/find-python", "experiments/studies/digits.yaml", "runs/study.py"]
    command = ["git", "check-attr", "-z", "text", "eol", "--", *names]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    assert [found[i + 2] for i in range(0, len(found) - 1, 3)] == ["auto", "lf"] * len(names), json.dumps(found)
