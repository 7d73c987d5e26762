"""Several sweeps of one study, and a database that goes away while one is under way."""

import subprocess
from dataclasses import replace

from experiments.engines import Notice, run_locally
from runs.store import open_store
from tests.experiments.sweeping import store
from tests.experiments.tiny import TINY
from tests.mongo_server import MongoServer
from tests.project import command


def test_two_sweeps_of_one_study_share_its_runs_and_train_none_twice(project):
    words = command(project, "experiments.sweep", "smoke", "--workers", "1")
    both = [subprocess.Popen(**words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=280) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert all(output.splitlines()[-1] == "smoke: 4 of 4 runs are complete" for output, _ in said)
    assert sum(error.count("makes some of these runs") for _, error in said) <= 2
    found = store(project).find({}, complete_only=False)
    assert sorted((one.config["arm"], one.config["seed"], one.status) for one in found) == [
        (arm, seed, "COMPLETED") for arm in ("dcgan", "mlp") for seed in (0, 1)
    ]
    assert not list((project / "runs" / "_local" / "records" / "claims").iterdir())


def test_an_outage_burns_no_attempt_and_is_waited_for(request_for, tmp_path):
    with MongoServer(tmp_path / "journal") as server:
        config = replace(TINY, steps=24)
        requests = [request_for(config, key=f"cell{i}", url=server.url("gan")) for i in range(2)]
        kinds, said = [], []
        for event in run_locally(requests, workers=1):
            if isinstance(event, Notice):
                said.append(event.text)
                if len(said) == 1:
                    server.start()
                continue
            if event.kind == "progress" and event.step == 8 and not said:
                server.kill()
            if event.kind != "progress":
                kinds.append((event.kind, event.request.key))
        # a run that ends while nothing can be recorded is taken up after the other: the order is open
        assert sorted(kinds) == [("recorded", "cell0"), ("recorded", "cell1")]
        assert "cannot be reached" in said[0] and said[1:] == ["the store takes records again: going on"]
        assert len(open_store(requests[0].url).find()) == 2
