"""Checkpoints: a training's whole state in one file that is there entirely or not at all."""

import logging
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from runs.files import replaced

logger = logging.getLogger(__name__)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state (tensors, numbers, text, lists and mappings of them); an older file is replaced at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as temporary:
        torch.save(state, temporary)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The state kept in the file, on the CPU; None where there is none.

    A file that cannot be read as one is set aside (renamed to ``….damaged``), said, and counts as none.
    """
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        logger.warning("checkpoint %s cannot be read (%s): set aside as %s, trained again", path, reason, aside.name)
        return None
