"""Checkpoints: a training's whole state in one file that is there entirely, as it was written, or not at all."""

import hashlib
import logging
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from runs.addresses import LOCAL_VARIABLE
from runs.errors import UserError
from runs.files import replaced
from runs.printable import one_line

logger = logging.getLogger(__name__)

# The file is what torch.save writes, a zip archive, and behind it these bytes and the SHA-256 of all before them:
# torch.load compares no checksum, so changed bytes would continue with other numbers. Readers of zip pass over the end.
_SEAL = b"\nstate's SHA-256"
_SEALED = len(_SEAL) + hashlib.sha256().digest_size
_SHOWN = 200  # characters of a reason
_ZIP_END, _ZIP_END_BYTES = b"PK\x05\x06", 22


class DamagedCheckpoint(ValueError):
    """A file that is no checkpoint, or no longer the one that was written."""


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state (tensors, numbers, text, lists and mappings of them); an older file is replaced at the end.

    Raises UserError if the disk does not take it; the older file is then still there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as temporary, temporary.open("wb") as file:
            hashing = _Hashing(file)
            torch.save(state, hashing)  # type: ignore[arg-type]  # it takes whatever has these two methods
            file.write(_SEAL + hashing.digest.digest())
    except (OSError, RuntimeError) as error:
        fault = error if isinstance(error, OSError) else error.__context__  # torch complains over what the system says
        if not isinstance(fault, OSError):
            raise
        raise UserError(
            f"checkpoint {path} cannot be written: {fault.strerror or fault}; free space there, or name a folder on"
            f" another disk: export {LOCAL_VARIABLE}=/path/of/a/folder; then run the same command again"
        ) from None


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The state kept in the file, on the CPU; None where there is none.

    Raises DamagedCheckpoint, before anything of it is loaded, if the file is not as it was written, and whatever torch
    raises about one that holds no plain state.
    """
    if not path.exists():
        return None
    _refuse_changed(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def set_aside(path: Path, error: Exception) -> None:
    """Rename a checkpoint that cannot be used to ``….damaged``, in place of an earlier one, and say it with the reason.

    Raises UserError if that is not possible.
    """
    reason = one_line(f"{type(error).__name__}: {error}", _SHOWN)  # torch writes in bold
    aside = path.with_name(f"{path.name}.damaged")
    try:
        path.replace(aside)
    except OSError as fault:
        raise UserError(
            f"checkpoint {path} cannot be used ({reason}), nor renamed to {aside.name}: {fault.strerror}; move it away"
        ) from None
    logger.warning("checkpoint %s cannot be used (%s): set aside as %s, trained again", path, reason, aside.name)


class _Hashing:
    """A file to write to that knows the digest of what was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()


def _refuse_changed(path: Path) -> None:
    content = np.memmap(path, np.uint8, "r")
    seal = content[-_SEALED:].tobytes()
    if seal.startswith(_SEAL):
        if hashlib.sha256(content[:-_SEALED].data).digest() != seal[len(_SEAL) :]:
            raise DamagedCheckpoint("its bytes are not those that were written")
    elif content[-_ZIP_END_BYTES:].tobytes().startswith(_ZIP_END):
        # from before there was a seal: it may hold days of training, and zip has a weaker checksum of every part
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise DamagedCheckpoint("its bytes are not those that were written")
    else:
        raise DamagedCheckpoint("it is cut off, or no checkpoint")
