"""Records in a folder: one folder a run, named by its id, as sacred's FileStorageObserver writes them."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from runs.contents.content import Content, Contents, Points, abandoned, absent, plain_json, points_of, this_process
from runs.files import replaced
from runs.filters import TIMES
from runs.records import RUNNING

RUN, CONFIG, INFO, METRICS, OUTPUT = "run.json", "config.json", "info.json", "metrics.json", "cout.txt"
_COPYING = ".copying-"  # such a folder is a record that is not there yet: its name is no number


class FolderContents(Contents):
    """Records that sacred's FileStorageObserver wrote. A copy is made beside them and renamed when it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> list[int]:
        """See :class:`Contents`."""
        if not self._folder.exists():
            return []
        return sorted(int(path.name) for path in self._folder.iterdir() if path.name.isdecimal() and path.is_dir())

    def read(self, run_id: int) -> Content:
        """See :class:`Contents`."""
        folder = self._folder / str(run_id)
        if not folder.is_dir():
            raise KeyError(run_id)
        run = _object(folder / RUN)
        names = run.pop("artifacts", None)
        output = folder / OUTPUT
        return Content(
            id=run_id,
            run=run | {name: _time(run.get(name)) for name in TIMES if name in run},
            config=_object(folder / CONFIG),
            info=_object(folder / INFO),
            artifacts=tuple(
                dict.fromkeys(name for name in (names if isinstance(names, list) else []) if _is_file(folder, name))
            ),
            output=output.read_text(encoding="utf-8", errors="replace") if output.is_file() else "",
        )

    def every(self) -> Iterator[Content]:
        """See :class:`Contents`."""
        return map(self.read, self.ids())

    def points(self, run_id: int) -> dict[str, Points]:
        """See :class:`Contents`."""
        path = self._folder / str(run_id) / METRICS
        recorded = json.loads(path.read_bytes()) if path.exists() else {}
        if not isinstance(recorded, dict):
            raise ValueError(f"its {METRICS} holds no metrics")
        return {name: points_of(metric) for name, metric in recorded.items()}

    def artifact(self, run_id: int, name: str) -> AbstractContextManager[BinaryIO]:
        """See :class:`Contents`."""
        content = self.read(run_id)
        if name not in content.artifacts:
            raise absent(content, name)
        return (self._folder / str(run_id) / name).open("rb")

    def size(self, run_id: int) -> int:
        """See :class:`Contents`."""
        return size_of(self._folder / str(run_id))

    def begun_elsewhere(self, identity: str) -> bool:
        """See :class:`Contents`."""
        return any(not _abandoned(path) for path in self._folder.glob(f"{_COPYING}{identity}.*"))

    def add(self, content: Content, source: Contents) -> int:
        """See :class:`Contents`."""
        for path in self._folder.glob(f"{_COPYING}{content.identity}.*"):
            shutil.rmtree(path)  # abandoned, or it would have been begun elsewhere
        host, process = this_process()
        part = self._folder / f"{_COPYING}{content.identity}.{process}@{host}"
        part.mkdir()
        try:
            _write(part, content, source)
            return self._publish(part, content.id)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _publish(self, part: Path, wanted: int) -> int:
        """Take an id as sacred does, by making its folder, and have the copy replace that."""
        last = max(self.ids(), default=0)
        run_id = wanted if wanted > last else last + 1
        while True:
            place = self._folder / str(run_id)
            try:
                place.mkdir()
            except FileExistsError:
                run_id += 1
                continue
            part.rename(place)
            return run_id

    def half_copies(self) -> int:
        """See :class:`Contents`."""
        return len(self._half_copies())

    def remove_half_copies(self) -> None:
        """See :class:`Contents`."""
        for path in self._half_copies():
            shutil.rmtree(path)

    def _half_copies(self) -> list[Path]:
        return [path for path in self._folder.glob(f"{_COPYING}*") if _abandoned(path)]

    def interrupt(self, run_id: int) -> bool:
        """See :class:`Contents`."""
        path = self._folder / str(run_id) / RUN
        run = _object(path)
        if run.get("status") != RUNNING:
            return False
        heard = run.get("heartbeat") or run.get("start_time")
        with replaced(path) as part:
            part.write_text(plain_json({**run, "status": "INTERRUPTED", "stop_time": heard}, 2), encoding="utf-8")
        return True

    def remove(self, run_id: int) -> None:
        """See :class:`Contents`."""
        folder = self._folder / str(run_id)
        (folder / RUN).unlink(missing_ok=True)  # no longer complete from here on
        for path in folder.iterdir():
            if path.name == CONFIG:  # it says of which study it is
                continue
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        shutil.rmtree(folder)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir() and not path.is_symlink():
        return sum(size_of(one) for one in path.iterdir())
    return path.lstat().st_size


def _abandoned(path: Path) -> bool:
    process, _, host = path.name.removeprefix(_COPYING).partition(".")[2].partition("@")
    heard = max(one.stat().st_mtime for one in (path, *path.iterdir()))
    return not process.isdecimal() or abandoned(
        host, int(process), datetime.fromtimestamp(heard, UTC).replace(tzinfo=None)
    )


def _write(part: Path, content: Content, source: Contents) -> None:
    run = {name: _text(value) if name in TIMES else value for name, value in content.run.items()}
    metrics = {
        name: {"steps": one.steps, "values": one.values, "timestamps": [time.isoformat() for time in one.timestamps]}
        for name, one in source.points(content.id).items()
    }
    documents: Mapping[str, Any] = {CONFIG: content.config, INFO: content.info, METRICS: metrics}
    for name, document in documents.items():
        if document or name == CONFIG:  # as sacred does
            _write_bytes(part / name, plain_json(document, 2).encode())
    _write_bytes(part / OUTPUT, content.output.encode())
    for name in content.artifacts:
        if not _plain(name):
            raise ValueError(f"an artifact has the name {name!r}, which no file of a record can have")
        with source.artifact(content.id, name) as original, (part / name).open("xb") as copy:
            shutil.copyfileobj(original, copy)
            os.fsync(copy.fileno())
    _write_bytes(part / RUN, plain_json({**run, "artifacts": list(content.artifacts)}, 2).encode())


def _write_bytes(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        os.fsync(file.fileno())


def _object(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one if the file is missing or cut off."""
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _plain(name: Any) -> bool:
    """Whether it names a file of the record's own folder."""
    return isinstance(name, str) and Path(name).name == name


def _is_file(folder: Path, name: Any) -> bool:
    return _plain(name) and (folder / name).is_file()


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
