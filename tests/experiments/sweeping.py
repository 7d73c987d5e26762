"""A sweep as its users run it: other processes, in a copy of the project."""

from io import BytesIO

import numpy as np

from runs.schema import CLOCK, DISCRIMINATOR, GENERATOR, SAMPLES, TRACES
from runs.store import FolderStore
from runs.study import STUDIES
from tests.project import run


def sweep(project, *arguments, url=""):
    return run(project, "experiments.sweep", *arguments, url=url)


def store(project):
    return FolderStore(project / "runs" / "_local" / "records")


def records(project):
    """What must be equal to the bit, by arm and seed."""
    kept = store(project)
    found = {}
    for one in kept.find():
        traces = {name: trace for name, trace in kept.traces(one, list(TRACES)).items() if name != CLOCK}
        found[one.config["arm"], one.config["seed"]] = {
            **{name: trace.values.tobytes() for name, trace in traces.items()},
            "images": np.load(BytesIO(kept.artifact(one, SAMPLES)))["images"].tobytes(),
            "weights": kept.artifact(one, GENERATOR) + kept.artifact(one, DISCRIMINATOR),
        }
    return found


def edited(folder, name, *changes):
    """Path of a file in ``folder``: the smoke study with other text in some places."""
    text = (STUDIES / "smoke.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return str(path)
