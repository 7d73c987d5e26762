import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.checkpoint import load_checkpoint
from experiments.recording import NotRecorded, record
from runs.schema import ARTIFACTS, config_fields
from runs.store import open_store
from tests.experiments.interrupting import Killed, kill_at, recorded, stop_at
from tests.experiments.tiny import TINY
from tests.mongo_server import MongoServer


def test_a_recorded_run_is_complete_and_says_how_it_came_about(request_for, store_url_of_kind):
    request = request_for(TINY, url=store_url_of_kind, plan_hash="abc", plan={"study": "x"})
    run_id = record(request)
    found = open_store(request.url).find({"config.arm": "dcgan"})[0]
    assert (found.id, found.complete) == (run_id, True)
    assert found.config == config_fields(request.config)
    assert [found.meta[name] for name in ("kind", "cell_key", "plan_hash")] == ["stability", request.key, "abc"]
    assert found.info["features"]["accuracy"] >= 0.95
    assert set(found.artifacts) == set(ARTIFACTS)


def test_a_finished_run_leaves_no_checkpoint(request_for):
    request = request_for(TINY)
    record(request)
    assert not request.checkpoint.exists()


@pytest.mark.parametrize("step", [0, 4, 8, 12])
def test_a_run_killed_at_any_probe_and_run_again_is_recorded_as_if_never_interrupted(request_for, step, processes):
    whole, killed = request_for(TINY, key="whole"), request_for(TINY, key="killed")
    record(whole)
    process = processes.Process(target=kill_at, args=(killed, step))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert open_store(killed.url).find({"meta.cell_key": "killed"}) == []
    steps = []
    record(killed, steps.append)
    assert steps == [reached for reached in (0, 4, 8, 12) if reached > step]  # only what was missing is trained
    assert recorded(killed) == recorded(whole)


def test_a_run_stopped_by_an_exception_is_a_failed_run_and_continues(request_for):
    request = request_for(TINY)
    with pytest.raises(Killed):
        record(request, stop_at(8))
    statuses = [found.status for found in open_store(request.url).find({}, complete_only=False)]
    assert statuses == ["FAILED"]
    record(request)
    assert len(open_store(request.url).find()) == 1


def stopped_after(steps):
    """Asked at every step, and at every probe: says yes after so many questions, and from then on."""
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


@pytest.mark.parametrize("questions", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("learning_rate", [2e-4, 1e38], ids=["finite", "blows up"])
def test_a_run_stopped_at_any_step_is_an_interrupted_run_and_loses_no_step(request_for, questions, learning_rate):
    config = replace(TINY, lr_g=learning_rate, lr_d=learning_rate)
    whole, stopped = request_for(config, key="whole"), request_for(config, key="stopped", checkpoint_seconds=1e9)
    record(whole)
    with pytest.raises(KeyboardInterrupt):
        record(stopped, stopped=stopped_after(questions))
    (found,) = open_store(stopped.url).find({"meta.cell_key": "stopped"}, complete_only=False)
    assert found.status == "INTERRUPTED"
    assert load_checkpoint(stopped.checkpoint) is not None
    record(stopped)
    assert recorded(stopped) == recorded(whole)


def test_a_run_stopped_before_its_first_probe_has_nothing_to_keep(request_for):
    request = request_for(TINY)
    with pytest.raises(KeyboardInterrupt):
        record(request, stopped=lambda: True)
    assert not request.checkpoint.exists()
    record(request)


def test_a_truncated_checkpoint_is_set_aside_said_and_trained_again(request_for, caplog):
    whole, cut = request_for(TINY, key="whole"), request_for(TINY, key="cut")
    record(whole)
    with pytest.raises(Killed):
        record(cut, stop_at(8))
    content = cut.checkpoint.read_bytes()
    cut.checkpoint.write_bytes(content[: len(content) // 2])
    steps = []
    record(cut, steps.append)
    assert steps == [0, 4, 8, 12]
    assert "cannot be used" in caplog.text and "trained again" in caplog.text
    assert cut.checkpoint.with_name(f"{cut.checkpoint.name}.damaged").exists()
    assert recorded(cut) == recorded(whole)


def test_a_checkpoint_of_another_config_is_not_continued(request_for):
    request = request_for(TINY)
    with pytest.raises(Killed):
        record(request, stop_at(8))
    other = replace(request, config=replace(request.config, lr_g=1e-3))
    steps = []
    record(other, steps.append)
    assert steps == [0, 4, 8, 12]


def test_a_record_that_lost_a_point_does_not_count_as_complete(request_for):
    request = request_for(TINY)
    run_id = record(request)
    path = Path(request.url, str(run_id), "metrics.json")
    metrics = json.loads(path.read_text())
    for column in metrics["loss_d"].values():
        column.pop()
    path.write_text(json.dumps(metrics))
    assert open_store(request.url).find() == []
    (found,) = open_store(request.url).find({}, complete_only=False)
    assert not found.complete


def test_a_run_whose_database_went_away_is_recorded_again_without_training(request_for, tmp_path):
    with MongoServer(tmp_path / "journal") as server:
        request = request_for(TINY, url=server.url("gan"), key="away")

        def database_dies(reached):
            if reached == 8:
                server.kill()

        with pytest.raises(NotRecorded, match="cannot be read"):
            record(request, database_dies)
        assert request.checkpoint.exists()
        server.start()
        steps = []
        record(request, steps.append)
        assert steps == []
        whole = request_for(TINY, url=server.url("gan"), key="whole")
        record(whole)
        assert recorded(request) == recorded(whole)
