"""How good are the features that the discriminators learned? What ``make representation`` has recorded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from analysis.judging.pairs import compared_pairs, paired_values
from analysis.judging.representations import by_run, feature_accuracies, of_images, tested_on, unchecked
from analysis.results.parts import summarized
from analysis.results.wording import interval_text, listed, number, p_text, point_text, signed
from analysis.statistics import PairedComparison, Shift, paired_comparison
from analysis.tables.columns import (
    ends,
    frame,
    interval,
    place_columns,
    point_columns,
    summary_columns,
    summary_interval,
)
from analysis.tables.formats import Table
from analysis.tables.published import published_features
from runs.representation import OF_DISCRIMINATOR, SUPERVISED

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
    comparisons = list(_comparisons(judged, accuracies))
    return Chapter(
        name="representation",
        title=TITLE,
        gist=_gist(accuracies, arms, shown),
        sentences=[
            *_test_images(judged, shown),
            *_not_measured(judged, measured),
            *(_sentence(row, judged.alpha) for row in comparisons),
            _UNCORRECTED,
            _CAUTION,
        ],
        tables=(
            _accuracy_table(judged, accuracies, "features", shown),
            Table(
                name="feature_pairs",
                caption=f"Accuracy on {shown} with all labels within matched pairs, first minus second: Hodges–Lehmann"
                " shift with its interval, and Wilcoxon's signed-rank p, which no correction covers. More is better."
                " Dimensions differ between architectures, and width alone helps a linear classifier.",
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
        " set's training images and frozen; untrained: with the weights that its run began with. Without a GAN: pixels,"
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
        for features in OF_DISCRIMINATOR:
            rows.append({**place_columns(cell.arm, cell.grid_point), **_summaries(own, features)})
    others = of_images(accuracies)
    for features in dict.fromkeys(others["features"]):
        rows.append({"arm": "without a GAN", **_summaries(others, features)})
    return frame([row for row in rows if row["runs"]], whole=["runs", "dimensions"])


def _summaries(accuracies: pd.DataFrame, features: str) -> dict[str, Any]:
    own = accuracies[accuracies["features"] == features]
    at_all, few = own[own["all_labels"]], own[(own["labels"] == FEW) & ~own["all_labels"]]
    return {
        "features": features,
        "runs": len(at_all),
        "dimensions": int(at_all["dimensions"].iloc[0]) if len(at_all) else None,
        **summary_columns(_ALL_LABELS, summarized(at_all["accuracy"].to_numpy(np.float64))),
        **summary_columns(_FEW_LABELS, summarized(few["accuracy"].to_numpy(np.float64))),
    }


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """Of what comes first with what comes second, at one grid point."""

    first: str
    second: str
    point: Mapping[str, Any]
    pairs: PairedComparison
    shift: Shift
    p: float


def _comparisons(judged: Judged, accuracies: pd.DataFrame) -> Iterator[_Comparison]:
    """Of the arms that contrasts compare, and of each arm with itself before training."""
    data, runs = judged.data, judged.data.used["run_id"].tolist()
    trained, untrained = (by_run(accuracies, features, runs) for features in OF_DISCRIMINATOR)
    for point in data.study.grid_points():
        for pair in compared_pairs(data):
            values = paired_values(data, trained, pair, [point])[:, 0, :]
            yield from _compared(*pair, point, values)
        for arm in data.study.arms:
            own = data.only([arm], point).used["run_id"]
            values = np.column_stack([one.reindex(own) for one in (trained, untrained)])
            yield from _compared(arm, f"{arm} untrained", point, values)


def _compared(first: str, second: str, point: Mapping[str, Any], values: np.ndarray) -> Iterator[_Comparison]:
    """The comparison of the pairs (N, 2) in which both were measured, if there is any."""
    known = values[~np.isnan(values).any(axis=1)].round(12)  # equal shares of images, summed in another order
    pairs = paired_comparison(known[:, 0], known[:, 1], larger_is_worse=False)
    if pairs.shift is not None and pairs.wilcoxon is not None:
        yield _Comparison(first=first, second=second, point=point, pairs=pairs, shift=pairs.shift, p=pairs.wilcoxon.p)


def _pair_columns(row: _Comparison) -> dict[str, Any]:
    return {
        "first": row.first,
        "second": row.second,
        **point_columns(row.point),
        "pairs": row.pairs.n,
        "median of first": row.pairs.median_first,
        "median of second": row.pairs.median_second,
        "shift": row.shift.estimate,
        **ends("shift", row.shift.interval),
        "p": row.p,
    }


def _sentence(row: _Comparison, alpha: float) -> str:
    where = f" at {point_text(row.point)}" if row.point else ""
    estimate = row.shift.estimate
    better = row.first if (estimate or 0) > 0 else row.second
    shown = row.p <= alpha and estimate
    verdict = f"features of {better} are better" if shown else "no difference is shown"
    size = "" if estimate is None else f" {signed(estimate)}"
    return (
        f"{row.first} against {row.second}{where}: {verdict}:{size} {interval_text(row.shift.interval)},"
        f" {p_text(row.p, alpha)}, {counted(row.pairs.n, 'pair')}."
    )


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
