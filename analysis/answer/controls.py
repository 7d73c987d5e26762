"""How much of the primary difference the study's controls make, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.results.document import ArmResult, ContrastResult, Findings
from analysis.results.precision import MarginResult
from analysis.results.wording import change_text, interval_text, number, p_text, signed
from analysis.statistics import significant
from runs.schema import BOTH_PLAYERS


def controls(results: Findings) -> tuple[str, ...]:
    """How much of the primary difference other changes of its first arm make; empty for studies with a grid."""
    primaries = results.of_role("primary")
    return tuple(_controls(results, primaries[0])) if len(primaries) == 1 else ()


def _controls(results: Findings, primary: ContrastResult) -> Iterator[str]:
    found = _control_contrasts(results, primary)
    for control in found:
        yield _control(results, primary, control)
    same = [control for control in found if not _changes_architecture(_changes(results, control))]
    if not same or not primary.effect.estimate or not significant(primary.effect.p, results.alpha):
        return
    shares = [_share(primary, control) for control in same]
    whole = [control for control, share in zip(same, shares, strict=True) if share is not None and share >= 1]
    for control in whole:
        yield _whole(results, primary, control)
    if all(share is not None and share <= 0 for share in shares):
        yield (
            f"As an estimate, no control that keeps the architecture of {primary.first} takes away any of the"
            " difference."
        )


def _control(results: Findings, primary: ContrastResult, control: ContrastResult) -> str:
    effect, pairs = control.effect, control.pairs
    text = f"{change_text(_changes(results, control))} ({control.first} against {control.second})"
    if effect.estimate is None:
        return f"{text}: not known, as none of {pairs.planned} planned pairs is complete and matched."
    text = (
        f"{text}: Δ = {signed(effect.estimate)} {interval_text(effect.interval)}, Holm"
        f" {p_text(effect.p_holm, results.alpha)}, {pairs.used} of {pairs.planned} planned pairs"
    )
    share = _share(primary, control)
    if share is None:
        return f"{text}."
    part = "the whole difference" if share >= 1 else f"{share:.0%} of the difference"
    part = "nothing of the difference" if share <= 0 else part
    return f"{text}: as an estimate {part} between {primary.first} and {primary.second}."


def _whole(results: Findings, primary: ContrastResult, control: ContrastResult) -> str:
    """Of a control that makes the whole difference; whether it equals the second arm only a margin can say."""
    own, other = control.second, primary.second
    text = (
        f"With the architecture of {primary.first}, {own} makes the whole difference as an estimate, over"
        f" {control.pairs.used} of {control.pairs.planned} planned pairs"
    )
    judged = _margin_between(results, own, other, primary)
    if judged is None:
        return f"{text}; no margin is registered within which {own} would count as equal to {other}."
    shown = "it was shown" if judged.shown else "it was not shown"
    return f"{text}; {shown} to differ from {other} by less than the registered margin of {number(judged.margin)}."


def _margin_between(results: Findings, one: str, other: str, primary: ContrastResult) -> MarginResult | None:
    """The registered margin of two arms, on the primary contrast's outcome."""
    for judged in results.margins:
        about = judged.outcome == primary.outcome and judged.grid_point == primary.grid_point
        if about and {judged.first, judged.second} == {one, other}:
            return judged
    return None


def _share(primary: ContrastResult, control: ContrastResult) -> float | None:
    """The control's difference over the primary's; None where one of them is not known, or the primary's is 0."""
    if control.effect.estimate is None or not primary.effect.estimate:
        return None
    return control.effect.estimate / primary.effect.estimate


def _changes_architecture(changes: Mapping[str, Any]) -> bool:
    return any(name in changes for name in ("architecture", *BOTH_PLAYERS["architecture"]))


def _control_contrasts(results: Findings, primary: ContrastResult) -> list[ContrastResult]:
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


def _changes(results: Findings, contrast: ContrastResult) -> dict[str, tuple[Any, Any]]:
    """Settings in which the second arm differs from the first."""
    first, second = (arm_at(results, arm, contrast.grid_point).settings for arm in (contrast.first, contrast.second))
    return {name: (first[name], second[name]) for name in first if first[name] != second[name]}


def arm_at(results: Findings, arm: str, point: Mapping[str, Any]) -> ArmResult:
    """The arm at that grid point; StopIteration if the results lack it."""
    return next(found for found in results.arms if found.arm == arm and found.grid_point == point)
