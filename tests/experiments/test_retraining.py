"""Training runs of a study again, in a copy of the project."""

import pytest

from experiments.reproducibility import main
from runs.errors import report_user_errors
from runs.store import FolderStore
from tests.experiments.sweeping import train_again_here
from tests.project import run


def found(project, folder):
    return [
        (one.config["arm"], one.config["seed"], one.config["threads"])
        for one in FolderStore(project / "runs" / "_local" / folder).find()
    ]


def test_runs_trained_again_are_equal_to_the_bit_and_the_first_records_stay_as_they_are(swept):
    kept = {path: path.read_bytes() for path in (swept / "runs" / "_local" / "records").rglob("*") if path.is_file()}
    again = train_again_here(swept, "smoke", "--seeds", "1", "--threads", "2")
    assert again.returncode == 0, again.stderr
    assert sorted(found(swept, "reproducibility")) == [
        ("dcgan", 0, 1),
        ("dcgan", 0, 2),
        ("mlp", 0, 1),
        ("mlp", 0, 2),
    ]
    assert {path: path.read_bytes() for path in kept} == kept and len(found(swept, "records")) == 4
    compared = run(swept, "analysis.reruns", "smoke")
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert "same number of threads (1): 2 of 2 runs equal to the bit, 2 of 2 got the same verdict" in compared.stdout
    second = train_again_here(swept, "smoke", "--seeds", "1", "--threads", "2")
    assert second.returncode == 0 and "training" not in second.stdout


def test_what_was_never_trained_cannot_be_trained_again(project):
    early = run(project, "experiments.reproducibility", "smoke", "--seeds", "1")
    assert early.returncode == 2 and early.stderr.count("\n") == 1 and "no complete record" in early.stderr


WRONG = {
    "unknown study": (["digitz"], "did you mean 'digits'"),
    "more seeds than the study has": (["smoke", "--seeds", "3"], "seeds=3; expected 1 to 2"),
    "the study's own threads": (["smoke", "--threads", "1"], "threads=1: expected another number"),
    "no threads": (["smoke", "--threads", "0"], "threads=0: expected another number"),
    "no workers": (["smoke", "--workers", "0"], "workers=0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_get_one_line_and_status_2(case, capsys, monkeypatch):
    arguments, said = WRONG[case]
    monkeypatch.setenv("MONGO_URL", "")
    assert report_user_errors(lambda: main(arguments)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error
