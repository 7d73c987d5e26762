"""Metrics are parsed and checked in one go; what is read of them, or said of them, is the same as one by one."""

import json
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from runs.reading import read_trace
from runs.record_files import parsed_metrics, series_of

numbers = st.integers(-9, 9) | st.floats(width=32) | st.sampled_from([2**63, 2**70, 1e308])
anything = numbers | st.none() | st.booleans() | st.text(max_size=2) | st.lists(st.integers(), max_size=1)
columns = st.lists(st.integers(-9, 9), max_size=4) | st.lists(numbers, max_size=4) | st.lists(anything, max_size=3)
metrics = st.fixed_dictionaries({"steps": columns, "values": columns}, optional={"timestamps": st.just(["now"])})
damaged = st.dictionaries(st.sampled_from(["steps", "values"]), columns | anything) | anything


def read(reader: Any, metric: Any) -> Any:
    try:
        series = reader(metric)
    except ValueError as error:
        return str(error)
    return series.steps, series.values, series.steps.flags.writeable


@given(st.dictionaries(st.text(max_size=3), metrics | damaged, max_size=3))
@example({"loss": {"steps": [0, 1], "values": [1, float("nan")]}})
@example({"loss": {"steps": [1, 0], "values": [0.5, 2]}})
@example({"loss": {"steps": [0, 1], "values": [0.5]}})
@example({"loss": {"steps": [2**63], "values": [0.5]}, "d_x": {"steps": [1], "values": [True]}})
def test_metrics_of_a_file_are_read_as_each_by_itself(content: dict[str, Any]) -> None:
    text = json.dumps(content)
    together = {name: read(series_of, metric) for name, metric in parsed_metrics(text.encode()).items()}
    alone = {name: read(read_trace, metric) for name, metric in json.loads(text).items()}
    assert together.keys() == alone.keys()
    for name, one in alone.items():
        np.testing.assert_equal(together[name], one)
