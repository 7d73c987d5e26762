"""``python -m runs.status [STUDY]``: where a study stands, or without one every study that has records.

Exit status 0 when it is complete (all of them are), 1 when it is not, 2 on bad input.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from time import sleep, strftime

from runs.addresses import shown, store_url
from runs.contents.places import contents_at
from runs.errors import CommandLine, UserError, comma_separated, report_user_errors
from runs.standing.declared import all_declared, declared
from runs.standing.shown import overview_lines, study_lines
from runs.standing.standing import standing_of
from runs.store import open_store
from runs.tables import fitted

_EVERY = 10.0  # seconds between two looks: heartbeats come as often
_CLEARED = "\x1b[H\x1b[2J\x1b[3J"  # what has a terminal begin an empty page

Look = Callable[[], tuple[list[str], bool]]  # lines, and whether all is complete


def main(arguments: Sequence[str] | None = None) -> int:
    """Print where it stands; 0 if complete, else 1. Raises UserError on bad arguments."""
    options = _parse(arguments)
    url = store_url()
    store, contents = open_store(url), contents_at(url)

    def one_study() -> tuple[list[str], bool]:
        chosen = declared(options.study, store, seeds=options.seeds, arms=options.arms)
        standing = standing_of(chosen, contents)
        return list(study_lines(standing)), standing.finished

    def all_studies() -> tuple[list[str], bool]:
        standings = [standing_of(one, contents) for one in all_declared(store)]
        if not standings:
            return [f"{shown(url)} holds no records yet; make stability-sweep begins the default study"], False
        return list(overview_lines(standings)), all(one.finished for one in standings)

    look = one_study if options.study else all_studies
    return _watch(look, options.watch) if options.watch else _print(look)


def _print(look: Look) -> int:
    lines, complete = look()
    sys.stdout.write("\n".join(fitted(lines)) + "\n")
    return 0 if complete else 1


def _watch(look: Look, every: float) -> int:
    """Look again and again until all is complete, or Ctrl-C."""
    lines, complete = look()
    try:
        while True:
            now = f"{strftime('%H:%M:%S')}, again every {every:g} s; Ctrl-C ends this, and no training"
            page = "\n".join(fitted([*lines, "", now])) + "\n"
            sys.stdout.write(_CLEARED + page if sys.stdout.isatty() else page + "\n")
            sys.stdout.flush()
            if complete:
                return 0
            sleep(every)
            lines, complete = _looked_again(look)
    except KeyboardInterrupt:
        return 0 if complete else 1


def _looked_again(look: Look) -> tuple[list[str], bool]:
    """A database that is away for a while ends no watch."""
    try:
        return look()
    except UserError as error:
        return [f"cannot look now: {error}"], False


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(
        prog="python -m runs.status", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", nargs="?", help="name of a study, or a YAML file; default: all that have records")
    parser.add_argument("--seeds", type=int, help="of so many seeds instead of the study's, as the sweep was told")
    parser.add_argument("--arms", type=comma_separated, help="of these arms only (names with commas between)")
    parser.add_argument(
        "--watch",
        type=_seconds,
        nargs="?",
        const=_EVERY,
        metavar="SECONDS",
        help=f"look again every so many seconds ({_EVERY:g}) until all is complete",
    )
    options = parser.parse_args(arguments)
    if options.study is None and (options.seeds is not None or options.arms):
        raise UserError("--seeds and --arms are of one study; name it")
    return options


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text}: expected 0.1 to 86,400 seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
