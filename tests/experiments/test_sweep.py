"""The sweep in a copy of the project; where processes are what is tested, as its users run it."""

import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest

from experiments.engines import run_locally
from runs.store import FolderStore
from tests.experiments.sweeping import edited, records, store, sweep, sweep_here
from tests.experiments.tiny import TINY
from tests.project import command, copy_project

LONGER = {"steps: 30": "steps: 80", "eval_every: 10": "eval_every: 4", "seeds: 2": "seeds: 3"}


def longer_study(folder):
    """The smoke study with more steps and seeds, so that much is left when the first run is recorded."""
    return edited(folder, "longer", *LONGER.items())


@pytest.fixture(scope="module")
def by_two_workers(tmp_path_factory, local, images):
    """A copy of the project with the records of the smoke study, as its user made them, and what its sweep said."""
    project = copy_project(tmp_path_factory.mktemp("by two workers"))
    shutil.copytree(local / "features", project / "runs" / "_local" / "features")
    return project, sweep(project, "smoke", "--workers", "2")


def test_a_sweep_trains_what_is_missing_and_a_second_one_nothing(by_two_workers):
    swept, first = by_two_workers
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "smoke: 4 of 4 runs are complete")
    assert set(records(swept)) == {(arm, seed) for arm in ("mlp", "dcgan") for seed in (0, 1)}
    ids = [one.id for one in store(swept).find()]
    second = sweep(swept, "smoke")
    assert second.returncode == 0 and "training" not in second.stdout
    assert [one.id for one in store(swept).find({}, complete_only=False)] == ids


def test_a_sweep_says_at_its_end_what_it_cost_and_what_is_next(by_two_workers):
    cost = by_two_workers[1].stdout.splitlines()[-2]
    assert re.fullmatch(r"4 runs recorded in \d+ (s|min), \d+ s a run. Next: make representation STUDY=smoke", cost)


def test_a_sweep_with_runs_missing_says_where_to_look(project):
    def none(requests, workers, runs_per_gpu):
        yield from ()

    done = sweep_here(project, "smoke", "--seeds", "1", engine=none)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2].endswith(
        "Next: make status STUDY=smoke says why runs are missing; the same command again continues"
    )


