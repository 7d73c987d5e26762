"""The project as its users run it: other processes, in a copy that has no records."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGES = ("models", "runs", "experiments", "analysis")


def copy_project(folder: Path) -> Path:
    """Copy what the project needs to run into ``folder``, without records and reports; returns it."""
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("_local", "reports")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    return folder


def command(project: Path, module: str, *arguments: str, url: str = "") -> dict[str, Any]:
    """Arguments for ``subprocess`` that run a module of the copy, recording at ``url`` (empty: its own folder)."""
    environment = {**os.environ, "PYTHONPATH": str(project), "MONGO_URL": url}
    return {"args": [sys.executable, "-m", module, *arguments], "cwd": project, "env": environment, "text": True}


def run(project: Path, module: str, *arguments: str, url: str = "") -> subprocess.CompletedProcess[str]:
    """Run a module of the copy to its end."""
    arguments_of_it = command(project, module, *arguments, url=url)
    return subprocess.run(**arguments_of_it, stdin=subprocess.DEVNULL, capture_output=True, timeout=280)


def let_children_hear() -> None:
    """Signals that are ignored here, as under nohup or in the background of a script, reach processes started here.

    What ignores a signal hands that on to its children; a handler that does nothing is left behind.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
