"""What the report says of discriminators' features, from records whose answer is known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis.chapters.form import Chapter, Judged
from analysis.chapters.representation import representation
from analysis.judging.judgements import judge_study
from analysis.report.contents import contents_of
from runs.records import trace
from runs.representation import (
    ACCURACY,
    ACCURACY_AT_SNAPSHOTS,
    OF_DISCRIMINATOR,
    OF_IMAGES,
    REPRESENTATION_VERSION,
    RepresentationConfig,
    promised_accuracies,
)
from runs.store import open_store
from runs.study import Study
from tests.analysis.synthetic import loaded, recorded, small_study
from tests.recording import record_run, representation_info

SEEDS = 6
MLP = {"trained": 0.7, "untrained": 0.6}
DCGAN = {"trained": 0.9, "untrained": 0.8}
WITHOUT_A_GAN = {"pixels": 0.5, "pca": 0.4, "kmeans": 0.85, "fourier": 0.6, "autoencoder": 0.55, "supervised": 0.99}


def record_features(
    folder: Path,
    study: Study,
    accuracy: Mapping[str, float],
    version: int = REPRESENTATION_VERSION,
    checked: bool | None = None,
    snapshots: Mapping[int, float] | None = None,
    **fields: Any,
) -> None:
    """One representation run; with n labels a class each accuracy is as much less as 1 / (10 n)."""
    given = {"study": study.name, "train_images": 1000, "test_images": 100, "snapshot_steps": tuple(snapshots or ())}
    config = RepresentationConfig(**{**given, **fields})
    traces = {ACCURACY_AT_SNAPSHOTS: trace(list(snapshots), list(snapshots.values()))} if snapshots else {}
    for name, value in accuracy.items():
        steps = promised_accuracies(config)[ACCURACY[name]]
        traces[ACCURACY[name]] = trace(steps, [*(value - 0.1 / n for n in steps[:-1]), value])
    info = representation_info(dict.fromkeys(accuracy, 64))
    info |= {} if checked is None else {"checked": checked}
    meta = {"kind": "representation", "representation_version": version}
    record_run(str(folder), config, traces=traces, info=info, artifacts={}, meta=meta)  # type: ignore[arg-type]


def study_of(folder: Path, *, of_images: bool = True, missing: int = 0) -> Study:
    """Six seeds; each next one's features are a hundredth better; of the last ``missing`` none were measured."""
    study = small_study(seeds=SEEDS)
    recorded(folder, study, {"mlp": ["unlearned"] * SEEDS, "dcgan": ["stable"] * SEEDS})
    for record in open_store(str(folder)).find():
        arm, seed = record.config["arm"], record.config["seed"]
        values = MLP if arm == "mlp" else DCGAN
        if seed < SEEDS - missing:
            better = {name: value + seed / 100 for name, value in values.items()}
            record_features(folder, study, better, run=record.id, arm=arm, seed=seed)
    if of_images:
        record_features(folder, study, WITHOUT_A_GAN, of="images")
    return study


def chapter_of(folder: Path, study: Study) -> Chapter | None:
    data = loaded(folder, study)
    return representation(Judged(data=data, verdicts=judge_study(data), store=open_store(str(folder))))


def tables(chapter: Chapter | None) -> dict[str, list[dict[str, Any]]]:
    assert chapter is not None
    frames = {table.name: table.frame.astype(object) for table in chapter.tables}
    return {name: frame.where(frame.notna(), None).to_dict(orient="records") for name, frame in frames.items()}


def test_each_arm_has_its_median_over_runs_with_all_labels_and_with_ten(tmp_path: Path) -> None:
    rows = tables(chapter_of(tmp_path, study_of(tmp_path)))["features"]
    shown = {(row["arm"], row["features"]): row for row in rows}
    mlp = shown["mlp", "trained"]
    assert (mlp["runs"], mlp["dimensions"]) == (SEEDS, 64)
    assert (mlp["all labels"], mlp["all labels least"], mlp["all labels greatest"]) == pytest.approx((0.725, 0.7, 0.75))
    assert mlp["10 labels a class"] == pytest.approx(0.725 - 0.01)
    assert shown["dcgan", "untrained"]["all labels"] == pytest.approx(0.825)
    assert shown["without a GAN", "kmeans"]["all labels"] == 0.85
    assert len(rows) == 4 + len(OF_IMAGES)


