"""Do learned features explain the stability? What would have to hold for it, and whether it is shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.counting import counted
from analysis.findings.features import (
    LEARNED,
    Association,
    FeatureComparison,
    associations,
    comparison_text,
    feature_comparisons,
)
from analysis.judging.representations import accuracies_over_training
from analysis.judging.study_data import StudyData
from analysis.results.document import ContrastResult, Findings
from analysis.results.wording import listed, p_text, signed
from analysis.statistics import RankCorrelation, mcnemar_exact_p, significant
from runs.records import RunStore
from runs.representation import PROJECTED, TRAINED

FALLS = ("run", "arm", "seed", "verdict", "onset", "best", "last before", "final", "features fell")
_OF_STABILITY = ("not_stable", "stable_points")
_FAILED = ("collapsed", "diverged", "nonfinite")
BEFORE, LATER, NEVER = "before", "with or after", "not"  # when features fell, seen from a run's failure


@dataclass(frozen=True, kw_only=True)
class Link:
    """One thing that has to hold, in words with its numbers. shown: None where it cannot be asked."""

    claim: str
    numbers: str
    shown: bool | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All links, and what they rest on.

    falls: of runs that had learned, see :func:`falls`. over_training: as :func:`accuracies_over_training` gives it.
    """

    stabler: str
    other: str
    difference_shown: bool
    links: Sequence[Link]
    associations: Sequence[Association]
    falls: pd.DataFrame
    over_training: pd.DataFrame

    @property
    def conclusion(self) -> str:
        """One paragraph; no more than the numbers give."""
        asked = [link for link in self.links if link.shown is not None]
        held, failed = ([link.claim for link in asked if link.shown is wanted] for wanted in (True, False))
        unasked = [link.claim for link in self.links if link.shown is None]
        if not self.difference_shown:
            opening = f"No difference in stability between {self.stabler} and {self.other} is shown, so none is to be"
            opening += " explained."
        elif failed or unasked:
            opening = f"That learned features explain why {self.stabler} is stabler than {self.other} is not shown."
        else:
            opening = f"Learned features may explain why {self.stabler} is stabler than {self.other}: all that would"
            opening += " have to hold is shown, which is no proof, since a discriminator of a failing run is poor"
            opening += " because it fails as much as the other way round."
        parts = (("Shown", held), ("Not shown", failed), ("Not asked", unasked))
        return " ".join([opening, *(f"{name}: {listed(claims)}." for name, claims in parts if claims)])


def explanation(
    data: StudyData, verdicts: pd.DataFrame, accuracies: pd.DataFrame, findings: Findings, store: RunStore
) -> Explanation | None:
    """For the arms of the primary contrast; None where that is none of two arms' stability."""
    primary = findings.of_role("primary")
    if not primary or primary[0].outcome not in _OF_STABILITY or primary[0].minus is not None:
        return None
    shown = [one for one in primary if significant(one.effect.p_holm, findings.alpha)]
    better = {_better(one) for one in shown}  # at several grid points it need not be one arm
    first, second = primary[0].first, primary[0].second
    stabler, other = (second, first) if second in (better or {_better(primary[0])}) else (first, second)
    compared = list(feature_comparisons(data, accuracies))
    related = associations(data, verdicts, accuracies)
    over_training = accuracies_over_training(data, store)
    fallen = falls(verdicts, over_training)
    return Explanation(
        stabler=stabler,
        other=other,
        difference_shown=len(better) == 1,
        links=[
            *_between(compared, stabler, other, findings.alpha),
            _within([one for one in related if one.arm in (stabler, other)], findings.alpha),
            _order(fallen, findings.alpha),
        ],
        associations=related,
        falls=fallen,
        over_training=over_training,
    )


def _between(compared: Sequence[FeatureComparison], stabler: str, other: str, alpha: float) -> Iterator[Link]:
    """Better features of the stabler arm, also at equal dimensions; and better because they were learned."""
    claims = {
        TRAINED: f"the discriminators of {stabler} have better features",
        PROJECTED: "they are better also at equal dimensions",
        LEARNED: "training has added more to them",
    }
    pairs = {row.reading: row for row in compared if {row.first, row.second} == {stabler, other}}
    for reading, claim in claims.items():
        yield _link(claim, pairs.get(reading), stabler, alpha)
    own = next((row for row in compared if row.second == f"{stabler} untrained"), None)
    yield _link(f"training has made the features of {stabler} better", own, stabler, alpha)


