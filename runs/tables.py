"""Tables of text with columns that line up, as wide as a terminal at most."""

import shutil
import sys
from collections.abc import Collection, Sequence


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()) -> list[str]:
    """A line for the header and one for each row, columns two spaces apart; those named in ``right`` end together.

    Columns that are empty in every row are left out.
    """
    shown = [place for place in range(len(header)) if any(row[place] for row in rows)]
    lines = [[line[place] for place in shown] for line in (header, *rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(shown))]
    flush_right = [header[place] in right for place in shown]
    return [
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(line, widths, flush_right, strict=True)
        ).rstrip()
        for line in lines
    ]


def fitted(lines: Sequence[str]) -> list[str]:
    """On a terminal, no longer than its lines: what does not fit is cut off; elsewhere as they are."""
    if not sys.stdout.isatty():
        return list(lines)
    width = shutil.get_terminal_size().columns
    return [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
