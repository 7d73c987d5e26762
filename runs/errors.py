"""The one kind of error that is the user's to mend, and how a command line reports it."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

BAD_INPUT = 2
INTERRUPTED = 130  # as shells report Ctrl-C


class UserError(Exception):
    """Bad input: one line that says what was wrong, what was expected and what to do."""


class CommandLine(argparse.ArgumentParser):
    """A parser whose complaints are UserErrors: one line like every other, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse on bad arguments."""
        raise UserError(f"{message}; see --help")


def report_user_errors(main: Callable[[], int]) -> int:
    """Run a command line's ``main``; turn a UserError into one line on stderr and exit status 2, Ctrl-C into 130."""
    try:
        return main()
    except UserError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again to continue\n")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe (head, less) has seen enough
        sys.stderr.close()
        return 0