def _link(claim: str, row: FeatureComparison | None, better: str, alpha: float) -> Link:
    if row is None:
        return Link(claim=claim, numbers="not measured", shown=None)
    positive = (row.shift.estimate or 0) > 0
    shown = row.shown(alpha) and positive == (row.first == better)
    return Link(claim=claim, numbers=f"{row.first} minus {row.second}: {comparison_text(row, alpha)}", shown=shown)


def _better(contrast: ContrastResult) -> str:
    return contrast.first if ((contrast.effect.estimate or 0) > 0) == contrast.larger_is_better else contrast.second


def _within(related: Sequence[Association], alpha: float) -> Link:
    """Of those of the two arms some of whose runs were stable and some not."""
    claim = "within an arm the stable runs have the better features"
    asked = {one.arm: one.stable for one in related if isinstance(one.stable, RankCorrelation)}
    known = {arm: found for arm, found in asked.items() if found.p is not None}
    if not known:
        return Link(claim=claim, numbers="no arm has stable runs and others", shown=None)
    numbers = [
        f"{arm} ρ = {signed(found.estimate)}, permutation {p_text(found.p, alpha)}" for arm, found in known.items()
    ]
    shown = all(significant(found.p, alpha) and found.estimate > 0 for found in known.values())
    return Link(claim=claim, numbers=listed(numbers), shown=shown)


def _order(fallen: pd.DataFrame, alpha: float) -> Link:
    """Over seeds, each of which counts for what most of its failed runs did; runs that did not fail are the control."""
    claim = "features fall before a run fails"
    failed, others = (fallen[fallen["verdict"].isin(_FAILED) == wanted] for wanted in (True, False))
    if failed.empty:
        return Link(claim=claim, numbers="no run failed with two snapshots between learning and failure", shown=None)
    before = failed["features fell"] == BEFORE
    by_seed = before.groupby(failed["seed"]).mean()
    most, fewest = int((by_seed > 0.5).sum()), int((by_seed < 0.5).sum())
    p = mcnemar_exact_p(most, fewest)
    usual = float((others["features fell"] != NEVER).mean()) if len(others) else 0.0
    counts = failed["features fell"].value_counts()
    numbers = f"before the failure in {counts.get(BEFORE, 0)} of {counted(len(failed), 'run')}, with it or after in"
    numbers += f" {counts.get(LATER, 0)}, not at all in {counts.get(NEVER, 0)}; in most failed runs of a seed in {most}"
    numbers += f" seeds, in fewer in {fewest}, sign test {p_text(p, alpha)}; of {counted(len(others), 'run')} that did"
    numbers += f" not fail features fell in {(others['features fell'] != NEVER).sum()}"
    shown = significant(p, alpha) and most > fewest and before.mean() > usual
    return Link(claim=claim, numbers=numbers, shown=bool(shown))


def falls(verdicts: pd.DataFrame, over_training: pd.DataFrame) -> pd.DataFrame:
    """When features fell in runs that had learned, with two snapshots or more from learning until the failure.

    A row a run, of FALLS: the step of the onset (missing for a run that did not fail, which is looked at to its end);
    the best and the last accuracy from learning until then; the final one; and whether features had fallen BEFORE the
    onset, LATER or NEVER. Fallen is what lies below the best by more than two standard errors of the difference of two
    shares of as many test images (Agresti's, with two images more told and two not); what is not finite has fallen.
    """
    rows = []
    for run in verdicts[verdicts["learned_step"].notna()].to_dict("records"):
        own = over_training[over_training["run_id"] == run["run_id"]].sort_values("step")
        accuracy = own.set_index("step")["accuracy"]
        onset = None if pd.isna(run["onset_step"]) else int(run["onset_step"])
        until = np.inf if onset is None else onset
        healthy = accuracy[(accuracy.index >= run["learned_step"]) & (accuracy.index < until)]
        if len(healthy) < 2:
            continue
        best, last, final = (float(value) for value in (healthy.max(), healthy.iloc[-1], accuracy.iloc[-1]))
        least = best - 2 * _standard_error(best, int(own["test_images"].iloc[0]))
        fell_later = bool((~(accuracy[accuracy.index >= until] >= least)).any())
        fell = BEFORE if not last >= least else LATER if fell_later else NEVER
        about = (run["run_id"], str(run["arm"]), run["seed"], str(run["verdict"]), onset)
        rows.append((*about, best, last, final, fell))
    return pd.DataFrame(rows, columns=list(FALLS)).astype({"onset": "Int64"})


def _standard_error(share: float, images: int) -> float:
    share, images = (share * images + 2) / (images + 4), images + 4
    return float(np.sqrt(2 * share * (1 - share) / images))
