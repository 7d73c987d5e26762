"""Reading the samples of a run: what its generator made of the first fixed z at every probe."""

# P probes, C channels, H height, W width

import io
import zipfile

import numpy as np
from numpy.typing import NDArray

from runs.errors import UserError
from runs.records import RunRecord, RunStore
from runs.schema import SAMPLES


def read_samples(store: RunStore, record: RunRecord) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Steps (P,) and images (P, 64, C, H, W). Raises UserError if they cannot be read."""
    content = store.artifact(record, SAMPLES)
    try:
        with np.load(io.BytesIO(content)) as arrays:
            return arrays["steps"], arrays["images"]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        raise UserError(
            f"run {record.id}: its {SAMPLES} cannot be read; move its record away, and make stability-sweep trains the"
            " run again"
        ) from None
