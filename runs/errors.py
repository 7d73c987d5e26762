"""The one kind of error that is the user's to mend, and how a command line speaks and reports it."""

import argparse
import io
import sys
from collections.abc import Callable
from typing import NoReturn

from pymongo.errors import PyMongoError

BAD_INPUT = 2
INTERRUPTED = 130  # as shells report Ctrl-C


class UserError(Exception):
    """Bad input: one line that says what was wrong, what was expected and what to do."""


class CommandLine(argparse.ArgumentParser):
    """A parser whose complaints are UserErrors: one line like every other, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse on bad arguments."""
        raise UserError(f"{message}; see --help")


def comma_separated(text: str) -> list[str]:
    """The names in an option like ``--arms mlp,dcgan``."""
    return [name.strip() for name in text.split(",")]


def report_user_errors(main: Callable[[], int]) -> int:
    """Run a command line's ``main``; turn a UserError into one line on stderr and exit status 2, Ctrl-C into 130.

    What the machine or the database refuses in the middle of the work (a full disk, a connection that breaks) ends in
    one line too.
    """
    speak_everywhere()
    try:
        return main()
    except UserError as error:
        return _refused(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again to continue\n")
        exec("")  # CPython ends by the signal, not 130, if Ctrl-C fell into an exec of a text (as a dataclass is made)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe (head, less) has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:
        return _refused(f"{error.filename or 'this machine'}: {error.strerror or error}")
    except PyMongoError as error:
        return _refused(f"MongoDB: {str(error).split(' (configured')[0]}")


def speak_everywhere() -> None:
    """Have a terminal show ``?`` for what its encoding lacks, and write UTF-8 to files and pipes, whatever the locale.

    Both would otherwise end in a UnicodeEncodeError, after the work is done.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def _refused(message: str) -> int:
    sys.stderr.write(f"error: {' '.join(message.split())}\n")
    return BAD_INPUT
