import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import analysis.reruns.__main__ as command
from analysis.reruns.comparison import COMPARED, Rerun, compare_reruns, reruns_frame
from runs.errors import BAD_INPUT, UserError, report_user_errors
from runs.records import Trace
from runs.reruns import first_seeds, own_threads, with_threads
from runs.store import open_store
from runs.study import Study
from tests.analysis.synthetic import record, small_study


@pytest.fixture
def stores(tmp_path: Path) -> tuple[str, str]:
    """Addresses of the first records and of those made again."""
    return str(tmp_path / "records"), str(tmp_path / "reproducibility")


def recorded_first(stores: tuple[str, str], study: Study) -> None:
    for seed in study.seeds:
        record(stores[0], study, "mlp", seed, "unlearned")
        record(stores[0], study, "dcgan", seed, "stable")


def test_a_study_with_other_threads_has_other_cells_and_the_same_plan() -> None:
    study = small_study(seeds=2)
    other = with_threads(study, 2)
    assert own_threads(study) == 1 and own_threads(other) == 2
    assert not {cell.key for cell in study.cells()} & {cell.key for cell in other.cells()}
    assert [cell.key for cell in with_threads(study, 1).cells()] == [cell.key for cell in study.cells()]
    assert (other.plan_hash, other.name) == (study.plan_hash, study.name)


def test_threads_that_an_arm_sets_itself_are_refused() -> None:
    arms = {
        "mlp": {"architecture": "mlp", "threads": 4},
        "dcgan": {"architecture": "dcgan", "width_g": 8, "width_d": 8},
    }
    with pytest.raises(UserError, match=r"its runs use \[1, 4\] threads"):
        own_threads(small_study(arms=arms))
    only = replace(small_study(arms=arms), arms={"mlp": arms["mlp"]})
    with pytest.raises(UserError, match="its arms or its grid set the threads"):
        with_threads(only, 2)


@pytest.mark.parametrize("number", [0, 9])
def test_only_seeds_that_the_study_declares_are_made_again(number: int) -> None:
    with pytest.raises(UserError, match=f"seeds={number}; expected 1 to 8"):
        first_seeds(small_study(), number)


def test_equal_records_are_equal_to_the_bit_and_agree(stores: tuple[str, str]) -> None:
    study = small_study(seeds=3)
    recorded_first(stores, study)
    for arm, behaviour in (("mlp", "unlearned"), ("dcgan", "stable")):
        record(stores[1], study, arm, 1, behaviour)  # type: ignore[arg-type]
    (found,) = compare_reruns(study, open_store(stores[0]), open_store(stores[1]))
    assert (found.threads, found.same_threads, found.equal) == (1, True, 2)
    assert [(run.arm, run.seed, run.equal, run.first_difference) for run in found.runs] == [
        ("mlp", 1, True, None),
        ("dcgan", 1, True, None),
    ]
    assert (found.agreement.same.count, found.agreement.same.n) == (2, 2)
    assert found.sentence == (
        "Trained again with the same number of threads (1): 2 of 2 runs equal to the bit, 2 of 2 got the same verdict."
    )


def with_last_bit(values: np.ndarray, place: int) -> np.ndarray:
    changed = values.copy()
    changed[place] = np.nextafter(changed[place], math.inf)
    return changed


def test_one_bit_is_a_difference_and_its_step_is_told(stores: tuple[str, str]) -> None:
    study = small_study(seeds=1)
    recorded_first(stores, study)
    store = open_store(stores[0])
    (first,) = store.find({"config.arm": "mlp"})
    loss: Trace = store.traces(first, ["loss_d"])["loss_d"]
    record(stores[1], study, "mlp", 0, "unlearned", traces={"loss_d": with_last_bit(loss.values, 1)})
    ((run,),) = [one.runs for one in compare_reruns(study, store, open_store(stores[1]))]
    assert (run.differing, run.first_difference) == (("loss_d",), int(loss.steps[1]))
    assert run.verdict == run.verdict_again == "unlearned"


