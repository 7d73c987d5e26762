"""The one kind of error that is the user's to mend, and how a command line reports it."""

import argparse
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from pymongo.errors import PyMongoError

from runs.output import complain, speak_everywhere
from runs.stopping import Interrupted, interruptible

UNFINISHED = 1
BAD_INPUT = 2
SIGNALLED = 128  # and the signal's number, as shells report it


class UserError(Exception):
    """Bad input: one line that says what was wrong, what was expected and what to do."""


class NotFinished(UserError):
    """Work that could not be brought to its end, whatever was asked for: exit status 1."""


class CommandLine(argparse.ArgumentParser):
    """A parser whose complaints are UserErrors: one line like every other, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse on bad arguments."""
        raise UserError(f"{message}; see --help")


def comma_separated(text: str) -> list[str]:
    """The names in an option like ``--arms mlp,dcgan``."""
    return [name.strip() for name in text.split(",")]


def report_user_errors(main: Callable[[], int]) -> int:
    """Run a command line's ``main``; turn a UserError into one line on stderr and exit status 2.

    Ctrl-C, SIGTERM and a closed terminal end it with a line of advice and 128 + the signal's number.
    What the machine or the database refuses in the middle of the work (a full disk, a connection that breaks) ends in
    one line too. Where nobody reads the output any more (``| head``) the work goes on, and the status tells its
    end.
    """
    speak_everywhere()
    if sys.stdout is None:  # the next file to be opened would take its place
        return _refused("standard output is closed; expected a place to write to: > /dev/null to hear nothing")
    status = _status_of(main)
    try:
        sys.stdout.flush()
    except OSError as error:
        return status or _refused_by_machine(error)
    return status


def _status_of(main: Callable[[], int]) -> int:
    try:
        with interruptible():
            return main()
    except UserError as error:
        return _refused(str(error), UNFINISHED if isinstance(error, NotFinished) else BAD_INPUT)
    except KeyboardInterrupt as stop:
        complain("interrupted; run the same command again to continue")
        exec("")  # CPython ends by the signal, not 130, if Ctrl-C fell into an exec of a text (as a dataclass is made)
        return SIGNALLED + (stop.number if isinstance(stop, Interrupted) else signal.SIGINT)
    except OSError as error:
        return _refused_by_machine(error)
    except PyMongoError as error:
        return _refused(f"MongoDB: {str(error).split(' (configured')[0]}")


def _refused(message: str, status: int = BAD_INPUT) -> int:
    complain(f"error: {message}")
    return status


def _refused_by_machine(error: OSError) -> int:
    return _refused(f"{error.filename or 'this machine'}: {error.strerror or error}")
