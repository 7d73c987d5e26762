"""What a worker does: it makes the runs that it is given, and tells how each went."""

import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from textwrap import shorten
from typing import Literal

from pymongo.errors import PyMongoError

from experiments.recording import NotRecorded, Progress, RunRequest, record
from runs.addresses import is_mongo_url
from runs.stopping import StopRequest

REASON = 200  # characters of what went wrong
LESS_MEMORY = "batch_size, eval_samples or widths lower, or fewer WORKERS (--workers), need less memory"
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")  # of torch's RuntimeErrors, on any device

# of a run: a step that it has reached, its end, why it failed, or why a store did not take it
Told = tuple[Literal["progress"], int] | tuple[Literal["recorded", "failed", "unrecorded"], str]


def serve(pipe: Connection, stop: StopRequest) -> None:
    """In a worker: make the runs that come through the pipe. Raises EOFError when its other end has closed."""

    def progress(step: int) -> None:
        with suppress(ConnectionError):  # of a sweep that has gone: the request to stop is on its way
            pipe.send(("progress", step))

    while not stop():
        request = pipe.recv()
        pipe.send(attempt(request, progress, stop))


def attempt(request: RunRequest, progress: Progress, stop: Callable[[], bool]) -> Told:
    """Make a run, whatever comes of it. Raises KeyboardInterrupt, with a checkpoint, once it is to stop."""
    try:
        record(request, progress, stop)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        reason = f"{type(error).__name__}: {shorten(str(error), REASON) or 'no message'} ({place})"
        if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
            reason = f"{reason}; {LESS_MEMORY}"
        by_server = isinstance(error, NotRecorded | PyMongoError) and is_mongo_url(request.url)
        return "unrecorded" if by_server else "failed", reason
    return "recorded", ""
