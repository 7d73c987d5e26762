import io
from contextlib import redirect_stderr

import pytest

from runs import progress as module
from runs.progress import progress, say
from tests.terminal import Terminal


def shown(stream, work):
    """What a stream gets of some work."""
    with redirect_stderr(stream):
        work()
    return stream.getvalue()


def steps(first, last, **words):
    def work():
        with progress(total=last, initial=first, unit="step", **words) as bar:
            for _ in range(first, last):
                bar.update(1)

    return work


def test_a_log_gets_whole_lines_one_a_minute_and_the_last():
    first, last = shown(io.StringIO(), steps(500, 2000, label="mlp")).splitlines()
    assert first.startswith("mlp: 500 of 2,000 steps (25 %)")
    assert last.startswith("mlp: 2,000 of 2,000 steps (100 %)") and "\r" not in first + last


def test_a_line_is_written_as_often_as_is_said(monkeypatch):
    monkeypatch.setattr(module, "SECONDS_A_LINE", 0.0)
    lines = shown(io.StringIO(), lambda: list(progress(range(3), total=3, unit="run"))).splitlines()
    assert [line.split(" (")[0] for line in lines[:4]] == [f"{n} of 3 runs" for n in range(4)]


def test_a_terminal_gets_a_bar_that_is_drawn_over():
    drawn = shown(Terminal(), steps(0, 10, label="mlp"))
    assert drawn.count("\rmlp: ") >= 2 and "10.0/10.0" in drawn and drawn.count("\n") == 1


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_what_is_not_worth_a_word_is_not_shown(stream):
    assert shown(stream(), steps(0, 10, short=True)) == ""


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_what_is_said_in_between_is_a_line_of_its_own(stream):
    def work():
        with progress(total=10, unit="step"):
            say("FAILED dcgan seed 3")

    lines = shown(stream(), work).splitlines()
    assert [line.rpartition("\r")[2].strip() for line in lines].count("FAILED dcgan seed 3") == 1
