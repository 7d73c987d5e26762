"""Reading a YAML file that someone else may have written: what is too large or too deep is refused in one line."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from runs.errors import UserError

MOST_BYTES = 200_000  # fifty times the longest study here; the parser reads 50 kB a second
MOST_NODES = 20_000  # values, each counted at every place where an alias repeats it
DEEPEST = 20  # levels, of which a study needs five


def read_yaml(path: Path, what: str) -> Any:
    """The file's content as plain data; ``what`` names it in messages.

    Raises UserError if it cannot be read, is no YAML, or is larger or deeper than the limits above. Aliases are
    allowed, but a short file of aliases of aliases (a "billion laughs") would fill the memory of whoever copies it.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{what}: {path.stat().st_size:,} bytes; expected at most {MOST_BYTES:,}")
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{what}: cannot be read: {error}") from None
    except RecursionError:
        raise UserError(f"{what}: nested too deeply; expected at most {DEEPEST} levels") from None
    except (YAMLError, ValueError, TypeError, ArithmeticError, LookupError) as error:  # numbers and dates that are none
        raise UserError(f"{what}: malformed YAML: {error}") from None
    _count(content, what, {}, 1)
    return content


def _count(node: Any, what: str, known: dict[int, int], depth: int) -> int:
    """Number of values under a node and itself; what aliases repeat is looked up, not walked through again."""
    if not isinstance(node, dict | list | set | tuple):
        return 1
    if depth > DEEPEST:  # also where an alias contains itself
        raise UserError(f"{what}: nested too deeply; expected at most {DEEPEST} levels")
    if id(node) not in known:
        values = [*node.keys(), *node.values()] if isinstance(node, dict) else list(node)
        known[id(node)] = 1 + sum(_count(value, what, known, depth + 1) for value in values)
    if known[id(node)] > MOST_NODES:
        raise UserError(f"{what}: more than {MOST_NODES:,} values, aliases counted wherever they stand")
    return known[id(node)]
