"""The engine that makes runs on a Ray cluster: two nodes on this machine, or one that the sweep starts."""

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.recording import real_images, record
from runs.addresses import LOCAL_VARIABLE
from runs.errors import UserError
from runs.store import open_store
from tests.experiments import interrupting
from tests.experiments.test_interrupting import (
    ADVICE,
    checkpoints,
    endless_study,
    ends_with,
    start,
    statuses,
    training,
    wait_until,
)
from tests.experiments.tiny import TINY
from tests.project import command

ray = pytest.importorskip("ray", reason="Ray is not installed: make test installs requirements-cluster.lock")

from ray.cluster_utils import Cluster  # noqa: E402

from experiments.cluster import nodes  # noqa: E402
from experiments.cluster.connecting import connect  # noqa: E402
from experiments.cluster.engine import refuse_other_nodes, run_on_cluster  # noqa: E402
from experiments.features import data_digest  # noqa: E402

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

LONG = replace(TINY, steps=600, eval_every=20)
STORE = 80 * 2**20


@pytest.fixture(scope="module")
def cluster():
    """A head with one CPU, on whose node the sweep runs too."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    own = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
    started = Cluster(initialize_head=True, head_node_args=own)
    yield started
    started.shutdown()


@pytest.fixture
def two_nodes(cluster, monkeypatch):
    """The cluster at RAY_ADDRESS, with a second node of one CPU."""
    if not cluster.worker_nodes:
        cluster.add_node(num_cpus=1, object_store_memory=STORE)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    return cluster


@pytest.fixture
def connected(two_nodes):
    """A connection to it."""
    connect(two_nodes.address)
    yield
    ray.shutdown()


@pytest.fixture
def here(request_for):
    """What the nodes have to have for a tiny run."""
    request = request_for(TINY)
    digests = {request.data[0]: data_digest(real_images(*request.data)[0])}
    with nodes.shared_files(nodes.purposes(request.local, Path(request.url))) as files:
        yield nodes.expected(digests, request.local, files)


def test_the_runs_of_a_node_that_dies_go_on_elsewhere_from_their_checkpoints(two_nodes, request_for, tmp_path, capfd):
    requests = [request_for(replace(LONG, seed=seed), key=f"cell{seed}") for seed in range(3)]
    before, after, lost = {}, [], []
    with closing(run_on_cluster(requests, None)) as events:
        for event in events:
            seed = event.request.config.seed
            if event.kind == "failed":
                assert event.again, event.reason
                lost.append(seed)
            elif event.kind == "progress" and lost == [seed]:
                after.append(event.step)
            elif event.kind == "progress" and not lost:
                before[seed] = event.step
                if two_nodes.worker_nodes and len(before) == 2 and min(before.values()) > 0:
                    two_nodes.remove_node(*two_nodes.worker_nodes, allow_graceful=False)
    assert len(lost) == 1 and 0 < before[lost[0]] < after[0]
    complete = [one for one in open_store(requests[0].url).find({}, complete_only=False) if one.shortcoming is None]
    assert sorted(one.config["seed"] for one in complete) == [0, 1, 2]
    for seed in (*lost, 2):
        alone = request_for(replace(LONG, seed=seed), key=f"alone{seed}", url=str(tmp_path / "alone"))
        record(alone)
        assert interrupting.recorded(requests[seed]) == interrupting.recorded(alone)
    assert capfd.readouterr() == ("", "")


def test_a_sweep_on_a_cluster_is_stopped_and_killed_as_one_of_this_machine_is(two_nodes, project):
    words = command(project, "experiments.sweep", endless_study(project), "--engine", "ray")
    killed = start(words)
    wait_until(lambda: training(project, killed))
    wait_until(lambda: checkpoints(project))
    killed.kill()
    killed.communicate()
    wait_until(lambda: not changes(project))
    stopped = start(words)
    wait_until(lambda: changes(project))
    os.killpg(stopped.pid, signal.SIGINT)
    status, error = ends_with(stopped)
    assert (status, error.splitlines()[-1] + "\n") == (130, ADVICE) and "Traceback" not in error
    assert "INTERRUPTED" in statuses(project) and len(checkpoints(project)) == 2
    assert not changes(project)


def changes(project):
    """Whether checkpoints are written, a second or five from now."""
    before = {path: path.stat().st_mtime_ns for path in checkpoints(project)}
    time.sleep(7)
    return before != {path: path.stat().st_mtime_ns for path in checkpoints(project)}


def test_without_an_address_this_machine_is_the_cluster_and_nothing_of_it_is_left(request_for, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    before = processes_of_ray()
    requests = [request_for(TINY, key="broken", checkpoint_seconds="soon"), request_for(TINY, key="sound")]
    seen = [event for event in run_on_cluster(requests, 1) if event.kind != "progress"]
    assert [(event.kind, event.request.key, event.again) for event in seen] == [
        ("failed", "broken", True),
        ("recorded", "sound", False),
        ("failed", "broken", False),
    ]
    assert seen[0].reason.startswith("TypeError: ") and "(recording.py:" in seen[0].reason
    assert not ray.is_initialized() and not list(Path(requests[0].url).glob(".shared-*"))
    assert processes_of_ray() <= before


def processes_of_ray():
    """What of Ray this process has started that still runs, as lines of words."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return {line for line in listed.stdout.splitlines() if "ray" in line and "defunct" not in line}


