"""What was measured of the features that a study's discriminators learned, as a data frame."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import pandas as pd

from analysis.judging.study_data import StudyData
from runs.kinds import REPRESENTATION
from runs.records import RunRecord, RunStore
from runs.representation import ACCURACY, ACCURACY_AT_SNAPSHOTS, OF_IMAGES, PROJECTED, REPRESENTATION_VERSION

T = TypeVar("T")

_PROTOCOL = ("train_images", "test_images", "draws", "split_seed", "per_class", "validation_images")
COLUMNS = ("run_id", "arm", "features", "labels", "all_labels", "accuracy", "dimensions", "draws", "test_images")


def tested_on(data: StudyData, store: RunStore) -> list[str]:
    """The data sets that discriminators' features were tested on, by name; first those that they were trained on."""
    own = {cell.config.dataset for cell in data.study.cells()}
    found = {record.config["dataset"] for record in _wanted(data, store) if record.config["run"] is not None}
    return sorted(found, key=lambda dataset: (dataset not in own, dataset))


def feature_accuracies(data: StudyData, store: RunStore, dataset: str | None = None) -> pd.DataFrame:
    """One row a number of labels a class, features and run: COLUMNS and the grid's factors.

    dataset: what they were tested on, by default the first of :func:`tested_on`; no frame has accuracies on two.
    run_id, arm and factors are missing for features of the images alone. all_labels: whether these are all labels there
    are. accuracy: share of test images whose class is found, mean over draws. Which records count:
    :func:`records_that_count`; features that are projected to other dimensions than most are left out.
    """
    counted = records_that_count(data, store, dataset)
    if not counted:
        return pd.DataFrame(columns=[*COLUMNS, *data.factors])
    made = pd.DataFrame([row for record in counted for row in _rows(record, store)])
    dimensions = made.loc[made["features"] == PROJECTED, "dimensions"]
    if len(dimensions):
        made = made[(made["features"] != PROJECTED) | (made["dimensions"] == dimensions.mode().iloc[0])]
    places = data.used[["run_id", "arm", *data.factors]].astype({"run_id": "Int64", "arm": object})
    return made.astype({"run_id": "Int64"}).merge(places, on="run_id", how="left")


def accuracies_over_training(data: StudyData, store: RunStore, dataset: str | None = None) -> pd.DataFrame:
    """One row a snapshot of a run: run_id, arm, seed, step, accuracy with all labels, test_images; no row without any.

    dataset: as in :func:`feature_accuracies`.
    """
    rows = []
    for record in records_that_count(data, store, dataset):
        if record.config["run"] is not None and record.config["snapshot_steps"]:
            found = store.traces(record, [ACCURACY_AT_SNAPSHOTS])[ACCURACY_AT_SNAPSHOTS]
            about = {name: record.config[name] for name in ("arm", "seed", "test_images")}
            rows += [
                {"run_id": record.config["run"], **about, "step": step, "accuracy": accuracy}
                for step, accuracy in zip(found.steps.tolist(), found.values.tolist(), strict=True)
            ]
    return pd.DataFrame(rows, columns=["run_id", "arm", "seed", "step", "accuracy", "test_images"])


def records_that_count(data: StudyData, store: RunStore, dataset: str | None = None) -> list[RunRecord]:
    """One record a run, and one of the images, on that data set by the protocol by which most runs were measured.

    dataset: as in :func:`feature_accuracies`. Of several records of a run those that are projected to as many
    dimensions as most come first, then the latest.
    """
    dataset = dataset or next(iter(tested_on(data, store)), None)
    wanted = [record for record in _wanted(data, store) if record.config["dataset"] == dataset]
    usual = _most_common({(record.config["run"], _protocol(record)) for record in wanted})
    alike = [record for record in wanted if _protocol(record) == usual]
    dimensions = _most_common({(record.config["run"], record.config["projected_to"]) for record in alike})
    best: dict[int | None, RunRecord] = {}
    for record in sorted(alike, key=lambda one: (one.config["projected_to"] == dimensions, one.id)):
        best[record.config["run"]] = record
    return sorted(best.values(), key=lambda one: one.id)


def _most_common(of_runs: Iterable[tuple[object, T]]) -> T | None:
    """What most runs have."""
    counts = Counter(what for run, what in of_runs if run is not None)
    return counts.most_common(1)[0][0] if counts else None


def unchecked(data: StudyData, store: RunStore, dataset: str) -> bool:
    """Whether features were tested there on files that are not the publisher's."""
    found = [record for record in _wanted(data, store) if record.config["dataset"] == dataset]
    return not all(record.info.get("checked", True) for record in found)


def _wanted(data: StudyData, store: RunStore) -> list[RunRecord]:
    """Today's records of the images, and of the discriminators of used runs."""
    query = {"config.study": data.study.name, "meta.representation_version": REPRESENTATION_VERSION}
    found = store.find(query, kind=REPRESENTATION)
    return [record for record in found if record.config["run"] is None or record.config["run"] in data.records]


def _protocol(record: RunRecord) -> tuple[object, ...]:
    return (*(record.config[name] for name in _PROTOCOL), record.info["images"])


def _rows(record: RunRecord, store: RunStore) -> list[dict[str, object]]:
    dimensions = record.info["dimensions"]
    traces = store.traces(record, [ACCURACY[name] for name in dimensions])
    return [
        {
            "run_id": record.config["run"],
            "features": name,
            "labels": labels,
            "all_labels": labels == traces[ACCURACY[name]].steps[-1],
            "accuracy": accuracy,
            "dimensions": dimensions[name],
            "draws": record.config["draws"],
            "test_images": record.config["test_images"],
        }
        for name in dimensions
        for labels, accuracy in zip(
            traces[ACCURACY[name]].steps.tolist(), traces[ACCURACY[name]].values.tolist(), strict=True
        )
    ]


def of_images(accuracies: pd.DataFrame) -> pd.DataFrame:
    """The rows of features that no GAN has learned, those of a network that was trained with the labels among them."""
    return accuracies[accuracies["features"].isin(OF_IMAGES)]


def by_run(accuracies: pd.DataFrame, features: str, runs: Sequence[int]) -> pd.Series:
    """Accuracy with all labels by run id; NaN for a run that was not measured."""
    own = accuracies[accuracies["all_labels"] & (accuracies["features"] == features)]
    return own.set_index("run_id")["accuracy"].reindex(pd.Index(runs)).astype(float)
