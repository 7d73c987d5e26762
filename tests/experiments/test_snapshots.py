"""Both networks' weights along a training, kept through whatever interrupts it."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from experiments.cells import matched_cells
from experiments.networks import build_discriminator, build_generator
from experiments.recording import NotRecorded, record
from experiments.snapshots import DamagedSnapshot, state_dict
from runs.export import main as export
from runs.schema import ARTIFACTS, DISCRIMINATOR, GENERATOR, SNAPSHOTS
from runs.snapshots import read_snapshots
from runs.store import open_store
from runs.study import load_study
from tests.experiments.interrupting import Killed, kill_at, recorded, stop_at
from tests.experiments.sweeping import edited, records, run_here, store, sweep_here
from tests.experiments.tiny import ARMS, TINY
from tests.mongo_server import MongoServer


def found(request):
    return open_store(request.url).find({"meta.cell_key": request.key})[-1]


def snapshots(request):
    """The recorded snapshots, by step."""
    return read_snapshots(open_store(request.url), found(request))


def content(request):
    return open_store(request.url).artifact(found(request), SNAPSHOTS)


def weights_after(training, config, step):
    """Both networks' weights of a training that was never recorded."""
    train = training(config)
    train.train(step)
    return train.weights()


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_has_the_same_bits_and_key_with_and_without_them(request_for, store_url_of_kind):
    without = request_for(TINY, url=store_url_of_kind, key="without")
    keeping = request_for(TINY, url=store_url_of_kind, key="with", snapshot_every=2)
    record(without)
    record(keeping)
    assert recorded(without) == recorded(keeping)
    assert (set(found(without).artifacts), set(found(keeping).artifacts)) == ({*ARTIFACTS}, {*ARTIFACTS, SNAPSHOTS})
    assert list(snapshots(keeping)) == [0, 8, 12]


def test_they_are_the_weights_of_their_step_and_the_last_those_of_the_artifacts(request_for, training, tiny):
    request = request_for(tiny, snapshot_every=1)
    record(request)
    kept = snapshots(request)
    assert list(kept) == [0, 4, 8, 12]
    expected = weights_after(training, request.config, 4)
    for network, build, name in (
        ("generator", build_generator, GENERATOR),
        ("discriminator", build_discriminator, DISCRIMINATOR),
    ):
        assert equal(state_dict(kept[4][network]), expected[network])
        assert equal(state_dict(kept[12][network]), load(open_store(request.url).artifact(found(request), name)))
        build(request.config).load_state_dict(state_dict(kept[0][network]))


@pytest.mark.parametrize("step", [0, 4, 8, 12])
def test_a_run_killed_at_any_probe_and_run_again_has_the_snapshots_of_one_that_never_was(request_for, step, processes):
    whole, killed = (request_for(TINY, key=key, snapshot_every=1) for key in ("whole", "killed"))
    record(whole)
    process = processes.Process(target=kill_at, args=(killed, step))
    process.start()
    process.join()
    assert killed.snapshots.path.exists()
    steps = []
    record(killed, steps.append)
    assert steps == [reached for reached in (0, 4, 8, 12) if reached > step]
    assert recorded(killed) == recorded(whole) and content(killed) == content(whole)
    assert not killed.snapshots.path.exists()


def test_a_run_that_continues_from_an_earlier_step_takes_the_later_ones_again(request_for):
    whole, behind = (request_for(TINY, key=key, snapshot_every=1) for key in ("whole", "behind"))
    record(whole)

    def stop(reached):
        if reached == 4:
            early.append(behind.checkpoint.read_bytes())
        if reached == 8:
            raise Killed

    early, steps = [], []
    with pytest.raises(Killed):
        record(behind, stop)
    behind.checkpoint.write_bytes(early[0])
    (behind.snapshots.path / "8.safetensors").write_bytes(b"cut off")
    record(behind, steps.append)
    assert steps == [8, 12] and content(behind) == content(whole)


CHANGED = {
    "asked for only later": (None, 1, [0, 4, 8, 12], [0, 4, 8, 12]),
    "at more probes than before": (2, 1, [0, 4, 8, 12], [0, 4, 8, 12]),
    "at fewer probes than before": (1, 2, [0, 8, 12], [12]),
    "no longer asked for": (1, None, [], [12]),
}


@pytest.mark.parametrize("case", CHANGED)
def test_snapshots_are_those_asked_for_last_and_what_was_not_taken_is_trained_again(request_for, caplog, case):
    before, after, kept, trained = CHANGED[case]
    whole = request_for(TINY, key="whole", snapshot_every=after)
    record(whole)
    request = request_for(TINY, key="changed", snapshot_every=before)
    with pytest.raises(Killed):
        record(request, stop_at(8))
    steps, request = [], replace(request, snapshot_every=after)
    record(request, steps.append)
    assert steps == trained and recorded(request) == recorded(whole)
    assert (list(snapshots(request)) if after else []) == kept
    assert ("earlier steps were not taken or have changed since: trained again from step 0" in caplog.text) == (
        trained[0] == 0
    )
    assert not request.snapshots.path.exists()
    if after:
        assert content(request) == content(whole)


def cut_off(file):
    return file[:-1]


def with_a_flipped_bit(file):
    return file[:-1] + bytes([file[-1] ^ 1])


def without_its_digest(file):
    return save(load(file))


