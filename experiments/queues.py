"""Which run is made next: those that wait, those that other sweeps make, and how often each was tried."""

from collections import Counter, deque
from collections.abc import Sequence

from experiments.recording import RunRequest
from runs.claims import Claims, Owner, process
from runs.generations import generation_of
from runs.store import RunStore

ATTEMPTS = 2  # a crash may be the machine's; twice is the run's
RECORDINGS = 5  # times that a store which answers did not take a run


class Queue:
    """Runs still to be made. Each is claimed when it is given to a worker, and looked up once more."""

    def __init__(self, requests: Sequence[RunRequest], claims: Claims, store: RunStore) -> None:
        self.waiting = deque(requests)
        self.elsewhere: list[RunRequest] = []
        self.claims = claims
        self._store = store
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._recordings: Counter[tuple[str, int]] = Counter()

    def claim(self, request: RunRequest, pid: int) -> Owner | None:
        """Claim a run that waited for a worker: None, or who makes it; it then waits for that."""
        other = self.claims.take(_name(request), process(pid))
        if other is not None:
            self.elsewhere.append(request)
        return other

    def is_recorded(self, request: RunRequest) -> bool:
        """Whether a run has a complete record: another sweep may have made it before it was claimed."""
        config = request.config
        query = {"config.study": config.study, "config.seed": config.seed, "meta.cell_key": request.key}
        return any(generation_of(record) >= request.generation for record in self._store.find(query))

    def begun(self, request: RunRequest) -> None:
        """It uses one of its attempts."""
        self._attempts[request.identity] += 1

    def ended(self, request: RunRequest) -> None:
        """It is made here no more: others may."""
        self.claims.release(_name(request))

    def put_back(self, request: RunRequest) -> None:
        """It was not begun, or is not to be blamed for how it ended."""
        self.waiting.appendleft(request)

    def look_again(self) -> None:
        """Runs of other sweeps may have been made, or left."""
        self.waiting.extend(self.elsewhere)
        self.elsewhere.clear()

    def failed(self, request: RunRequest) -> bool:
        """Whether it is tried again."""
        return self._again(request, self._attempts, ATTEMPTS)

    def not_taken(self, request: RunRequest, *, away: bool) -> bool:
        """Whether it is tried again, now that a store has not taken it; one that is away is not the run's fault."""
        self._attempts[request.identity] -= 1
        if away:
            self.put_back(request)
            return True
        self._recordings[request.identity] += 1
        return self._again(request, self._recordings, RECORDINGS)

    def _again(self, request: RunRequest, tried: Counter[tuple[str, int]], most: int) -> bool:
        again = tried[request.identity] < most
        if again:
            self.waiting.append(request)
        return again


def _name(request: RunRequest) -> str:
    return request.checkpoint.stem