def test_pairs_of_arms_and_each_arm_before_training_are_compared_over_seeds(tmp_path: Path) -> None:
    chapter = chapter_of(tmp_path, study_of(tmp_path))
    table = tables(chapter)["feature_pairs"]
    rows = {(row["features"], row["first"], row["second"]): row for row in table}
    pair = rows["trained", "mlp", "dcgan"]
    assert (pair["pairs"], pair["p"]) == (SEEDS, 0.03125)
    assert pair["shift"] == pytest.approx(-0.2)
    assert rows["trained", "dcgan", "dcgan untrained"]["shift"] == pytest.approx(0.1)
    # both have learned .1, in log odds MLP about .44 and DCGAN .81: from .8 there is less room than from .6
    assert -0.6 < rows["learned, in log odds", "mlp", "dcgan"]["shift"] < -0.3
    assert rows["at equal dimensions", "mlp", "dcgan"]["shift"] == pair["shift"]  # both have 64
    assert chapter is not None
    assert chapter.sentences[0].startswith(
        "mlp against dcgan: features of dcgan are better: −0.2 [−0.2, −0.2], p = 0.031"
    )
    assert "do not say which" in chapter.sentences[-1]


def test_no_rest_of_rounding_stands_where_an_interval_ends_at_nothing(tmp_path: Path) -> None:
    """Thirds of an image more in one pair and less in another: the middle of both is 0."""
    study = small_study(seeds=SEEDS)
    recorded(tmp_path, study, {"mlp": ["unlearned"] * SEEDS, "dcgan": ["stable"] * SEEDS})
    for record in open_store(str(tmp_path)).find():
        arm, seed = record.config["arm"], record.config["seed"]
        more = (-1) ** seed / 3600 * 7 if arm == "mlp" else 0
        values = {"trained": 2 / 3 + more, "untrained": 0.5}
        record_features(tmp_path, study, values, run=record.id, arm=arm, seed=seed)
    rows = tables(chapter_of(tmp_path, study))["feature_pairs"]
    assert all(row[end] == 0 or abs(row[end]) > 1e-6 for row in rows for end in ("shift", "shift low", "shift high"))


def test_the_gist_names_the_extremes_and_the_best_features_without_a_gan(tmp_path: Path) -> None:
    chapter = chapter_of(tmp_path, study_of(tmp_path))
    assert chapter is not None
    assert "0.725 (mlp) to 0.925 (dcgan)" in chapter.gist
    assert "before training: 0.625 (mlp) to 0.825 (dcgan)" in chapter.gist
    assert chapter.gist.endswith("on the best without a GAN and without labels, kmeans: 0.85.")


def test_three_pairs_show_nothing_and_that_is_said(tmp_path: Path) -> None:
    chapter = chapter_of(tmp_path, study_of(tmp_path, of_images=False, missing=3))
    assert chapter is not None and "without a GAN" not in chapter.gist
    assert chapter.sentences[:2] == [
        f"Of {arm} 3 of 6 runs are not measured, and left out here." for arm in ("mlp", "dcgan")
    ]
    assert chapter.sentences[2].startswith("mlp against dcgan: no difference is shown: −0.2")
    assert "3 pairs" in chapter.sentences[2]


