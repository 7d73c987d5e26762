"""Writing files so that a reader never meets half of one, and clearing away what killed writers leave."""

import hashlib
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from runs.errors import UserError
from runs.living import is_alive

# .name.machine.process.part; without the machine as it was before
_PART = re.compile(r"\..+?(\.(?P<machine>[0-9a-f]{8}))?\.(?P<process>[0-9]{1,18})\.part")
_ABANDONED = 86_400.0  # seconds without a write after which one is whose process cannot be looked for


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``: what is written there takes its place at the end, or not at all.

    What killed processes left of earlier attempts is removed.
    """
    _remove(part for part in _parts(path.parent) if part.name.startswith(f".{path.name}."))
    temporary = path.with_name(f".{path.name}.{_machine()}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_parts(folders: Iterable[Path]) -> None:
    """Remove what killed processes have left of files in these folders and below."""
    for folder in folders:
        for place, _, _ in os.walk(folder):
            _remove(_parts(Path(place)))


def _parts(folder: Path) -> Iterator[Path]:
    try:
        yield from [Path(one.path) for one in os.scandir(folder) if _PART.fullmatch(one.name)]
    except OSError:  # whoever is about to write there says it
        return


def _remove(parts: Iterable[Path]) -> None:
    for part in parts:
        try:
            if _is_abandoned(part):
                part.unlink()
        except OSError:  # its writer has just ended, or it is another user's
            continue


def _is_abandoned(part: Path) -> bool:
    """Whether its process has ended; of one on another machine, or not known where, whether it is silent for a day."""
    found = _PART.fullmatch(part.name)
    if found is None:
        return False
    if found["machine"] == _machine() and not is_alive(int(found["process"])):
        return True
    return time.time() - part.stat().st_mtime > _ABANDONED


@cache
def _machine() -> str:
    """Of where the numbers of processes mean what they mean here: hosts may share a folder, and so may containers."""
    numbering = Path("/proc/self/ns/pid")
    space = numbering.readlink() if numbering.is_symlink() else ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def write_output(path: Path, text: str) -> None:
    """Write what a command was asked for, at once or not at all. Raises UserError if ``path`` cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}; choose another --out") from None
