"""Cumulative incidence where several kinds of event compete, each ending a run's watch for the others."""

# N runs, K causes, T distinct event times, and time 0 before them

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics.estimates import FloatArray, NotEstimable, Values, check_confidence
from analysis.statistics.survival import NO_EVENTS, ROUNDING, closed_band, durations


@dataclass(frozen=True, kw_only=True, eq=False)
class CauseIncidence:
    """Cumulative incidence (T+1,) of one cause: the share of runs it has ended by each time, with its band.

    The band is pointwise, by log-log of 1 - incidence, and at incidence 0 and 1 as ``closed_band`` makes it; None where
    the cause was never observed.
    """

    cause: str
    n_events: int
    incidence: FloatArray
    low: FloatArray | None
    high: FloatArray | None


@dataclass(frozen=True, kw_only=True, eq=False)
class CumulativeIncidence:
    """Cumulative incidence by cause, as step functions over ``times`` (T+1,): 0, then all event times.

    survival (T+1,): share without any event; at every time it adds up to 1 with the incidences of all causes.
    """

    n: int
    n_events: int
    confidence: float
    times: FloatArray
    at_risk: NDArray[np.int64]
    survival: FloatArray
    causes: tuple[CauseIncidence, ...]
    note: tuple[str, ...]


def aalen_johansen(
    time: Values, cause: Sequence[str | None], *, causes: Sequence[str], confidence: float = 0.95
) -> CumulativeIncidence | NotEstimable:
    """Cumulative incidence of competing causes (Aalen & Johansen 1978).

    ``cause`` (N,) names what ended each run, None for a censored one; ``causes`` lists all kinds, in the order of
    the result. I_k(t) adds S(t_i-) d_ki/n_i over the event times up to t. With a single cause it is 1 - Kaplan-Meier,
    band included. Without events the incidences are flat at 0, without bands; without runs the result is
    NotEstimable. Raises ValueError for a cause that is not listed.
    """
    check_confidence(confidence)
    unknown = {name for name in cause if name is not None} - set(causes)
    if unknown:
        raise ValueError(f"causes {sorted(unknown)} are not among those listed: {list(causes)}")
    sample = durations(time, [name is not None for name in cause])
    if sample.n == 0:
        return NotEstimable(reason="no runs", n=0)
    times = np.concatenate([[0.0], np.unique(sample.time[sample.observed])])
    at_risk = sample.at_risk(times)
    ended = np.stack([_counts_at(times[1:], sample.time[[name == k for name in cause]]) for k in causes])
    survival = np.cumprod(np.append(1.0, 1 - ended.sum(axis=0) / at_risk[1:]))
    incidences = np.cumsum(survival[:-1] * ended / at_risk[1:], axis=1)
    deviations = np.sqrt(_variances(incidences, ended, survival[:-1], at_risk[1:]))
    closed = partial(closed_band, at_risk=at_risk, ended=np.append(0, ended.sum(axis=0)), confidence=confidence)
    return CumulativeIncidence(
        n=sample.n,
        n_events=sample.n_events,
        confidence=confidence,
        times=times,
        at_risk=at_risk,
        survival=survival,
        causes=tuple(
            _cause_incidence(name, own, incidence, deviation, confidence, closed)
            for name, own, incidence, deviation in zip(causes, ended, incidences, deviations, strict=True)
        ),
        note=() if sample.n_events else (NO_EVENTS,),
    )


def _counts_at(event_times: FloatArray, time: FloatArray) -> NDArray[np.int64]:
    return (time[:, None] == event_times).sum(axis=0)


def _variances(
    incidences: FloatArray, ended: NDArray[np.int64], survival_before: FloatArray, at_risk: NDArray[np.int64]
) -> FloatArray:
    """Delta-method variance (K, T) of the incidences, with multinomial numbers ``ended`` (K, T) at each event time.

    It is the formula of Marubini & Valsecchi 1995, §10.2, written as a sum of squares, so that rounding cannot make
    it negative. One more end by cause k at time i adds ``gain`` to I_k(t); one more by another cause, ``loss``.
    """
    all_ended = ended.sum(axis=0)
    stay = (at_risk - all_ended) / at_risk
    later = incidences[:, :, None] - incidences[:, None, :]  # (K, t, i): what is still to come between i and t
    lost = np.divide(later, stay, out=np.zeros_like(later), where=stay > 0)
    gain, loss = survival_before - lost, -lost
    this, other = (ended / at_risk)[:, None, :], ((all_ended - ended) / at_risk)[:, None, :]
    mean = this * gain + other * loss
    terms = (this * (gain - mean) ** 2 + other * (loss - mean) ** 2 + stay * mean**2) / at_risk
    return np.tril(terms).sum(axis=2)


def _cause_incidence(
    name: str,
    ended: NDArray[np.int64],
    incidence: FloatArray,
    deviation: FloatArray,
    confidence: float,
    closed: Callable[..., tuple[FloatArray, FloatArray]],
) -> CauseIncidence:
    low = high = None
    if ended.any():
        free = np.append(1.0, 1 - incidence)
        free_low, free_high = closed(free, *_log_log_band(free, np.append(0.0, deviation), confidence))
        low, high = 1 - free_high, 1 - free_low
    return CauseIncidence(
        cause=name, n_events=int(ended.sum()), incidence=np.append(0.0, incidence), low=low, high=high
    )


def _log_log_band(free: FloatArray, deviation: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Band of the share ``free`` of a cause, symmetric in log(-log(free)); its standard deviation is given.

    At 0 and 1, where it does not exist, it means nothing.
    """
    inside = np.where((free > ROUNDING) & (free < 1), free, 0.5)
    width = stats.norm.ppf(0.5 + confidence / 2) * deviation / (inside * -np.log(inside))
    return inside ** np.exp(width), inside ** np.exp(-width)
