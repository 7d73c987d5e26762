"""A worker that has not yet imported what it works with can be stopped like any other."""

import multiprocessing
import os
import sys
import time
from types import ModuleType

import pytest

from experiments.worker_process import live
from runs.living import is_alive


class Endless(ModuleType):
    """In the place of experiments.serving: whoever imports from it waits."""

    def __init__(self, begun):
        super().__init__("experiments.serving")
        self.begun = begun

    @property
    def serve(self):
        self.begun.set()
        time.sleep(600)


def importing_for_ever(pipe, begun):
    sys.modules["experiments.serving"] = Endless(begun)
    live(pipe, [])


def parent_of_one(begun, pid):
    """Start such a worker, say its number and die at once."""
    context = multiprocessing.get_context("spawn")
    _, theirs = context.Pipe()
    worker = context.Process(target=importing_for_ever, args=(theirs, begun))
    worker.start()
    pid.send(worker.pid)
    begun.wait()
    os._exit(1)


@pytest.fixture
def context():
    return multiprocessing.get_context("spawn")


def test_while_it_imports_it_ends_when_it_is_asked_to(context):
    begun, (ours, theirs) = context.Event(), context.Pipe()
    worker = context.Process(target=importing_for_ever, args=(theirs, begun))
    worker.start()
    assert begun.wait(120)
    worker.terminate()
    worker.join(60)
    assert worker.exitcode == 0
    ours.close()


def test_while_it_imports_it_ends_with_the_sweep_that_started_it(context):
    begun, (ours, theirs) = context.Event(), context.Pipe()
    sweep = context.Process(target=parent_of_one, args=(begun, theirs))
    sweep.start()
    assert ours.poll(120)
    worker = ours.recv()
    sweep.join(120)
    deadline = time.monotonic() + 60
    while is_alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.1)