def test_training_times_may_differ_and_nan_equals_nan(stores: tuple[str, str]) -> None:
    study = small_study(seeds=1)
    for url, seconds in ((stores[0], 1.0), (stores[1], 2.0)):
        record(url, study, "dcgan", 0, "nonfinite", traces={"train_seconds": seconds})
    (found,) = compare_reruns(study, open_store(stores[0]), open_store(stores[1]))
    assert found.equal == 1


def test_another_thread_count_is_a_set_of_its_own_with_changed_verdicts_counted(stores: tuple[str, str]) -> None:
    study = small_study(seeds=2)
    recorded_first(stores, study)
    two = with_threads(study, 2)
    for seed, behaviour in ((0, "stable"), (1, "diverged")):
        record(stores[1], two, "dcgan", seed, behaviour)  # type: ignore[arg-type]
    record(stores[1], study, "dcgan", 0, "stable")
    same, other = compare_reruns(study, open_store(stores[0]), open_store(stores[1]))
    assert (same.threads, len(same.runs)) == (1, 1)
    assert (other.threads, other.same_threads, len(other.runs)) == (2, False, 2)
    assert (other.agreement.same.count, other.agreement.differing) == (1, (1,))
    assert [(run.verdict, run.verdict_again) for run in other.runs] == [("stable", "stable"), ("stable", "diverged")]
    assert "repeated runs have no complete record" in " ".join(other.problems)
    assert reruns_frame([same, other])["threads"].tolist() == [1, 2, 2]


