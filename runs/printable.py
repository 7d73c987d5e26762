"""Text from outside as a terminal may show it: in one line, not too long, and without control characters."""

import unicodedata
from typing import Any

SHOWN = 100  # characters of a value in a message
SAID = 300  # of what is said of a record
_STEERING = ("Cc", "Cf", "Zl", "Zp")  # control codes, directions of writing, ends of lines; see unicodedata
_LONGEST = 4_000  # characters of a message
_DIGITS = 4_000  # Python refuses to write out longer integers


def printable(text: str) -> str:
    """The text in one line; what steers a terminal, such as an escape code, is written as Python writes it.

    What is longer than any message is cut off.
    """
    line = " ".join(text[:_LONGEST].split())
    return "".join(repr(c)[1:-1] if unicodedata.category(c) in _STEERING else c for c in line)


def in_short(value: Any, most: int = SHOWN) -> str:
    """A value as Python writes it, cut off after so many characters."""
    if isinstance(value, int) and value.bit_length() > 3 * _DIGITS:
        return "an integer of thousands of digits"
    if isinstance(value, str):
        value = value[: 2 * most]  # to write out megabytes takes long
    shown = repr(value)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def one_line(text: str, most: int = SAID) -> str:
    """The text without line breaks and what a terminal takes for commands, cut off after so many characters."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
