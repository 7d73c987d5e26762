"""The sweep as its users run it: other processes, in a copy of the project."""

import os
import pty
import re
import shutil
import signal
import subprocess
import threading
import time
from io import BytesIO

import numpy as np
import pytest

from experiments import engines
from experiments.cells import matched_cells
from experiments.engines import run_locally
from experiments.sweep import main
from runs.errors import report_user_errors
from runs.schema import CLOCK, DISCRIMINATOR, GENERATOR, SAMPLES, TRACES
from runs.store import FolderStore
from runs.study import load_study
from tests.experiments.tiny import TINY
from tests.project import command, run
from tests.recording import record_run

LONGER = {"steps: 30": "steps: 80", "eval_every: 10": "eval_every: 4", "seeds: 2": "seeds: 4"}


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


def longer_study(project):
    """The smoke study with more steps and seeds, so that much is left when the first run is recorded."""
    text = (project / "experiments" / "studies" / "smoke.yaml").read_text()
    for short, long in LONGER.items():
        assert short in text
        text = text.replace(short, long)
    path = project / "longer.yaml"
    path.write_text(text)
    return str(path)


def test_a_sweep_trains_what_is_missing_and_a_second_one_nothing(project):
    first = sweep(project, "smoke", "--workers", "2")
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "smoke: 4 of 4 runs are complete")
    assert set(records(project)) == {(arm, seed) for arm in ("mlp", "dcgan") for seed in (0, 1)}
    ids = [one.id for one in store(project).find()]
    second = sweep(project, "smoke")
    assert second.returncode == 0 and "training" not in second.stdout
    assert [one.id for one in store(project).find({}, complete_only=False)] == ids


def test_one_worker_and_two_record_the_same_bits(project, tmp_path_factory):
    sweep(project, "smoke", "--workers", "2")
    of_two = records(project)
    shutil.rmtree(project / "runs" / "_local" / "records")
    sweep(project, "smoke", "--workers", "1")
    assert len(of_two) == 4
    assert records(project) == of_two


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_sweep_continues_and_ends_as_if_never_interrupted(project, how):
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
    assert len(records(project)) < 8  # runs of two arms and four seeds
    assert sweep(project, study).returncode == 0
    continued = records(project)
    shutil.rmtree(folder)
    assert sweep(project, study).returncode == 0
    assert continued == records(project)


def test_a_worker_that_dies_is_replaced_and_its_run_tried_again(request_for):
    requests = [request_for(TINY, key=f"cell{i}") for i in range(3)]
    kinds, killed = [], False
    for event in run_locally(requests, workers=1):
        if event.kind == "progress" and event.request is requests[1] and not killed:
            killed = True
            (worker,) = engines.multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
        if event.kind != "progress":
            kinds.append((event.kind, event.request.key, event.again))
    assert kinds == [
        ("recorded", "cell0", False),
        ("failed", "cell1", True),
        ("recorded", "cell2", False),
        ("recorded", "cell1", False),
    ]


def test_an_interrupt_does_not_reach_a_worker_not_even_while_it_starts(request_for):
    sent = set()

    def interrupt_workers():
        deadline = time.monotonic() + 30
        while len(sent) < 2 and time.monotonic() < deadline:
            for worker in engines.multiprocessing.active_children():
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


