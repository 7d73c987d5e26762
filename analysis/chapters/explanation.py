"""Do the learned features explain the stability? Links that would have to hold, and whether they are shown."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.chapters.form import Caption, Chapter, Judged, ReportFigure
from analysis.counting import counted
from analysis.figures.explained import features_over_training, quality_over_features
from analysis.findings.explanation import Explanation, explanation
from analysis.findings.features import Correlated
from analysis.judging.representations import by_run, feature_accuracies
from analysis.statistics import RankCorrelation
from analysis.tables.columns import ends, frame, interval
from analysis.tables.formats import Table
from runs.representation import TRAINED, UNTRAINED

TITLE = "Do the learned features explain the stability?"
_OUTCOMES = ("stable", "quality")


def explained(judged: Judged) -> Chapter | None:
    """The conclusion and what it is made of; None where no discriminator was measured."""
    accuracies = feature_accuracies(judged.data, judged.store)
    if not accuracies["arm"].notna().any():
        return None
    found = explanation(judged.data, judged.verdicts, accuracies, judged.findings, judged.store)
    if found is None:
        return None
    return Chapter(
        name="explanation",
        title=TITLE,
        gist=found.conclusion,
        sentences=[*(f"{link.claim[0].upper()}{link.claim[1:]}: {link.numbers}." for link in found.links), _CAUTION],
        tables=(_association_table(found, judged), _falls_table(found)),
        figures=tuple(_figures(judged, accuracies, found)),
    )


_CAUTION = (
    "No link is a test of cause: a discriminator whose run failed is poor because the run failed as much as the run"
    " failed because of it, and recipes decide both. None of these tests is registered or corrected."
)


def _association_table(found: Explanation, judged: Judged) -> Table:
    where = ", within grid points," if judged.over_a_grid else ""
    return Table(
        name="feature_associations",
        caption=f"Spearman's ρ over the runs of an arm{where} of the accuracy of trained features with having ended"
        " stable, and with quality, a small final Fréchet distance; 95 % percentile bootstrap over seeds, which is too"
        " short for few seeds, and p of exchanging seeds. The row of all arms also has what differs between arms. –:"
        " all runs alike, or too few seeds.",
        frame=frame(
            [
                {
                    "arm": one.arm or "all arms",
                    "runs": one.runs,
                    "stable runs": one.n_stable,
                    **_correlation_columns("stable", one.stable),
                    **_correlation_columns("quality", one.quality),
                }
                for one in found.associations
            ],
            whole=["runs", "stable runs"],
        ),
        intervals={name: interval(name) for name in _OUTCOMES},
        p=tuple(f"{name} p" for name in _OUTCOMES),
    )


def _correlation_columns(name: str, found: Correlated) -> dict[str, Any]:
    if not isinstance(found, RankCorrelation):
        return {name: None, **ends(name, None), f"{name} p": None}
    return {name: found.estimate, **ends(name, found.interval), f"{name} p": found.p}


def _falls_table(found: Explanation) -> Table:
    return Table(
        name="feature_falls",
        caption="Runs that had learned, by snapshots of their discriminators: the step of the onset of a failure; from"
        " learning until then, or to the end, the best accuracy and the last; and the final one. Fallen: below the best"
        " by more than two standard errors.",
        frame=found.falls,
    )


def _figures(judged: Judged, accuracies: pd.DataFrame, found: Explanation) -> Iterator[ReportFigure]:
    yield _scatter(judged, accuracies)
    if len(found.over_training):
        yield _over_training(judged, found)


def _scatter(judged: Judged, accuracies: pd.DataFrame) -> ReportFigure:
    runs = judged.verdicts[["run_id", "arm", "seed", "final_frechet"]].assign(stable=~judged.verdicts["not_stable"])
    for column, features in (("accuracy", TRAINED), ("untrained", UNTRAINED)):
        runs[column] = by_run(accuracies, features, runs["run_id"].tolist()).to_numpy()
    finite = np.isfinite(runs[["accuracy", "untrained", "final_frechet"]].to_numpy(np.float64)).all(axis=1)
    shown = runs.loc[finite]
    left_out = len(runs) - len(shown)
    lacking = f" Not shown: {counted(left_out, 'run')} not measured, or without a finite distance." if left_out else ""
    return ReportFigure(
        caption=Caption(
            name="features_and_quality",
            title="Features and what became of runs",
            sentences=[],
            text="A mark a run, filled if it ended stable. Left: accuracy of a linear classifier on the trained"
            f" discriminator's features; right: what training has added to it.{lacking}",
            alt="Final Fréchet distance over the accuracy of discriminators' features, and over what training added.",
        ),
        data={"run": shown},
        draw=partial(quality_over_features, shown, arms=judged.arms(), styles=judged.styles),
    )


def _over_training(judged: Judged, found: Explanation) -> ReportFigure:
    points = found.over_training
    updates = points.assign(step=points["step"] * points["run_id"].map(judged.updates_per_step))
    falls = found.falls[found.falls["onset"].notna()]
    onsets = falls["onset"].astype(np.int64) * falls["run"].map(judged.updates_per_step).astype(np.int64)
    failed = pd.DataFrame({"arm": falls["arm"], "step": onsets, "accuracy": falls["last before"]})
    arms = [arm for arm in judged.arms() if arm in set(points["arm"])]
    return ReportFigure(
        caption=Caption(
            name="features_over_training",
            title="Features along training",
            sentences=[],
            text="Accuracy with all labels at each snapshot, a line a run; a cross at the onset of a collapse, a"
            " divergence or non-finite values, at the accuracy of the last snapshot before it.",
            alt="Accuracy of discriminators' features over training, a panel an arm, with failures marked.",
        ),
        data={"run": updates, "failure": failed},
        draw=partial(features_over_training, updates, failed, arms=arms, styles=judged.styles),
    )
