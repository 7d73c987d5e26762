"""How a run ended: one verdict from its probes and from what real images score in the same measures.

A run is judged once it can be: it has *learned* when its samples' Fréchet distance falls to the bar, or when they
are realistic though narrow. Only a run that has learned can collapse or diverge; one that has not is ``unlearned``,
which is neither.
"""

# P probes

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from analysis.judging.criteria import (
    LABELLED,
    Flags,
    Limits,
    Probes,
    diverging_probes,
    final_stretch,
    first_learned_step,
    limits_from,
    narrow_probes,
    risen_probes,
    stretches,
)

__all__ = [
    "LABELLED",
    "Evidence",
    "Limits",
    "Probes",
    "Recovery",
    "Verdict",
    "VerdictCode",
    "judge",
    "limits_from",
]


class VerdictCode(StrEnum):
    """How a run ended. In order of precedence: the first that applies is the run's one code."""

    NONFINITE = "nonfinite"
    UNLEARNED = "unlearned"
    COLLAPSED = "collapsed"
    DIVERGED = "diverged"
    STABLE = "stable"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a verdict rests on: the value of a trace at a step, the limit it is held against, and both in words."""

    trace: str
    step: int
    value: float
    limit: float | None
    words: str


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
    degraded: Fréchet distance risen as for divergence, but not above the bar at all of those probes.
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
    real class. Raises ValueError without a probe to judge by.
    """
    if until_step is not None:
        probes = probes.until(until_step)
    if not len(probes.steps):
        raise ValueError("no probe to judge by")
    learned_step = first_learned_step(probes, limits)
    broken = _first_nonfinite(probes, first_nonfinite or {}, until_step)
    code, evidence, stretch = _decide(probes, limits, learned_step, broken)
    onset = int(probes.steps[-stretch]) if stretch else None
    risen = final_stretch(risen_probes(probes, limits), limits.probes)
    return Verdict(
        code=code,
        onset_step=evidence.step if code is VerdictCode.NONFINITE else onset,
        learned_step=learned_step,
        evidence=evidence,
        extent=_extent(probes, limits, stretch) if code is VerdictCode.COLLAPSED else None,
        degraded=bool(code is VerdictCode.STABLE and risen),
        recoveries=_recoveries(probes, limits, learned_step),
    )


def _decide(
    probes: Probes, limits: Limits, learned_step: int | None, broken: Evidence | None
) -> tuple[VerdictCode, Evidence, int]:
    """The code, its evidence, and how many probes at the end are collapsed or diverged, 0 for other codes."""
    if broken is not None:
        return VerdictCode.NONFINITE, broken, 0
    if learned_step is None:
        return VerdictCode.UNLEARNED, _best_frechet(probes, limits), 0
    collapsed = final_stretch(_collapsed_probes(probes, limits, learned_step), limits.probes)
    if collapsed:
        return VerdictCode.COLLAPSED, _narrowness(probes, limits, collapsed), collapsed
    diverged = final_stretch(diverging_probes(probes, limits), limits.probes)
    if diverged:
        return VerdictCode.DIVERGED, _rise(probes, limits, diverged), diverged
    return VerdictCode.STABLE, _last_frechet(probes, limits), 0


def _collapsed_probes(probes: Probes, limits: Limits, learned_step: int) -> Flags:
    """Narrow probes (P,) from learning on: before it every run is narrow."""
    return narrow_probes(probes, limits) & (probes.steps >= learned_step)


def _extent(probes: Probes, limits: Limits, stretch: int) -> Literal["total", "partial"]:
    return "total" if np.median(probes.diversity[-stretch:]) < limits.diversity else "partial"


def _recoveries(probes: Probes, limits: Limits, learned_step: int | None) -> tuple[Recovery, ...]:
    """Collapses of a run that had learned and that ended in a finite probe that was not narrow."""
    if learned_step is None:
        return ()
    collapsed, finite = _collapsed_probes(probes, limits, learned_step), probes.finite
    ended = [(start, end) for start, end in stretches(collapsed, limits.probes) if end < len(collapsed) and finite[end]]
    return tuple(Recovery(onset_step=int(probes.steps[start]), end_step=int(probes.steps[end])) for start, end in ended)


def _first_nonfinite(probes: Probes, recorded: Mapping[str, int], until_step: int | None) -> Evidence | None:
    steps = list(recorded.items())
    if not probes.finite.all():
        for name, values in probes.arrays().items():
            steps += [(f"eval_{name}", int(step)) for step in probes.steps[~np.isfinite(values)][:1]]
    within = [(trace, step) for trace, step in steps if until_step is None or step <= until_step]
    if not within:
        return None
    trace, step = min(within, key=lambda broken: broken[1])  # of several at one step the first recorded
    words = f"{trace} not finite at step {step:,}"
    return Evidence(trace=trace, step=step, value=np.nan, limit=None, words=words)


def _best_frechet(probes: Probes, limits: Limits) -> Evidence:
    best = int(np.argmin(probes.frechet))
    value, step = float(probes.frechet[best]), int(probes.steps[best])
    words = f"Fréchet distance never at or below {limits.bar:.3g}: best {value:.3g} at step {step:,}"
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limits.bar, words=words)


def _last_frechet(probes: Probes, limits: Limits) -> Evidence:
    value, step = float(probes.frechet[-1]), int(probes.steps[-1])
    words = f"Fréchet distance {value:.3g} at the end, bar {limits.bar:.3g}"
    if value > limits.bar and np.fmin.reduce(probes.frechet) > limits.bar:
        words += ", which it never reached: learned as realistic though narrow"
    elif value > limits.bar:
        words += f": above it, but not at {limits.probes} probes in a row and {limits.divergence:g} times its best"
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limits.bar, words=words)


def _narrowness(probes: Probes, limits: Limits, length: int) -> Evidence:
    """Recall if it is below its limit at the last probe, else modes."""
    step = int(probes.steps[-1])
    recall = float(probes.recall[-1])
    since = f"at the end, narrow at the last {length} probes"
    if recall < limits.recall or limits.modes is None or probes.modes is None:
        words = f"recall {recall:.3g} below {limits.recall:.3g} {since}"
        return Evidence(trace="eval_recall", step=step, value=recall, limit=limits.recall, words=words)
    modes = float(probes.modes[-1])
    words = f"{modes:.0f} modes, fewer than {limits.modes:.3g} {since}"
    return Evidence(trace="eval_modes", step=step, value=modes, limit=limits.modes, words=words)


def _rise(probes: Probes, limits: Limits, length: int) -> Evidence:
    value, step = float(probes.frechet[-1]), int(probes.steps[-1])
    best = float(np.fmin.reduce(probes.frechet))
    limit = max(limits.bar, limits.divergence * best)
    words = f"Fréchet distance {value:.3g} at the end after {best:.3g} at best, above {limit:.3g} at {length} probes"
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limit, words=words)
