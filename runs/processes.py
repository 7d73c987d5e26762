"""Processes that a command starts: for how many there is room, and what signals do to them."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from runs.errors import UserError
from runs.printable import in_short
from runs.stopping import STOPPING

MOST_A_CORE = 8  # a core runs one as fast as many; several share a GPU
MOST_A_GPU = 64


def available_cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def checked_workers(workers: int | None, *, here: bool = True) -> int | None:
    """The same number of processes (None: as many as there are cores).

    Raises UserError if it is below 1, or so many that starting them ``here`` would bring the machine down: each holds
    torch and half a gigabyte.
    """
    if not here:
        if workers is not None and workers < 1:
            raise UserError(f"workers={workers}: expected 1 or more runs at a time")
        return workers
    most = MOST_A_CORE * len(available_cores())
    if workers is not None and not 1 <= workers <= most:
        raise UserError(f"workers={workers}: expected 1 to {most}, {MOST_A_CORE} a core at most")
    return workers


def checked_runs_per_gpu(text: str, workers: int | None) -> int | None:
    """How many runs at a time on each GPU; None for "auto": as many as train fastest.

    Raises UserError if it is neither that nor 1 to MOST_A_GPU, or if ``workers`` says how many runs at a time already.
    """
    if text == "auto":
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_A_GPU):
        raise UserError(f"runs-per-gpu={in_short(text)}: expected auto, or 1 to {MOST_A_GPU}")
    if workers is not None:
        raise UserError(f"workers={workers} and runs-per-gpu={text}: expected one of them; both say how many at a time")
    return int(text)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """What stops a command waits until this ends. Ctrl-C and a closed terminal never reach a process started within.

    They reach each process of a terminal, and one that is still importing cannot say yet that the command which started
    it decides what stops; it inherits what is blocked. For use around starting a process and noting that it was
    started.
    """
    resource_tracker.ensure_running()  # starting it with the first process would unblock the signals again
    came: list[int] = []
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    in_main = threading.current_thread() is threading.main_thread()  # the only one that Python interrupts
    heard = [number for number in STOPPING if in_main and signal.getsignal(number) != signal.SIG_IGN]
    # another thread takes what this one blocks
    handlers = {number: signal.signal(number, lambda number, _: came.append(number)) for number in heard}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if came:
            signal.raise_signal(came[0])
