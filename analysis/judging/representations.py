"""What was measured of the features that a study's discriminators learned, as a data frame."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from analysis.judging.study_data import StudyData
from runs.kinds import REPRESENTATION
from runs.records import RunRecord, RunStore
from runs.representation import ACCURACY, ACCURACY_AT_SNAPSHOTS, OF_IMAGES, REPRESENTATION_VERSION

_PROTOCOL = ("train_images", "test_images", "draws", "split_seed", "per_class", "validation_images")
COLUMNS = ("run_id", "arm", "features", "labels", "all_labels", "accuracy", "dimensions", "draws")


def tested_on(data: StudyData, store: RunStore) -> list[str]:
    """The data sets that discriminators' features were tested on, by name; first those that they were trained on."""
    own = {cell.config.dataset for cell in data.study.cells()}
    found = {record.config["dataset"] for record in _wanted(data, store) if record.config["run"] is not None}
    return sorted(found, key=lambda dataset: (dataset not in own, dataset))


def feature_accuracies(data: StudyData, store: RunStore, dataset: str | None = None) -> pd.DataFrame:
    """One row a number of labels a class, features and run: COLUMNS and the grid's factors.

    dataset: what they were tested on, by default the first of :func:`tested_on`; no frame has accuracies on two.
    run_id, arm and factors are missing for features of the images alone. all_labels: whether these are all labels there
    are. accuracy: share of test images whose class is found, mean over draws. Of several protocols (numbers of images
    and draws) that one counts which most runs have; of equal records the earliest.
    """
    counted = _counted(data, store, dataset or next(iter(tested_on(data, store)), None))
    if not counted:
        return pd.DataFrame(columns=[*COLUMNS, *data.factors])
    made = pd.DataFrame([row for record in counted for row in _rows(record, store)])
    places = data.used[["run_id", "arm", *data.factors]].astype({"run_id": "Int64", "arm": object})
    return made.astype({"run_id": "Int64"}).merge(places, on="run_id", how="left")


def accuracies_over_training(data: StudyData, store: RunStore, dataset: str | None = None) -> pd.DataFrame:
    """One row a snapshot of a run: run_id, arm, seed, step, accuracy with all labels, test_images; no row without any.

    dataset: as in :func:`feature_accuracies`.
    """
    rows = []
    for record in _counted(data, store, dataset or next(iter(tested_on(data, store)), None)):
        if record.config["run"] is not None and record.config["snapshot_steps"]:
            found = store.traces(record, [ACCURACY_AT_SNAPSHOTS])[ACCURACY_AT_SNAPSHOTS]
            about = {name: record.config[name] for name in ("arm", "seed", "test_images")}
            rows += [
                {"run_id": record.config["run"], **about, "step": step, "accuracy": accuracy}
                for step, accuracy in zip(found.steps.tolist(), found.values.tolist(), strict=True)
            ]
    return pd.DataFrame(rows, columns=["run_id", "arm", "seed", "step", "accuracy", "test_images"])


def _counted(data: StudyData, store: RunStore, dataset: str | None) -> list[RunRecord]:
    """One record a run, and one of the images, on that data set by the protocol that most have."""
    wanted = [record for record in _wanted(data, store) if record.config["dataset"] == dataset]
    protocols = Counter(_protocol(record) for record in wanted)
    usual = protocols.most_common(1)[0][0] if protocols else None
    first: dict[int | None, RunRecord] = {}
    for record in wanted:
        if _protocol(record) == usual:
            first.setdefault(record.config["run"], record)
    return list(first.values())


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
    return tuple(record.config[name] for name in _PROTOCOL)


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
