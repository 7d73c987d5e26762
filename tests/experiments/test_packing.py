"""How many runs at a time, on which GPUs: tried out, remembered, and fewer when there is no memory left."""

import os
from dataclasses import replace

import pytest
import torch

from experiments import packing
from experiments.engines import run_locally
from experiments.packing import best_packing, tried
from experiments.spawning import GPU, spawned, visible_gpus
from experiments.workers import places_of
from runs.errors import UserError
from runs.processes import available_cores
from runs.schema import WIDEST
from runs.store import open_store
from tests.experiments.tiny import TINY


@pytest.mark.parametrize(
    ("rates", "most", "runs", "asked"),
    [
        ({1: 100, 2: 190, 4: 200}, 64, 2, [1, 2, 4]),
        ({1: 100, 2: 200, 4: 400, 8: 800}, 8, 8, [1, 2, 4, 8]),
        ({1: 100, 2: 200, 4: 400, 8: 800}, 7, 4, [1, 2, 4]),
        ({1: 100, 2: 200, 4: None}, 64, 2, [1, 2]),
        ({1: 100, 2: 101}, 64, 1, [1, 2]),
        ({1: 100}, 1, 1, [1]),
        ({1: None}, 64, 1, []),
    ],
    ids=[
        "four are no faster than two",
        "as many as are asked for at most",
        "never more than are asked for at most",
        "four do not fit",
        "two are hardly faster than one",
        "no room for two",
        "not even one fits: its run says so",
    ],
)
def test_twice_as_many_runs_at_a_time_are_tried_as_long_as_that_is_worth_it(rates, most, runs, asked):
    found = tried(rates.__getitem__, most)
    assert found.runs == runs and list(found.rates) == asked


def test_processes_that_train_together_are_measured_once_for_each_size_of_run(request_for, monkeypatch):
    monkeypatch.setattr(packing, "SECONDS", 0.3)
    request = request_for(TINY)
    found = best_packing([request], most=2)
    assert list(found.rates) == [1, 2] and all(rate > 1 for rate in found.rates.values())
    kept = request.local / "packing.json"
    kept.write_text(kept.read_text().replace(f'"runs": {found.runs}', '"runs": 7'))
    assert best_packing([request], most=2).runs == 7
    kept.write_text("{")
    assert best_packing([request], most=1).rates.keys() == {1}


def test_gpus_are_those_that_the_environment_leaves_visible(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv(GPU, raising=False)
    assert visible_gpus() == ["0", "1"]
    monkeypatch.setenv(GPU, "3, GPU-5a")
    assert visible_gpus() == ["3", "GPU-5a"]


def test_several_gpus_take_turns_and_one_is_left_as_it_is():
    assert [place.gpu for place in places_of(5, 1, ["3", "5"])] == ["3", "5", "3", "5", "3"]
    assert [place.gpu for place in places_of(2, 1, ["3"])] == [None, None]


def test_processes_have_cores_of_their_own_where_these_suffice():
    cores = available_cores()
    assert [list(place.cores) for place in places_of(len(cores), 1)] == [[core] for core in cores]
    assert [list(place.cores) for place in places_of(len(cores) + 1, 1)] == [[]] * (len(cores) + 1)


def _tell(pipe):
    pipe.send((os.environ[GPU], os.environ["OMP_NUM_THREADS"]))


def test_a_process_sees_its_own_gpu_alone_and_leaves_no_trace_here(monkeypatch):
    monkeypatch.setenv(GPU, "3,5")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    process, pipe = spawned(_tell, gpu="5")
    assert pipe.recv() == ("5", "1")
    process.join()
    assert os.environ[GPU] == "3,5" and "OMP_NUM_THREADS" not in os.environ


def test_runs_a_gpu_are_refused_where_no_run_is_made_on_one(request_for):
    with pytest.raises(UserError, match="4 runs a GPU: no run of these is made on a GPU here"):
        run_locally([request_for(replace(TINY, device="cpu"))], None, 4)


def test_after_a_run_without_memory_fewer_are_made_at_a_time(request_for):
    greedy = request_for(replace(TINY, width_g=WIDEST, width_d=WIDEST), key="greedy")
    sound = [request_for(replace(TINY, seed=seed), key="sound") for seed in range(3)]
    told = [event for event in run_locally([greedy, *sound], 2) if event.kind != "progress"]
    failures = [event.reason for event in told if event.kind == "failed"]
    assert ["; from here on 1 at a time" in reason for reason in failures] == [True, False]
    assert len(open_store(greedy.url).find()) == 3
