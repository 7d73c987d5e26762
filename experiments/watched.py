"""A sweep's progress: over all updates of all runs, and on a terminal of each run that is being made."""

from collections.abc import Sequence

from tqdm import tqdm

from experiments.engines import Event, Notice
from experiments.recording import RunRequest
from runs.progress import is_watched, progress, say


class SweepProgress:
    """One bar for the sweep, one for each run under way, and a line for each failure and each notice."""

    def __init__(self, todo: Sequence[RunRequest]) -> None:
        self._reached: dict[tuple[str, int], int] = {}
        self._running: dict[tuple[str, int], tqdm] = {}
        self._recorded, self._runs = 0, len(todo)
        self._bar = progress(total=sum(request.config.steps for request in todo), unit="step", label=self._label())

    def show(self, event: Event | Notice) -> None:
        """Take in what the engine tells."""
        if isinstance(event, Notice):
            say(event.text)
        elif event.kind == "progress":
            self._reach(event.request, event.step)
        elif event.kind == "recorded":
            self._recorded += 1
            self._bar.set_description(self._label(), refresh=False)
            self._reach(event.request, event.request.config.steps)
            self._ended(event.request)
        else:
            after = "will be tried again" if event.again else "given up"
            say(f"FAILED {_name(event.request)}: {event.reason}; {after}")
            self._ended(event.request)

    def close(self) -> None:
        """Leave the sweep's bar as it stands."""
        for bar in self._running.values():
            bar.close()
        self._bar.close()

    def _reach(self, request: RunRequest, step: int) -> None:
        self._bar.update(step - self._reached.get(request.identity, 0))
        self._reached[request.identity] = step
        if is_watched():
            own = self._running.get(request.identity)
            if own is None:
                shown = "  {desc}: {percentage:.0f} % of {total_fmt} steps"
                own = tqdm(total=request.config.steps, desc=_name(request), bar_format=shown, leave=False)
                self._running[request.identity] = own
            own.update(step - own.n)

    def _ended(self, request: RunRequest) -> None:
        if own := self._running.pop(request.identity, None):
            own.close()

    def _label(self) -> str:
        return f"{self._recorded} of {self._runs} runs"


def _name(request: RunRequest) -> str:
    return f"{request.config.arm} seed {request.config.seed}"
