"""Numbers in words, as commands that list runs show them."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def counted(number: int, one: str, many: str | None = None) -> str:
    """«1 record», «1,200 records»; ``many``: the plural, where it is not ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def disk(size: float) -> str:
    """Bytes as «640 bytes», «3.1 MB», «72 GB»."""
    unit = 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.{1 if unit and size < 9.95 else 0}f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """A time as «4 s», «12 min», «3 h 05 min», «2 d 4 h»."""
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours = round(minutes / 60)
    if hours < 48:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"