OLD, NEW = "0a" * 20, "0b" * 20
OTHERS = {
    "commit": (
        {"code": {"commit": OLD, "modified": False}},
        {"code": {"commit": NEW, "modified": False}},
        "made at commit 0a0a0a0a0a0a, the repetitions at commit 0b0b0b0b0b0b",
    ),
    "commit with changes": (
        {"code": {"commit": OLD, "modified": False}},
        {"code": {"commit": OLD, "modified": True}},
        "made at commit 0a0a0a0a0a0a, the repetitions at commit 0a0a0a0a0a0a with changes",
    ),
    "device": ({"device": "one CPU"}, {"device": "another"}, "made on one CPU, the repetitions on another"),
    "torch": (
        {"versions": {"torch": "2.13"}},
        {"versions": {"torch": "2.14"}},
        "made with torch 2.13, the repetitions with torch 2.14",
    ),
    "numpy": (
        {"versions": {"torch": "2.14"}},
        {"versions": {"torch": "2.14", "numpy": "2.4"}},
        "made with numpy of unknown version, the repetitions with numpy 2.4",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_originals_and_repetitions_were_not_made_with_alike_is_said(stores: tuple[str, str], case: str) -> None:
    first, second, said = OTHERS[case]
    study = small_study(seeds=1)
    record(stores[0], study, "dcgan", 0, info=first)
    record(stores[1], study, "dcgan", 0, info=second)
    (found,) = compare_reruns(study, open_store(stores[0]), open_store(stores[1]))
    (other,) = found.other_makings
    assert (other.what, other.runs, other.of) == (case.removesuffix(" with changes"), 1, 1)
    assert other.sentence == f"The originals were {said}: differences may come from that."
    assert other.sentence in found.problems


def test_runs_that_alone_were_made_otherwise_are_counted(stores: tuple[str, str]) -> None:
    study = small_study(seeds=1)
    recorded_first(stores, study)
    record(stores[1], study, "mlp", 0, "unlearned")
    record(stores[1], study, "dcgan", 0, info={"device": "another CPU"})
    (found,) = compare_reruns(study, open_store(stores[0]), open_store(stores[1]))
    assert [(other.runs, other.of) for other in found.other_makings] == [(1, 2)]
    assert found.other_makings[0].sentence.startswith("The originals of 1 of 2 runs were made on synthetic CPU, the")


@pytest.mark.parametrize(
    ("commit", "modified", "known"), [(None, False, False), (OLD, True, False), (OLD, False, True)]
)
def test_code_that_no_commit_holds_may_differ_unseen(
    stores: tuple[str, str], commit: str | None, modified: bool, known: bool
) -> None:
    study = small_study(seeds=1)
    for url in stores:
        record(url, study, "dcgan", 0, info={"code": {"commit": commit, "modified": modified}})
    (found,) = compare_reruns(study, open_store(stores[0]), open_store(stores[1]))
    assert found.other_makings == ()
    assert any("no commit holds the code" in problem for problem in found.problems) is not known


def test_other_values_of_one_training_are_told_from_another_training(stores: tuple[str, str]) -> None:
    study = small_study(seeds=1)
    recorded_first(stores, study)
    store = open_store(stores[0])
    traces = store.traces(store.find({"config.arm": "mlp"})[0], ["grad_norm_d", "loss_g"])
    rounded = {name: with_last_bit(trace.values, 1) for name, trace in traces.items()}
    record(stores[1], study, "mlp", 0, "unlearned", traces=rounded)
    record(stores[1], study, "dcgan", 0, "stable")
    (found,) = compare_reruns(study, store, open_store(stores[1]))
    assert [(run.only_recorded, run.differs_in) for run in found.runs] == [(True, "loss_g, grad_norm_d"), (False, "")]
    assert found.problems[0] == (
        "1 of 2 runs differ in recorded values only (loss_g, grad_norm_d): their images and final weights are equal to"
        " the bit, so the training was the same."
    )


@pytest.mark.parametrize(
    ("differing", "shown", "same_training"),
    [
        (("loss_d",), "loss_d", True),
        (("loss_d", "weights G"), "loss_d, weights G", False),
        ((*COMPARED[:5], "images", "weights D"), f"5 of {len(COMPARED)} traces, images, weights D", False),
        (COMPARED, f"{len(COMPARED)} of {len(COMPARED)} traces", True),
        ((), "", False),
    ],
)
def test_few_differences_are_named_and_many_are_counted(
    differing: tuple[str, ...], shown: str, same_training: bool
) -> None:
    run = Rerun(
        arm="mlp",
        grid_point={},
        seed=0,
        run_id=1,
        rerun_id=2,
        differing=differing,
        first_difference=None,
        verdict="stable",
        verdict_again="stable",
    )
    assert (run.differs_in, run.only_recorded) == (shown, same_training)


def command_line(stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    """Arguments for the small study, with the command looking at these stores."""
    monkeypatch.delenv("MONGO_URL", raising=False)
    monkeypatch.chdir(folder)
    local = Path(stores[0]).parent
    assert stores == (str(local / "records"), str(local / "reproducibility"))
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(local))
    (folder / "small.yaml").write_text(json.dumps(small_study(seeds=1).document))
    return [str(folder / "small.yaml"), "--out", str(folder / "reports")]


def test_the_command_prints_a_table_and_writes_what_it_found(
    stores: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command_line(stores, monkeypatch, tmp_path)
    study = small_study(seeds=1)
    recorded_first(stores, study)
    record(stores[1], study, "mlp", 0, "unlearned", info={"device": "another CPU"})
    assert command.main(arguments) == 0
    said = capsys.readouterr().out
    assert "1 of 1 runs equal to the bit" in said and "differs in" in said
    assert "The originals were made on synthetic CPU, the repetitions on another CPU" in said
    read = json.loads((tmp_path / "reports" / "small" / "reproducibility.json").read_text())
    assert (read["format"], read["study"]) == ("reproducibility/2", "small")
    assert read["sets"][0]["runs"][0]["differing"] == []
    assert read["sets"][0]["other_makings"] == [
        {"what": "device", "original": "synthetic CPU", "repetition": "another CPU", "runs": 1, "of": 1}
    ]
    record(stores[1], study, "dcgan", 0, "collapsed")
    assert command.main(arguments) == 1
    assert "collapsed" in capsys.readouterr().out


def test_where_nothing_was_made_again_one_line_says_so(
    stores: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command_line(stores, monkeypatch, tmp_path)
    assert report_user_errors(lambda: command.main(arguments)) == BAD_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "no run was trained again" in error
    assert not (tmp_path / "reports").exists()
