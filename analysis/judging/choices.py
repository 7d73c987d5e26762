"""Verdicts on many runs under many choices of thresholds: of each the code alone, which is what they change."""

# N runs, P probes

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.judging.criteria import Flags, Probes
from analysis.judging.judgements import Case
from analysis.judging.verdicts import VerdictCode, codes
from runs.plan import Thresholds


@dataclass(frozen=True, kw_only=True, eq=False)
class _Alike:
    """Cases that the same limits judge, with equally many probes: which they are (N,), probes (N, P), broken (N,)."""

    places: NDArray[np.intp]
    example: Case
    probes: Probes
    broken: Flags


class Choices:
    """Cases to judge together, again and again: one by one they would take a report most of its time."""

    def __init__(self, cases: Sequence[Case]) -> None:
        alike: dict[object, list[int]] = defaultdict(list)
        for place, case in enumerate(cases):
            alike[len(case.probes.steps), case.classes, repr(case.references)].append(place)
        self._groups = [_together(cases, places) for places in alike.values()]
        self._number = len(cases)

    def codes(self, thresholds: Thresholds) -> list[VerdictCode]:
        """Each case's code under those thresholds, in the order of the cases: that of ``Case.verdict``."""
        found = np.empty(self._number, dtype=object)
        for group in self._groups:
            found[group.places] = codes(group.probes, group.example.limits(thresholds), group.broken)
        return found.tolist()


def _together(cases: Sequence[Case], places: Sequence[int]) -> _Alike:
    own = [cases[place] for place in places]
    probes = Probes.stacked([case.probes for case in own])
    named = np.array([bool(case.first_nonfinite) for case in own])
    return _Alike(places=np.array(places), example=own[0], probes=probes, broken=named | ~probes.finite.all(axis=-1))
