"""``python -m runs.purge STUDY``: delete all records of a study, whatever their kind and status, and its checkpoints.

Says first what that would be, and asks. What is deleted cannot be had back but by training it all again.
"""

import argparse
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from runs.addresses import local_folder, shown, store_url
from runs.asking import let_confirm
from runs.contents.content import Content, Contents
from runs.contents.in_folder import size_of
from runs.contents.places import contents_at
from runs.errors import CommandLine, UserError, report_user_errors
from runs.kinds import KINDS, kind_name
from runs.progress import is_watched, progress
from runs.records import RUNNING, RunStore
from runs.store import open_store
from runs.study import load_study
from runs.wording import counted, disk

_KEY = re.compile("[0-9a-f]{16}")  # of a cell


def main(arguments: Sequence[str] | None = None) -> int:
    """Delete them, after asking. Raises UserError if there are none, some are running, or the answer is no."""
    options = _parse(arguments)
    url, name = store_url(), _name(options.study)
    contents = contents_at(url)
    found = [content for content in contents.every() if content.config.get("study") == name]
    if not found:
        raise UserError(f"study {name}: {shown(url)} holds no record of it")
    _refuse_running(name, open_store(url))
    checkpoints = list(_checkpoints(found))
    print("\n".join(_lines(name, shown(url), found, contents, checkpoints)))
    let_confirm(f"delete all {counted(len(found), 'record')} of {name}? They cannot be had back.", yes=options.yes)
    _delete(contents, found, checkpoints)
    print(f"deleted {counted(len(found), 'record')} of {name}")
    return 0


def _name(study: str) -> str:
    """The name that records bear: a study's file is known by its path; whose file is gone is known by its records."""
    try:
        return load_study(study).name
    except UserError:
        if study.endswith((".yaml", ".yml")):
            raise
        return study


def _refuse_running(name: str, store: RunStore) -> None:
    query = {"config.study": name, "status": RUNNING}
    found = [record for kind in KINDS.values() for record in store.find(query, kind=kind, complete_only=False)]
    alive = [record for record in found if not record.dead]
    if alive:
        raise UserError(
            f"study {name}: {counted(len(alive), 'run is', 'runs are')} running now (run {alive[0].id}); stop the sweep"
            " first, or wait two minutes if it was killed"
        )


def _checkpoints(found: Sequence[Content]) -> Iterator[Path]:
    """Of the cells that these records are of, snapshots beside them included."""
    folder = local_folder() / "checkpoints"
    keys = {str(content.meta.get("cell_key")) for content in found}
    for key in sorted(key for key in keys if _KEY.fullmatch(key)):
        yield from sorted(folder.glob(f"{key}-*"))


def _lines(
    name: str, place: str, found: Sequence[Content], contents: Contents, checkpoints: Sequence[Path]
) -> Iterator[str]:
    records = sum(contents.size(content.id) for content in found)
    yield f"{name} in {place}"
    for (kind, status), count in sorted(Counter((kind_name(one.meta), one.status) for one in found).items()):
        yield f"  {count:>6,}  {kind}, {status}"
    yield f"  {counted(len(found), 'record')}, {disk(records)}"
    if checkpoints:
        yield f"  {counted(len(checkpoints), 'checkpoint')}, {disk(sum(map(size_of, checkpoints)))}"


def _delete(contents: Contents, found: Sequence[Content], checkpoints: Sequence[Path]) -> None:
    for path in checkpoints:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for content in progress(found, total=len(found), unit="record", short=not is_watched()):
        contents.remove(content.id)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(
        prog="python -m runs.purge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", help="name of a study, or its YAML file")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
