"""Times to an event and their Kaplan-Meier curve.

An event that was not seen is censored at the time up to which the run was watched.
"""

# N runs, T distinct event times, and time 0 before them

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics.estimates import (
    BoolArray,
    FloatArray,
    Interval,
    NotEstimable,
    Values,
    booleans,
    check_confidence,
    check_paired,
    finite_vector,
)

NO_EVENTS = "0 events; not estimable"
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Durations:
    """Times (N,) and whether the event was observed then, or the run was censored; made by ``durations``."""

    time: FloatArray
    observed: BoolArray

    @property
    def n(self) -> int:
        """Number of runs."""
        return len(self.time)

    @property
    def n_events(self) -> int:
        """Number of observed events."""
        return int(self.observed.sum())

    def at_risk(self, times: Values) -> NDArray[np.int64]:
        """Runs still watched and without event just before each of ``times``."""
        return (self.time[:, None] >= np.asarray(times, dtype=np.float64)).sum(axis=0)


def durations(time: Values, observed: Values) -> Durations:
    """Check and pack times (N,), 0 or more, and whether each ended in the event (True) or was censored (False).

    Raises ValueError for negative or non-finite times, for ``observed`` other than booleans or 0 and 1, for unequal
    lengths.
    """
    check_paired(time, observed)
    times = finite_vector(time)
    if (times < 0).any():
        raise ValueError(f"times must be 0 or more, the smallest is {times.min()}")
    return Durations(time=times, observed=booleans(observed))


@dataclass(frozen=True, kw_only=True, eq=False)
class SurvivalCurve:
    """Kaplan-Meier estimate as a step function, right-continuous.

    times (T+1,): 0, then the distinct times at which events were observed. survival, at_risk: on these times.
    low, high: pointwise log-log band; until the first event and once survival is 0, where that does not exist, the
    exact limit that does (see ``closed_band``). None where there is no event at all.
    median: first time at which survival is 1/2 or less; None if it stays above. median_interval: where the band's
    limits reach 1/2, infinite if they do not. note: what cannot be estimated.
    """

    n: int
    n_events: int
    confidence: float
    times: FloatArray
    survival: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    at_risk: NDArray[np.int64]
    median: float | None
    median_interval: Interval | None
    note: tuple[str, ...]

    def survival_at(self, time: float) -> float:
        """Estimated probability of no event up to and including ``time``; ValueError for a time below 0."""
        if not time >= 0:
            raise ValueError(f"time is {time}, expected 0 or more")
        return float(self.survival[np.searchsorted(self.times, time, side="right") - 1])


def kaplan_meier(sample: Durations, confidence: float = 0.95) -> SurvivalCurve | NotEstimable:
    """Kaplan-Meier curve with a pointwise log-log band (Kaplan & Meier 1958; Borgan & Liestøl 1990).

    At survival 1 and 0 the band is the beta product one of Fay, Brittain & Proschan 2013. The median's interval holds
    the times that the band does not exclude (Brookmeyer & Crowley 1982). Without events the curve is flat at 1, without
    band and median; without runs the result is NotEstimable. Raises ValueError for times that ``durations`` did not
    pack.
    """
    check_confidence(confidence)
    if not isinstance(sample, Durations):
        raise ValueError("expected Durations, as durations(time, observed) makes them")
    if sample.n == 0:
        return NotEstimable(reason="no runs", n=0)
    times = np.concatenate([[0.0], np.unique(sample.time[sample.observed])])
    survival, low, high = np.ones(1), None, None
    if sample.n_events:
        survival, low, high = _log_log_curve(sample, times, confidence)
    median = _first_time_at_half(times, survival)
    return SurvivalCurve(
        n=sample.n,
        n_events=sample.n_events,
        confidence=confidence,
        times=times,
        survival=survival,
        low=low,
        high=high,
        at_risk=sample.at_risk(times),
        median=None if np.isinf(median) else median,
        median_interval=None
        if low is None or high is None
        else Interval(low=_first_time_at_half(times, low), high=_first_time_at_half(times, high)),
        note=() if sample.n_events else (NO_EVENTS,),
    )


def _log_log_curve(
    sample: Durations, times: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Survival and its band at 0 and at the event times."""
    data = stats.CensoredData(uncensored=sample.time[sample.observed], right=sample.time[~sample.observed])
    curve = stats.ecdf(data).sf
    with warnings.catch_warnings():  # undefined where survival is 0 or 1: closed below
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
        band = curve.confidence_interval(confidence, method="log-log")
    here = np.isin(curve.quantiles, times[1:])
    survival = np.concatenate([[1.0], curve.probabilities[here]])
    low = np.concatenate([[1.0], band.low.probabilities[here]])
    high = np.concatenate([[1.0], band.high.probabilities[here]])
    at_risk = sample.at_risk(times)
    ended = np.concatenate([[0], (sample.time[sample.observed, None] == times[1:]).sum(axis=0)])
    return survival, *closed_band(survival, low, high, at_risk=at_risk, ended=ended, confidence=confidence)


def closed_band(
    free: FloatArray,
    low: FloatArray,
    high: FloatArray,
    *,
    at_risk: NDArray[np.int64],
    ended: NDArray[np.int64],
    confidence: float,
) -> tuple[FloatArray, FloatArray]:
    """Fill a log-log band (T+1,) of a share of runs where its formula is 0/0: where the share is 1, and where it is 0.

    There it is the beta product band (Fay, Brittain & Proschan 2013, Biostatistics 14, 723), which is Clopper and
    Pearson's without censoring. At 1 its low end is that of as many runs of which none has failed, as were not censored
    until the next event. At 0 its high end is a quantile of the product of Beta(at risk - ended + 1, ended) over the
    event times, by the beta distribution of the same mean and variance; no higher than it was before, as the share
    does not rise. at_risk, ended (T+1,): runs at risk at each time, and ended then by any event.
    """
    tail = (1 - confidence) / 2
    certain, gone = free == 1, free <= ROUNDING
    uncensored = at_risk + np.cumsum(ended) - ended  # before each time
    uncensored = np.append(uncensored[1:], uncensored[-1])
    low = np.where(certain, tail ** (1 / uncensored), np.where(gone, 0.0, low))
    high = np.where(certain, 1.0, high)
    if gone.any():
        first = int(np.argmax(gone))
        high = np.where(gone, min(high[first - 1], _beta_product(at_risk, ended, 1 - tail)), high)
    return low, high


def _beta_product(at_risk: NDArray[np.int64], ended: NDArray[np.int64], level: float) -> float:
    """Quantile of the product of Beta(at risk - ended + 1, ended), by the beta distribution of its two moments."""
    n, d = at_risk[ended > 0].astype(np.float64), ended[ended > 0].astype(np.float64)
    mean = np.prod((n - d + 1) / (n + 1))
    square = np.prod((n - d + 1) * (n - d + 2) / ((n + 1) * (n + 2)))
    size = (mean - square) / (square - mean**2)
    return float(stats.beta.ppf(level, mean * size, (1 - mean) * size))


def _first_time_at_half(times: FloatArray, curve: FloatArray) -> float:
    reached = times[curve <= 0.5 + ROUNDING]
    return float(reached[0]) if len(reached) else np.inf
