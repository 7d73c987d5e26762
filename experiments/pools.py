"""What an engine needs of where runs are made: places, each of which makes one run at a time."""

import abc
from collections.abc import Iterator

from experiments.recording import RunRequest
from experiments.serving import Told


class Pool(abc.ABC):
    """Places for runs: processes of this machine, or of a cluster. Who starts it stops it, however that ends."""

    @abc.abstractmethod
    def start(self) -> None:
        """Make the places."""

    @abc.abstractmethod
    def has_room(self) -> bool:
        """Whether a place has nothing to do."""

    @abc.abstractmethod
    def is_busy(self) -> bool:
        """Whether any run is being made."""

    @abc.abstractmethod
    def maker(self) -> int:
        """Id of the process of this machine with whose end the next run ends too. To be asked where there is room."""

    @abc.abstractmethod
    def give(self, request: RunRequest) -> bool:
        """Have the next place make a run; False if that place has just died."""

    @abc.abstractmethod
    def heard(self, patience: float | None) -> Iterator[tuple[RunRequest, Told]]:
        """What is told of runs, after at most so many seconds (None: however long that takes).

        A run that has ended, as everything but its progress says, has left its place.
        """

    @abc.abstractmethod
    def stop(self) -> None:
        """End all runs within seconds: they are recorded as INTERRUPTED and keep their checkpoints."""
