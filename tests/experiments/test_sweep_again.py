"""Training again what has complete records, as a user asks for it."""

import os
import pty

import pytest

from runs.schema import TRAINING_VERSION
from runs.study import load_study
from tests.analysis.pages import text_report
from tests.experiments.sweeping import store, sweep_here
from tests.recording import record_run


def test_training_again_asks_keeps_every_record_and_the_latest_counts(swept):
    before = {path: path.read_bytes() for path in (swept / "runs" / "_local" / "records").rglob("*.json")}
    asked = sweep_here(swept, "smoke", "--seeds", "1", "--again")
    assert asked.returncode == 2 and asked.stderr.count("\n") == 1
    assert "train 2 runs again? nothing is deleted; there is no terminal to ask on: add --yes" in asked.stderr
    assert len(store(swept).find({}, complete_only=False)) == 4
    again = sweep_here(swept, "smoke", "--seeds", "1", "--again", "--yes")
    assert again.returncode == 0, again.stderr
    assert "2 of 2 runs are complete, training 2, 2 of them again" in again.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert [one.meta["generation"] for one in store(swept).find()] == [0, 0, 0, 0, 1, 1]
    _, report = text_report(load_study("smoke").override(seeds=1), swept / "runs" / "_local" / "records", swept / "out")
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "Runs trained again on request; the latest training counts" in page and "with equal traces" in page


@pytest.mark.parametrize(("answer", "status", "records_after"), [("n\n", 2, 2), ("\n", 2, 2), ("y\n", 0, 4)])
def test_on_a_terminal_one_is_asked_before_training_again(project, answer, status, records_after):
    for cell in load_study("smoke").cells():
        record_run(str(project / "runs" / "_local" / "records"), cell.at_seed(0), meta={"cell_key": cell.key})
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    with os.fdopen(theirs) as terminal:
        done = sweep_here(project, "smoke", "--seeds", "1", "--again", stdin=terminal)
    os.close(ours)
    assert "train 2 runs again? nothing is deleted [y/N]" in done.stdout
    assert done.returncode == status, done.stderr
    assert len(store(project).find({}, complete_only=False)) == records_after


def test_a_sweep_says_how_many_records_an_older_training_left(project):
    current, other = load_study("smoke").cells()
    url = str(project / "runs" / "_local" / "records")
    record_run(url, current.at_seed(0), meta={"cell_key": current.key, "training_version": TRAINING_VERSION})
    record_run(url, other.at_seed(0), meta={"cell_key": "of version 1"})
    done = sweep_here(project, "smoke", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    (said,) = [line for line in done.stdout.splitlines() if "older version of training" in line]
    assert said.startswith("smoke+seeds=1: 1 complete records are of an older version of training (now ")
    assert len(store(project).find()) == 3
