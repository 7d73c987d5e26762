"""Synthetic matched studies of known truth: the arms of a seed share some luck, and differ only where asked to."""

# N seeds, A arms

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics import Durations, durations, mcnemar_power, worst_rank

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CORRELATION = 0.2  # of two arms of one seed, on the scale of the normal variable behind every outcome
BUDGET, EVERY = 1000, 50  # updates of a run, and between two probes


def luck(rng: np.random.Generator, n: int, arms: int = 2) -> Floats:
    """Standard normal variables (N, A), correlated within a seed."""
    shared, own = rng.standard_normal((n, 1)), rng.standard_normal((n, arms))
    return np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own


def failures(rng: np.random.Generator, n: int, rates: Sequence[float]) -> Flags:
    """Which runs (N, A) failed, each arm at its own rate."""
    return luck(rng, n, len(rates)) > stats.norm.isf(rates)


def distances(rng: np.random.Generator, n: int, arms: int = 2, *, skew: float = 0.5) -> Floats:
    """Positive values (N, A), lognormal with a standard deviation of the logarithm of ``skew``."""
    return np.exp(skew * luck(rng, n, arms))


def distances_with_failures(rng: np.random.Generator, n: int, arms: int = 2, *, rate: float = 0.3) -> Floats:
    """Distances (N, A) read to a quarter of the median, so that many tie; failed runs stand at the worst rank."""
    failed = failures(rng, n, [rate] * arms)
    read = np.round(4 * distances(rng, n, arms)) / 4
    return worst_rank(read.ravel(), failed.ravel(), larger_is_worse=True).reshape(n, arms)


def times(rng: np.random.Generator, n: int, arms: int = 2, *, median: float = BUDGET / 2) -> Floats:
    """Updates (N, A) to an event; with the median at half the budget a fifth of the runs does not meet it within."""
    return median * np.exp(0.8 * luck(rng, n, arms))


def seen_at_probes(time: Floats) -> Floats:
    """The probe at which each event is seen."""
    return EVERY * np.ceil(time / EVERY)


def updates_to_bar(rng: np.random.Generator, n: int, arms: int = 2) -> Floats:
    """Times (N, A) at probes; a run that never reached the bar stands at the worst rank."""
    updates = seen_at_probes(times(rng, n, arms))
    return np.where(updates <= BUDGET, updates, np.inf)


def watched(time: Floats) -> Durations:
    """Times (N,) of one arm, censored at the budget."""
    return durations(np.minimum(time, BUDGET), time <= BUDGET)


def threshold_verdicts(rng: np.random.Generator, n: int) -> Flags:
    """Failures (24, N, 2): two related measures of the same runs, each against twelve thresholds."""
    common = luck(rng, n)
    measures = [0.8 * common + 0.6 * rng.standard_normal((n, 2)) for _ in range(2)]
    thresholds = stats.norm.isf(np.linspace(0.2, 0.8, 12))
    return np.concatenate([measure > thresholds[:, None, None] for measure in measures])


def mcnemar_error(rate: float, n: int) -> float:
    """Exact probability of p <= .05 by McNemar's exact test where both arms fail at ``rate``, by ``failures``."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)  # over what a seed's arms share
    given = stats.norm.sf((stats.norm.isf(rate) - np.sqrt(CORRELATION) * nodes) / np.sqrt(1 - CORRELATION))
    both = float(weights @ given**2 / weights.sum())
    return mcnemar_power(rate, rate, n, phi=(both - rate**2) / (rate * (1 - rate)))
