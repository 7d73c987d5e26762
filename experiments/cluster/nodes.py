"""Whether a node would make the same runs: the same folders, code, versions and data as the machine of the sweep."""

import hashlib
import os
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from experiments.datasets import load_images
from experiments.datasets.protocol import Source
from experiments.environment import versions
from experiments.features import data_digest
from runs.addresses import DATA_VARIABLE, LOCAL_VARIABLE
from runs.errors import UserError

ROOT = Path(__file__).parents[2].resolve()
_PACKAGES = ("models", "runs", "experiments")
_NO_CODE = ("_local", "reports", "__pycache__")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a node has to have, as the machine of the sweep has it.

    ``shared``: files that the sweep has written, and why others must see them. ``data``: digests of the images.
    """

    shared: tuple[tuple[Path, str], ...]
    code: str
    versions: tuple[tuple[str, str], ...]
    local: Path
    data: tuple[tuple[Source, str], ...]


def expected(data: Mapping[Source, str], local: Path, shared: Sequence[tuple[Path, str]]) -> Expected:
    """What this machine has, for others to be compared with."""
    return Expected(
        shared=tuple(shared),
        code=code_digest(),
        versions=tuple(versions().items()),
        local=local,
        data=tuple(data.items()),
    )


@contextmanager
def shared_files(folders: Mapping[Path, str]) -> Iterator[list[tuple[Path, str]]]:
    """A file in each folder, and what the folder is for, for :class:`Expected`; removed at the end."""
    name = f".shared-{uuid.uuid4().hex}"
    files = [(folder / name, purpose) for folder, purpose in folders.items()]
    try:
        for file, _ in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        yield files
    finally:
        for file, _ in files:
            file.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def difference(here: Expected) -> str | None:
    """On a node: what it has otherwise than expected, and what to do; None where nothing is. Asked once a process."""
    for file, purpose in here.shared:
        if not file.exists():
            return f"its folder {file.parent} is not the same: {purpose}"
    if code_digest() != here.code:
        return f"its code in {ROOT} is not the same: bring both to one commit (git status, git pull)"
    own = versions()
    for name, version in here.versions:
        if own.get(name) != version:
            return f"it has {name} {own.get(name)} and not {version}: install requirements.lock on both"
    return _difference_of_data(here)


def _difference_of_data(here: Expected) -> str | None:
    for source, known in here.data:
        try:
            found = data_digest(load_images(source, here.local))
        except UserError as error:
            return str(error)
        if found != known:
            return (
                f"its images of {source.path or source.dataset} are not the same ({found}, not {known}): copy them,"
                f" or share their folder: export {DATA_VARIABLE}=/path/of/a/folder"
            )
    return None


def purposes(local: Path, records: Path | None) -> dict[Path, str]:
    """Folders that nodes have to share, and what to do where they do not; ``records``: None if a database has them."""
    advice = f"put it on a file system that all nodes share: export {LOCAL_VARIABLE}=/path/of/a/folder"
    found = {local: f"checkpoints go there; {advice}"}
    if records is not None:
        found[records] = f"records go there; {advice}, or record to a database: export MONGO_URL=mongodb://..."
    return found


def code_digest(root: Path = ROOT) -> str:
    """Digest of the source files and studies of what trains."""
    content = hashlib.sha256()
    for path in sorted(_code(root, _PACKAGES)):
        content.update(f"{path.relative_to(root).as_posix()}\n".encode())
        content.update(path.read_bytes())
    return content.hexdigest()


def _code(root: Path, packages: Collection[str]) -> Iterator[Path]:
    for package in packages:
        for folder, below, names in os.walk(root / package):
            below[:] = [name for name in below if name not in _NO_CODE]
            yield from (Path(folder, name) for name in names if name.endswith((".py", ".yaml")))
