"""The three numbers of the first screen: stable runs of each arm, the primary difference, and its p.

An infinite shift is said in words: it has no size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.answer.evidence import NO_SEQUENTIAL_TEST, at_early_look
from analysis.counting import counted
from analysis.findings.families import enough_evidence, evidence, is_shown
from analysis.findings.grid_means import mean_over_grid
from analysis.findings.questions import LABELS
from analysis.judging.verdicts import VerdictCode
from analysis.results.document import ContrastResult, Findings, total_verdicts
from analysis.results.regions import ArmRegion
from analysis.results.wording import difference_text, number, p_text, range_text, signed
from analysis.statistics import Interval
from analysis.statistics.mean_intervals import mean_interval


@dataclass(frozen=True, kw_only=True)
class KeyNumber:
    """A number large, with what it is of above it and how it was found below; ``note`` in plain words."""

    title: str
    value: str
    interval: str
    note: str


@dataclass(frozen=True, kw_only=True)
class ArmNumber:
    """Stable runs of an arm: «7 of 36»; over a grid also its settings a seed, «0.78 [0.44, 1]»."""

    arm: str
    runs: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class KeyNumbers:
    """The numbers of the first screen. heading: what ``ArmNumber.interval`` is; note: how it was found."""

    arms: Sequence[ArmNumber]
    heading: str
    note: str
    difference: KeyNumber | None
    p: KeyNumber | None


def key_numbers(results: Findings) -> KeyNumbers:
    """Those of the primary contrast; of a study without its arms only the stable runs."""
    primaries, confidence = results.of_role("primary"), f"{1 - results.alpha:.0%}"
    over_grid = bool(results.regions)
    own_note = (
        f"Mean over the seeds complete at every setting, with its {confidence} interval; a setting is a grid point."
        if over_grid
        else f"Share of judged runs, {confidence} Wilson interval."
    )
    return KeyNumbers(
        arms=_settings_a_seed(results) if over_grid else _rates(results),
        heading=f"of {results.regions[0].n_points} settings a seed" if over_grid else "share",
        note=own_note,
        difference=_difference(results, primaries) if primaries else None,
        p=_p(results, primaries) if primaries else None,
    )


def _rates(results: Findings) -> list[ArmNumber]:
    rates = {arm.arm: arm.verdicts[VerdictCode.STABLE.value] for arm in results.arms}
    return [
        ArmNumber(
            arm=arm,
            runs=f"{rate.count} of {rate.n}",
            interval="–" if rate.interval is None else _with_range(number(rate.estimate), rate.interval),
        )
        for arm, rate in rates.items()
    ]


def _settings_a_seed(results: Findings) -> list[ArmNumber]:
    totals = {arm: total_verdicts(own) for arm, own in results.by_arm().items()}
    return [
        ArmNumber(
            arm=region.arm,
            runs=f"{totals[region.arm][VerdictCode.STABLE]} of {totals[region.arm].total()}",
            interval=_mean(region, 1 - results.alpha),
        )
        for region in results.regions
    ]


def _mean(region: ArmRegion, confidence: float) -> str:
    if region.mean is None:
        return "–"
    counts = [float(seed.stable) for seed in region.seeds if seed.judged == region.n_points]
    interval = mean_interval(counts, confidence=confidence)
    if interval is None:
        same = len(counts) > 1 and len(set(counts)) == 1
        return f"{number(region.mean)} {'(every seed)' if same else '(no interval)'}"
    return _with_range(number(region.mean), interval)


def _with_range(value: str, interval: Interval) -> str:
    return f"{value} {range_text(max(interval.low, 0.0), interval.high)}"


def _difference(results: Findings, primaries: Sequence[ContrastResult]) -> KeyNumber:
    """The effect; of a contrast asked at each grid point its mean over the grid, where it has one."""
    one, title = primaries[0], f"Difference, {difference_text(primaries[0])}"
    if len(primaries) == 1:
        effect = one.effect
        value, interval = sized(effect.estimate, effect.interval)
        return KeyNumber(title=title, value=value, interval=interval, note=f"{_what(one)}. {_direction(one)}")
    mean = mean_over_grid(results.grid_means, one)
    if mean is None:
        return KeyNumber(title=title, value="one a setting", interval="", note=f"{_what(one)}: see the forest below.")
    value, interval = sized(mean.effect.estimate, mean.effect.interval)
    return KeyNumber(
        title=f"{title}, mean over the settings",
        value=value,
        interval=interval,
        note=f"{LABELS[one.outcome].capitalize()} ({mean.unit}), exploratory. {_direction(one)}",
    )


def _what(contrast: ContrastResult) -> str:
    name, n = contrast.effect.name.removesuffix(" (more is better)"), contrast.pairs.used
    units = "seed" if contrast.replicate == "seed" else "matched pair"
    unit = "" if contrast.effect.unit in name else f" ({contrast.effect.unit})"
    return f"{name[0].upper()}{name[1:]}{unit}, {counted(n, units)}"


def _direction(contrast: ContrastResult) -> str:
    if contrast.minus is not None:
        return ""
    better = contrast.first if contrast.larger_is_better else contrast.second
    return f"Above 0 is better for {better}."


def sized(estimate: float | None, interval: Interval | None) -> tuple[str, str]:
    """An estimate and its interval in words where they are infinite: «without limit», «+100 or more»."""
    if estimate is None:
        return "not estimable", ""
    value = signed(estimate) if math.isfinite(estimate) else "no finite size"
    if interval is None:
        return value, "no interval"
    low, high = interval.low, interval.high
    if math.isfinite(low) and math.isfinite(high):
        return value, f"[{signed(low)}, {signed(high)}]"
    if math.isfinite(low):
        return value, f"{signed(low)} or more, without limit"
    return value, f"{signed(high)} or less, without limit" if math.isfinite(high) else "no finite interval"


def _p(results: Findings, primaries: Sequence[ContrastResult]) -> KeyNumber:
    one, n, early = primaries[0], len(primaries), at_early_look(results)
    if early:
        return KeyNumber(title="p", value="none yet", interval="", note=_early(results, primaries))
    if n == 1:
        by_holm = f"; by Holm over {one.effect.family}: {p_text(one.effect.p_holm, results.alpha)}"
        corrected = "" if one.effect.family == 1 else by_holm
        test = one.effect.test
        value = p_text(one.effect.p, results.alpha).removeprefix("p ").removeprefix("= ")
        return KeyNumber(title="p", value=value, interval="", note=f"{test[0].upper()}{test[1:]}{corrected}.")
    shown = sum(is_shown(contrast, results.alpha, early=False) for contrast in primaries)
    note = f"Settings with Holm p ≤ {results.alpha:g}, {one.effect.test}."
    return KeyNumber(title="Significant at", value=f"{shown} of {n}", interval="", note=note)


def _early(results: Findings, primaries: Sequence[ContrastResult]) -> str:
    """What stands in for a p while planned runs are missing."""
    found = [evidence(contrast) for contrast in primaries]
    if len(found) > 1 or found[0] is None:
        return f"{NO_SEQUENTIAL_TEST[0].upper()}{NO_SEQUENTIAL_TEST[1:]}."
    enough = number(enough_evidence(results.alpha, primaries[0].effect.family))
    return f"Planned runs are missing; e-value so far {number(found[0])}, of the {enough} that would end the study."
