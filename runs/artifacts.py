"""What a record says of its files: names, sizes and digests, by which a reader sees whether they are still the same."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# pydantic reads no other before Python 3.12
from typing_extensions import TypedDict


class ArtifactInfo(TypedDict):
    """One file. A list of them, and no mapping by name: some readers of MongoDB break on dots in a field's name."""

    name: str
    bytes: int
    sha256: str


def described(paths: Iterable[Path]) -> list[ArtifactInfo]:
    """What ``info`` says of these files under "artifacts", where they are recorded under their names."""
    return [ArtifactInfo(name=path.name, bytes=path.stat().st_size, sha256=_digest(path)) for path in paths]


def faulty_artifacts(info: Mapping[str, Any], sizes: Mapping[str, int]) -> str | None:
    """Which files are not there as ``info`` says, or are empty, in a sentence; None if none is.

    Records from before this was recorded are judged by emptiness alone. Contents are compared where they are read.
    """
    described: list[ArtifactInfo] = info.get("artifacts", [])
    gone = [one["name"] for one in described if one["name"] not in sizes]
    if gone:
        return f"missing: {', '.join(gone)}"
    others = [one for one in described if sizes[one["name"]] != one["bytes"]]
    if others:
        return "artifacts: " + ", ".join(
            f"{one['name']} has {sizes[one['name']]} bytes and not the {one['bytes']} recorded" for one in others
        )
    empty = [name for name, size in sizes.items() if size == 0]
    return f"artifacts: {', '.join(empty)} empty" if empty else None


def is_as_recorded(info: Mapping[str, Any], name: str, content: bytes) -> bool:
    """Whether this is the file's content by its digest, if ``info``, which may be damaged, has one."""
    listed = info.get("artifacts")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("name") == name:
            return one.get("sha256") == hashlib.sha256(content).hexdigest()
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