@pytest.mark.parametrize("damage", [cut_off, with_a_flipped_bit, without_its_digest])
def test_a_snapshot_that_is_not_what_was_taken_is_as_good_as_none(request_for, caplog, damage):
    whole, damaged = (request_for(TINY, key=key, snapshot_every=1) for key in ("whole", "damaged"))
    record(whole)
    with pytest.raises(Killed):
        record(damaged, stop_at(8))
    file = damaged.snapshots.path / "4.safetensors"
    file.write_bytes(damage(file.read_bytes()))
    steps = []
    record(damaged, steps.append)
    assert steps == [0, 4, 8, 12] and "snapshots of 1 earlier steps" in caplog.text
    assert content(damaged) == content(whole)


def test_a_snapshot_that_changes_after_it_was_looked_at_is_never_recorded(request_for):
    request = request_for(TINY, key="changing", snapshot_every=1)

    def damage_an_earlier_one(reached):
        if reached == 12:
            file = request.snapshots.path / "4.safetensors"
            file.write_bytes(with_a_flipped_bit(file.read_bytes()))

    with pytest.raises(DamagedSnapshot, match=r"4\.safetensors is not what was written"):
        record(request, damage_an_earlier_one)
    record(request)
    assert equal(state_dict(snapshots(request)[12]["generator"]), load(_generator(request)))


def _generator(request):
    return open_store(request.url).artifact(found(request), GENERATOR)


def test_snapshots_of_another_training_are_never_mixed_in(request_for):
    other = request_for(replace(TINY, lr_g=1e-3), key="same", snapshot_every=1)
    whole, request = (request_for(TINY, key=key, snapshot_every=1) for key in ("whole", "same"))
    record(whole)
    with pytest.raises(Killed):
        record(other, stop_at(8))
    with pytest.raises(Killed):
        record(replace(request, snapshot_every=None), stop_at(8))
    record(request)
    assert content(request) == content(whole)


def test_a_checkpoint_has_the_same_size_however_many_there_are(request_for):
    sizes = []
    for key, every in (("none", None), ("each", 1)):  # the file's name is in it, too
        request = request_for(TINY, key=key, snapshot_every=every)
        with pytest.raises(Killed):
            record(request, stop_at(12))
        sizes.append(request.checkpoint.stat().st_size)
    assert sizes[0] == sizes[1]


def test_a_run_that_is_not_finite_keeps_its_weights_as_they_are(request_for):
    request = request_for(replace(ARMS["mlp"], lr_g=1e38, lr_d=1e38), snapshot_every=1)
    record(request)
    assert found(request).info["halted_at"] is not None
    kept = snapshots(request)
    finite = [all(np.isfinite(array).all() for array in one["generator"].values()) for one in kept.values()]
    assert list(kept) == [0, 4, 8, 12] and finite == [True, False, False, False]


def test_a_run_whose_database_went_away_is_recorded_again_with_them_and_without_training(request_for, tmp_path):
    with MongoServer(tmp_path / "journal") as server:
        whole, away = (request_for(TINY, url=server.url("gan"), key=key, snapshot_every=2) for key in ("whole", "away"))
        record(whole)

        def database_dies(reached):
            if reached == 8:
                server.kill()

        with pytest.raises(NotRecorded):
            record(away, database_dies)
        server.start()
        steps = []
        record(away, steps.append)
        assert steps == [] and content(away) == content(whole)


def test_a_sweep_leaves_complete_runs_as_they_are_says_so_and_trains_them_again_on_request(swept):
    before = records(swept)
    left = sweep_here(swept, "smoke", "--seeds", "1", "--snapshot-every", "2")
    assert left.returncode == 0 and "training" not in left.stdout
    assert left.stdout.splitlines() == [
        "smoke+seeds=1: 2 complete runs were recorded without snapshots and stay so; AGAIN=1 (--again) trains all runs"
        " again, with them",
        "smoke+seeds=1: 2 of 2 runs are complete",
    ]
    again = sweep_here(swept, "smoke", "--seeds", "1", "--snapshot-every", "2", "--again", "--yes")
    assert again.returncode == 0 and "without snapshots" not in again.stdout
    assert records(swept) == before
    latest = [one for one in store(swept).find() if one.meta["generation"] == 1]
    assert [list(read_snapshots(store(swept), one)) for one in latest] == [[0, 20, 30], [0, 20, 30]]


def test_a_study_file_asks_for_them_its_runs_count_as_those_of_one_that_does_not_and_are_exported(project, tmp_path):
    asking = edited(project, "asking", ("seeds: 2", "seeds: 1\nsnapshot_every: 3"))
    assert sweep_here(project, asking).returncode == 0
    kept = store(project).find()
    assert [list(read_snapshots(store(project), one)) for one in kept] == [[0, 30], [0, 30]]
    plain = edited(project, "plain", ("seeds: 2", "seeds: 1"))
    done = sweep_here(project, plain)
    assert done.stdout == "smoke: 2 of 2 runs are complete\n"
    assert run_here(project, export, str(kept[0].id), str(tmp_path / "out")).returncode == 0
    assert SNAPSHOTS not in {path.name for path in (tmp_path / "out").iterdir()}
    assert "snapshot_every" not in kept[0].info["plan"]


def test_a_dry_run_counts_their_disk(project):
    """Of 21 probes six: 0, 4, …, 20."""
    plain, keeping = (_megabytes(project, *more) for more in ([], ["--snapshot-every", "4"]))
    sizes = [one.match for one in matched_cells(load_study("digits").override(arms=["dcgan"]))]
    expected = sum(6 * 4 * (size["parameters_g"] + size["parameters_d"]) for size in sizes) / 1e6
    assert expected > 5 and abs(keeping - plain - expected) <= 1


def _megabytes(project, *more):
    shown = sweep_here(project, "digits", "--arms", "dcgan", "--seeds", "1", *more, "--dry-run").stdout
    return float(re.search(r"records: about ([\d.]+) MB in a folder", shown)[1])
