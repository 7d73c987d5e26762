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
from analysis.results.document import Findings
from analysis.results.wording import listed, p_text
from analysis.statistics import RankCorrelation, mcnemar_exact_p
from runs.records import RunStore
from runs.representation import PROJECTED, TRAINED

FALLS = ("run", "arm", "seed", "verdict", "onset", "best", "last before", "final", "features fell")
BEFORE, LATER, NEVER = "before", "with or after", "not"  # when features fell, seen from a run's failure


@dataclass(frozen=True, kw_only=True)
class Link:
    """One thing that has to hold, in words with its numbers. shown: None where it cannot be asked."""

    claim: str
    numbers: str
    shown: bool | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All links, and what they rest on. falls: one row a run that failed after it had learned, see :func:`falls`."""

    stabler: str
    other: str
    difference_shown: bool
    links: Sequence[Link]
    associations: Sequence[Association]
    falls: pd.DataFrame

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
    """For the arms of the primary contrast; None where it was not made of both."""
    primary = findings.of_role("primary")
    if not primary:
        return None
    share = {arm: 1 - verdicts.loc[verdicts["arm"] == arm, "not_stable"].mean() for arm in data.study.arms}
    first, second = primary[0].first, primary[0].second
    stabler, other = (first, second) if share[first] > share[second] else (second, first)
    compared = list(feature_comparisons(data, accuracies))
    related = associations(data, verdicts, accuracies)
    fallen = falls(verdicts, accuracies_over_training(data, store))
    return Explanation(
        stabler=stabler,
        other=other,
        difference_shown=any(one.effect.p is not None and one.effect.p <= findings.alpha for one in primary),
        links=[
            *_between(compared, stabler, other, findings.alpha),
            _within(related),
            _order(fallen, findings.alpha),
        ],
        associations=related,
        falls=fallen,
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


def _within(related: Sequence[Association]) -> Link:
    """Of arms some of whose runs were stable and some not."""
    claim = "within an arm the stable runs have the better features"
    asked = {one.arm: one.stable for one in related if one.arm and isinstance(one.stable, RankCorrelation)}
    known = {arm: found.interval for arm, found in asked.items() if found.interval is not None}
    if not known:
        return Link(claim=claim, numbers="no arm with stable runs and others, and seeds enough", shown=None)
    better = [str(arm) for arm, interval in known.items() if interval.low > 0]
    worse = [str(arm) for arm, interval in known.items() if interval.high < 0]
    numbers = f"in {len(better)} of {counted(len(known), 'arm')} where that can be asked"
    numbers += f", and the reverse in {listed(worse)}" if worse else ""
    return Link(claim=claim, numbers=numbers, shown=len(better) == len(known))


def _order(fallen: pd.DataFrame, alpha: float) -> Link:
    claim = "features fall before a run fails"
    if fallen.empty:
        return Link(claim=claim, numbers="no run with snapshots failed after it had learned", shown=None)
    counts = fallen["features fell"].value_counts()
    before, later, never = (int(counts.get(when, 0)) for when in (BEFORE, LATER, NEVER))
    p = mcnemar_exact_p(before, later + never)
    numbers = (
        f"before the failure in {before} of {counted(len(fallen), 'run')}, with it or after in {later}, not at all"
    )
    numbers += f" in {never}; sign test {p_text(p, alpha)}"
    return Link(claim=claim, numbers=numbers, shown=p <= alpha and before > later + never)


def falls(verdicts: pd.DataFrame, over_training: pd.DataFrame) -> pd.DataFrame:
    """When features fell in runs that failed after they had learned, and that kept snapshots in between.

    A row a run, of FALLS: the step of the onset; the best and the last accuracy from learning until then; the final
    one; and whether features had fallen BEFORE the onset, LATER or NEVER. Fallen is what lies below the best by more
    than two standard errors of the difference of two shares of as many test images; what is not finite has fallen.
    """
    failed = verdicts[verdicts["onset_step"].notna() & verdicts["learned_step"].notna()]
    rows = []
    for run in failed.to_dict("records"):
        own = over_training[over_training["run_id"] == run["run_id"]].sort_values("step")
        accuracy = own.set_index("step")["accuracy"]
        healthy = accuracy[(accuracy.index >= run["learned_step"]) & (accuracy.index < run["onset_step"])]
        if healthy.empty:
            continue
        best, last, final = (float(value) for value in (healthy.max(), healthy.iloc[-1], accuracy.iloc[-1]))
        least = best - 2 * np.sqrt(2 * best * (1 - best) / float(own["test_images"].iloc[0]))
        fell_later = bool((~(accuracy[accuracy.index >= run["onset_step"]] >= least)).any())
        fell = BEFORE if not last >= least else LATER if fell_later else NEVER
        about = (run["run_id"], str(run["arm"]), run["seed"], str(run["verdict"]), int(run["onset_step"]))
        rows.append((*about, best, last, final, fell))
    return pd.DataFrame(rows, columns=list(FALLS))
