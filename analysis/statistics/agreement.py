"""Whether runs that were repeated came to the same verdict."""

# N runs, each judged twice

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.counting import counted
from analysis.statistics.estimates import check_paired
from analysis.statistics.rates import Rate, wilson

Labels = Sequence[str] | pd.Series


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How many runs got the same verdict again.

    same: their number, n, share and Wilson interval. kappa: Cohen's kappa, agreement beyond what the two sets of
    verdicts would share by chance; None without runs and where both sets hold one and the same verdict only.
    differing (i, …): positions of the runs whose verdicts differ. note: plain sentences.
    """

    same: Rate
    kappa: float | None
    differing: tuple[int, ...]
    note: tuple[str, ...]


def agreement(first: Labels, second: Labels, *, confidence: float = 0.95) -> Agreement:
    """Compare two verdicts (N,) of the same runs, element i of both belonging to run i.

    kappa = (p - e)/(1 - e), p being the share of equal verdicts and e = Σ p1(v) p2(v) (Cohen 1960). Raises
    ValueError for unequal lengths, Series with different indexes, and verdicts that are no text: leave runs without
    a verdict out first.
    """
    check_paired(first, second)
    one, other = list(first), list(second)
    if not all(isinstance(label, str) for label in (*one, *other)):
        raise ValueError("verdicts must be text: leave runs without a verdict out first")
    differing = tuple(i for i, (x, y) in enumerate(zip(one, other, strict=True)) if x != y)
    same = wilson(len(one) - len(differing), len(one), confidence)
    kappa = _kappa(one, other, same)
    return Agreement(same=same, kappa=kappa, differing=differing, note=tuple(_notes(same, kappa)))


def _kappa(first: list[str], second: list[str], same: Rate) -> float | None:
    counts, others, n = Counter(first), Counter(second), same.n
    by_chance = sum(count * others[label] for label, count in counts.items())
    return None if by_chance == n * n else (same.count * n - by_chance) / (n * n - by_chance)


def _notes(same: Rate, kappa: float | None) -> list[str]:
    if same.interval is None:
        return ["no runs were repeated"]
    notes = [f"{same.count} of {counted(same.n, 'run')} got the same verdict again"]
    if same.count == same.n:
        notes.append(f"with {same.n} the true share may still be as low as {same.interval.low:.2f}")
    if kappa is None:
        notes.append("all verdicts are the same one, so agreement beyond chance cannot be estimated")
    return notes
