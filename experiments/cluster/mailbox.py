"""What the sweep and its tasks say to each other. Lives in a process of its own on the sweep's node, as a Ray actor."""


class Mailbox:
    """How far each attempt at a run is, by its number, and whether all are to stop."""

    def __init__(self) -> None:
        self._reached: dict[int, int] = {}
        self._stopping = False

    def report(self, attempt: int, step: int | None) -> bool:
        """An attempt has reached a step (None: not its first probe yet); whether it is to stop."""
        if step is not None:
            self._reached[attempt] = step
        return self._stopping

    def news(self) -> dict[int, int]:
        """The step of each attempt that has reported since this was asked last."""
        news, self._reached = self._reached, {}
        return news

    def stop(self) -> None:
        """Have all stop."""
        self._stopping = True
