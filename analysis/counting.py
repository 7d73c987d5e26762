"""Numbers of things in words: «1 pair», «8 pairs», «1,000 updates»."""


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """The number with its noun, in the singular for exactly one; ``plural`` where it does more than add an s."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"
