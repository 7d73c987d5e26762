"""What a Mongo-style filter means, for documents that do not lie in a MongoDB."""

import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ORDER = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}
MISSING = object()


def matches(query: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a document satisfies a filter that :func:`runs.filters.checked_query` has passed.

    By MongoDB's rules: a missing field equals null; ``$ne``, ``$nin`` and ``$not`` are plain negations; values of
    different kinds (text, number, truth value, date) are never equal, nor is one the greater; NaN is neither less nor
    greater than a number; a list also stands for each of its elements.
    """
    return all(_entry_holds(key, operand, document) for key, operand in query.items())


def _entry_holds(key: str, operand: Any, document: Mapping[str, Any]) -> bool:
    match key:
        case "$and":
            return all(matches(part, document) for part in operand)
        case "$or":
            return any(matches(part, document) for part in operand)
        case "$nor":
            return not any(matches(part, document) for part in operand)
    return _condition_holds(operand, list(_values(document, key.split("."))))


def _condition_holds(condition: Any, values: Sequence[Any]) -> bool:
    if isinstance(condition, Mapping):
        return all(_operator_holds(name, operand, values) for name, operand in condition.items())
    return _operator_holds("$eq", condition, values)


def _operator_holds(name: str, operand: Any, values: Sequence[Any]) -> bool:
    match name:
        case "$eq":
            return any(_equal(value, operand) for value in values)
        case "$in":
            return any(_operator_holds("$eq", one, values) for one in operand)
        case "$ne":
            return not _operator_holds("$eq", operand, values)
        case "$nin":
            return not _operator_holds("$in", operand, values)
        case "$not":
            return not _condition_holds(operand, values)
        case "$exists":
            return operand == any(value is not MISSING for value in values)
        case "$regex":
            return any(isinstance(value, str) and re.search(operand, value) for value in values)
    return any(_kind(value) is _kind(operand) and ORDER[name](value, operand) for value in values)


def _equal(value: Any, operand: Any) -> bool:
    if operand is None:
        return value is None or value is MISSING
    return _kind(value) is _kind(operand) and value == operand


def _kind(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _values(content: Any, path: Sequence[str]) -> Iterator[Any]:
    """What stands at the path: several values where it leads through a list or ends at one."""
    if not path:
        yield content
        if isinstance(content, list):
            yield from content
    elif isinstance(content, list):
        for element in content:
            if isinstance(element, Mapping):
                yield from _values(element, path)
        if path[0].isdecimal() and len(path[0]) < 10 and int(path[0]) < len(content):
            yield from _values(content[int(path[0])], path[1:])
    elif isinstance(content, Mapping) and path[0] in content:
        yield from _values(content[path[0]], path[1:])
    else:
        yield MISSING
