import io
from contextlib import redirect_stderr

from experiments.engines import Event, Notice
from experiments.watched import SweepProgress
from tests.experiments.tiny import ARMS
from tests.terminal import Terminal


def shown(stream, requests, events):
    with redirect_stderr(stream):
        progress = SweepProgress(requests)
        for event in events:
            progress.show(event)
        progress.close()
    return stream.getvalue()


def a_sweep(request_for):
    """Two runs: one is recorded, one fails half-way."""
    well, ill = (request_for(config) for config in (ARMS["mlp"], ARMS["dcgan"]))
    half = ill.config.steps // 2
    events = [
        Event(kind="progress", request=well, step=half),
        Event(kind="progress", request=ill, step=half),
        Notice(text="the store is away"),
        Event(kind="recorded", request=well),
        Event(kind="failed", request=ill, reason="no memory", again=False),
    ]
    return [well, ill], events


def test_a_log_says_how_far_all_runs_are_and_what_failed(request_for):
    requests, events = a_sweep(request_for)
    steps, ill = requests[0].config.steps, requests[1].config
    lines = shown(io.StringIO(), requests, events).splitlines()
    assert lines[0].startswith(f"0 of 2 runs: 0 of {2 * steps:,} steps (0 %)")
    assert lines[1:3] == ["the store is away", f"FAILED {ill.arm} seed {ill.seed}: no memory; given up"]
    assert lines[3].startswith(f"1 of 2 runs: {steps + steps // 2:,} of {2 * steps:,} steps (75 %)") and len(lines) == 4


def test_a_terminal_shows_each_run_under_way_on_a_line_of_its_own(request_for):
    requests, events = a_sweep(request_for)
    drawn = shown(Terminal(), requests, events)
    for request in requests:
        assert f"{request.config.arm} seed {request.config.seed}: 50 % of " in drawn
    assert "1 of 2 runs: " in drawn.rpartition("\r")[2]
