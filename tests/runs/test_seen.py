"""The file of pictures."""

from dataclasses import fields

import numpy as np

from runs.representation import OF_DISCRIMINATOR
from runs.seen import Seen, UnitPictures
from tests.recording import synthetic_seen


def test_what_is_written_is_read_again() -> None:
    written = synthetic_seen(channels=3)
    read = Seen.from_bytes(written.to_bytes())
    assert tuple(read.of) == OF_DISCRIMINATOR
    assert np.array_equal(read.interpolations, written.interpolations)
    for name in OF_DISCRIMINATOR:
        for field in fields(UnitPictures):
            one, other = (getattr(seen.of[name], field.name) for seen in (read, written))
            assert np.array_equal(one, other) and one.dtype == other.dtype, field.name
