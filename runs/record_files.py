"""One run's files in a folder: what they hold, and why one cannot be read."""

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from runs.reading import read_trace
from runs.records import Trace, trace


class _Points(msgspec.Struct):
    """A metric as sacred's file has it; the times of its points, half of the file, are passed over."""

    steps: list[int]
    values: list[float]


def parsed_json(content: bytes) -> Any:
    """Whatever it holds, NaN included. Raises ValueError or RecursionError if it is no JSON."""
    try:
        return msgspec.json.decode(content)  # four times faster
    except (msgspec.MsgspecError, RecursionError):  # stricter too: it knows no NaN
        return json.loads(content)


def parsed_metrics(content: bytes) -> Any:
    """Metrics by name, for :func:`series_of`. Raises ValueError or RecursionError if it is no JSON."""
    try:
        return _OF_METRICS.decode(content)
    except (msgspec.MsgspecError, RecursionError):  # which of them is damaged, and how, is for others to say
        return parsed_json(content)


_OF_METRICS = msgspec.json.Decoder(dict[str, _Points])


def series_of(metric: Any) -> Trace:
    """A metric's trace. Raises ValueError as :func:`runs.reading.read_trace` does."""
    if not isinstance(metric, _Points):
        return read_trace(metric)
    with suppress(ValueError, OverflowError):  # the types are known to be right
        return trace(metric.steps, metric.values)
    return read_trace(msgspec.structs.asdict(metric))


def json_object(path: str, parsed: Callable[[bytes], Any] = parsed_json) -> tuple[dict[str, Any], str | None]:
    """The object in a file, and why it cannot be read; an empty one without a reason if there is no file."""
    name = path.rpartition("/")[2]
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 (as in stamp_of); a pipe would wait for a writer
            return {}, f"{name}: expected a file"
        with open(path, "rb") as file:  # noqa: PTH123 (as in stamp_of)
            content = parsed(file.read())
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        return {}, f"{name}: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return {}, f"{name}: no JSON ({error})"
    return (content, None) if isinstance(content, dict) else ({}, f"{name}: expected an object")


def file_size(path: str) -> int | None:
    """In bytes; None where there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 (as in stamp_of)
    except (OSError, ValueError):  # a name may be too long, or hold what no name can
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
