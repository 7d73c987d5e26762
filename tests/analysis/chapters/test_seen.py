"""The chapter of pictures, from records with them and without."""

from pathlib import Path

import numpy as np
import pytest

from analysis.chapters.form import Chapter, Judged
from analysis.chapters.medians import median_runs
from analysis.chapters.seen import seen
from analysis.judging.judgements import judge_study
from analysis.report.contents import contents_of
from runs.records import RunRecord, trace
from runs.representation import (
    ACCURACY,
    OF_DISCRIMINATOR,
    REPRESENTATION_VERSION,
    SEEN,
    RepresentationConfig,
    promised_accuracies,
)
from runs.store import open_store
from runs.study import Study
from tests.analysis.synthetic import loaded, recorded, small_study
from tests.recording import record_run, representation_info, synthetic_seen

SEEDS = 3
FIGURES = ["guided_backpropagation", "first_filters", "interpolations", "class_arithmetic"]


def a_study(folder: Path) -> Study:
    study = small_study(seeds=SEEDS)
    recorded(folder, study, {"mlp": ["unlearned"] * SEEDS, "dcgan": ["stable"] * SEEDS})
    return study


def measure(folder: Path, run: RunRecord, *, pictures: bool, rows: int = 4, snapshots: int = 0) -> None:
    """Record what a measurement of the run's discriminator would, with pictures or as before there were any."""
    config = RepresentationConfig(
        study=run.config["study"],
        run=run.id,
        arm=run.config["arm"],
        seed=run.config["seed"],
        train_images=1000,
        test_images=100,
        seen_images=500 if pictures else 0,
    )
    traces = {name: trace(steps, [0.5] * len(steps)) for name, steps in promised_accuracies(config).items()}
    info = representation_info(dict.fromkeys(OF_DISCRIMINATOR, 64))
    if pictures:
        info["arithmetic"] = {"reached": 0.1 * run.id, "by_chance": 0.05, "moves": 100, "classes": 4}
    artifacts = {SEEN: synthetic_seen(rows=rows, snapshots=snapshots).to_bytes()} if pictures else {}
    meta = {"kind": "representation", "representation_version": REPRESENTATION_VERSION}
    record_run(str(folder), config, traces=traces, info=info, artifacts=artifacts, meta=meta)  # type: ignore[arg-type]
    assert set(traces) == {ACCURACY[name] for name in OF_DISCRIMINATOR}


def runs_of(folder: Path, arm: str) -> list[RunRecord]:
    return open_store(str(folder)).find({"config.arm": arm})


def judged(folder: Path, study: Study) -> Judged:
    data = loaded(folder, study)
    return Judged(data=data, verdicts=judge_study(data), store=open_store(str(folder)))


def chapter_of(folder: Path, study: Study) -> Chapter:
    chapter = seen(judged(folder, study))
    assert chapter is not None
    return chapter


def test_each_arm_is_shown_by_its_median_run(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=True)
    chapter = chapter_of(tmp_path, study)
    expected = {(run.arm, run.run_id) for run in median_runs(judged(tmp_path, study))}
    assert [figure.caption.name for figure in chapter.figures] == FIGURES
    for figure in chapter.figures:
        (frame,) = figure.data.values()
        assert set(zip(frame["arm"], frame["run"], strict=True)) == expected
        assert "median judged run by final Fréchet distance" in figure.caption.text
        assert "mlp and dcgan" in figure.caption.alt
        figure.draw()
    assert chapter.sentences[0].startswith("Shown: mlp, seed ") and "dcgan, seed 1: stable" in chapter.sentences[0]


