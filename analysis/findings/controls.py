"""How much of the primary difference the study's controls make, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.results.document import ArmResult, ContrastResult, Results
from analysis.results.wording import change_text, interval_text, listed, p_text, signed
from runs.schema import BOTH_PLAYERS


def controls(results: Results) -> tuple[str, ...]:
    """How much of the primary difference other changes of its first arm make; empty for studies with a grid."""
    primaries = results.of_role("primary")
    return tuple(_controls(results, primaries[0])) if len(primaries) == 1 else ()


def _controls(results: Results, primary: ContrastResult) -> Iterator[str]:
    found = _control_contrasts(results, primary)
    for control in found:
        yield _control(results, primary, control)
    delta, p = primary.effect.estimate, primary.effect.p
    same = [control for control in found if not _changes_architecture(_changes(results, control))]
    if not same or not delta or p is None or p >= results.alpha:
        return
    whole = [control.second for control in same if _share(primary, control) >= 1]
    if whole:
        yield f"With the architecture of {primary.first}, {listed(whole)} did as well as {primary.second} in this."
    elif all(_share(primary, control) <= 0 for control in same):
        yield f"No control that keeps the architecture of {primary.first} takes away any of the difference."


def _control(results: Results, primary: ContrastResult, control: ContrastResult) -> str:
    effect = control.effect
    text = (
        f"{change_text(_changes(results, control))} ({control.first} against {control.second}): Δ ="
        f" {signed(effect.estimate)} {interval_text(effect.interval)}, Holm {p_text(effect.p_holm)}"
    )
    if not primary.effect.estimate or effect.estimate is None:
        return f"{text}."
    share = _share(primary, control)
    if share >= 1:
        return f"{text}: as an estimate the whole difference between {primary.first} and {primary.second}."
    if share <= 0:
        return f"{text}: as an estimate nothing of the difference between {primary.first} and {primary.second}."
    return f"{text}: as an estimate {share:.0%} of the difference between {primary.first} and {primary.second}."


def _share(primary: ContrastResult, control: ContrastResult) -> float:
    """The control's difference over the primary's, which is not 0; 0 where the control has none."""
    return (control.effect.estimate or 0.0) / (primary.effect.estimate or 1.0)


def _changes_architecture(changes: Mapping[str, Any]) -> bool:
    return any(name in changes for name in ("architecture", *BOTH_PLAYERS["architecture"]))


def _control_contrasts(results: Results, primary: ContrastResult) -> list[ContrastResult]:
    if primary.outcome != "not_stable":
        return []
    return [
        contrast
        for contrast in results.of_role("secondary")
        if contrast.outcome == primary.outcome
        and contrast.minus is None
        and contrast.first == primary.first
        and contrast.second != primary.second
    ]


def _changes(results: Results, contrast: ContrastResult) -> dict[str, tuple[Any, Any]]:
    """Settings in which the second arm differs from the first."""
    first, second = (arm_at(results, arm, contrast.grid_point).settings for arm in (contrast.first, contrast.second))
    return {name: (first[name], second[name]) for name in first if first[name] != second[name]}


def arm_at(results: Results, arm: str, point: Mapping[str, Any]) -> ArmResult:
    """The arm at that grid point; StopIteration if the results lack it."""
    return next(found for found in results.arms if found.arm == arm and found.grid_point == point)
