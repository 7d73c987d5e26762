"""``python -m runs.doctor [STUDY]``: what is amiss with the records, and the command that mends each.

Of one study, or of all that have records and of the files beside these. Exit status 0 if nothing is amiss, 1 if
something is, 2 on bad input; what needs no mending is a note and does not count.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence

from runs.addresses import local_folder, shown, store_url
from runs.asking import let_confirm
from runs.checkup.finding import Finding
from runs.checkup.of_files import file_findings
from runs.checkup.of_records import findings_of, measured_findings
from runs.contents.content import Contents
from runs.contents.in_folder import size_of
from runs.contents.places import contents_at
from runs.errors import CommandLine, report_user_errors
from runs.kinds import KINDS
from runs.records import RunStore
from runs.standing.declared import Declared, all_declared, declared
from runs.store import open_store
from runs.tables import fitted
from runs.wording import counted, disk

_MOST_LINES = 12  # of one finding; the rest is counted

Findings = Mapping[str, Sequence[Finding]]  # by what they are about


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is found, mend what can be if that is wanted; 0 if nothing is amiss (any more), else 1."""
    options = _parse(arguments)
    url = store_url()
    store, contents = open_store(url), contents_at(url)
    found = _findings(options.study, store, contents)
    sys.stdout.write("\n".join(fitted(list(_lines(found, shown(url))))) + "\n")
    if options.fix and _amiss(found):
        _fix([finding for findings in found.values() for finding in findings], contents, options.yes)
        found = _findings(options.study, open_store(url), contents)
        left = len(_amiss(found))
        print(f"{counted(left, 'finding is', 'findings are')} left" if left else "nothing is amiss any more")
    return 1 if _amiss(found) else 0


def _findings(study: str | None, store: RunStore, contents: Contents) -> Findings:
    if study:
        chosen = declared(study, store)
        return {chosen.name: _findings_of(chosen, store, contents)}
    found = {one.name: _findings_of(one, store, contents) for one in all_declared(store)}
    everything = [record for kind in KINDS.values() for record in store.find(kind=kind, complete_only=False)]
    return {
        **found,
        "records of no study": list(_of_no_study(store)),
        f"files in {local_folder()}": list(file_findings(local_folder(), everything, contents)),
    }


def _findings_of(one: Declared, store: RunStore, contents: Contents) -> list[Finding]:
    return [*findings_of(one, contents), *measured_findings(one, store)]


def _of_no_study(store: RunStore) -> Iterator[Finding]:
    """What a writer left that was killed before it had said what it would do."""
    found = [record for record in store.find(complete_only=False) if not isinstance(record.config.get("study"), str)]
    if found:
        what = f"{counted(len(found), 'record says', 'records say')} not of which study it is"
        lines = [f"run {record.id}: {record.shortcoming}" for record in found]
        yield Finding(what=what, lines=lines, mend="look into it, and delete it by hand")


def _amiss(found: Findings) -> list[Finding]:
    return [finding for findings in found.values() for finding in findings if finding.mend]


def _lines(found: Findings, place: str) -> Iterator[str]:
    for about, findings in found.items():
        if findings:
            yield about
            for finding in sorted(findings, key=lambda one: not one.mend):
                yield from _finding_lines(finding)
            yield ""
    amiss = len(_amiss(found))
    yield f"{place}: {counted(amiss, 'finding')}" if amiss else f"{place}: nothing is amiss"


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"  {'' if finding.mend else 'note: '}{finding.what}"
    yield from (f"      {line}" for line in finding.lines[:_MOST_LINES])
    if len(finding.lines) > _MOST_LINES:
        yield f"      … and {len(finding.lines) - _MOST_LINES} more"
    if finding.mend:
        yield f"    mend: {finding.mend}"


def _fix(findings: Sequence[Finding], contents: Contents, yes: bool) -> None:
    """Mark the dead; delete files that nobody needs, after asking. Never a complete record."""
    dead = [run_id for finding in findings for run_id in finding.interrupt]
    marked = sum(contents.interrupt(run_id) for run_id in dead)
    if dead:
        print(f"{counted(marked, 'record says', 'records say')} INTERRUPTED now")
    files = [path for finding in findings for path in finding.delete]
    halves = any(finding.half_copies for finding in findings)
    if not files and not halves:
        return
    what = [f"{counted(len(files), 'file')} ({disk(sum(map(size_of, files)))})"] if files else []
    what += ["what killed copies left"] if halves else []
    let_confirm(f"delete {' and '.join(what)}, as listed above?", yes=yes)
    for path in files:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if halves:
        contents.remove_half_copies()
    print(f"deleted {' and '.join(what)}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(
        prog="python -m runs.doctor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", nargs="?", help="name of a study, or a YAML file; default: all, and files beside them")
    parser.add_argument(
        "--fix",
        action="store_true",
        help="have dead records say INTERRUPTED, and delete orphaned files after asking; never a complete record",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before files are deleted")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