def test_runs_measured_by_another_protocol_are_left_out_and_the_latest_of_equals_counts(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    before = tables(chapter_of(tmp_path, study))
    run = open_store(str(tmp_path)).find({"config.arm": "mlp"})[0]
    named = {"run": run.id, "arm": "mlp", "seed": run.config["seed"]}
    record_features(tmp_path, study, {"trained": 0.1, "untrained": 0.1}, **named, draws=3)
    for _ in range(2):  # more than there are of today's version
        record_features(tmp_path, study, {"trained": 0.3, "untrained": 0.3}, **named, version=0)
    assert tables(chapter_of(tmp_path, study)) == before
    record_features(tmp_path, study, {"trained": 0.2, "untrained": 0.2}, **named)
    row = next(one for one in tables(chapter_of(tmp_path, study))["features"] if one["arm"] == "mlp")
    assert (row["runs"], row["all labels least"]) == (SEEDS, 0.2)


def test_a_run_measured_by_hand_without_a_projection_takes_no_projected_run_s_place(tmp_path: Path) -> None:
    study = small_study(seeds=SEEDS)
    recorded(tmp_path, study, {"mlp": ["unlearned"] * SEEDS, "dcgan": ["stable"] * SEEDS})
    for record in open_store(str(tmp_path)).find():
        named = {"run": record.id, "arm": record.config["arm"], "seed": record.config["seed"]}
        values = dict.fromkeys(("trained", "untrained", "projected"), 0.5)
        record_features(tmp_path, study, values, **named, projected_to=64)
    before = tables(chapter_of(tmp_path, study))
    record_features(tmp_path, study, {"trained": 0.5, "untrained": 0.5}, **named)
    record_features(tmp_path, study, values, **named, projected_to=32)
    assert tables(chapter_of(tmp_path, study)) == before


def transferred(folder: Path, study: Study, accuracy: float, dataset: str = "mnist", **more: Any) -> None:
    """Each run's features tested on another data set too, all equally well, and those of its images."""
    for record in open_store(str(folder)).find():
        place = {"run": record.id, "arm": record.config["arm"], "seed": record.config["seed"]}
        values = dict.fromkeys(OF_DISCRIMINATOR, accuracy)
        record_features(folder, study, values, **place, dataset=dataset, trained_on="digits", **more)
    record_features(folder, study, dict.fromkeys(OF_IMAGES, accuracy), of="images", dataset=dataset, **more)


def test_accuracies_on_another_data_set_stand_in_a_table_of_their_own(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    before = chapter_of(tmp_path, study)
    transferred(tmp_path, study, 0.3)
    chapter = chapter_of(tmp_path, study)
    assert before is not None and chapter is not None
    shown, other = tables(chapter), tables(chapter).pop("features_mnist")
    assert {name: shown[name] for name in tables(before)} == tables(before)
    assert (chapter.gist, chapter.sentences) == (before.gist, before.sentences)
    assert {row["all labels"] for row in other} == {0.3} and len(other) == 4 + len(OF_IMAGES)
    captions = {table.name: table.caption for table in chapter.tables}
    assert not any(name.startswith("published") for name in captions)
    assert "on test images of digits" in captions["features"] and "trained on" not in captions["features"]
    assert "on test images of mnist" in captions["features_mnist"]
    assert "The discriminators were trained on digits, never on mnist" in captions["features_mnist"]


@pytest.mark.parametrize(
    ("dataset", "rows", "labels", "accuracy"), [("cifar10", 5, 5000, 0.828), ("svhn", 2, 100, 0.7752)]
)
def test_what_is_published_stands_beside_features_tested_on_the_same_data_set_and_is_marked(
    tmp_path: Path, dataset: str, rows: int, labels: int, accuracy: float
) -> None:
    study = small_study(seeds=SEEDS)
    recorded(tmp_path, study, {"mlp": ["unlearned"] * SEEDS, "dcgan": ["stable"] * SEEDS})
    transferred(tmp_path, study, 0.3, dataset)
    chapter = chapter_of(tmp_path, study)
    published = tables(chapter)[f"published_{dataset}"]
    assert (len(published), published[0]["labels a class"], published[0]["accuracy"]) == (rows, labels, accuracy)
    assert chapter is not None
    (caption,) = (table.caption for table in chapter.tables if table.name == f"published_{dataset}")
    assert caption.startswith(f"PUBLISHED, not measured here: accuracies on test images of {dataset} (Radford")
    assert "Settings differ" in caption and "at most 80 labels a class" in caption


@pytest.mark.parametrize(("checked", "said"), [(None, False), (True, False), (False, True)])
def test_files_that_are_not_as_published_are_named(tmp_path: Path, checked: bool | None, said: bool) -> None:
    study = small_study(seeds=2)
    recorded(tmp_path, study, {"mlp": ["unlearned"] * 2, "dcgan": ["stable"] * 2})
    transferred(tmp_path, study, 0.3, "cifar10", checked=checked)
    chapter = chapter_of(tmp_path, study)
    assert chapter is not None
    assert ("The files of cifar10 were not as published (other checksums)." in chapter.sentences) == said


def test_where_features_were_tested_elsewhere_alone_the_chapter_is_of_that_data_set_and_says_so(tmp_path: Path) -> None:
    study = small_study(seeds=SEEDS)
    recorded(tmp_path, study, {"mlp": ["unlearned"] * SEEDS, "dcgan": ["stable"] * SEEDS})
    transferred(tmp_path, study, 0.3)
    chapter = chapter_of(tmp_path, study)
    assert chapter is not None and {row["all labels"] for row in tables(chapter)["features"]} == {0.3}
    assert chapter.gist.startswith("Accuracy on mnist of a linear classifier")
    assert chapter.sentences[0].startswith("The discriminators were trained on digits, never on mnist")
    assert chapter.figures[0].caption.text.startswith("Tested on mnist.")


def test_a_report_has_the_chapter_only_where_something_was_measured(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    data = recorded(tmp_path, study, {"mlp": ["unlearned"] * 2, "dcgan": ["stable"] * 2})
    store = open_store(str(tmp_path))
    assert "representation" not in [chapter.name for chapter in contents_of(data, store).chapters]
    record_features(tmp_path, study, dict.fromkeys(OF_IMAGES, 0.5), of="images")
    assert "representation" not in [chapter.name for chapter in contents_of(data, store).chapters]
    run = store.find({"config.arm": "mlp"})[0]
    record_features(tmp_path, study, MLP, run=run.id, arm="mlp", seed=run.config["seed"])
    contents = contents_of(data, store)
    assert "representation" in [chapter.name for chapter in contents.chapters]
    (figure,) = (one for one in contents.figures() if one.caption.name == "features")
    drawn = figure.draw()
    lines = [line for axes in drawn.axes for line in axes.lines if line.get_gid() == "median"]
    assert [list(line.get_xdata()) for line in lines] == [[1, 2, 5, 10, 80]] * 2
    assert lines[0].get_ydata()[-1] == MLP["trained"] and lines[1].get_ydata()[-1] == MLP["untrained"]
