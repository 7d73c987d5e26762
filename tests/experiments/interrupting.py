"""Trainings that end early, and what must be equal of a run however often it was continued."""

import os
import signal
from io import BytesIO

import numpy as np

from experiments.recording import record
from runs.schema import CLOCK, DISCRIMINATOR, GENERATOR, SAMPLES, TRACES
from runs.store import open_store


def recorded(request):
    """What must be equal in two records of one run, to the bit: traces, probes, sample images, weights, digests."""
    store = open_store(request.url)
    return recorded_of(store, store.find({"meta.cell_key": request.key})[-1])


def recorded_of(store, found):
    """The same of one record."""
    traces = {name: one for name, one in store.traces(found, list(TRACES)).items() if name != CLOCK}
    return {
        **{name: (one.steps.tobytes(), one.values.tobytes()) for name, one in traces.items()},
        "images": np.load(BytesIO(store.artifact(found, SAMPLES)))["images"].tobytes(),
        **{name: store.artifact(found, name) for name in (GENERATOR, DISCRIMINATOR)},
        "streams": found.info["streams"],
        "extremes": repr(found.info["extremes"]),
    }


class Killed(Exception):
    """Stands for whatever ends a run early."""


def stop_at(step):
    def progress(reached):
        if reached == step:
            raise Killed

    return progress


def kill_at(request, step):
    """Train in this process and end it as ``kill -9`` does."""

    def progress(reached):
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    record(request, progress)
