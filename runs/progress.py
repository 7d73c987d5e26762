"""How far long work is, on standard error: a bar on a terminal, elsewhere now and then a line."""

import math
import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

SECONDS_A_LINE = 60.0  # where nobody watches: a log of days stays short


class _Lines:
    """A file for tqdm: what it would draw over and over becomes a line each time."""

    def write(self, text: str) -> None:
        """Write what was drawn, if anything was."""
        if line := text.strip():
            sys.stderr.write(f"{line}\n")

    def flush(self) -> None:
        """Have it read at once."""
        sys.stderr.flush()


def progress(
    done: Iterable[Any] | None = None, *, total: int, unit: str, label: str = "", initial: int = 0, short: bool = False
) -> tqdm:
    """A bar of ``total`` units (in the singular), ``initial`` of them done before; over ``done``, or updated by hand.

    ``short``: not worth a word.
    """
    # over all that was done, not of late: arms differ in speed, so only the mean over all of them predicts the rest
    bar = {"iterable": done, "total": total, "initial": initial, "unit": f" {unit}s", "smoothing": 0, "disable": short}
    name = f"{label}: " if label else ""
    if is_watched():
        return tqdm(**bar, desc=name, unit_scale=True, dynamic_ncols=True)
    told = "{desc}{n:,} of {total:,}{unit} ({percentage:.0f} %), {elapsed} gone, {remaining} left"
    seldom = {"mininterval": SECONDS_A_LINE, "miniters": 1, "maxinterval": math.inf}
    return tqdm(**bar, **seldom, desc=name, file=_Lines(), bar_format=told)


def is_watched() -> bool:
    """Whether somebody sees standard error as it is written."""
    return sys.stderr.isatty()


def say(message: str) -> None:
    """A line above the bars of a terminal, and between the lines elsewhere."""
    if is_watched():
        tqdm.write(message, file=sys.stderr)
    else:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()