def test_what_is_drawn_is_told_unit_by_unit_and_row_by_row(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=True)
    units, filters, rows, _ = (figure.data for figure in chapter_of(tmp_path, study).figures)
    pictures = synthetic_seen().of["untrained"]
    own = units["image"].query("arm == 'dcgan' and features == 'untrained'")
    np.testing.assert_array_equal(own["image looked through"].to_numpy().reshape(8, 4), pictures.chosen)
    np.testing.assert_allclose(own["activation"].to_numpy().reshape(8, 4), pictures.activations)
    assert len(filters["filter"]) == 2 * 2 * 32 and len(rows["row"]) == 2 * 4
    assert rows["row"]["second_z"].tolist()[:4] == [1, 3, 5, 7]


def test_an_arm_without_pictures_is_left_out_and_named(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for arm in ("mlp", "dcgan"):
        for run in runs_of(tmp_path, arm):
            measure(tmp_path, run, pictures=arm == "dcgan")
    chapter = chapter_of(tmp_path, study)
    assert all(set(next(iter(figure.data.values()))["arm"]) == {"dcgan"} for figure in chapter.figures)
    assert chapter.sentences[1].startswith("Not shown: mlp, seed ")
    assert "make representation STUDY=small makes them" in chapter.sentences[1]


def test_records_from_before_there_were_pictures_give_a_sentence_and_no_figure(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=False)
    chapter = chapter_of(tmp_path, study)
    assert not chapter.figures and chapter.gist == "No pictures are recorded of the runs that stand for the arms."
    assert chapter.sentences[0].startswith("Not shown: mlp, seed ") and "; dcgan, seed " in chapter.sentences[0]


def test_once_measured_again_the_pictures_are_shown(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for pictures in (False, True):
        for run in open_store(str(tmp_path)).find():
            measure(tmp_path, run, pictures=pictures)
    assert [figure.caption.name for figure in chapter_of(tmp_path, study).figures] == FIGURES


def test_an_arm_whose_images_are_not_finite_has_no_row(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=True, rows=4 if run.config["arm"] == "dcgan" else 0)
    assert set(chapter_of(tmp_path, study).figures[2].data["row"]["arm"]) == {"dcgan"}


def test_a_report_has_the_chapter_only_where_a_discriminator_was_measured(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    store = open_store(str(tmp_path))
    assert seen(judged(tmp_path, study)) is None
    measure(tmp_path, runs_of(tmp_path, "mlp")[0], pictures=True)
    contents = contents_of(loaded(tmp_path, study), store)
    assert [chapter.name for chapter in contents.chapters][-3:] == ["representation", "explanation", "seen"]


def test_maps_along_training_are_shown_of_arms_that_have_them(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=True, snapshots=8 if run.config["arm"] == "dcgan" else 0)
    *_, maps = chapter_of(tmp_path, study).figures
    assert maps.caption.name == "activation_maps" and maps.caption.alt.endswith("of dcgan.")
    frame = maps.data["map"]
    assert set(frame["arm"]) == {"dcgan"} and len(frame) == 2 * 8  # a block of each network
    assert maps.draw() is not None


def test_without_snapshots_there_are_no_maps_and_what_they_need_is_said(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=True)
    assert any("SNAPSHOT_EVERY=5" in sentence for sentence in chapter_of(tmp_path, study).sentences)


def test_moves_between_classes_are_counted_by_arm_over_all_its_runs(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=True)
    chapter = chapter_of(tmp_path, study)
    (table,) = chapter.tables
    shares = {arm: sorted(0.1 * run.id for run in runs_of(tmp_path, arm)) for arm in ("mlp", "dcgan")}
    assert dict(zip(table.frame["arm"], table.frame["reached"], strict=True)) == {
        arm: pytest.approx(own[1]) for arm, own in shares.items()
    }
    (said,) = [sentence for sentence in chapter.sentences if sentence.startswith("Moved by")]
    assert "by a shuffled move as long in 0.05" in said


def test_where_nothing_could_be_moved_there_is_no_table(tmp_path: Path) -> None:
    study = a_study(tmp_path)
    for run in open_store(str(tmp_path)).find():
        measure(tmp_path, run, pictures=False)
    assert not chapter_of(tmp_path, study).tables
