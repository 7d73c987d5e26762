"""Mongo-style filters: those that a folder and a MongoDB answer alike, and one line on any other."""

import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from runs.errors import UserError
from runs.kinds import KINDS
from runs.matches import ORDER
from runs.printable import in_short
from runs.validation import unknown

TIMES = ("start_time", "stop_time", "heartbeat")
FIELDS = ("_id", "status", "config", "info", "meta", *TIMES)
CONFIG_FIELDS = tuple(dict.fromkeys(field for kind in KINDS.values() for field in kind.config_fields))

DEEPEST = 50  # levels of a query
LONGEST_FIELD = 500  # letters

COMBINATIONS = ("$and", "$or", "$nor")
CONDITIONS = ("$eq", "$ne", *ORDER, "$in", "$nin", "$exists", "$regex", "$not")


def checked_query(query: Any) -> dict[str, Any]:
    """The same filter with dates in place of their text, fit for :func:`runs.matches.matches` and for MongoDB.

    Raises UserError on unknown operators and fields, and on operands that the two would judge differently: documents
    and lists to compare with, null or truth values to order by, numbers that are not finite or beyond 64 bits.
    """
    if _depth(query) > DEEPEST:
        raise UserError(f"the query is nested too deeply; expected at most {DEEPEST} levels")
    return _checked_query(query)


def _checked_query(query: Any) -> dict[str, Any]:
    if not isinstance(query, Mapping):
        raise UserError(f'query {in_short(query)}: expected an object such as {{"config.arm": "dcgan"}}')
    return {key: _checked_entry(key, operand) for key, operand in query.items()}


def checked_field(path: str) -> str:
    """The dotted path of a field of a run. Raises UserError if no run can have it."""
    parts = path.split(".")
    if parts[0] not in FIELDS:
        raise UserError(unknown("field", path, FIELDS))
    if parts[0] == "config" and len(parts) > 1 and ".".join(parts[:2]) not in CONFIG_FIELDS:
        raise UserError(unknown("field", path, CONFIG_FIELDS))
    if not path.isprintable() or any(not part or part.startswith("$") for part in parts):
        raise UserError(f"field {in_short(path)}: expected names with one dot between them")
    if len(path) > LONGEST_FIELD:
        raise UserError(f"field {in_short(path)}: {len(path):,} letters; expected at most {LONGEST_FIELD}")
    return path


def _checked_entry(key: str, operand: Any) -> Any:
    if key in COMBINATIONS:
        if not isinstance(operand, list) or not operand:
            raise UserError(f"{key}: expected a list of one or more filters")
        return [_checked_query(part) for part in operand]
    if key in CONDITIONS:
        raise UserError(f'{key}: expected inside the condition of a field, {{"config.seed": {{"{key}": …}}}}')
    if key.startswith("$"):
        raise UserError(unknown("operator", key, (*COMBINATIONS, *CONDITIONS)))
    return _checked_condition(checked_field(key), operand)


def _checked_condition(field: str, condition: Any) -> Any:
    if not isinstance(condition, Mapping):
        return _checked_value(field, condition)
    if not condition:
        raise UserError(f"{field}: expected a value or an operator, not {{}}")
    return {name: _checked_operand(field, name, operand) for name, operand in condition.items()}


def _checked_operand(field: str, name: str, operand: Any) -> Any:
    match name:
        case "$eq" | "$ne":
            return _checked_value(field, operand)
        case "$in" | "$nin" if isinstance(operand, list):
            return [_checked_value(field, value) for value in operand]
        case "$in" | "$nin":
            raise UserError(f"{field}: {name} expects a list of values")
        case "$exists" if not isinstance(operand, bool):
            raise UserError(f"{field}: $exists expects true or false")
        case "$exists":
            return operand
        case "$regex":
            return _checked_pattern(field, operand)
        case "$not":
            return _checked_negation(field, operand)
    if name in ORDER:
        return _checked_bound(field, name, operand)
    if name.startswith("$"):
        raise UserError(f"{field}: {unknown('operator', name, CONDITIONS)}")
    raise UserError(f"{field}: expected a value or operators; a field inside it is written {field}.{name}")


def _checked_negation(field: str, condition: Any) -> Any:
    if not isinstance(condition, Mapping):
        raise UserError(f'{field}: $not expects a condition such as {{"$gt": 3}}')
    return _checked_condition(field, condition)


def _checked_bound(field: str, name: str, bound: Any) -> Any:
    if bound is None or isinstance(bound, bool):
        raise UserError(f"{field}: {name} expects a number or a text")
    return _checked_value(field, bound)


def _checked_pattern(field: str, pattern: Any) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of patterns that a later Python will read otherwise
            re.compile(pattern)
    except (re.error, TypeError, OverflowError, RecursionError):
        raise UserError(f"{field}: $regex expects a regular expression, not {in_short(pattern)}") from None
    return _checked_text(field, pattern)


def _checked_text(field: str, text: str) -> str:
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):  # MongoDB takes no such pattern, and no such text
        raise UserError(f"{field}: expected a text of whole characters, not {in_short(text)}")
    return text


def _checked_value(field: str, value: Any) -> Any:
    if not isinstance(value, str | int | float | datetime | None):
        raise UserError(
            f"{field}: expected one value, not {in_short(value)}; give the fields or elements inside one by one"
        )
    if isinstance(value, int | float) and not -(2**63) <= value < 2**63:  # refuses NaN too
        raise UserError(f"{field}: expected a finite number of 64 bits, not {in_short(value)}")
    if isinstance(value, str):
        _checked_text(field, value)
    return _checked_time(field, value) if field in TIMES and isinstance(value, str) else value


def _checked_time(field: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):  # at the edge of the calendar an offset leads beyond it
        raise UserError(
            f"{field}: expected a date or time (UTC) such as 2025-01-31T12:00, not {in_short(text)}"
        ) from None


def _depth(content: Any) -> int:
    """Levels of objects and lists, counted no further than one beyond DEEPEST."""
    level, depth = [content], 0
    while level and depth <= DEEPEST:
        inside = [
            list(one.values()) if isinstance(one, Mapping) else one for one in level if isinstance(one, Mapping | list)
        ]
        level, depth = [value for values in inside for value in values], depth + bool(inside)
    return depth
