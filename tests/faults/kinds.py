"""The faults: each is done to a running sweep at some moment, and says how long the sweep took to end, if it must."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping

from tests.faults.processes import Place, seconds_until, send_to_all, session_of
from tests.mongo_server import MongoServer

SOON = 10.0  # seconds, within which everything must have ended
_LONGEST_OUTAGE = 4.0

# what was expected and did not happen, in words; nothing if all is well
Fault = Callable[[subprocess.Popen[bytes], Place, random.Random, MongoServer | None], str]


def killed(sweep: subprocess.Popen[bytes], place: Place, draw: random.Random, server: MongoServer | None) -> str:
    """``kill -9`` to all processes at once, as when the machine goes down."""
    send_to_all(sweep.pid, signal.SIGKILL)
    sweep.wait()
    return ""


def parent_killed(sweep: subprocess.Popen[bytes], place: Place, draw: random.Random, server: MongoServer | None) -> str:
    """``kill -9`` to the sweep alone: its workers must end by themselves."""
    sweep.kill()
    sweep.wait()
    return _ended(sweep)


def worker_killed(sweep: subprocess.Popen[bytes], place: Place, draw: random.Random, server: MongoServer | None) -> str:
    """``kill -9`` to one of its other processes: the sweep goes on."""
    others = [process for process in session_of(sweep.pid) if process != sweep.pid]
    if others:
        os.kill(draw.choice(others), signal.SIGKILL)
    sweep.wait()
    return ""


def flipped(sweep: subprocess.Popen[bytes], place: Place, draw: random.Random, server: MongoServer | None) -> str:
    """All killed, and then a bit of each checkpoint changed."""
    killed(sweep, place, draw, server)
    for checkpoint in place.local.glob("checkpoints/*.pt"):
        content = bytearray(checkpoint.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        checkpoint.write_bytes(content)
    return ""


def _signalled(number: signal.Signals, *, everyone: bool) -> Fault:
    def fault(sweep: subprocess.Popen[bytes], place: Place, draw: random.Random, server: MongoServer | None) -> str:
        if everyone:
            send_to_all(sweep.pid, number)
        else:
            sweep.send_signal(number)
        late = _ended(sweep)
        status = sweep.wait()
        if late:
            return late
        # before Python has come to our own code, the signal itself ends it
        return "" if status in (0, 128 + number, -number) else f"{number.name} ended with status {status}"

    return fault


def outage(sweep: subprocess.Popen[bytes], place: Place, draw: random.Random, server: MongoServer | None) -> str:
    """The database is killed, and some seconds later started again."""
    assert server is not None
    server.kill()
    time.sleep(draw.uniform(0, _LONGEST_OUTAGE))
    server.start()
    sweep.wait()
    return ""


def _ended(sweep: subprocess.Popen[bytes]) -> str:
    took = seconds_until(lambda: sweep.poll() is not None and not session_of(sweep.pid), SOON)
    if took is not None:
        return ""
    send_to_all(sweep.pid, signal.SIGKILL)
    return f"processes were still there after {SOON:g} s"


FAULTS: Mapping[str, Fault] = {
    "kill -9, all": killed,
    "kill -9, the sweep": parent_killed,
    "kill -9, one process": worker_killed,
    "kill -9, all; a bit of each checkpoint changed": flipped,
    "SIGTERM, the sweep": _signalled(signal.SIGTERM, everyone=False),
    "SIGINT, all": _signalled(signal.SIGINT, everyone=True),
    "SIGHUP, all": _signalled(signal.SIGHUP, everyone=True),
    "MongoDB killed and started again": outage,
}
IN_A_DATABASE = ("MongoDB killed and started again",)
