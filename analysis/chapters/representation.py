"""How good are the features that the discriminators learned? What ``make representation`` has recorded."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.chapters.form import Caption, Chapter, Judged, ReportFigure, spread_text
from analysis.counting import counted
from analysis.figures.features import feature_curves
from analysis.figures.parts import ReferenceLine
from analysis.figures.traces import BAND
from analysis.findings.features import READING_NAMES, FeatureComparison, comparison_text, feature_comparisons
from analysis.judging.representations import feature_accuracies, of_images, tested_on, unchecked
from analysis.results.parts import summarized
from analysis.results.wording import listed, number
from analysis.tables.columns import (
    ends,
    frame,
    interval,
    place_columns,
    summary_columns,
    summary_interval,
)
from analysis.tables.formats import Table
from analysis.tables.published import published_features
from runs.representation import OF_DISCRIMINATOR, PROJECTED, SUPERVISED, TRAINED

TITLE = "What the discriminators learned"
FEW = 10  # labels a class, of the second column
_ALL_LABELS, _FEW_LABELS = "all labels", f"{FEW} labels a class"


def representation(judged: Judged) -> Chapter | None:
    """Accuracies by arm, pairs of arms, and features without a GAN beside them; None where nothing was measured.

    Of several data sets that features were tested on, the first has all of it, and each other one a table.
    """
    shown, *others = tested_on(judged.data, judged.store) or [""]
    accuracies = feature_accuracies(judged.data, judged.store, shown)
    measured = accuracies[accuracies["arm"].notna()]
    if measured.empty:
        return None
    arms = [arm for arm in judged.data.study.arms if arm in set(measured["arm"])]
    comparisons = list(feature_comparisons(judged.data, accuracies))
    return Chapter(
        name="representation",
        title=TITLE,
        gist=_gist(accuracies, arms, shown),
        sentences=[
            *_test_images(judged, shown),
            *_not_measured(judged, measured),
            *(_sentence(row, judged.alpha) for row in comparisons if row.reading == TRAINED),
            _UNCORRECTED,
            _CAUTION,
        ],
        tables=(
            _accuracy_table(judged, accuracies, "features", shown),
            Table(
                name="feature_pairs",
                caption=f"Accuracy on {shown} with all labels within matched pairs, of a seed the mean over grid"
                " points, first minus second: Hodges–Lehmann shift with its interval, and Wilcoxon's signed-rank p,"
                " which no correction covers; a seed with a run that could not be measured is left out. More is"
                " better. Width alone helps a linear classifier: at equal dimensions all features are projected at"
                " random to as many as the narrowest arm has. Learned: trained minus untrained, in log odds.",
                frame=frame([_pair_columns(row) for row in comparisons], whole=["pairs"]),
                intervals={"shift": interval("shift")},
                p=("p",),
            ),
            *_published(accuracies, shown),
            *_tables_elsewhere(judged, others),
        ),
        figures=(_figure(judged, accuracies, arms, shown),),
    )


def _tables_elsewhere(judged: Judged, datasets: Sequence[str]) -> Iterator[Table]:
    for dataset in datasets:
        accuracies = feature_accuracies(judged.data, judged.store, dataset)
        yield _accuracy_table(judged, accuracies, f"features_{dataset}", dataset)
        yield from _published(accuracies, dataset)


def _published(accuracies: pd.DataFrame, dataset: str) -> Iterator[Table]:
    table = published_features(dataset, int(accuracies["labels"].max()))
    if table is not None:
        yield table


def _accuracy_table(judged: Judged, accuracies: pd.DataFrame, name: str, dataset: str) -> Table:
    trained = " ".join(_test_images(judged, dataset))
    return Table(
        name=name,
        caption=f"Accuracy on test images of {dataset} of an L2 linear support vector machine on features that stay as"
        " they are, C chosen on validation images: median [least, greatest] over runs. Of a discriminator: all hidden"
        " blocks, max-pooled to 4 × 4 (layers of units as they are), BatchNorm's statistics averaged over that data"
        " set's training images and frozen; untrained: with the weights that its run began with;"
        " projected: trained, at random to the fewest dimensions of any arm. Without a GAN: pixels,"
        " 64 principal components, K-means on patches, random Fourier features, an autoencoder of D's shape;"
        f" supervised: a network of D's shape that was trained with the classifier's own labels. {trained}".strip(),
        frame=_by_arm(judged, accuracies),
        intervals={name: summary_interval(name) for name in (_ALL_LABELS, _FEW_LABELS)},
    )


_UNCORRECTED = "These tests are not registered and no correction covers them."
_CAUTION = (
    "A discriminator whose run failed has other features because it failed, as much as it failed because of them:"
    " these comparisons do not say which."
)


def _test_images(judged: Judged, dataset: str) -> Iterator[str]:
    """Whether discriminators have learned from other images than they are tested on; if those are not as published."""
    own = {cell.config.dataset: cell.config.data for cell in judged.data.study.cells()}
    if dataset not in own:
        names = [name if folder is None else f"the pictures in {Path(folder).name}" for name, folder in own.items()]
        yield (
            f"The discriminators were trained on {listed(names)}, never on {dataset}: to its training images the"
            " classifier, BatchNorm's statistics and the features without a GAN are fitted."
        )
    if unchecked(judged.data, judged.store, dataset):
        yield f"The files of {dataset} were not as published (other checksums)."


def _not_measured(judged: Judged, measured: pd.DataFrame) -> Iterator[str]:
    """How many used runs of an arm are missing here: those whose weights or features are not finite cannot be there."""
    for arm in judged.data.study.arms:
        used = judged.data.only([arm]).used["run_id"]
        lacking = len(set(used) - set(measured["run_id"]))
        if lacking:
            yield f"Of {arm} {lacking} of {counted(len(used), 'run')} are not measured, and left out here."


def _gist(accuracies: pd.DataFrame, arms: Sequence[str], dataset: str) -> str:
    at_all = accuracies[accuracies["all_labels"]]
    spreads = []
    for features in OF_DISCRIMINATOR:
        own = at_all[at_all["features"] == features].groupby("arm")["accuracy"].median()
        spreads.append(spread_text({arm: float(own[arm]) for arm in arms}))
    text = f"Accuracy on {dataset} of a linear classifier of trained discriminators' features, median by arm:"
    text += f" {spreads[0]};"
    text += f" on the same discriminators' before training: {spreads[1]}"
    others = of_images(at_all[at_all["features"] != SUPERVISED])
    if others.empty:
        return f"{text}."
    by_name = others.set_index("features")["accuracy"].astype(float)
    return f"{text}; on the best without a GAN and without labels, {by_name.idxmax()}: {number(float(by_name.max()))}."


def _by_arm(judged: Judged, accuracies: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for cell in judged.data.study.cells():
        runs = judged.data.only([cell.arm], cell.grid_point).used["run_id"]
        own = accuracies[accuracies["run_id"].isin(runs)]
        for features in (*OF_DISCRIMINATOR, PROJECTED):
            rows.append({**place_columns(cell.arm, cell.grid_point), **_summaries(own, features)})
    others = of_images(accuracies)
    for features in dict.fromkeys(others["features"]):
        rows.append({"arm": "without a GAN", **_summaries(others, features)})
    return frame([row for row in rows if row["runs"]], whole=["runs", "dimensions"])


def _summaries(accuracies: pd.DataFrame, features: str) -> dict[str, Any]:
    own = accuracies[accuracies["features"] == features]
    at_all, few = own[own["all_labels"]], own[(own["labels"] == FEW) & ~own["all_labels"]]
    if features == SUPERVISED:  # its network has seen all labels
        few = few.iloc[:0]
    return {
        "features": features,
        "runs": len(at_all),
        "dimensions": int(at_all["dimensions"].iloc[0]) if len(at_all) else None,
        **summary_columns(_ALL_LABELS, summarized(at_all["accuracy"].to_numpy(np.float64))),
        **summary_columns(_FEW_LABELS, summarized(few["accuracy"].to_numpy(np.float64))),
    }


def _pair_columns(row: FeatureComparison) -> dict[str, Any]:
    return {
        "features": READING_NAMES[row.reading],
        "first": row.first,
        "second": row.second,
        "pairs": row.pairs.n,
        "median of first": row.pairs.median_first,
        "median of second": row.pairs.median_second,
        "shift": row.shift.estimate,
        **ends("shift", row.shift.interval),
        "p": row.p,
    }


def _sentence(row: FeatureComparison, alpha: float) -> str:
    better = row.first if (row.shift.estimate or 0) > 0 else row.second
    verdict = f"features of {better} are better" if row.shown(alpha) else "no difference is shown"
    return f"{row.first} against {row.second}: {verdict}: {comparison_text(row, alpha)}."


def _figure(judged: Judged, accuracies: pd.DataFrame, arms: Sequence[str], dataset: str) -> ReportFigure:
    of_arms = accuracies[accuracies["arm"].isin(arms)]
    groups = of_arms.groupby(["features", "arm", "labels"], sort=False)["accuracy"]
    curves = groups.quantile(np.array([0.5, *BAND])).unstack().set_axis(["median", "low", "high"], axis=1).reset_index()
    others = of_images(accuracies[accuracies["all_labels"]])
    drawn = zip(others["features"], others["accuracy"].astype(float), strict=True)
    lines = [ReferenceLine(value=accuracy, label=str(name)) for name, accuracy in drawn]
    runs, draws = of_arms["run_id"].nunique(), int(accuracies["draws"].iloc[0])
    return ReportFigure(
        caption=Caption(
            name="features",
            title="Features for a linear classifier",
            sentences=[],
            text=f"Tested on {dataset}. Median and 25th to 75th percentile over {counted(runs, 'run')}, all grid points"
            f" together; few labels are the mean of {counted(draws, 'draw')}, the last point has all labels. Grey"
            " lines: features without a GAN, with all labels.",
            alt="Accuracy of a linear classifier over labels a class, by arm, trained and untrained.",
        ),
        data={"curve": curves, "line": others[["features", "accuracy", "dimensions"]]},
        draw=partial(feature_curves, curves, lines, arms=arms, styles=judged.styles),
    )
