"""The engine is an argument of a sweep, and a run's device is found where the run is made."""

import multiprocessing
from dataclasses import replace

import pytest
import torch

from experiments import serving
from experiments.cells import matched_cells
from experiments.engines import Event, run_locally
from experiments.environment import resolve_device
from experiments.launch import make_runs
from experiments.recording import record
from runs.errors import UserError
from runs.generations import work
from runs.store import open_store
from runs.study import load_study
from tests.experiments.tiny import TINY


@pytest.fixture
def smoke(local, tmp_path, monkeypatch):
    """A function from an engine to the arms that a sweep of two runs has recorded with it."""
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(local))
    url = str(tmp_path / "records")

    def sweep(engine):
        study = load_study("smoke").override(seeds=1)
        todo = work(study, open_store(url), again=False)
        make_runs(study, todo, url, workers=3, only_show=False, what="", engine=engine)
        return [one.config["arm"] for one in open_store(url).find({"config.study": "smoke"})]

    return sweep


def test_a_sweep_takes_any_engine_that_makes_the_runs_and_tells_of_it(smoke):
    given = []

    def here(requests, workers, runs_per_gpu):
        given.append((len(requests), workers, runs_per_gpu))
        for request in requests:
            record(request)
            yield Event(kind="recorded", request=request)

    assert smoke(here) == ["mlp", "dcgan"]
    assert given == [(2, 3, None)]


def test_a_sweep_that_ends_early_closes_its_engine(smoke):
    closed = []

    def strange(requests, workers, runs_per_gpu):
        try:
            yield "no event: the sweep fails"
        finally:
            closed.append(True)

    with pytest.raises(AttributeError):
        smoke(strange)
    assert closed == [True]


def test_who_starts_the_runs_leaves_their_device_open():
    assert {one.config.device for one in matched_cells(load_study("smoke"))} == {"auto"}


def test_a_run_finds_its_device_where_it_is_made_and_records_it(request_for):
    request = request_for(replace(TINY, device="auto"))
    record(request)
    (found,) = open_store(request.url).find()
    assert found.config["device"] == resolve_device("auto")


def test_this_machine_refuses_runs_on_a_gpu_that_it_has_not_before_it_starts_a_process(request_for, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    requests = [request_for(TINY, key="cpu"), request_for(replace(TINY, device="cuda"), key="gpu")]
    with pytest.raises(UserError, match="device=cuda: no CUDA device is available here"):
        run_locally(requests, 1)
    assert multiprocessing.active_children() == []
    with pytest.raises(UserError, match="device=cuda"):
        record(requests[1])
    assert open_store(requests[0].url).find({}, complete_only=False) == []


@pytest.mark.parametrize("greedy", [lambda: torch.empty(10**15), lambda: (_ for _ in ()).throw(MemoryError())])
def test_a_run_for_which_there_is_no_memory_fails_and_says_what_to_lower(request_for, monkeypatch, greedy):
    monkeypatch.setattr(serving, "record", lambda request, progress, stopped: next(greedy(), None))
    kind, reason = serving.attempt(request_for(TINY), lambda step: None, lambda: False)
    assert kind == "failed" and reason.endswith(serving.LESS_MEMORY)
