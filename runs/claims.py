"""Claims: which process makes a run, so that several sweeps of one study share its runs and train none twice."""

import abc
import os
import platform
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pymongo.errors import DuplicateKeyError

from runs.addresses import folder_at, is_mongo_url
from runs.errors import UserError
from runs.mongo import database, one_line_faults

BEAT_SECONDS = 10.0
SILENT_SECONDS = 120.0  # without a beat, as the waiter's own clock measures, the owner on another machine is dead
_UNSEEN_SECONDS = 60.0  # between two looks nothing is known: a silence must not span an outage of the store


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A process: its machine, its id there, and when it was started, for ids are used again."""

    host: str
    pid: int
    start: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host.split('/')[0]}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A run is being made by this process. ``beat`` differs whenever that was heard of."""

    name: str
    owner: Owner
    beat: int = 0
    number: int = 0  # how often it was taken over from a dead owner


@dataclass(kw_only=True)
class _Seen:
    claim: Claim
    since: float
    last: float


def process(pid: int) -> Owner:
    """A living process of this machine."""
    return Owner(host=_host(), pid=pid, start=_started(pid) or "")


@dataclass(kw_only=True)
class Claims(abc.ABC):
    """Claims of runs, by name. Those that were taken here are kept alive by a thread until they are released.

    Every method raises UserError if the store cannot be reached, and OSError if a folder cannot be written.
    """

    _held: dict[str, Claim] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def take(self, name: str, owner: Owner) -> Owner | None:
        """Claim a run for that process: None where this succeeds, otherwise who has it."""
        there = self._read(name)
        claim = Claim(name=name, owner=owner)
        if there is None:
            taken = self._create(claim)
        elif self._is_own(there) or self._is_dead(there):
            claim = replace(claim, number=there.number + 1)
            taken = self._take_over(there, claim)
        else:
            return there.owner
        if taken:
            self._held[name] = claim
            return None
        there = self._read(name)
        return there.owner if there else Owner(host="another machine", pid=0, start="")

    def release(self, name: str) -> None:
        """Give up a claim, if it is held here."""
        if name in self._held:
            self._delete(self._held[name])
            del self._held[name]

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Within, the claims that are held here beat. At its end they are released."""
        ended = threading.Event()
        threading.Thread(target=self._beat, args=(ended,), daemon=True).start()
        try:
            yield
        finally:
            ended.set()
            for name in list(self._held):
                with suppress(UserError, OSError):
                    self.release(name)

    def beat(self) -> None:
        """Show that the owners of what is held here live."""
        for claim in list(self._held.values()):
            with suppress(UserError, OSError):  # the next may succeed
                self._touch(claim)

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT_SECONDS):
            self.beat()

    def _is_own(self, claim: Claim) -> bool:
        """Whether it should have been released, while the store was away."""
        return claim.name in self._held and claim.owner == self._held[claim.name].owner

    def _is_dead(self, claim: Claim) -> bool:
        if claim.owner.host == _host():
            return _started(claim.owner.pid) != claim.owner.start
        now, seen = time.monotonic(), self._seen.get(claim.name)
        if seen is None or seen.claim != claim or now - seen.last > _UNSEEN_SECONDS:
            self._seen[claim.name] = _Seen(claim=claim, since=now, last=now)
            return False
        seen.last = now
        return now - seen.since > SILENT_SECONDS

    @abc.abstractmethod
    def _read(self, name: str) -> Claim | None:
        """The claim that counts."""

    @abc.abstractmethod
    def _create(self, claim: Claim) -> bool:
        """Write a claim where there is none; False if there is one now."""

    @abc.abstractmethod
    def _take_over(self, dead: Claim, claim: Claim) -> bool:
        """Put a claim in a dead owner's place; False if another has."""

    @abc.abstractmethod
    def _touch(self, claim: Claim) -> None:
        """Change its beat."""

    @abc.abstractmethod
    def _delete(self, claim: Claim) -> None:
        """Remove it, if it is there."""


