"""Frozen dataclasses as plain data that JSON can hold."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table or of a figure at full precision; those of one of the ``frames`` share their columns."""

    frames: tuple[pd.DataFrame, ...]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each row's values by column, None where there is none; infinite ones stay."""
        for frame in self.frames:
            names = [str(name) for name in frame.columns]
            for row in zip(*(_plain_column(column) for _, column in frame.items()), strict=True):
                yield dict(zip(names, row, strict=True))


def _plain_column(column: pd.Series) -> list[Any]:
    plain = column.astype(object).where(column.notna(), None).tolist()
    return [value.item() if isinstance(value, np.generic) else value for value in plain]


def to_plain(value: Any) -> Any:
    """Dataclasses, mappings, tuples, arrays and rows as dicts and lists that JSON can hold.

    A number that is not finite becomes None, and a key of the same name with ``_note`` appended says what it was.
    Raises TypeError for anything else that JSON does not know.
    """
    if isinstance(value, Rows):
        return [row if _is_plain(row) else _plain_mapping(row) for row in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_mapping({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist())
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    raise TypeError(f"{type(value).__name__} has no plain form: {value!r}")


def _is_plain(row: Mapping[str, Any]) -> bool:
    """Whether JSON can hold each value as it is. Nearly every row of a figure is so, and there are a million."""
    return all(type(value) in _PLAIN or (type(value) is float and math.isfinite(value)) for value in row.values())


_PLAIN = {str, int, bool, type(None)}


def _plain_mapping(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in mapping.items():
        plain[str(key)] = to_plain(value)
        if isinstance(value, float) and not math.isfinite(value):
            plain[f"{key}_note"] = _why_not_finite(value)
    return plain


def _why_not_finite(value: float) -> str:
    if math.isnan(value):
        return "not a number: recorded so"
    return "infinite" if value > 0 else "minus infinity"
