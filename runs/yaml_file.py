"""Reading a YAML file that someone else may have written: what is too large or too deep is refused in one line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent

from runs.errors import UserError
from runs.printable import in_short

MOST_BYTES = 200_000  # fifty times the longest study here; the parser reads 50 kB a second
MOST_NODES = 20_000  # each counted at every place where an alias repeats it
TEXT_OF_A_VALUE = 100  # letters
LONGEST_NUMBER = 400  # digits
LONGEST_FAULT = 300  # characters of what the parser says
NUMBER = re.compile(r"[-+]?(0[xob])?[0-9a-fA-F_.:]+")
DEEPEST = 20  # levels, of which a study needs five


def read_yaml(path: Path, what: str) -> Any:
    """The file's content as plain data; ``what`` names it in messages.

    Raises UserError if it cannot be read, is no YAML, or is larger or deeper than the limits above. Aliases are
    allowed, but a short file of aliases of aliases (a "billion laughs") would fill the memory of whoever copies it.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{what}: {path.stat().st_size:,} bytes; expected at most {MOST_BYTES:,}")
        text = path.read_text(encoding="utf-8-sig")
        _refuse_what_grows(text, what)
        return YAML(typ="safe", pure=True).load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{what}: cannot be read: {error}") from None
    except (YAMLError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        # AttributeError: of tags that ruamel takes for its own, and numbers and dates that are none
        raise UserError(f"{what}: malformed YAML: {in_short(str(error), LONGEST_FAULT)[1:-1]}") from None


@dataclass(kw_only=True)
class _Extent:
    """How large something becomes as data: values, and levels of mappings and sequences."""

    values: int = 1
    levels: int = 0
    anchor: str | None = None

    def add(self, inside: "_Extent") -> None:
        self.values += inside.values
        if inside.levels:
            self.levels = max(self.levels, inside.levels + 1)


def _refuse_what_grows(text: str, what: str) -> None:
    """Raise UserError on what is small as text and large or slow as data, before any data are made of it."""
    opened = [_Extent()]
    anchored: dict[str, _Extent] = {}
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, CollectionStartEvent):
            opened.append(_Extent(levels=1, anchor=event.anchor))
            anchored[event.anchor] = _Extent(levels=DEEPEST)  # an alias inside would make it endless
            _refuse_depth(len(opened) - 1, what)
        elif isinstance(event, NodeEvent | CollectionEndEvent):
            ended = opened.pop() if isinstance(event, CollectionEndEvent) else _of_one_value(event, anchored, what)
            anchored[ended.anchor or ""] = ended
            opened[-1].add(ended)
            _refuse_depth(len(opened) - 1 + ended.levels, what)
        if opened[-1].values > MOST_NODES:
            raise UserError(f"{what}: more than {MOST_NODES:,} values, aliases counted wherever they stand")


def _refuse_depth(levels: int, what: str) -> None:
    if levels > DEEPEST:
        raise UserError(f"{what}: nested too deeply; expected at most {DEEPEST} levels")


def _of_one_value(event: NodeEvent, anchored: Mapping[str, _Extent], what: str) -> _Extent:
    """A long text counts as many values, for it is as large."""
    if isinstance(event, AliasEvent):
        known = anchored.get(event.anchor, _Extent())
        return _Extent(values=known.values, levels=known.levels)
    if not isinstance(event, ScalarEvent):
        return _Extent()
    if event.style is None and len(event.value) > LONGEST_NUMBER and NUMBER.fullmatch(event.value):
        raise UserError(f"{what}: malformed YAML: a number of {len(event.value):,} digits")
    return _Extent(values=1 + len(event.value) // TEXT_OF_A_VALUE, anchor=event.anchor)
