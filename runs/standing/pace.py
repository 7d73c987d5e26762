"""How far a run is and how fast it goes, by the points that it has recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from runs.contents.content import Points
from runs.schema import CLOCK

_RECENT = timedelta(minutes=5)
_BURST = timedelta(seconds=1)  # what a checkpoint brought along is recorded at once


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The last step that is recorded, when it was, and steps a second lately; None where that is not known yet."""

    step: int
    at: datetime | None = None
    speed: float | None = None

    def left(self, steps: int, now: datetime) -> float | None:
        """Seconds until the last of so many steps, if it goes on like this."""
        if not self.speed or self.at is None:
            return None
        return max(0.0, (steps - self.step) / self.speed - (now - self.at).total_seconds())


def pace_of(points: Mapping[str, Points]) -> Pace:
    """By the probes, each of which is recorded when it is reached; wall clock, probes included.

    A run that was continued records what its checkpoint holds at once, before its first step: that is no speed.
    """
    probes = points.get(CLOCK)
    reached = sorted(zip(probes.timestamps, probes.steps, strict=False)) if probes else []
    if not reached:
        return Pace(step=0)
    at, step = reached[-1]
    lately = [one for one in reached if at - one[0] <= _RECENT]
    if len(lately) < 3:  # probes far apart
        lately = reached[-len(lately) - 1 :]
    since, first = max(one for one in lately if one[0] - lately[0][0] <= _BURST)
    return Pace(step=step, at=at, speed=(step - first) / (at - since).total_seconds() if at > since else None)