def test_a_run_that_fails_twice_is_reported_and_the_others_go_on(request_for, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    broken = request_for(TINY, key="broken", url=str(tmp_path / "file" / "records"))
    events = [event for event in run_locally([broken, request_for(TINY, key="sound")], 1) if event.kind != "progress"]
    assert [(event.kind, event.again) for event in events] == [("failed", True), ("recorded", False), ("failed", False)]
    assert "NotADirectoryError" in events[0].reason or "FileExistsError" in events[0].reason


def test_arms_that_blow_up_are_recorded_and_crash_no_sweep(project):
    path = project / "wild.yaml"
    text = (project / "experiments" / "studies" / "smoke.yaml").read_text()
    path.write_text(text.replace("lr: 2e-4", "lr: 1e38").replace("normalization: batch", "normalization: none"))
    assert sweep(project, str(path)).returncode == 0
    found = store(project).find()
    assert len(found) == 4
    assert all(one.info["halted_at"] is not None for one in found)


def test_more_seeds_train_only_the_new_ones(project):
    sweep(project, "smoke", "--arms", "dcgan")
    before = {one.id for one in store(project).find()}
    more = sweep(project, "smoke", "--seeds", "3")
    assert more.stdout.splitlines()[-1] == "smoke+seeds=3: 6 of 6 runs are complete"
    assert len(before) == 2
    assert before < {one.id for one in store(project).find()}


def test_a_dry_run_shows_the_cells_and_trains_nothing(project):
    shown = sweep(project, "digits", "--seeds", "1", "--dry-run")
    assert shown.returncode == 0
    for word in ("mlp-bn", "2, 2", "192", "98,944", "lr=0.001 beta1=0.9", "missing", "16 runs to train"):
        assert word in shown.stdout
    assert not (project / "runs" / "_local" / "records" / "1").exists()


def test_a_dry_run_shows_by_how_much_an_unmatched_arm_exceeds_the_reference(project):
    path = project / "wide.yaml"
    text = (project / "experiments" / "studies" / "smoke.yaml").read_text()
    arm = "  mlp: {architecture: mlp, normalization: none, width_g: 512, width_d: 512, matched: false}"
    path.write_text(re.sub(r"^  mlp: .*$", arm, text, flags=re.MULTILINE))
    shown = sweep(project, str(path), "--arms", "mlp", "--dry-run").stdout.splitlines()
    sizes = {one.cell.arm: one.match for one in matched_cells(load_study(str(path)))}
    for role in "gd":
        own, reference = (sizes[arm][f"parameters_{role}"] for arm in ("mlp", "dcgan"))
        assert own > 2 * reference
        assert f"{own:,} ({own / reference - 1:+.2%}, unmatched)" in shown[1]
    assert shown[-1].endswith("times measured on a few steps of each cell")
    assert "unmatched" not in sweep(project, "smoke", "--dry-run").stdout


def edited(project, name, *changes):
    """The smoke study with other text in some places."""
    text = (project / "experiments" / "studies" / "smoke.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = project / f"{name}.yaml"
    path.write_text(text)
    return str(path)


def test_training_again_asks_keeps_every_record_and_the_latest_counts(project):
    first = sweep(project, "smoke", "--seeds", "1")
    assert first.returncode == 0, first.stderr
    before = {path: path.read_bytes() for path in (project / "runs" / "_local" / "records").rglob("*.json")}
    asked = sweep(project, "smoke", "--seeds", "1", "--again")
    assert asked.returncode == 2 and asked.stderr.count("\n") == 1
    assert "train 2 runs again? nothing is deleted; there is no terminal to ask on: add --yes" in asked.stderr
    assert len(store(project).find({}, complete_only=False)) == 2
    again = sweep(project, "smoke", "--seeds", "1", "--again", "--yes")
    assert again.returncode == 0, again.stderr
    assert "2 of 2 runs are complete, training 2, 2 of them again" in again.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert [one.meta["generation"] for one in store(project).find()] == [0, 0, 1, 1]
    reported = run(project, "analysis.report", "smoke", "--seeds", "1")
    assert reported.returncode == 0, reported.stderr
    page = (project / "runs" / "reports" / "smoke+seeds=1" / "report.html").read_text(encoding="utf-8")
    assert "Runs trained again on request; the latest training counts" in page and "with equal traces" in page


@pytest.mark.parametrize(("answer", "status", "records_after"), [("n\n", 2, 2), ("\n", 2, 2), ("y\n", 0, 4)])
def test_on_a_terminal_one_is_asked_before_training_again(project, answer, status, records_after):
    for cell in load_study("smoke").cells():
        record_run(str(project / "runs" / "_local" / "records"), cell.at_seed(0), meta={"cell_key": cell.key})
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    arguments = command(project, "experiments.sweep", "smoke", "--seeds", "1", "--again")
    done = subprocess.run(**arguments, stdin=theirs, capture_output=True, timeout=120)
    os.close(ours), os.close(theirs)
    assert "train 2 runs again? nothing is deleted [y/N]" in done.stdout
    assert done.returncode == status, done.stderr
    assert len(store(project).find({}, complete_only=False)) == records_after


def test_a_sweep_says_how_many_records_an_older_training_left(project):
    cell = next(load_study("smoke").cells())
    record_run(str(project / "runs" / "_local" / "records"), cell.at_seed(0), meta={"cell_key": "of version 1"})
    done = sweep(project, "smoke", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    (said,) = [line for line in done.stdout.splitlines() if "older version of training" in line]
    assert said.startswith("smoke+seeds=1: 1 complete records are of an older version of training (now ")
    assert len(store(project).find()) == 3


REFUSED = {
    "a batch of more images than there are": (
        [("batch_size: 32", "batch_size: 1438")],
        "arm mlp: batch_size=1438 is more than the 1,437 training images of digits; expected 2 to 1437",
    ),
    "a latent vector of 10^20": ([("latent_dim: 16", "latent_dim: 100000000000000000000")], "latent_dim=1000"),
    "samples beyond all memory": ([("eval_samples: 200", "eval_samples: 100000000000")], "eval_samples=1000"),
    "a network beyond all memory": ([("width_d: 16", "width_d: 4096")], "parameters; expected at most 500,000,000"),
    "a network that none can match": (
        [("width_g: 16", "width_g: 16384")],
        "arm mlp cannot match dcgan: no width",
    ),
    "a width of 10^9": ([("width_g: 16", "width_g: 1000000000")], "width_g=1000000000 should be less than"),
    "a name too long for a file": ([("study: smoke", "study: " + "s" * 300)], "at most 80 bytes"),
    "arms that cannot be compared": (
        [("normalization: none", "normalization: none, batch_size: 16")],
        "contrast 'MLP against DCGAN' on not_stable: no data can answer it, for arms mlp and dcgan differ",
    ),
}


@pytest.mark.parametrize("how", ["training", "dry run"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_study_that_cannot_work_is_refused_before_anything_is_written(project, case, how):
    changes, said = REFUSED[case]
    shutil.rmtree(project / "runs" / "_local")
    done = sweep(project, edited(project, "wrong", *changes), *(["--dry-run"] if how == "dry run" else []))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and said in done.stderr
    assert not (project / "runs" / "_local").exists()


def test_everything_lies_where_the_variable_says(project, tmp_path_factory):
    mine = tmp_path_factory.mktemp("my place") / "local"
    shutil.copytree(project / "runs" / "_local" / "features", mine / "features")
    shutil.rmtree(project / "runs" / "_local")
    arguments = command(project, "experiments.sweep", "smoke", "--seeds", "1")
    arguments["env"]["GAN_STABILITY_LOCAL"] = str(mine)
    assert subprocess.run(**arguments, capture_output=True, timeout=120).returncode == 0
    assert len(FolderStore(mine / "records").find()) == 2
    assert not (project / "runs" / "_local").exists()


def test_a_folder_that_cannot_be_written_is_said_first_though_records_go_to_a_database(project):
    shutil.rmtree(project / "runs" / "_local")
    (project / "runs" / "_local").write_text("in the way")
    done = sweep(project, "smoke", url="mongodb://127.0.0.1:9/gan")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "_local, for checkpoints and cached networks, cannot be written" in done.stderr
    assert "export GAN_STABILITY_LOCAL=" in done.stderr


WRONG = {
    "unknown study": (["digitz"], "did you mean 'digits'"),
    "unknown arm": (["digits", "--arms", "mlp,dcgam"], "did you mean 'dcgan'"),
    "no seeds": (["digits", "--seeds", "0"], "seeds=0"),
    "no workers": (["digits", "--workers", "0"], "workers=0"),
    "more workers than the machine bears": (["digits", "--workers", "100000"], "workers=100000: expected 1 to "),
    "more seeds than anyone trains": (["digits", "--seeds", "99999999999"], "seeds=99999999999: expected"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_get_one_line_and_status_2(case, capsys, monkeypatch, tmp_path):
    arguments, said = WRONG[case]
    monkeypatch.setenv("MONGO_URL", "")
    assert report_user_errors(lambda: main(arguments)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error


def test_an_unreachable_database_is_said_before_any_training(project):
    done = sweep(project, "smoke", url="mongodb://127.0.0.1:9/gan")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "cannot be reached" in done.stderr
    assert not (project / "runs" / "_local" / "records").exists()
