"""Freireich 1963: weeks of remission of 21 matched pairs of leukaemia patients; a plus marks a censored time."""

from analysis.statistics import Durations, durations

_PLACEBO = "1 22 3 12 8 17 2 11 8 12 2 5 4 15 8 23 5 11 4 1 8"
_MERCAPTOPURINE = "10 7 32+ 23 22 6 16 34+ 32+ 25+ 11+ 20+ 19+ 6 17+ 35+ 6 13 9+ 6+ 10+"


def placebo() -> Durations:
    return _read(_PLACEBO)


def mercaptopurine() -> Durations:
    return _read(_MERCAPTOPURINE)


def _read(weeks: str) -> Durations:
    words = weeks.split()
    return durations([float(w.strip("+")) for w in words], [not w.endswith("+") for w in words])
