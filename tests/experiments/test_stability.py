import pytest

from experiments import stability
from experiments.stability import main
from runs.errors import report_user_errors
from runs.store import open_store

QUICK = ["steps=2", "eval_every=2", "eval_samples=100", "batch_size=8", "width_g=4", "width_d=4"]


@pytest.fixture
def records(local, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(local))
    monkeypatch.setattr(stability, "store_url", lambda: str(tmp_path / "records"))
    return tmp_path / "records"


def test_a_run_by_hand_is_recorded_as_adhoc_with_its_settings(records, capsys):
    assert main(["with", "arm=dcgan", "seed=3", *QUICK]) == 0
    (found,) = open_store(str(records)).find({"config.study": "adhoc"})
    assert (found.config["arm"], found.config["seed"], found.config["steps"]) == ("dcgan", 3, 2)
    assert f"run {found.id} recorded" in capsys.readouterr().out


def test_an_arm_brings_the_settings_that_its_study_declares(capsys):
    assert main(["print_config", "with", "arm=mlp", "lr=1e-3"]) == 0
    shown = dict(line.split(" = ") for line in capsys.readouterr().out.splitlines())
    assert shown["architecture_g"] == shown["architecture_d"] == "'mlp'"
    assert shown["lr_g"] == shown["lr_d"] == "0.001"
    assert (shown["width_g"], shown["width_d"]) == ("192", "97")


def test_widths_match_the_reference_at_the_chosen_image_size(capsys):
    main(["print_config", "with", "arm=mlp", "image_size=32"])
    assert "width_g = 192" not in capsys.readouterr().out


def shown(capsys, *words):
    assert main(["print_config", "with", *words]) == 0
    return dict(line.split(" = ") for line in capsys.readouterr().out.splitlines())


def test_short_forms_work_by_hand_as_in_studies(capsys):
    both = shown(capsys, "arm=mlp", "lr=1e-3", "init=he")
    assert both["lr_g"] == both["lr_d"] == "0.001"
    assert both["init_g"] == both["init_d"] == "'he'"
    one = shown(capsys, "arm=mlp", "lr_d=1e-3")
    assert (one["lr_g"], one["lr_d"]) != (one["lr_d"], one["lr_g"])


def test_a_folder_that_cannot_be_written_is_said_first_also_with_a_database(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(tmp_path / "file"))
    monkeypatch.setenv("MONGO_URL", "mongodb://127.0.0.1:9/gan")
    assert report_user_errors(lambda: main(["with", *QUICK])) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "export GAN_STABILITY_LOCAL=" in error


WRONG = {
    "lr beside lr_g": ["with", "lr=1e-3", "lr_g=1e-4"],
    "a batch of more images than there are": ["with", "batch_size=1438"],
    "a latent vector of 10^20": ["with", "latent_dim=100000000000000000000"],
    "more samples than memory": ["with", "eval_samples=100000000000"],
    "a network of a thousand million parameters": ["with", "width_g=16384"],
    "unknown arm": ["with", "arm=dcgam"],
    "unknown field": ["with", "learning_rate=1"],
    "no steps": ["with", "steps=0"],
    "negative seed": ["with", "seed=-1"],
    "image size": ["with", "image_size=17"],
    "text for a number": ["with", "lr_g=fast"],
    "unknown dataset": ["with", "dataset=mnist"],
    "too many points": ["with", "steps=100000"],
    "no such device": ["with", "device=tpu"],
    "arm that is no name": ["with", "arm=3"],
    "a word without value": ["with", "arm"],
    "another command": ["train"],
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_get_one_line_and_status_2(case, records, capsys):
    assert report_user_errors(lambda: main(WRONG[case])) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not records.exists()
