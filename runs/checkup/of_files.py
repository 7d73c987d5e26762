"""Files beside the records that nobody needs any more: checkpoints of complete runs, and what killed writers left."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from runs.checkup.finding import Finding
from runs.contents.content import Contents, abandoned, this_process
from runs.contents.in_folder import size_of
from runs.generations import generation_of
from runs.manifest import RunKey
from runs.records import SILENCE, RunRecord
from runs.standing.unfinished import run_of
from runs.study import load_study, study_names
from runs.times import utc_now
from runs.wording import counted, disk

_CHECKPOINT = re.compile(r"([0-9a-f]{16})-(\d+)(?:-again(\d+))?\.(?:pt|snapshots)")
_DAMAGED = ".damaged"  # set aside because it could not be read
_PART = re.compile(r"\..+\.(\d+)\.part")  # as runs.files names what is not there yet
_WRITTEN_TO = ("checkpoints", "features", "representation", "records")  # data sets look after their own
_MEND = "python -m runs.doctor --fix"


def file_findings(local: Path, records: Sequence[RunRecord], contents: Contents) -> Iterator[Finding]:
    """All that lies in the local folder without need; ``records``: all of the store, complete or not."""
    orphans = dict(_orphans(local / "checkpoints", records))
    if orphans:
        yield Finding(
            what=f"{counted(len(orphans), 'orphaned checkpoint')}, {disk(sum(map(size_of, orphans)))}",
            lines=[f"{path}: {why}" for path, why in orphans.items()],
            mend=_MEND,
            delete=list(orphans),
        )
    parts = [path for name in _WRITTEN_TO for path in sorted((local / name).rglob(".*.part")) if _left_behind(path)]
    if parts:
        yield Finding(
            what=f"{counted(len(parts), 'unfinished file')} of killed processes, {disk(sum(map(size_of, parts)))}",
            lines=[str(path) for path in parts],
            mend=_MEND,
            delete=parts,
        )
    halves = contents.half_copies()
    if halves:
        what = f"{counted(halves, 'record was', 'records were')} being copied here when the copy was killed"
        yield Finding(what=what, mend=f"give the same runs.copy again, or {_MEND}", half_copies=True)


def _orphans(folder: Path, records: Sequence[RunRecord]) -> Iterator[tuple[Path, str]]:
    """Checkpoints, and snapshots beside them, of runs that are complete or that no study and no record knows."""
    paths = sorted(path for path in folder.iterdir() if not _is_young(path)) if folder.is_dir() else []
    if not paths:
        return
    complete, known = _complete(records), _known_keys(records)
    for path in paths:
        found = _CHECKPOINT.fullmatch(path.name.removesuffix(_DAMAGED))
        if found is None:
            continue
        key, seed, generation = found[1], int(found[2]), int(found[3] or 0)
        if path.name.endswith(_DAMAGED):
            yield path, "it could not be read, and was set aside"
        elif complete.get((key, seed), -1) >= generation:
            yield path, "its run is complete"
        elif key not in known:
            yield path, "no study here and no record has such a run"


def _complete(records: Sequence[RunRecord]) -> Mapping[RunKey, int]:
    """The latest training of each run that is complete."""
    latest: dict[RunKey, int] = {}
    for record in records:
        if record.complete:
            run = run_of(record)
            latest[run] = max(latest.get(run, 0), generation_of(record))
    return latest


def _known_keys(records: Sequence[RunRecord]) -> set[str]:
    recorded = {str(record.meta.get("cell_key")) for record in records}
    return recorded | {cell.key for name in study_names() for cell in load_study(name).cells()}


def _left_behind(path: Path) -> bool:
    """Whether the process that writes it is gone."""
    found = _PART.fullmatch(path.name)
    if found is None or _is_young(path):
        return False
    return abandoned(this_process()[0], int(found[1]), _changed(path))


def _is_young(path: Path) -> bool:
    return utc_now() - _changed(path) < SILENCE


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC).replace(tzinfo=None)