def test_one_worker_and_two_and_none_record_the_same_bits(by_two_workers, trained, project):
    of_two = records(by_two_workers[0])
    assert sweep_here(project, "smoke", "--workers", "1", engine=run_locally).returncode == 0
    assert len(of_two) == 4
    assert records(project) == of_two
    assert records(trained) == of_two


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, local, images):
    """The records of the longer study."""
    project = tmp_path_factory.mktemp("uninterrupted")
    shutil.copytree(local / "features", project / "runs" / "_local" / "features")
    assert sweep_here(project, longer_study(project)).returncode == 0
    return records(project)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_sweep_continues_and_ends_as_if_never_interrupted(project, uninterrupted, how):
    study = longer_study(project)
    process = subprocess.Popen(
        **command(project, "experiments.sweep", study),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    folder = project / "runs" / "_local" / "records"
    deadline = time.monotonic() + 120
    while not any(folder.glob("*/run.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, how)  # as Ctrl-C and `kill -9` of a terminal's process group do
    error = process.communicate(timeout=60)[1]
    assert process.returncode != 0
    assert "Traceback" not in error
    assert len(records(project)) < len(uninterrupted) == 6
    assert sweep_here(project, study).returncode == 0
    assert records(project) == uninterrupted


def test_a_worker_that_dies_is_replaced_and_its_run_tried_again(request_for):
    requests = [request_for(TINY, key=f"cell{i}") for i in range(3)]
    kinds, killed = [], False
    for event in run_locally(requests, workers=1):
        if event.kind == "progress" and event.request is requests[1] and not killed:
            killed = True
            (worker,) = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
        if event.kind != "progress":
            kinds.append((event.kind, event.request.key, event.again))
    assert kinds == [
        ("recorded", "cell0", False),
        ("failed", "cell1", True),
        ("recorded", "cell2", False),
        ("recorded", "cell1", False),
    ]


def test_a_worker_that_dies_while_it_is_idle_is_replaced_before_it_is_given_a_run(request_for):
    endless = replace(TINY, steps=20_000, trace_every=20, eval_every=20)
    requests, seen = [request_for(TINY, key="short"), request_for(endless, key="endless")], []
    with closing(run_locally(requests, workers=2)) as events:
        for event in events:
            seen.append((event.kind, event.request.key))
            if seen[-1] == ("recorded", "short"):  # its worker has nothing to do now, the other is in the middle
                for worker in multiprocessing.active_children():
                    os.kill(worker.pid, signal.SIGKILL)
                    worker.join()
            if ("failed", "endless") in seen and seen[-1] == ("progress", "endless"):
                break
    assert [one for one in seen if one[0] != "progress"] == [("recorded", "short"), ("failed", "endless")]


def test_a_sweep_whose_output_nobody_reads_any_more_trains_to_its_end(project):
    words = command(project, "experiments.sweep", "smoke", "--seeds", "1", "--workers", "1")
    line = 'python="$0"; "$python" "$@" 2>&1 | head -c 50; exit ${PIPESTATUS[0]}'
    done = subprocess.run(**{**words, "args": ["bash", "-c", line, *words["args"]]}, capture_output=True, timeout=280)
    assert (done.returncode, done.stderr, len(records(project))) == (0, "", 2)


def test_an_interrupt_does_not_reach_a_worker_not_even_while_it_starts(request_for):
    sent = set()

    def interrupt_workers():
        deadline = time.monotonic() + 30
        while len(sent) < 2 and time.monotonic() < deadline:
            for worker in multiprocessing.active_children():
                if worker.pid not in sent:
                    os.kill(worker.pid, signal.SIGINT)  # what the terminal does to each process of its group
                    sent.add(worker.pid)
            time.sleep(0.001)

    terminal = threading.Thread(target=interrupt_workers)
    terminal.start()
    requests = [request_for(TINY, key=f"cell{i}") for i in range(2)]
    kinds = [event.kind for event in run_locally(requests, workers=2) if event.kind != "progress"]
    terminal.join()
    assert (len(sent), kinds) == (2, ["recorded", "recorded"])


def test_a_run_that_fails_twice_is_reported_and_the_others_go_on(request_for):
    broken = request_for(TINY, key="broken", checkpoint_seconds="soon")
    events = [event for event in run_locally([broken, request_for(TINY, key="sound")], 1) if event.kind != "progress"]
    assert [(event.kind, event.again) for event in events] == [("failed", True), ("recorded", False), ("failed", False)]
    assert events[0].reason.startswith("TypeError: ") and "(recording.py:" in events[0].reason


def test_arms_that_blow_up_are_recorded_and_crash_no_sweep(project):
    wild = edited(project, "wild", ("lr: 2e-4", "lr: 1e38"), ("normalization: batch", "normalization: none"))
    assert sweep_here(project, wild, "--seeds", "1").returncode == 0
    found = store(project).find()
    assert len(found) == 2
    assert all(one.info["halted_at"] is not None for one in found)


def test_more_seeds_train_only_the_new_ones(swept):
    before = {one.id for one in store(swept).find()}
    more = sweep_here(swept, "smoke", "--seeds", "3")
    assert more.stdout.splitlines()[-1] == "smoke+seeds=3: 6 of 6 runs are complete"
    after = {one.id for one in store(swept).find({}, complete_only=False)}
    assert before < after and (len(before), len(after)) == (4, 6)


def test_everything_lies_where_the_variable_says(project, tmp_path_factory):
    mine = tmp_path_factory.mktemp("my place") / "local"
    shutil.copytree(project / "runs" / "_local" / "features", mine / "features")
    shutil.rmtree(project / "runs" / "_local")
    assert sweep_here(project, "smoke", "--seeds", "1", local=str(mine)).returncode == 0
    assert len(FolderStore(mine / "records").find()) == 2
    assert not (project / "runs" / "_local").exists()
