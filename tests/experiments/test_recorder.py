import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.recorder import TraceRecorder
from runs.schema import STEP_TRACES, RunConfig, promised_steps

CPU = torch.device("cpu")


def recorded(values, *, trace_every=1):
    config = RunConfig(steps=max(len(values), trace_every), trace_every=trace_every)
    recorder = TraceRecorder(config, CPU)
    for value in values:
        if recorder.full:
            recorder.flush()
        recorder.write(torch.full((len(STEP_TRACES),), float(value)))
    recorder.flush()
    return recorder


def points(recorder, name="loss_d"):
    return {step: value for trace, value, step in recorder.new_points() if trace == name}


def test_every_step_is_a_point_however_often_the_buffer_fills():
    values = [float(i) for i in range(700)]
    assert points(recorded(values)) == {i + 1: value for i, value in enumerate(values)}


def test_a_thinned_trace_has_the_promised_steps_and_their_values():
    recorder = recorded(list(range(1, 101)), trace_every=7)
    promised = promised_steps(RunConfig(steps=100, trace_every=7))["loss_d"]
    assert points(recorder) == {step: float(step) for step in promised}


def test_extremes_are_of_every_step_also_where_the_trace_is_thinned():
    recorder = recorded([5, -3, 9, 2, math.nan, 4, math.inf], trace_every=4)
    assert recorder.extremes()["loss_d"] == {"minimum": -3, "maximum": 9, "first_nonfinite": 5}


def test_a_trace_without_finite_values_has_no_extremes():
    extremes = recorded([math.nan])
    assert math.isnan(extremes.extremes()["loss_g"]["minimum"])


@given(st.lists(st.floats(width=32), min_size=1, max_size=40))
def test_values_are_recorded_as_they_are(values):
    kept = points(recorded(values))
    for i, value in enumerate(values):
        assert kept[i + 1] == value or (math.isnan(value) and math.isnan(kept[i + 1]))


def test_points_are_published_once():
    recorder = recorded([1, 2, 3])
    assert len(list(recorder.new_points())) == 3 * len(STEP_TRACES)
    assert list(recorder.new_points()) == []
    recorder.add(3, {"eval_frechet": 4.0})
    assert list(recorder.new_points()) == [("eval_frechet", 4.0, 3)]


def test_a_restored_recorder_publishes_everything_again_and_goes_on():
    config = RunConfig(steps=5)
    before = recorded([1, 2, 3])
    list(before.new_points())
    after = TraceRecorder(config, CPU)
    after.restore(before.state())
    after.fill_with_nan(2)
    kept = points(after)
    assert [kept[step] for step in (1, 2, 3)] == [1, 2, 3]
    assert math.isnan(kept[4]) and math.isnan(kept[5])
    assert after.extremes()["loss_d"] == {"minimum": 1, "maximum": 3, "first_nonfinite": 4}
