"""One thing that was found, and the command that mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something amiss: what it is, and how many of it; a line for each, and a command, or in words what to do.

    mend: empty where nothing has to be done: worth knowing, but nothing is amiss. interrupt: ids of records that are to
    say INTERRUPTED. delete: files and folders that nobody needs. half_copies: whether what copies left is to go too.
    """

    what: str
    lines: Sequence[str] = ()
    mend: str = ""
    interrupt: Sequence[int] = ()
    delete: Sequence[Path] = ()
    half_copies: bool = False
