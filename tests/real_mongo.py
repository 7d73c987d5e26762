"""A MongoDB server for the tests that is not of our making: the one in TEST_MONGO_URL, or secantusdb where installed.

secantusdb imitates MongoDB on WiredTiger. It is under the GPL, so it runs as a process, from an environment of its own
that ``make test`` makes; nothing here imports it.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from runs.addresses import shown
from tests.mongo_server import free_port

ENVIRONMENT = Path(__file__).parent.parent / ".venv-mongo"
PROGRAM = ENVIRONMENT / "bin" / "secantusd-py"
LOCK = Path(__file__).parent / "secantusdb.lock"
NONE = "there is no MongoDB: TEST_MONGO_URL names none, and `make test` could not install secantusdb"
START_SECONDS = 60


def version() -> str:
    """The pinned version of secantusdb."""
    return next(line.split()[0] for line in LOCK.read_text().splitlines() if line.startswith("secantusdb=="))


def is_installed() -> bool:
    """Whether all of its environment was made."""
    return (ENVIRONMENT / ".installed").exists()


def described() -> str:
    """Which servers the tests use, in words that may be printed."""
    address = os.environ.get("TEST_MONGO_URL")
    if address:
        return f"the home-made one, and TEST_MONGO_URL: {shown(in_database(address, 'test'))}"
    return f"the home-made one, and {version()}" if is_installed() else f"the home-made one alone; {NONE}"


def in_database(address: str, name: str) -> str:
    """The address of a database on that server."""
    server, mark, options = address.partition("?")
    return f"{server.rstrip('/')}/{name}{mark}{options}"


@contextmanager
def secantusdb(folder: Path) -> Iterator[str]:
    """A server whose data are in that folder; yields its address."""
    port = free_port()
    command = [PROGRAM, "--host", "127.0.0.1", "--port", str(port), "--storage-path", folder / "data"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, "--cache-size", "256M"], stdout=log, stderr=log, cwd=folder)
        try:
            address = f"mongodb://127.0.0.1:{port}"
            _wait_for(address, process)
            yield address
        finally:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    with MongoClient[dict[str, object]](address, serverSelectionTimeoutMS=500) as client:
        while True:
            try:
                client.admin.command("ping")
                return
            except PyMongoError:
                if process.poll() is not None or time.monotonic() > until:
                    raise
