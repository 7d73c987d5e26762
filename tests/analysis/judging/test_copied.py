"""A study whose records were copied to another store is judged there as it was."""

from pathlib import Path

from analysis.judging.frames import load_study_data
from analysis.judging.judgements import judge_study
from analysis.judging.representations import feature_accuracies
from runs import copy
from runs.store import open_store
from runs.study import Study, load_study
from tests.analysis.chapters.test_representation import study_of
from tests.recording import record_run


def judged(url: str, study: Study) -> dict[str, object]:
    """Verdicts, features and what a reader is told, without the ids."""
    store = open_store(url)
    data = load_study_data(study, store)
    return {
        "verdicts": judge_study(data).drop(columns="run_id").to_csv(),
        "features": feature_accuracies(data, store).drop(columns="run_id").to_csv(),
        "runs": data.runs.drop(columns="run_id").to_csv(),
        "problems": data.problems,
        "plan": data.plan_changes,
    }


def test_both_stores_give_the_same_verdicts_features_and_problems(store_url_of_kind: str, tmp_path: Path) -> None:
    source = tmp_path / "laptop"
    study = study_of(source)
    for seed in range(5):  # ids are others there
        config = next(load_study("smoke").cells()).at_seed(seed)
        record_run(store_url_of_kind, config)
    assert copy.main([str(source), store_url_of_kind]) == 0
    before, after = judged(str(source), study), judged(store_url_of_kind, study)
    assert before["features"] and str(before["verdicts"]).count("stable") > 6
    for name, value in before.items():
        assert after[name] == value, name
