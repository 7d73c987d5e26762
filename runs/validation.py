"""Validated, frozen dataclasses: how data from outside becomes typed data, or one line that says why not."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError

from runs.errors import UserError

T = TypeVar("T")

# strict: no text or truth value is quietly read as a number; unknown fields are refused
STRICT = ConfigDict(extra="forbid", strict=False, arbitrary_types_allowed=True)

PositiveInt = Annotated[int, Strict(), Field(ge=1)]
NaturalInt = Annotated[int, Strict(), Field(ge=0)]
PositiveFloat = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
NaturalFloat = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Strict(), Field(ge=0, lt=1, allow_inf_nan=False)]


def validated(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """``kind`` made of ``values``.

    Raises UserError with one line (``where``, the field, what it was, what was expected) on the first fault.
    """
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        raise UserError(f"{where}: {_first_fault(error, kind)}") from None


def _first_fault(error: ValidationError, kind: type) -> str:
    fault = error.errors()[0]
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "unexpected_keyword_argument":
        return unknown("field", str(fault["loc"][-1]), _known_fields(kind, fault["loc"]))
    if fault["type"] in ("missing", "missing_argument"):
        return f"{name} is missing"
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{name}={fault['input']!r} {message}" if name else message


def _known_fields(kind: type, location: tuple[int | str, ...]) -> list[str]:
    return [field.name for field in fields(kind)] if len(location) == 1 else []


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """«unknown arm 'dcgam'; did you mean 'dcgan'? Known: …»."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"unknown {what} {name!r}{hint}" + (f" Known: {', '.join(known)}" if known else "")
