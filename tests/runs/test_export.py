"""A run's networks outside of the record."""

import json

import numpy as np
import pytest

from runs.errors import report_user_errors
from runs.export import main
from runs.schema import ARTIFACTS, RunConfig
from tests.recording import record_run

CONFIG = RunConfig(arm="dcgan", width_g=4, width_d=4, steps=10, eval_every=5)


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(tmp_path))
    monkeypatch.setenv("MONGO_URL", "")
    return str(tmp_path / "records")


def exported(*arguments):
    return report_user_errors(lambda: main([str(argument) for argument in arguments]))


def test_everything_is_written_as_it_was_recorded_with_the_config_and_a_loader(url, tmp_path, capsys):
    contents = {name: name.encode() * 3 for name in ARTIFACTS}
    run = record_run(url, CONFIG, artifacts=contents)
    assert exported(run, tmp_path / "out") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*ARTIFACTS, "config.json", "load.py"}
    assert {name: (tmp_path / "out" / name).read_bytes() for name in ARTIFACTS} == contents
    assert RunConfig(**json.loads((tmp_path / "out" / "config.json").read_text())) == CONFIG
    assert f"run {run} is in {tmp_path / 'out'}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda url, out: 7, "run 7 is not in the record"),
        (lambda url, out: record_run(url, CONFIG, artifacts={}), "has no samples.npz, generator.safetensors"),
        (lambda url, out: (out.mkdir(), (out / "mine").touch(), record_run(url, CONFIG))[-1], "holds files already"),
        (lambda url, out: (out.touch(), record_run(url, CONFIG))[-1], "cannot be written: File exists"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line_and_nothing_is_written(url, tmp_path, capsys, prepare, message):
    out = tmp_path / "out"
    run = prepare(url, out)
    before = sorted(path.name for path in out.iterdir()) if out.is_dir() else None
    assert exported(run, out) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert before == (sorted(path.name for path in out.iterdir()) if out.is_dir() else None)


def test_what_is_no_number_is_refused(url, tmp_path, capsys):
    assert exported("last", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists() and "invalid int value" in capsys.readouterr().err


def test_samples_are_images_of_every_probe(url, tmp_path):
    run = record_run(url, CONFIG)
    assert exported(run, tmp_path / "out") == 0
    with np.load(tmp_path / "out" / "samples.npz") as samples:
        assert samples["steps"].tolist() == [0, 5, 10]
