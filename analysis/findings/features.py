"""How good discriminators' features are, compared within matched pairs, and what goes together with it."""

# S seeds, P grid points

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.counting import counted
from analysis.judging.pairs import compared_pairs, paired_values
from analysis.judging.representations import by_run
from analysis.judging.study_data import StudyData
from analysis.results.wording import interval_text, p_text, signed
from analysis.statistics import (
    Interval,
    NotEstimable,
    PairedComparison,
    RankCorrelation,
    Shift,
    paired_comparison,
    rank_correlation,
)
from runs.representation import PROJECTED, TRAINED, UNTRAINED

LEARNED = "learned"  # what training has added: trained minus untrained
READING_NAMES = {TRAINED: "trained", PROJECTED: "at equal dimensions", LEARNED: "learned, in log odds"}

Correlated = RankCorrelation | NotEstimable


@dataclass(frozen=True, kw_only=True)
class FeatureComparison:
    """Accuracies with all labels, of a seed the mean over grid points, of what comes first with what comes second."""

    reading: str  # one of READING_NAMES
    first: str
    second: str
    pairs: PairedComparison
    shift: Shift
    p: float

    def shown(self, alpha: float) -> bool:
        """Whether the first is shown to differ from the second."""
        return self.p <= alpha and bool(self.shift.estimate)


def comparison_text(row: FeatureComparison, alpha: float) -> str:
    """«−0.2 [−0.2, −0.2], p = 0.031, 6 pairs»."""
    size = "" if row.shift.estimate is None else f"{signed(row.shift.estimate)} "
    return f"{size}{interval_text(row.shift.interval)}, {p_text(row.p, alpha)}, {counted(row.pairs.n, 'pair')}"


def readings(accuracies: pd.DataFrame, runs: Sequence[int]) -> dict[str, pd.Series]:
    """By reading, each run's value by its id; NaN where it was not measured.

    What training has added is a difference of log odds, half an image added to those told and to those not: where
    nearly all are told before training there is little room in shares. Where all features are equally many, the trained
    ones are those at equal dimensions.
    """
    trained, untrained = (by_run(accuracies, features, runs) for features in (TRAINED, UNTRAINED))
    equal = by_run(accuracies, PROJECTED, runs)
    if accuracies.loc[accuracies["features"] == TRAINED, "dimensions"].nunique() == 1:
        equal = trained
    images = accuracies["test_images"].iloc[0] if len(accuracies) else 1
    return {TRAINED: trained, PROJECTED: equal, LEARNED: _log_odds(trained, images) - _log_odds(untrained, images)}


def _log_odds(share: pd.Series, of: int) -> pd.Series:
    return ((share * of + 0.5) / ((1 - share) * of + 0.5)).map(np.log)


def feature_comparisons(data: StudyData, accuracies: pd.DataFrame) -> Iterator[FeatureComparison]:
    """Of the arms that contrasts compare in every reading, then of each arm with itself before training."""
    runs, points = data.used["run_id"].tolist(), data.study.grid_points()
    of_runs = readings(accuracies, runs)
    for pair in compared_pairs(data):
        for reading in READING_NAMES:
            values = paired_values(data, of_runs[reading], pair, points).mean(axis=1)
            yield from _compared(reading, *pair, values)
    both = [of_runs[TRAINED], by_run(accuracies, UNTRAINED, runs)]
    for arm in data.study.arms:
        values = np.column_stack([paired_values(data, one, [arm], points).mean(axis=1) for one in both])
        yield from _compared(TRAINED, arm, f"{arm} untrained", values)


def _compared(reading: str, first: str, second: str, values: NDArray[np.float64]) -> Iterator[FeatureComparison]:
    """The comparison of the pairs (S, 2) in which both were measured, if there is any."""
    known = values[~np.isnan(values).any(axis=1)].round(12)  # equal shares of images, summed in another order
    pairs = paired_comparison(known[:, 0], known[:, 1], larger_is_worse=False)
    if pairs.shift is not None and pairs.wilcoxon is not None:
        yield FeatureComparison(
            reading=reading, first=first, second=second, pairs=pairs, shift=_rounded(pairs.shift), p=pairs.wilcoxon.p
        )


def _rounded(shift: Shift) -> Shift:
    """Without what is left of 0 where rounded shares are averaged."""
    low, high = (round(end, 9) + 0.0 for end in (shift.interval.low, shift.interval.high))
    estimate = None if shift.estimate is None else round(shift.estimate, 9) + 0.0
    return replace(shift, estimate=estimate, interval=Interval(low=low, high=high))


@dataclass(frozen=True, kw_only=True)
class Association:
    """Spearman's ρ of trained features' accuracy, over the runs of one arm (None: of all) with what became of them.

    stable: with having ended stable. quality: with a small final Fréchet distance, non-finite ones the worst. Within
    grid points where there are several: a recipe that is good for both is no association. n_stable: of ``runs``.
    """

    arm: str | None
    runs: int
    n_stable: int
    stable: Correlated
    quality: Correlated


def associations(data: StudyData, verdicts: pd.DataFrame, accuracies: pd.DataFrame) -> list[Association]:
    """Of each arm with a measured run, then of all arms together, where a difference between arms counts too."""
    accuracy = by_run(accuracies, TRAINED, verdicts["run_id"].tolist())
    known = verdicts[accuracy.notna().to_numpy()].assign(accuracy=accuracy.dropna().to_numpy())
    strata = known[list(data.factors)].astype(str).agg(" ".join, axis=1) if data.factors else None
    arms = [arm for arm in data.study.arms if (known["arm"] == arm).any()]
    found = [_association(arm, known[known["arm"] == arm], strata) for arm in arms]
    return [*found, _association(None, known, strata)] if len(arms) > 1 else found


def _association(arm: str | None, runs: pd.DataFrame, strata: pd.Series | None) -> Association:
    distances = runs["final_frechet"].fillna(np.inf)
    places = None if strata is None else strata.loc[runs.index].tolist()

    def with_accuracy(other: pd.Series) -> Correlated:
        return rank_correlation(
            runs["accuracy"].to_numpy(), other.to_numpy(np.float64), runs["seed"].tolist(), strata=places
        )

    return Association(
        arm=arm,
        runs=len(runs),
        n_stable=int((~runs["not_stable"]).sum()),
        stable=with_accuracy(~runs["not_stable"]),
        quality=with_accuracy(-distances),
    )
