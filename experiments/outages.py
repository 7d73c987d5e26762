"""Outages of the store: who records waits, asks again and again, and gives up in the end."""

import time
from collections.abc import Callable
from textwrap import shorten

from runs.errors import NotFinished, UserError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two questions, each pause twice the one before
PATIENCE = 1800.0  # seconds without an answer until it counts as gone for good
_REASON = 200  # characters of it


class Pauses:
    """When to ask again: soon, and later each time."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self.reset()

    def reset(self) -> None:
        """Begin anew with the shortest pause."""
        self._pause = FIRST_PAUSE
        self._next = time.monotonic() + self._pause

    @property
    def left(self) -> float:
        """Seconds until it is time."""
        return max(0.0, self._next - time.monotonic())

    def is_time(self) -> bool:
        """Whether it is time to ask; if so the next pause has begun."""
        if self.left:
            return False
        self._pause = min(2 * self._pause, self._longest)
        self._next = time.monotonic() + self._pause
        return True


class Outage:
    """Whether a store takes records now, by ``check``, which raises UserError if it does not."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._since: float | None = None
        self._reason = ""
        self.pauses = Pauses(LONGEST_PAUSE)

    @property
    def lasts(self) -> bool:
        """Whether it is under way."""
        return self._since is not None

    def begins(self, reason: str = "") -> str | None:
        """A run was not recorded, or for that ``reason`` the store is away: what to say if so, None once it was said.

        Without a reason the store is asked first.
        """
        if self.lasts or (not reason and self._answers()):
            return None
        self._reason = shorten(reason, _REASON) or self._reason
        self._since = time.monotonic()
        self.pauses.reset()
        return f"{self._reason}; runs wait until it takes records again, at most {PATIENCE / 60:.0f} minutes"

    def ends(self) -> str | None:
        """Ask again, if it is time: what to say if the store answers. Raises NotFinished once patience has run out."""
        if not self.lasts or not self.pauses.is_time():
            return None
        if self._answers():
            self._since = None
            return "the store takes records again: going on"
        return None

    def refuse_to_wait_on(self) -> None:
        """Raise NotFinished if patience has run out."""
        if self._since is not None and time.monotonic() - self._since > PATIENCE:
            raise NotFinished(
                f"{self._reason}; no record was taken for {PATIENCE / 60:.0f} minutes: checkpoints are kept, run the"
                " same command again to continue"
            )

    def _answers(self) -> bool:
        try:
            self._check()
        except UserError as error:
            self._reason = shorten(str(error), _REASON)
            return False
        return True
