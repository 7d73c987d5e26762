"""Standard output and error of a command, wherever they go and for as long as anybody reads them."""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from runs.printable import printable


class _Output(io.FileIO):
    """Where a stream's bytes go. What nobody can read any more is dropped without a word, and the work goes on.

    The records and files of a command are what it is run for, not what it says: ``| head`` must not end a sweep. What
    cannot be written for another reason (a full disk) is an OSError, once.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream.fileno(), "w", closefd=False)
        self._name = stream.name.strip("<>")
        self._unread = (errno.EPIPE, errno.EIO) if stream.isatty() else (errno.EPIPE,)  # EIO: a terminal was closed
        self._lost = False

    def write(self, content: Any) -> int:
        """Write bytes; how many of them are done with."""
        if not self._lost:
            try:
                return super().write(content)
            except OSError as error:
                self._lost = True
                if error.errno not in self._unread:
                    raise OSError(error.errno, error.strerror, self._name) from None
        return len(content)


def speak_everywhere() -> None:
    """Have a terminal show ``?`` for what its encoding lacks, and write UTF-8 to files and pipes, whatever the locale.

    Both would otherwise end in a UnicodeEncodeError, after the work is done. Output whose reader has gone is
    dropped, and so is what goes to a closed standard error.
    """
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8", write_through=True)
    sys.stdout, sys.stderr = _heard(sys.stdout), _heard(sys.stderr)


def complain(message: str) -> None:
    """Write one line to standard error, where that is possible."""
    with suppress(OSError):
        sys.stderr.write(f"{printable(message)}\n")
        sys.stderr.flush()


def _heard(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding = stream.encoding if stream.isatty() else "utf-8"
    if stream not in (sys.__stdout__, sys.__stderr__):  # a test's own, or done already
        stream.reconfigure(encoding=encoding, errors="replace")
        return stream
    stream.flush()
    output = _Output(stream)
    at_once = stream.write_through  # PYTHONUNBUFFERED
    buffer = output if at_once else io.BufferedWriter(output)
    return io.TextIOWrapper(buffer, encoding, "replace", line_buffering=stream.line_buffering, write_through=at_once)
