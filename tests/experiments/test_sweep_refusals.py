"""What a sweep says before it trains: what it would do, and why it will not."""

import re
import shutil

import pytest

from experiments import choosing
from experiments.cells import matched_cells
from experiments.sweep import main
from runs.addresses import ray_address
from runs.errors import UserError, report_user_errors
from runs.study import load_study
from tests.experiments.sweeping import edited, sweep, sweep_here


def test_a_dry_run_shows_the_cells_and_trains_nothing(project):
    shown = sweep_here(project, "digits", "--seeds", "1", "--arms", "mlp,mlp-bn", "--dry-run")
    assert shown.returncode == 0
    for word in ("mlp-bn", "2, 2", "192", "98,944", "lr=0.001 beta1=0.9", "missing", "8 runs to train"):
        assert word in shown.stdout
    assert not (project / "runs" / "_local" / "records" / "1").exists()


def test_a_dry_run_shows_by_how_much_an_unmatched_arm_exceeds_the_reference(project):
    path = project / "wide.yaml"
    text = (project / "experiments" / "studies" / "smoke.yaml").read_text()
    arm = "  mlp: {architecture: mlp, normalization: none, width_g: 512, width_d: 512, matched: false}"
    path.write_text(re.sub(r"^  mlp: .*$", arm, text, flags=re.MULTILINE))
    shown = sweep_here(project, str(path), "--arms", "mlp", "--dry-run").stdout.splitlines()
    sizes = {one.cell.arm: one.match for one in matched_cells(load_study(str(path)))}
    for role in "gd":
        own, reference = (sizes[arm][f"parameters_{role}"] for arm in ("mlp", "dcgan"))
        assert own > 2 * reference
        assert f"{own:,} ({own / reference - 1:+.2%}, unmatched)" in shown[1]
    assert shown[-1].endswith("times measured on a few steps of each cell")
    assert "unmatched" not in sweep_here(project, "smoke", "--dry-run").stdout


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
def test_a_study_that_cannot_work_is_refused_before_anything_is_written(case, how, tmp_path, monkeypatch, capsys):
    changes, said = REFUSED[case]
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(tmp_path / "local"))
    monkeypatch.setenv("MONGO_URL", "")
    study = edited(tmp_path, "wrong", *changes)
    assert report_user_errors(lambda: main([study, *(["--dry-run"] if how == "dry run" else [])])) == 2
    output, error = capsys.readouterr()
    assert output == "" and error.count("\n") == 1 and said in error
    assert not (tmp_path / "local").exists()


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
    "an engine that there is not": (["digits", "--engine", "dask"], "--engine: invalid choice: 'dask' (choose from "),
    "snapshots at no probe": (["digits", "--snapshot-every", "0"], "snapshot_every=0: expected a number of probes"),
    "snapshots at half a probe": (["digits", "--snapshot-every", "0.5"], "invalid int value: '0.5'"),
    "more seeds than anyone trains": (["digits", "--seeds", "99999999999"], "seeds=99999999999: expected"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_get_one_line_and_status_2(case, capsys, monkeypatch, tmp_path):
    arguments, said = WRONG[case]
    monkeypatch.setenv("MONGO_URL", "")
    assert report_user_errors(lambda: main(arguments)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error


def test_where_ray_is_not_installed_the_extra_and_the_command_are_named(monkeypatch, capsys):
    monkeypatch.setattr(choosing, "find_spec", lambda name: None)
    assert report_user_errors(lambda: main(["digits", "--engine", "ray"])) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "the extra 'cluster'" in error and "-r requirements-cluster.lock" in error


NO_ADDRESSES = [
    "host",
    "host:",
    ":6379",
    "host:0",
    "host:65536",
    "ray://host:10001",
    "http://host:8265",
    "a b:1",
    "auto",
]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_of_a_cluster_is_refused_with_what_is(address, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(UserError, match="expected the host:port of its head"):
        ray_address()


@pytest.mark.parametrize("address", ["", "host:1", "10.0.0.1:6379", "[::1]:65535"])
def test_an_address_of_a_cluster_is_taken_as_it_is(address, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert ray_address() == (address or None)


def test_an_unreachable_database_is_said_before_any_training(project):
    done = sweep(project, "smoke", url="mongodb://127.0.0.1:9/gan")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "cannot be reached" in done.stderr
    assert not (project / "runs" / "_local" / "records").exists()
