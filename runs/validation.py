"""Validated, frozen dataclasses: how data from outside becomes typed data, or one line that says why not."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from runs.errors import UserError
from runs.printable import SHOWN, in_short, printable

T = TypeVar("T")

# strict: no text or truth value is quietly read as a number; unknown fields are refused
STRICT = ConfigDict(extra="forbid", strict=False, arbitrary_types_allowed=True)

PositiveInt = Annotated[int, Strict(), Field(ge=1)]
NaturalInt = Annotated[int, Strict(), Field(ge=0)]
PositiveFloat = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
NaturalFloat = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Strict(), Field(ge=0, lt=1, allow_inf_nan=False)]

_MISSING = ("missing", "missing_argument")
_UNEXPECTED = "unexpected_keyword_argument"


def validated(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """``kind`` made of ``values``.

    Raises UserError with one line (``where``, the field, what it was, what was expected) on the first fault.
    """
    try:
        made: T = _adapter(kind).validate_python(dict(values))  # type: ignore[arg-type]  # a class is hashable
        return made
    except ValidationError as error:
        raise UserError(f"{where}: {_first_fault(error, kind)}") from None


def type_fault(kind: type, values: Mapping[str, Any], where: str) -> str | None:
    """What keeps ``values`` from being a ``kind`` as they stand, nothing converted, as ``validated`` says it."""
    try:
        _adapter(kind).validate_python(values, strict=True)
    except ValidationError as error:
        return f"{where}: {_first_fault(error, kind)}"
    return None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _first_fault(error: ValidationError, kind: type) -> str:
    faults = error.errors()
    fault = faults[0]
    name = _path(fault)
    if fault["type"] in _MISSING:
        # a field that is missing is often there, misspelled
        misspelled = [other for other in faults if other["type"] == _UNEXPECTED and _place(other) == _place(fault)]
        return "; ".join([f"{name} is missing", *(_unknown_field(other, kind) for other in misspelled[:1])])
    if fault["type"] == _UNEXPECTED:
        return _unknown_field(fault, kind)
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    name = printable(name)
    return f"{name}={in_short(fault['input'])} {message}" if name else message


def _unknown_field(fault: ErrorDetails, kind: type) -> str:
    known = [] if _place(fault) else [field.name for field in fields(kind)]
    return unknown("field", _path(fault), known)


def _path(fault: ErrorDetails) -> str:
    return ".".join(str(part) for part in fault["loc"])


def _place(fault: ErrorDetails) -> tuple[int | str, ...]:
    return fault["loc"][:-1]


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """«unknown arm 'dcgam'; did you mean 'dcgan'? Known: …»."""
    known = sorted(known)
    close = difflib.get_close_matches(name[:SHOWN], known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"unknown {what} {in_short(name)}{hint}" + (f" Known: {', '.join(known)}" if known else "")
