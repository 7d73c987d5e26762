"""A sweep in a copy of the project: as its users run it, in other processes, or in this one.

Each process that trains imports torch first, for seconds: tests of what a sweep does, rather than of its processes,
run it here.
"""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO

import numpy as np
import pytest
import torch

from experiments import launch, reproducibility
from experiments import sweep as sweep_module
from experiments.engines import Event
from experiments.recording import record
from runs import addresses
from runs.errors import report_user_errors
from runs.schema import CLOCK, DISCRIMINATOR, GENERATOR, SAMPLES, TRACES
from runs.store import FolderStore
from runs.study import STUDIES
from tests.project import run


def sweep(project, *arguments, url=""):
    return run(project, "experiments.sweep", *arguments, url=url)


def in_turn(requests, workers, runs_per_gpu):
    """An engine that makes the runs in this process, one after another."""
    for request in requests:
        record(request)
        yield Event(kind="recorded", request=request)


def sweep_here(project, *arguments, **options):
    """What :func:`sweep` returns, of a sweep in this process; options as of :func:`run_here`."""
    return run_here(project, sweep_module.main, *arguments, **options)


def train_again_here(project, *arguments):
    """What ``python -m experiments.reproducibility`` does in the copy, done in this process."""
    return run_here(project, reproducibility.main, *arguments)


def run_here(project, main, *arguments, stdin=None, local="", engine=in_turn):
    """Run a command that trains, with its runs made by that engine; ``local`` is the variable that names a folder."""
    output, error = io.StringIO(), io.StringIO()
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(error):
        patch.setattr(addresses, "HERE", project / "runs")
        make_runs = launch.make_runs
        patch.setattr(launch, "make_runs", lambda *given, **named: make_runs(*given, **{**named, "engine": engine}))
        patch.setattr(sys, "stdin", stdin or io.StringIO())
        patch.setenv("MONGO_URL", "")
        patch.setenv(addresses.LOCAL_VARIABLE, local)
        patch.chdir(project)
        try:
            status = report_user_errors(lambda: main(arguments))
        finally:
            torch.set_num_threads(threads)
    return subprocess.CompletedProcess(arguments, status, output.getvalue(), error.getvalue())


def store(project):
    return FolderStore(project / "runs" / "_local" / "records")


def as_before_files_were_described(project, run_id):
    """A record then says nothing of its files, so that other contents are met where they are used."""
    path = project / "runs" / "_local" / "records" / str(run_id) / "info.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({name: one for name, one in info.items() if name != "artifacts"}))


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
