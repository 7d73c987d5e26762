"""How a run ended: one verdict from its probes and from what real images score in the same measures.

A run is judged once it can be: it has *learned* when its samples' Fréchet distance falls to the bar, or when they
are realistic though narrow. Only a run that has learned can collapse or diverge; one that has not is ``unlearned`` and
not judged for either. Stable is positive evidence: a run that is healthy at each of its last probes. One that has
learned, fails by no rule and is not healthy there is ``unsettled``: its budget ended in the middle of a failure or of
a recovery.
"""

# N runs, P probes

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.judging.criteria import (
    LABELLED,
    Flags,
    Limits,
    Probes,
    diverging_probes,
    ending,
    final_stretch,
    first_learned_step,
    healthy_probes,
    learned_probes,
    limits_from,
    narrow_probes,
    risen_probes,
    stretches,
)
from analysis.judging.evidence import (
    Evidence,
    of_collapse,
    of_divergence,
    of_nonfinite,
    of_stability,
    of_unlearned,
    of_unsettled,
)

__all__ = [
    "LABELLED",
    "Evidence",
    "Limits",
    "Probes",
    "Recovery",
    "Verdict",
    "VerdictCode",
    "codes",
    "judge",
    "limits_from",
]


class VerdictCode(StrEnum):
    """How a run ended. In order of precedence: the first that applies is the run's one code."""

    NONFINITE = "nonfinite"
    UNLEARNED = "unlearned"
    COLLAPSED = "collapsed"
    DIVERGED = "diverged"
    UNSETTLED = "unsettled"
    STABLE = "stable"


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """An earlier collapse that passed: the first collapsed probe and the first one after it that was not."""

    onset_step: int
    end_step: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict on one run. Steps are training steps; times are known up to the interval between two probes.

    onset_step: first non-finite step (nonfinite), or first probe of the final stretch of collapse or divergence,
    which is never before ``learned_step``; None for the other codes.
    learned_step: first probe at or below the bar, or first probe of the first realistic stretch; None if never.
    extent: of a collapse.
    degraded: of a stable or an unlearned run: at the last probes its Fréchet distance is as far above its best as that
    of a diverged one. A stable run then is at or below the bar, an unlearned one has come nearer to it than it ended.
    """

    code: VerdictCode
    onset_step: int | None
    learned_step: int | None
    evidence: Evidence
    extent: Literal["total", "partial"] | None
    degraded: bool
    recoveries: tuple[Recovery, ...]


def judge(
    probes: Probes,
    limits: Limits,
    *,
    first_nonfinite: Mapping[str, int] | None = None,
    until_step: int | None = None,
) -> Verdict:
    """The verdict on a run, or on its first ``until_step`` steps as if training had stopped there.

    ``first_nonfinite`` maps names of traces to the first step at which each was not finite; traces that never were
    are left out. Probes here that are not finite count without being named there.

    Learned: Fréchet distance <= bar at a probe, or precision, density and confidence >= their limits at
    ``limits.probes`` consecutive ones. Collapsed: recall or modes below their limits at the last ``limits.probes``
    or more, counted from learning on, since before it every run is narrow. Diverged: has been at or below the bar,
    and Fréchet distance > ``limits.divergence`` times its best so far and above the bar at the last
    ``limits.probes`` or more. Total is a collapse whose median diversity over its final stretch is below that of one
    real class. Stable: none of these, and healthy (:func:`analysis.judging.criteria.healthy_probes`) at each of the
    last ``limits.probes`` probes, all of them from learning on; else unsettled. Raises ValueError without a probe to
    judge by.
    """
    if until_step is not None:
        probes = probes.until(until_step)
    if not len(probes.steps):
        raise ValueError("no probe to judge by")
    learned_step = first_learned_step(probes, limits)
    broken = of_nonfinite(probes, first_nonfinite or {}, until_step)
    code = _CODES[int(_places(probes, limits, np.array(broken is not None)))]
    risen = bool(ending(risen_probes(probes, limits), limits.probes))
    stretch = _final_failure(code, probes, limits)
    evidence = broken or _evidence(code, probes, limits, learned_step, stretch, risen=risen)
    onset = int(probes.steps[-stretch]) if stretch else None
    return Verdict(
        code=code,
        onset_step=evidence.step if code is VerdictCode.NONFINITE else onset,
        learned_step=learned_step,
        evidence=evidence,
        extent=_extent(probes, limits, stretch) if code is VerdictCode.COLLAPSED else None,
        degraded=risen and code in (VerdictCode.STABLE, VerdictCode.UNLEARNED),
        recoveries=_recoveries(probes, limits),
    )


def codes(probes: Probes, limits: Limits, broken: Flags) -> list[VerdictCode]:
    """The codes alone that :func:`judge` gives each of several runs, of probes (N, P).

    broken: whether (N,) a run has a non-finite value, in its probes or elsewhere.
    """
    return [_CODES[place] for place in _places(probes, limits, broken)]


def _places(probes: Probes, limits: Limits, broken: Flags) -> NDArray[np.intp]:
    """The codes (…) of runs with probes (…, P), as places among ``_CODES``."""
    learned = learned_probes(probes, limits)
    holds = {
        VerdictCode.NONFINITE: broken,
        VerdictCode.UNLEARNED: ~learned[..., -1],
        VerdictCode.COLLAPSED: ending(_collapsed_probes(probes, limits), limits.probes),
        VerdictCode.DIVERGED: ending(diverging_probes(probes, limits), limits.probes),
        VerdictCode.UNSETTLED: ~ending(healthy_probes(probes, limits) & learned, limits.probes),
        VerdictCode.STABLE: np.ones_like(broken),
    }
    return np.argmax([holds[code] for code in _CODES], axis=0)


_CODES = tuple(VerdictCode)


def _final_failure(code: VerdictCode, probes: Probes, limits: Limits) -> int:
    """How many probes at the end are collapsed or diverged, 0 for other codes."""
    if code is VerdictCode.COLLAPSED:
        return final_stretch(_collapsed_probes(probes, limits), limits.probes)
    return final_stretch(diverging_probes(probes, limits), limits.probes) if code is VerdictCode.DIVERGED else 0


def _evidence(
    code: VerdictCode, probes: Probes, limits: Limits, learned_step: int | None, stretch: int, *, risen: bool
) -> Evidence:
    """What a code rests on, of a run whose values are all finite."""
    if learned_step is None:
        return of_unlearned(probes, limits, degraded=risen)
    if code is VerdictCode.COLLAPSED:
        return of_collapse(probes, limits, stretch)
    if code is VerdictCode.DIVERGED:
        return of_divergence(probes, limits, stretch)
    if code is VerdictCode.UNSETTLED:
        return of_unsettled(probes, limits, learned_step)
    return of_stability(probes, limits)


def _collapsed_probes(probes: Probes, limits: Limits) -> Flags:
    """Narrow probes (…, P) from learning on: before it every run is narrow."""
    return narrow_probes(probes, limits) & learned_probes(probes, limits)


def _extent(probes: Probes, limits: Limits, stretch: int) -> Literal["total", "partial"]:
    return "total" if np.median(probes.diversity[-stretch:]) < limits.diversity else "partial"


def _recoveries(probes: Probes, limits: Limits) -> tuple[Recovery, ...]:
    """Collapses of a run that had learned and that ended in a finite probe that was not narrow."""
    collapsed, finite = _collapsed_probes(probes, limits), probes.finite
    ended = [(start, end) for start, end in stretches(collapsed, limits.probes) if end < len(collapsed) and finite[end]]
    return tuple(Recovery(onset_step=int(probes.steps[start]), end_step=int(probes.steps[end])) for start, end in ended)
