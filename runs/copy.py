"""``python -m runs.copy FROM TO [FILTER]``: copy records into another store, as a laptop's to the group's database.

Nothing is changed at FROM, and what TO holds already is not copied again: after an interruption the same command
continues. Records get new ids where theirs are taken; what names them follows. Afterwards TO answers as FROM does.
Give the word MONGO_URL for the database that this variable names: so its password is on no command line.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence

from runs.addresses import shown
from runs.contents.content import Content, Contents
from runs.contents.places import check_has_records, contents_at, given_address, refuse_folder_around_records
from runs.copying.transfer import Copied, Transfer
from runs.errors import CommandLine, UserError, report_user_errors
from runs.kinds import KINDS
from runs.observers import check_store
from runs.progress import is_watched, progress, say
from runs.query import parsed_query
from runs.records import RUNNING, RunRecord
from runs.store import open_store
from runs.wording import counted, disk, duration


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy; 0 when TO holds all that was asked for afterwards, 1 otherwise. Raises UserError on bad arguments."""
    options = _parse(arguments)
    urls = [given_address(text) for text in (options.source, options.target)]
    source, target = map(contents_at, urls)
    if urls[0] == urls[1]:
        raise UserError(f"FROM and TO are the same store, {shown(urls[0])}; give the address of another as TO")
    check_has_records(urls[0])
    refuse_folder_around_records(urls[1])
    wanted, others = _chosen(urls[0], source, options)
    if not options.dry_run:
        check_store(urls[1])
    transfer = Transfer(source, target)
    lacking = transfer.lacking(wanted)
    there, more = len(set(wanted) - set(lacking)), len(set(lacking) - set(wanted))
    print(f"from  {shown(urls[0])}: {counted(len(wanted), 'record')}{others}")
    print(f"to    {shown(urls[1])}: {counted(there, 'of them is', 'of them are')} there already")
    if more:
        print(f"with  {counted(more, 'run')} that they are about")
    if options.dry_run:
        print(f"would copy {counted(len(lacking), 'record')}, {_size(source, lacking)}")
        return 0
    return _copy(transfer, source, lacking)


def _chosen(url: str, source: Contents, options: argparse.Namespace) -> tuple[list[int], str]:
    """Ids of what is to be copied, and in words what is not."""
    query = parsed_query(options.filter)
    store = open_store(url)
    found = [record for kind in KINDS.values() for record in store.find(query, kind=kind, complete_only=False)]
    alive = {record.id for record in found if record.status == RUNNING and not record.dead}
    known = {record.id: record for record in found}
    strangers = [] if query else [run_id for run_id in source.ids() if run_id not in known]  # of kinds of newer code
    ended = sorted((known.keys() | set(strangers)) - alive)
    complete = [run_id for run_id in ended if _is_complete(known.get(run_id))]
    if options.all:
        return ended, _in_words([(len(alive), "still running, not copied")])
    rest = len(ended) - len(complete)
    return complete, _in_words([(rest, "incomplete, not copied without --all"), (len(alive), "still running")])


def _is_complete(record: RunRecord | None) -> bool:
    return record is not None and record.complete


def _in_words(left: Iterable[tuple[int, str]]) -> str:
    parts = [f"{count} {what}" for count, what in left if count]
    return f" ({'; '.join(parts)})" if parts else ""


def _copy(transfer: Transfer, source: Contents, run_ids: Sequence[int]) -> int:
    if not run_ids:
        print("nothing to copy: TO holds all of it")
        return 0
    began, done, failed = time.monotonic(), [], 0
    for copied in _shown(transfer.copies(run_ids), len(run_ids)):
        if copied.new_id is None:
            failed += 1
        else:
            done.append(copied.content.id)
    took = f", {_size(source, done)}, in {duration(time.monotonic() - began)}" if done else ""
    lack = f"; {counted(failed, 'record')} could not be copied, see above" if failed else ""
    print(f"copied {counted(len(done), 'record')}{took}{lack}")
    return 1 if failed else 0


def _shown(copies: Iterator[Copied], total: int) -> Iterator[Copied]:
    """A bar on a terminal, elsewhere a line a record; either way a line for what cannot be copied."""
    terminal = is_watched()
    bar = progress(copies, total=total, unit="record", short=not terminal)
    for count, copied in enumerate(bar, start=1):
        if copied.new_id is None:
            say(f"NOT COPIED run {copied.content.id}: {copied.why_not}")
        elif not terminal:
            print(
                f"{count:>{len(str(total))}} of {total}  run {_renumbered(copied)}  {_named(copied.content)}",
                flush=True,
            )
        yield copied


def _renumbered(copied: Copied) -> str:
    own = copied.content.id
    return f"{own}" if copied.new_id == own else f"{own} is {copied.new_id} there"


def _named(content: Content) -> str:
    config = content.config
    parts = [config.get("study"), config.get("arm"), None if config.get("seed") is None else f"seed {config['seed']}"]
    return " ".join(str(part) for part in parts if part is not None)


def _size(source: Contents, run_ids: Iterable[int]) -> str:
    return disk(sum(source.size(run_id) for run_id in run_ids))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(
        prog="python -m runs.copy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    address = "mongodb://[user:password@]host[:port]/database, or the path of a folder of records"
    parser.add_argument("source", metavar="FROM", help=f"the store to copy from: {address}, as runs/_local/records")
    parser.add_argument("target", metavar="TO", help="the store to copy into, alike; a folder is made")
    parser.add_argument(
        "filter",
        metavar="FILTER",
        nargs="?",
        default="{}",
        help="which records, as for runs.query; the runs that they are about come with them",
    )
    parser.add_argument("--all", action="store_true", help="incomplete records too (failed, interrupted, dead)")
    parser.add_argument("--dry-run", action="store_true", help="say how much would be copied, and copy nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