def test_nodes_that_are_like_this_machine_are_taken_and_others_named(connected, here):
    refuse_other_nodes(ray.nodes(), here)
    with pytest.raises(UserError, match=r"^node .* would not make the same runs: its code in .* is not the same"):
        refuse_other_nodes(ray.nodes(), replace(here, code="another"))


OTHERWISE = {
    "a folder that is not shared": (
        lambda here: replace(here, shared=((Path("/elsewhere/.shared-1"), "put it elsewhere"),)),
        "its folder /elsewhere is not the same: put it elsewhere",
    ),
    "other code": (lambda here: replace(here, code="another"), "its code in .* bring both to one commit"),
    "another torch": (
        lambda here: replace(here, versions=(("torch", "1.0"),)),
        "it has torch .* and not 1.0: install requirements.lock on both",
    ),
    "other images": (
        lambda here: replace(here, data=((here.data[0][0], "another"),)),
        "its images of digits are not the same",
    ),
    "no images": (
        lambda here: replace(here, data=((replace(here.data[0][0], dataset="mnist", image_size=32), "any"),)),
        "dataset=mnist: ",
    ),
}


@pytest.mark.parametrize("case", OTHERWISE)
def test_a_node_says_what_it_has_otherwise(case, here, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_STABILITY_DATA", str(tmp_path / "no data"))
    assert nodes.difference(here) is None
    changed, said = OTHERWISE[case]
    found = nodes.difference(changed(here))
    assert found is not None and re.match(said, found)


def test_advice_on_folders_names_the_variables():
    found = nodes.purposes(Path("/local"), Path("/local/records"))
    assert list(found) == [Path("/local"), Path("/local/records")]
    assert all(LOCAL_VARIABLE in words for words in found.values())
    assert "MONGO_URL" in found[Path("/local/records")]


def test_another_digest_for_a_changed_study_or_source_file_and_the_same_for_records(tmp_path):
    for name in ("runs/a.py", "experiments/studies/b.yaml", "models/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    first = nodes.code_digest(tmp_path)
    (tmp_path / "runs" / "_local").mkdir()
    (tmp_path / "runs" / "_local" / "d.py").write_text("1\n")
    assert nodes.code_digest(tmp_path) == first
    (tmp_path / "experiments/studies/b.yaml").write_text("2\n")
    assert nodes.code_digest(tmp_path) != first


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (replace(TINY, device="cuda"), "device=cuda: no node of the Ray cluster has a GPU"),
        (replace(TINY, threads=64), "threads=64: no node of the Ray cluster has 64 CPUs for a run"),
    ],
)
def test_runs_for_which_no_node_has_what_they_need_are_refused(two_nodes, request_for, config, said):
    with pytest.raises(UserError, match=said):
        run_on_cluster([request_for(config)], None)
    assert not ray.is_initialized()


@pytest.mark.parametrize("listening", [False, True])
def test_an_address_at_which_no_ray_answers_is_said_in_seconds(listening, request_for, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listening:
            silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        began = time.monotonic()
        with pytest.raises(UserError, match=f"RAY_ADDRESS={address}: no Ray cluster answers there .*ray start --head"):
            run_on_cluster([request_for(TINY)], None)
        assert time.monotonic() - began < 30
