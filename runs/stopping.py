"""What stops a command and the processes that it starts: Ctrl-C, SIGTERM, a closed terminal, their parent's death.

A command is interrupted by an exception. Its processes hear of nothing but SIGTERM, with which the command stops them.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from types import FrameType

from runs.living import is_alive

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MAKER = "GAN_STABILITY_MAKER"  # the process id of a make that runs a command, for the command to end with it

_SILENT_SECONDS = 10.0  # after one signal further ones change nothing: what it stopped is being put in order
_SWALLOWED_SECONDS = 1.0  # after which an interruption that nothing is dealing with counts as swallowed
_HEARD_SECONDS = 5  # that a process has to find a good place to stop at, before it is stopped where it is
_ENDED_SECONDS = 9.0  # that it has to end, before it is killed


class Interrupted(KeyboardInterrupt):
    """A signal has asked the command to stop."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, each signal of STOPPING raises Interrupted, in the main thread; one that is ignored (nohup) stays so.

    What comes in the ten seconds after one is ignored: a second Ctrl-C must not stop what puts things in order. One
    that a library has swallowed is raised again a second later. The death of a make that named itself counts as
    SIGTERM.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stopped = -_SILENT_SECONDS

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        if time.monotonic() - stopped > _SILENT_SECONDS:
            stopped = time.monotonic()
            signal.signal(signal.SIGALRM, lambda *_: insist(number))
            signal.setitimer(signal.ITIMER_REAL, _SWALLOWED_SECONDS)
            raise Interrupted(number)

    def insist(number: int) -> None:
        nonlocal stopped
        if not _is_dealt_with():
            stopped = -_SILENT_SECONDS
            signal.raise_signal(number)

    alarm = signal.getsignal(signal.SIGALRM)
    own = {number: signal.getsignal(number) for number in STOPPING}
    heard = [number for number, handler in own.items() if handler in (signal.SIG_DFL, signal.default_int_handler)]
    for number in heard:
        signal.signal(number, stop)
    _end_with_make()
    try:
        yield
    finally:
        if stopped < 0:  # otherwise more may come, until the command has ended
            for number in heard:
                signal.signal(number, own[number])
        else:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, alarm)


def _is_dealt_with() -> bool:
    """Whether an ``except``, a ``finally`` or the end of a ``with`` is running because of an interruption.

    It is not where C code has cleared it, as numpy and ``PyObject_HasAttr`` (before Python 3.13) do with whatever is
    raised while they ask an object what it can do.
    """
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, Interrupted):
        error = error.__context__
    return error is not None


def end_all(processes: Sequence[BaseProcess]) -> None:
    """Wait until these, which were asked to, have ended; kill those that take too long."""
    deadline = time.monotonic() + _ENDED_SECONDS
    for process in processes:
        process.join(timeout=max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


class StopRequest:
    """Whether this process, which a command has started, was asked to stop: by SIGTERM or the death of the command.

    Who asks in time, by calling it, chooses where to stop; otherwise KeyboardInterrupt is raised wherever it is.
    """

    def __init__(self) -> None:
        self._came = self._noticed = False

    def __call__(self) -> bool:
        """Whether to stop; having been told so, the caller does."""
        self._noticed = self._came
        return self._came

    def listen(self) -> None:
        """Begin to hear. To be called once, in the main thread."""
        signal.signal(signal.SIGTERM, self._request)
        signal.signal(signal.SIGALRM, self._insist)
        end_with_parent()

    def _request(self, number: int, frame: FrameType | None) -> None:
        if not self._came:
            self._came = True
            signal.alarm(_HEARD_SECONDS)

    def _insist(self, number: int, frame: FrameType | None) -> None:
        if not self._noticed:
            raise KeyboardInterrupt


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Within, SIGTERM raises KeyboardInterrupt, once."""

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_with_parent() -> None:
    """Have this process get a SIGTERM when the one that started it dies, however it does, and end soon after."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    _terminate()
    time.sleep(_ENDED_SECONDS)
    os._exit(1)


def _end_with_make() -> None:
    maker = os.environ.pop(MAKER, "")
    if maker.isdecimal():
        threading.Thread(target=_follow, args=(int(maker), os.getppid()), daemon=True).start()


def _follow(maker: int, shell: int) -> None:
    """A SIGTERM kills make and the shell of its recipe, and leaves the command alone; one of SIGHUP only make."""
    while os.getppid() == shell and is_alive(maker):
        time.sleep(1)
    _terminate()


def _terminate() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGTERM)
