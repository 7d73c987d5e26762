"""JSON Schema of ``results.json``, made from the dataclasses of the results and their docstrings.

python -m analysis.results.schema   shows it
"""

import inspect
import json
import sys
import types
from collections import abc
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from analysis.results.document import SCHEMA_VERSION, Results
from analysis.results.plain import Rows
from runs.errors import report_user_errors

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOTE = {"type": "string", "description": "Why the value beside it is null though it was computed: not finite."}
# what analysis.results.plain makes of a number that is not finite is null
_PLAIN: Mapping[Any, dict[str, Any]] = {
    float: {"type": ["number", "null"]},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    str: {"type": "string"},
    type(None): {"type": "null"},
    Any: {},
    Rows: {
        "type": "array",
        "items": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
    },
}


def results_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) that every ``results.json`` of this version fulfils."""
    definitions: dict[str, Any] = {}
    root = _reference(Results, definitions)
    definitions["Results"]["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": _DIALECT,
        "title": f"results.json, version {SCHEMA_VERSION}",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _reference(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """A reference to a dataclass, which is defined on first use."""
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # so that a dataclass may hold itself
        definitions[name] = _object(kind, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    properties = {name: _schema(hints[name], definitions) for name in names}
    notes = {f"{name}_note": _NOTE for name in names if float in (hints[name], *get_args(hints[name]))}
    return {
        "description": inspect.getdoc(kind),
        "type": "object",
        "properties": {**properties, **notes},
        "required": names,
        "additionalProperties": False,
    }


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return _reference(hint, definitions)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    return _composite(get_origin(hint), get_args(hint), definitions)


def _composite(origin: Any, arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(argument, definitions) for argument in arguments]}
    if origin is np.ndarray:
        whole = np.issubdtype(get_args(arguments[1])[0], np.integer)
        return {"type": "array", "items": _PLAIN[int if whole else float]}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is tuple:
        items = [_schema(argument, definitions) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is abc.Mapping:
        values = _schema(arguments[1], definitions)
        # beside a key with a number that is not finite stands its note
        noted = {"patternProperties": {"_note$": _NOTE}} if arguments[1] is float else {}
        return {"type": "object", **noted, "additionalProperties": values}
    raise TypeError(f"{origin} {arguments} has no JSON Schema here")


def main() -> int:
    """Print it."""
    print(json.dumps(results_schema(), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
