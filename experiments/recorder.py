"""TraceRecorder: from scalars on the device to the points of a record, without waiting for the device in the loop."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from runs.schema import STEP_TRACES, Extremes, RunConfig, promised_steps

_ROWS = 256  # steps kept on the device before they are fetched


@dataclass(kw_only=True)
class _Series:
    """Points of one trace so far."""

    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    published: int = 0


class TraceRecorder:
    """Collects every trace of a run. Values are kept as they come: not clamped, not dropped, not judged."""

    def __init__(self, config: RunConfig, device: torch.device) -> None:
        self._every = config.trace_every
        self._series = {name: _Series() for name in promised_steps(config)}
        self._extremes = {
            name: Extremes(minimum=math.nan, maximum=math.nan, first_nonfinite=None) for name in STEP_TRACES
        }
        self._buffer = torch.empty(_ROWS, len(STEP_TRACES), device=device)
        self._rows = 0
        self._first_step = 1  # of the buffer

    def write(self, row: Tensor) -> None:
        """Keep one step's traces (9,), ordered as STEP_TRACES, on the device.

        Steps follow one another; :meth:`flush` in time.
        """
        self._buffer[self._rows] = row
        self._rows += 1

    @property
    def full(self) -> bool:
        """Whether the buffer must be flushed before the next step."""
        return self._rows == _ROWS

    def flush(self) -> None:
        """Fetch what the buffer holds: one wait for the device for many steps."""
        self._take(self._buffer[: self._rows].cpu())
        self._rows = 0

    def fill_with_nan(self, steps: int) -> None:
        """Record that many steps as NaN: what a run that has stopped updating has to show."""
        self._take(torch.full((steps, len(STEP_TRACES)), math.nan))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Keep a probe's values."""
        for name, value in values.items():
            self._series[name].steps.append(step)
            self._series[name].values.append(value)

    def new_points(self) -> Iterator[tuple[str, float, int]]:
        """(trace, value, step) of every point not yielded before."""
        for name, series in self._series.items():
            fresh = slice(series.published, None)
            series.published = len(series.values)
            for step, value in zip(series.steps[fresh], series.values[fresh], strict=True):
                yield name, value, step

    def extremes(self) -> dict[str, Extremes]:
        """Of each step trace over all steps so far."""
        return self._extremes

    def state(self) -> dict[str, Any]:
        """Everything recorded, for a checkpoint."""
        series = {
            name: {"steps": torch.tensor(one.steps), "values": torch.tensor(one.values, dtype=torch.float64)}
            for name, one in self._series.items()
        }
        rows = self._buffer[: self._rows].cpu()  # fetched now, they would move all later fetches, and what these find
        return {"series": series, "extremes": self._extremes, "first_step": self._first_step, "rows": rows}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue a record; all its points count as new, for they go into a fresh run."""
        for name, one in state["series"].items():
            self._series[name] = _Series(steps=one["steps"].tolist(), values=one["values"].tolist())
        self._extremes = state["extremes"]
        self._first_step = state["first_step"]
        rows = state.get("rows", self._buffer[:0])  # older checkpoints were all taken with none
        self._rows = len(rows)
        self._buffer[: self._rows] = rows

    def _take(self, rows: Tensor) -> None:
        steps = torch.arange(self._first_step, self._first_step + len(rows))
        kept = steps % self._every == 0
        for name, column in zip(STEP_TRACES, rows.double().T, strict=True):
            _widen(self._extremes[name], steps, column)
            self._series[name].steps.extend(steps[kept].tolist())
            self._series[name].values.extend(column[kept].tolist())
        self._first_step += len(rows)


def _widen(extremes: Extremes, steps: Tensor, values: Tensor) -> None:
    finite = values.isfinite()
    if finite.any():
        known = values[finite]
        # min and max of (number, NaN) would depend on their order: NaN here means "none yet"
        extremes["minimum"] = min([float(known.min()), *_number(extremes["minimum"])])
        extremes["maximum"] = max([float(known.max()), *_number(extremes["maximum"])])
    if extremes["first_nonfinite"] is None and not finite.all():
        extremes["first_nonfinite"] = int(steps[~finite][0])


def _number(value: float) -> list[float]:
    return [] if math.isnan(value) else [value]
