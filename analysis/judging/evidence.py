"""What each verdict rests on: the value of a trace at a step, the limit it is held against, and both in words."""

# P probes

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.counting import counted
from analysis.judging.criteria import Limits, Probes, healthy_probes, narrow_probes, realistic_probes


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a verdict rests on: the value of a trace at a step, the limit it is held against, and both in words."""

    trace: str
    step: int
    value: float
    limit: float | None
    words: str


def of_nonfinite(probes: Probes, recorded: Mapping[str, int], until_step: int | None) -> Evidence | None:
    """The first value that is not finite, up to ``until_step``; None if there is none."""
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


def of_unlearned(probes: Probes, limits: Limits, *, degraded: bool) -> Evidence:
    """The best Fréchet distance, and what became of it: who comes near the bar and leaves again is no slow learner."""
    best = int(np.argmin(probes.frechet))
    value, step, last = float(probes.frechet[best]), int(probes.steps[best]), float(probes.frechet[-1])
    nearest, bar = _apart(value, limits.bar)
    words = f"Fréchet distance never at or below {bar}: best {nearest} at step {step:,}"
    if best != len(probes.frechet) - 1:
        words += f", {last:.3g} at the end"
    if degraded:
        words += f", above {limits.divergence:g} times its best at {_last(limits.probes)}"
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limits.bar, words=words)


def of_collapse(probes: Probes, limits: Limits, length: int) -> Evidence:
    """Recall if it is below its limit at the last probe, else modes; ``length`` probes at the end are narrow."""
    return _narrowness(probes, limits, len(probes.steps) - 1, f"at the end, narrow at {_last(length)}")


def of_divergence(probes: Probes, limits: Limits, length: int) -> Evidence:
    """The last Fréchet distance against the best; it is too far above it at ``length`` probes at the end."""
    value, step = float(probes.frechet[-1]), int(probes.steps[-1])
    best = float(np.fmin.reduce(probes.frechet))
    limit = max(limits.bar, limits.divergence * best)
    risen, allowed = _apart(value, limit)
    words = f"Fréchet distance {risen} at the end after {best:.3g} at best, above {allowed} at {_last(length)}"
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limit, words=words)


def of_unsettled(probes: Probes, limits: Limits, learned_step: int) -> Evidence:
    """What was amiss at the latest of the last probes that was not healthy, or that there were too few to tell."""
    since = probes.steps >= learned_step
    amiss = np.flatnonzero(since & ~healthy_probes(probes, limits))
    recent = amiss[amiss >= len(since) - limits.probes]
    if len(recent):
        return _first_unmet(probes, limits, int(recent[-1]))
    value, step, seen = float(probes.frechet[-1]), int(probes.steps[-1]), int(since.sum())
    words = (
        f"learned only at step {learned_step:,}: {counted(seen, 'probe')} from then on,"
        f" and stable takes {limits.probes:,} in a row"
    )
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limits.bar, words=words)


def of_stability(probes: Probes, limits: Limits) -> Evidence:
    """The last Fréchet distance."""
    value, step = float(probes.frechet[-1]), int(probes.steps[-1])
    words = "Fréchet distance {} at the end, bar {}".format(*_apart(value, limits.bar))
    if value > limits.bar:
        words += ": above it, but realistic in precision and density"
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limits.bar, words=words)


def _first_unmet(probes: Probes, limits: Limits, place: int) -> Evidence:
    """The first condition of health, in the order in which they are defined, that is not met at that probe."""
    step, value = int(probes.steps[place]), float(probes.frechet[place])
    is_last = place == len(probes.steps) - 1
    when = "at the end" if is_last else f"at step {step:,}, one of {_last(limits.probes)}"
    if value > limits.bar and not realistic_probes(probes, limits)[place]:
        words = "Fréchet distance {} above {}, and not realistic, {}".format(*_apart(value, limits.bar), when)
        return Evidence(trace="eval_frechet", step=step, value=value, limit=limits.bar, words=words)
    if narrow_probes(probes, limits)[place]:
        return _narrowness(probes, limits, place, when)
    limit = limits.divergence * float(np.fmin.reduce(probes.frechet[: place + 1]))
    risen, allowed = _apart(value, limit)
    words = f"Fréchet distance {risen} above {allowed}, {limits.divergence:g} times its best so far, {when}"
    return Evidence(trace="eval_frechet", step=step, value=value, limit=limit, words=words)


def _narrowness(probes: Probes, limits: Limits, place: int, when: str) -> Evidence:
    """Recall if it is below its limit at that probe, else modes."""
    step, recall = int(probes.steps[place]), float(probes.recall[place])
    if recall < limits.recall or limits.modes is None or probes.modes is None:
        words = "recall {} below {} {}".format(*_apart(recall, limits.recall), when)
        return Evidence(trace="eval_recall", step=step, value=recall, limit=limits.recall, words=words)
    modes = float(probes.modes[place])
    words = f"modes {modes:.0f} below {limits.modes:.3g} {when}"
    return Evidence(trace="eval_modes", step=step, value=modes, limit=limits.modes, words=words)


def _apart(value: float, limit: float) -> tuple[str, str]:
    """Both in three digits, or in as many as it takes to tell them apart."""
    for digits in range(3, 17):
        texts = f"{value:.{digits}g}", f"{limit:.{digits}g}"
        if texts[0] != texts[1] or value == limit:
            break
    return texts


def _last(probes: int) -> str:
    return "the last probe" if probes == 1 else f"the last {probes:,} probes"
