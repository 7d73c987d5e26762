"""Mongo-style filters: those that a folder and a MongoDB answer alike, and one line on any other."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from runs.errors import UserError
from runs.kinds import KINDS
from runs.matches import ORDER
from runs.validation import unknown

TIMES = ("start_time", "stop_time", "heartbeat")
FIELDS = ("_id", "status", "config", "info", "meta", *TIMES)
CONFIG_FIELDS = tuple(dict.fromkeys(field for kind in KINDS.values() for field in kind.config_fields))

COMBINATIONS = ("$and", "$or", "$nor")
CONDITIONS = ("$eq", "$ne", *ORDER, "$in", "$nin", "$exists", "$regex", "$not")


def checked_query(query: Any) -> dict[str, Any]:
    """The same filter with dates in place of their text, fit for :func:`runs.matches.matches` and for MongoDB.

    Raises UserError on unknown operators and fields, and on operands that the two would judge differently: documents
    and lists to compare with, null or truth values to order by, numbers that are not finite or beyond 64 bits.
    """
    if not isinstance(query, Mapping):
        raise UserError(f'query {query!r}: expected an object such as {{"config.arm": "dcgan"}}')
    return {key: _checked_entry(key, operand) for key, operand in query.items()}


def checked_field(path: str) -> str:
    """The dotted path of a field of a run. Raises UserError if no run can have it."""
    parts = path.split(".")
    if parts[0] not in FIELDS:
        raise UserError(unknown("field", path, FIELDS))
    if parts[0] == "config" and len(parts) > 1 and ".".join(parts[:2]) not in CONFIG_FIELDS:
        raise UserError(unknown("field", path, CONFIG_FIELDS))
    if any(not part or part.startswith("$") for part in parts):
        raise UserError(f"field {path!r}: expected names with one dot between them")
    return path


def _checked_entry(key: str, operand: Any) -> Any:
    if key in COMBINATIONS:
        if not isinstance(operand, list) or not operand:
            raise UserError(f"{key}: expected a list of one or more filters")
        return [checked_query(part) for part in operand]
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
        re.compile(pattern)
    except (re.error, TypeError):
        raise UserError(f"{field}: $regex expects a regular expression, not {pattern!r}") from None
    return pattern


def _checked_value(field: str, value: Any) -> Any:
    if not isinstance(value, str | int | float | datetime | None):
        raise UserError(f"{field}: expected one value, not {value!r}; give the fields or elements inside one by one")
    if isinstance(value, int | float) and not -(2**63) <= value < 2**63:  # refuses NaN too
        raise UserError(f"{field}: expected a finite number of 64 bits, not {value!r}")
    return _checked_time(field, value) if field in TIMES and isinstance(value, str) else value


def _checked_time(field: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{field}: expected a date or time (UTC) such as 2025-01-31T12:00, not {text!r}") from None
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
