"""A sweep as a terminal starts it, in a session of its own, and whatever is left of that session (Linux)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.project import ROOT


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a study is trained: its file, the folder of its checkpoints, and the address of its records."""

    study: Path
    local: Path
    url: str

    def sweep(self, log: Path, workers: int = 2) -> subprocess.Popen[bytes]:
        """Start one of so many processes that writes to ``log``."""
        records = self.url if "://" in self.url else ""
        environment = {**os.environ, "MONGO_URL": records, "GAN_STABILITY_LOCAL": str(self.local)}
        command = [sys.executable, "-m", "experiments.sweep", str(self.study), "--workers", str(workers)]
        with log.open("ab") as output:
            sweep = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        _STARTED.append(sweep.pid)
        return sweep


_STARTED: list[int] = []


def stop_all() -> None:
    """End whatever is left of all sweeps: they are in sessions of their own, where no Ctrl-C reaches them."""
    for leader in _STARTED:
        send_to_all(leader, signal.SIGKILL)


def session_of(leader: int) -> list[int]:
    """Ids of the living processes of a session."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:  # it has ended meanwhile
                continue
            if int(session) == leader and state not in "ZX":
                found.append(int(folder.name))
    return found


def send_to_all(leader: int, number: signal.Signals) -> None:
    """To every process of the session."""
    for process in session_of(leader):
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def seconds_until(done: Callable[[], bool], at_most: float) -> float | None:
    """How long it took; None if it did not come about."""
    began = time.monotonic()
    while time.monotonic() - began < at_most:
        if done():
            return time.monotonic() - began
        time.sleep(0.05)
    return None
