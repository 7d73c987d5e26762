"""A training's snapshots while it is under way: a file a step, beside its checkpoint, until the record has them."""

import hashlib
import logging
import shutil
from collections.abc import Mapping, Sequence
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

_DIGEST = "sha256"  # in a file's metadata


class DamagedSnapshot(ValueError):
    """A file that does not hold the weights that were kept in it."""


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
            save_file(tensors, part, {_DIGEST: _digest(tensors)})

    def reach(self, step: int) -> bool:
        """Whether all that are wanted up to that step are there; which are not is said."""
        missing = [wanted for wanted in self.steps if wanted <= step and not _intact(self._file(wanted))]
        if missing:
            logger.warning(
                "%s: snapshots of %d earlier steps were not taken or have changed since: trained again from step 0",
                self.path.stem,
                len(missing),
            )
        return not missing

    def join(self, path: Path) -> None:
        """Write all that are wanted into one file. They are mapped, not read: together they may exceed the memory.

        Raises DamagedSnapshot if one is not what was taken: the next attempt then takes all again.
        """
        tensors: dict[str, Tensor] = {}
        for step in self.steps:
            tensors |= _taken(self._file(step))
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


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Of names, types, shapes and bytes; safetensors compares none when it reads a file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _taken(path: Path) -> dict[str, Tensor]:
    """What a file holds, mapped. Raises DamagedSnapshot if it does not hold what was written into it."""
    try:
        with safe_open(path, "pt") as file:
            recorded = (file.metadata() or {}).get(_DIGEST)
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DamagedSnapshot(f"snapshot {path} cannot be read: {error}") from None
    if _digest(tensors) != recorded:
        raise DamagedSnapshot(f"snapshot {path} is not what was written: its bytes have changed")
    return tensors


def _intact(path: Path) -> bool:
    try:
        _taken(path)
    except DamagedSnapshot:
        return False
    return True
