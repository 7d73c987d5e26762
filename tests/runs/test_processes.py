import os
import signal
import threading
import time

import pytest

from runs.errors import UserError
from runs.processes import checked_workers, interrupts_held


@pytest.mark.parametrize("others", [0, 1])
def test_an_interrupt_waits_until_what_holds_it_has_ended(others: int) -> None:
    """Also where another thread, which does not block it, takes the signal."""
    ended, reached = threading.Event(), []
    threads = [threading.Thread(target=ended.wait) for _ in range(others)]
    for thread in threads:
        thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            with interrupts_held():
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.05)
                reached.append("the end")
            reached.append("what comes after")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert reached == ["the end"]


def test_without_an_interrupt_nothing_is_left_changed() -> None:
    handler, blocked = signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with interrupts_held():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert (signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])) == (handler, blocked)


def test_on_a_cluster_there_may_be_more_at_a_time_than_this_machine_bears_but_not_none() -> None:
    assert checked_workers(100_000, here=False) == 100_000
    assert checked_workers(None, here=False) is None
    with pytest.raises(UserError, match="workers=0: expected 1 or more"):
        checked_workers(0, here=False)
