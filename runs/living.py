"""Whether another process of this machine still lives."""

import os
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether it lives; one that has died and whose parent has not asked yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:  # it has ended, or this is no Linux
        pass
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        pass
    return True
