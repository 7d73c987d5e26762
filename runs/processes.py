"""Processes that a command starts: for how many there is room, and what Ctrl-C does to them."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from runs.errors import UserError

MOST_A_CORE = 8  # a core runs one as fast as many; several share a GPU


def available_cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def checked_workers(workers: int | None) -> int | None:
    """The same number of processes (None: as many as there are cores).

    Raises UserError if it is below 1, or so many that starting them would bring the machine down: each holds torch and
    half a gigabyte.
    """
    most = MOST_A_CORE * len(available_cores())
    if workers is not None and not 1 <= workers <= most:
        raise UserError(f"workers={workers}: expected 1 to {most}, {MOST_A_CORE} a core at most")
    return workers


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until this ends, and never reaches a process started within: a process inherits what is blocked.

    A terminal interrupts every process of its group, and one that is still importing cannot say yet that the command
    which started it decides what stops. For use around starting a process and noting that it was started.
    """
    resource_tracker.ensure_running()  # starting it with the first process would unblock the signal again
    came: list[int] = []
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    in_main = threading.current_thread() is threading.main_thread()  # the only one that Python interrupts
    # another thread takes what this one blocks
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if in_main else None
    try:
        yield
    finally:
        if in_main:
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if came:
            signal.raise_signal(signal.SIGINT)
