"""What stops a sweep, as its users and their machines do it, and how everything ends then."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.experiments.sweeping import edited, store
from tests.project import ROOT, command

ADVICE = "interrupted; run the same command again to continue\n"
PATIENCE = 60  # seconds; what is promised is 10, on a machine that does nothing else


def endless_study(folder):
    return edited(folder, "endless", ("steps: 30", "steps: 5000"), ("eval_every: 10", "eval_every: 20"))


def wait_until(holds):
    deadline = time.monotonic() + 4 * PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def start(words, **changes):
    """A command in a group of its own, as a shell starts it."""
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(**{**words, **changes}, **pipes, start_new_session=True)


def training(project, process):
    """Whether a first probe has been recorded."""
    assert process.poll() is None, process.communicate()
    return any((project / "runs" / "_local" / "records").glob("*/metrics.json"))


def members(group):
    """The living processes of a group."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = status.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(status.parent.name)
    return found


def statuses(project):
    return {one.status for one in store(project).find({}, complete_only=False)}


def checkpoints(project):
    return list((project / "runs" / "_local" / "checkpoints").glob("*.pt"))


def ends_with(process):
    error = process.communicate(timeout=PATIENCE)[1]
    wait_until(lambda: not members(process.pid))
    return process.returncode, error


WAYS = {
    "Ctrl-C, three times": (os.killpg, signal.SIGINT, 3),
    "SIGTERM": (os.kill, signal.SIGTERM, 1),
    "a closed terminal": (os.killpg, signal.SIGHUP, 1),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_sweep_that_is_stopped_keeps_checkpoints_and_says_how_to_go_on(project, way):
    send, number, times = WAYS[way]
    process = start(command(project, "experiments.sweep", endless_study(project), "--workers", "1"))
    wait_until(lambda: training(project, process))
    for _ in range(times):
        send(process.pid, number)
        time.sleep(0.1)
    status, error = ends_with(process)
    assert (status, error.splitlines()[-1] + "\n") == (128 + number, ADVICE)
    assert "Traceback" not in error and error.count(ADVICE) == 1
    assert (statuses(project), len(checkpoints(project))) == ({"INTERRUPTED"}, 1)


def test_workers_end_when_their_sweep_is_killed(project):
    process = start(command(project, "experiments.sweep", endless_study(project), "--workers", "1"))
    wait_until(lambda: training(project, process))
    process.kill()
    ends_with(process)
    assert (statuses(project), len(checkpoints(project))) == ({"INTERRUPTED"}, 1)


def test_under_nohup_a_closed_terminal_changes_nothing(project):
    words = command(project, "experiments.sweep", endless_study(project), "--workers", "1")
    process = start(words, args=["nohup", *words["args"]])
    wait_until(lambda: training(project, process))
    os.killpg(process.pid, signal.SIGHUP)
    time.sleep(3)
    assert statuses(project) == {"RUNNING"}
    process.terminate()
    assert ends_with(process)[0] == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_sweep_ends_with_the_make_that_started_it(project, number):
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, project)
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (project / ".venv" / ".installed").touch()
    words = command(project, "")
    environment = {name: value for name, value in words["env"].items() if not name.startswith("MAKE")}
    make = ["make", "stability-sweep", f"STUDY={endless_study(project)}", "WORKERS=1"]
    process = start(words, args=make, env=environment)
    wait_until(lambda: training(project, process))
    os.kill(process.pid, number)
    ends_with(process)
    assert (statuses(project), len(checkpoints(project))) == ({"INTERRUPTED"}, 1)
