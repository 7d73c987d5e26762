"""What a signal does to the command that it is to stop."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from runs import stopping
from runs.stopping import STOPPING, Interrupted, interruptible


@pytest.fixture(autouse=True)
def as_in_a_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stopping, "_SWALLOWED_SECONDS", 0.05)
    before = [signal.signal(number, signal.SIG_DFL) for number in STOPPING]
    yield
    for number, handler in zip(STOPPING, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPPING)
def test_an_interruption_that_something_has_swallowed_comes_again(number: int) -> None:
    swallowed = False
    with pytest.raises(Interrupted) as stop, interruptible():
        with suppress(Interrupted):
            signal.raise_signal(number)
        swallowed = True
        time.sleep(5)
        pytest.fail("it went on")
    assert swallowed and stop.value.number == number


@contextmanager
def _put_in_order(said: list[str]) -> Iterator[None]:
    try:
        yield
    finally:
        try:
            raise OSError
        except OSError:
            time.sleep(0.15)
            said.append("in order")


def test_what_puts_things_in_order_after_one_is_not_interrupted() -> None:
    said: list[str] = []
    with pytest.raises(Interrupted), interruptible(), _put_in_order(said):
        signal.raise_signal(signal.SIGTERM)
    assert said == ["in order"]


def test_after_a_command_nothing_is_raised_and_nothing_of_it_is_left() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with suppress(Interrupted), interruptible():
        signal.raise_signal(signal.SIGINT)
    time.sleep(0.1)
    assert signal.getsignal(signal.SIGALRM) is before
