"""A training's snapshots while it is under way: a file a step, beside its checkpoint, until the record has them."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from experiments.training import Training
from runs.files import replaced
from runs.snapshots import Weights, tensor_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SnapshotFolder:
    """The snapshots of one training, each written once: a checkpoint costs the same however many there are.

    All of a folder are of the training whose checkpoint lies beside it. A run that continues takes those after its
    checkpoint once more, to equal bits.
    """

    path: Path
    steps: Sequence[int]  # at which they are wanted; none: they were not asked for

    def take(self, training: Training) -> None:
        """Keep both networks' weights as they are, finite or not, if they are wanted at this step."""
        if training.step not in self.steps:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with replaced(self._file(training.step)) as part:
            tensors = {
                tensor_name(training.step, network, name): tensor
                for network, weights in training.weights().items()
                for name, tensor in weights.items()
            }
            save_file(tensors, part)

    def reach(self, step: int) -> bool:
        """Whether all that are wanted up to that step are there; which are not is said."""
        missing = [wanted for wanted in self.steps if wanted <= step and not _readable(self._file(wanted))]
        if missing:
            logger.warning(
                "%s: snapshots of %d earlier steps were not taken: trained again from step 0",
                self.path.stem,
                len(missing),
            )
        return not missing

    def join(self, path: Path) -> None:
        """Write all that are wanted into one file. They are mapped, not read: together they may exceed the memory."""
        tensors: dict[str, Tensor] = {}
        for step in self.steps:
            tensors |= load_file(self._file(step))
        save_file(tensors, path)

    def remove(self) -> None:
        """Leave nothing behind."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def _file(self, step: int) -> Path:
        return self.path / f"{step}.safetensors"


def state_dict(weights: Weights) -> dict[str, Tensor]:
    """One network's weights, as :func:`runs.snapshots.read_snapshots` gives them, for its ``load_state_dict``."""
    return {name: torch.tensor(array) for name, array in weights.items()}


def _readable(path: Path) -> bool:
    try:
        with safe_open(path, "pt"):
            return True
    except (OSError, SafetensorError):
        return False