@dataclass(kw_only=True)
class FolderClaims(Claims):
    """A file a claim, which also other machines create exclusively; that of the highest number counts."""

    folder: Path

    def _read(self, name: str) -> Claim | None:
        numbers = self._numbers(name)
        if not numbers:
            return None
        path = self._path(name, numbers[-1])
        try:
            beat, words = path.stat().st_mtime_ns, path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return None
        # without all its lines: written at this moment, or by one who died doing so
        host, pid, start = words[:3] if len(words) == 4 and words[1].isdecimal() else ("", "0", "")
        return Claim(name=name, owner=Owner(host=host, pid=int(pid), start=start), beat=beat, number=numbers[-1])

    def _create(self, claim: Claim) -> bool:
        if not self._write(claim):
            return False
        if self._numbers(claim.name)[-1:] == [claim.number]:
            return True
        self._delete(claim)  # another had taken over from one who died since the look
        return False

    def _take_over(self, dead: Claim, claim: Claim) -> bool:
        taken = self._write(claim)
        if taken:
            self._delete(dead)
        return taken

    def _touch(self, claim: Claim) -> None:
        os.utime(self._path(claim.name, claim.number))

    def _delete(self, claim: Claim) -> None:
        self._path(claim.name, claim.number).unlink(missing_ok=True)

    def _write(self, claim: Claim) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        owner = claim.owner
        try:
            with self._path(claim.name, claim.number).open("x", encoding="utf-8") as file:
                file.write(f"{owner.host}\n{owner.pid}\n{owner.start}\n")
        except FileExistsError:
            return False
        return True

    def _numbers(self, name: str) -> list[int]:
        if not self.folder.is_dir():
            return []
        found = [file.name.rpartition(".") for file in self.folder.iterdir()]
        return sorted(int(number) for its_name, _, number in found if its_name == name and number.isdecimal())

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name}.{number}"


@dataclass(kw_only=True)
class DatabaseClaims(Claims):
    """A document a claim, in the collection ``claims``."""

    url: str

    def __post_init__(self) -> None:
        self._database = database(self.url)  # closes its connections when it is forgotten

    def _read(self, name: str) -> Claim | None:
        with one_line_faults(self.url):
            found = self._database["claims"].find_one({"_id": name})
        if found is None:
            return None
        owner = Owner(host=found["host"], pid=found["pid"], start=found["start"])
        return Claim(name=name, owner=owner, beat=found["beat"], number=found["number"])

    def _create(self, claim: Claim) -> bool:
        with one_line_faults(self.url), suppress(DuplicateKeyError):
            self._database["claims"].insert_one({**_key(claim), **_content(claim)})
            return True
        return False

    def _take_over(self, dead: Claim, claim: Claim) -> bool:
        with one_line_faults(self.url):
            unchanged = {**_key(dead), **_content(dead)}
            return self._database["claims"].update_one(unchanged, {"$set": _content(claim)}).matched_count == 1

    def _touch(self, claim: Claim) -> None:
        with one_line_faults(self.url):
            self._database["claims"].update_one(_own(claim), {"$inc": {"beat": 1}})

    def _delete(self, claim: Claim) -> None:
        with one_line_faults(self.url):
            self._database["claims"].delete_one(_own(claim))


def claims_at(url: str) -> Claims:
    """The claims of the runs that are recorded there."""
    return DatabaseClaims(url=url) if is_mongo_url(url) else FolderClaims(folder=folder_at(url) / "claims")


def _key(claim: Claim) -> dict[str, Any]:
    return {"_id": claim.name}


def _content(claim: Claim) -> dict[str, Any]:
    owner = claim.owner
    return {"host": owner.host, "pid": owner.pid, "start": owner.start, "beat": claim.beat, "number": claim.number}


def _own(claim: Claim) -> dict[str, Any]:
    content = _content(claim)
    del content["beat"]
    return {**_key(claim), **content}


@lru_cache(maxsize=1)
def _host() -> str:
    """The name of this machine, and of its containers the one whose process ids these are."""
    try:
        return f"{platform.node()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _started(pid: int) -> str | None:
    """When a process of this machine was started, in any unit; None if it has ended."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # no Linux
        found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
        return found.stdout.strip() or None
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else f"{boot} {rest[18]}"
