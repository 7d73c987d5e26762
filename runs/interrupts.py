"""Ctrl-C and the processes that a command starts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until this ends, and never reaches a process started within: a process inherits what is blocked.

    A terminal interrupts every process of its group, and one that is still importing cannot say yet that the command
    which started it decides what stops.
    """
    resource_tracker.ensure_running()  # starting it with the first process would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
