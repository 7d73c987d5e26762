"""The answer in sentences, made from the numbers: what happened, within which budget, at which learning rate.

A run that has not learned is never called unstable. A difference that is not shown is not called absent.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.results import ArmResult, Budget, ContrastResult, Results
from analysis.verdicts import VerdictCode
from analysis.wording import (
    change_text,
    composition_text,
    interval_text,
    learning_rates,
    listed,
    number,
    p_text,
    point_text,
    signed,
)


def headline(results: Results) -> tuple[str, ...]:
    """The answer, a sentence or two a paragraph. ``results.headline`` is not read.

    The controls and the sentences on architecture alone are given for studies without a grid.
    """
    return tuple(_paragraphs(results))


def _paragraphs(results: Results) -> Iterator[str]:
    for stamp in results.stamps:
        yield f"{stamp.kind}: {' '.join(stamp.reasons)}"
    if results.counts.used == 0:
        yield "No run is complete: nothing can be said yet."
        return
    primaries = results.of_role("primary")
    if not primaries:
        yield from _arms(results)
        return
    for primary in primaries:
        yield from _outcome(results, primary)
    if len(primaries) == 1:
        yield from (contrast.sentence for contrast in results.of_role("co-primary"))
        yield from _controls(results, primaries[0])
        yield from _architecture(results, primaries[0])
    for primary in results.of_role("primary", "equal compute"):
        yield _at_equal_compute(results, primary)


def _arms(results: Results) -> Iterator[str]:
    """What happened, where the primary contrast lacks an arm."""
    for arm in results.arms:
        counts = {code: rate.count for code, rate in arm.verdicts.items()}
        where = point_text(arm.grid_point)
        yield f"{f'At {where}: ' if where else ''}{composition_text(arm.arm, counts)} at {_rates_of(arm)}."


def _outcome(results: Results, contrast: ContrastResult) -> Iterator[str]:
    where = point_text(contrast.grid_point)
    yield f"{f'At {where}: ' if where else ''}{_happened(results, contrast)}."
    if contrast.pairs.used:
        yield _difference(results, contrast)
        yield from _nature(contrast)
    if contrast.bounds is not None:
        low, high = signed(contrast.bounds.delta_low), signed(contrast.bounds.delta_high)
        yield f"The {contrast.bounds.n_missing} pairs that are not compared could make Δ anything from {low} to {high}."


def _happened(results: Results, contrast: ContrastResult) -> str:
    budgets = {budget.arm: budget for budget in contrast.budgets}
    return "; ".join(
        f"{composition_text(arm, contrast.composition[arm])} {_after(results, contrast, budgets[arm])}"
        for arm in (contrast.first, contrast.second)
    )


def _after(results: Results, contrast: ContrastResult, budget: Budget) -> str:
    arm = _arm(results, budget.arm, contrast.grid_point)
    return f"after {budget.updates:,} updates at {_rates_of(arm)}"


def _difference(results: Results, contrast: ContrastResult) -> str:
    if contrast.rates is None:
        return contrast.sentence
    delta, p = contrast.rates.delta, contrast.rates.p_exact
    text = (
        f"Over {contrast.rates.counts.n} matched pairs the rate of runs that were not stable differs by"
        f" Δ = {signed(delta)} {interval_text(contrast.rates.tango)} ({contrast.first} minus {contrast.second},"
        f" exact McNemar {p_text(p)})"
    )
    if p is None or delta is None or p >= results.alpha:
        return f"{text}: no difference is shown, and none within that interval is excluded."
    better = contrast.second if delta > 0 else contrast.first
    return f"{text}: more {better} runs ended stable."


def _nature(contrast: ContrastResult) -> Iterator[str]:
    """How many of the failures are runs that had not learned."""
    for arm in (contrast.first, contrast.second):
        verdicts = contrast.composition[arm]
        unlearned = verdicts[VerdictCode.UNLEARNED.value]
        failures = sum(verdicts.values()) - verdicts[VerdictCode.STABLE.value]
        if unlearned:
            share = "All" if unlearned == failures else f"{unlearned}"
            yield (
                f"{share} of the {failures} {arm} {'run' if failures == 1 else 'runs'} counted as not stable had not"
                " learned within the budget, which is neither collapse nor divergence."
            )


def _controls(results: Results, primary: ContrastResult) -> Iterator[str]:
    """How much of the primary difference other changes of its first arm make."""
    controls = _control_contrasts(results, primary)
    for control in controls:
        yield _control(results, primary, control)
    delta, p = primary.effect.estimate, primary.effect.p
    same = [control for control in controls if "architecture" not in _changes(results, control)]
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
        return f"{text}: as much as the whole difference between {primary.first} and {primary.second}."
    if share <= 0:
        return f"{text}: none of the difference between {primary.first} and {primary.second}."
    return f"{text}: {share:.0%} of the difference between {primary.first} and {primary.second}."


def _share(primary: ContrastResult, control: ContrastResult) -> float:
    """The control's difference over the primary's, which is not 0; 0 where the control has none."""
    return (control.effect.estimate or 0.0) / (primary.effect.estimate or 1.0)


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


def _architecture(results: Results, primary: ContrastResult) -> Iterator[str]:
    """Contrasts in which nothing but the architecture differs, that were not given as controls."""
    given = _control_contrasts(results, primary)
    for contrast in results.of_role("secondary"):
        if contrast.minus is None and contrast not in given and set(_changes(results, contrast)) == {"architecture"}:
            yield f"Nothing but the architecture changed: {contrast.sentence}"


def _at_equal_compute(results: Results, contrast: ContrastResult) -> str:
    seconds = min(budget.seconds for budget in contrast.budgets if budget.seconds is not None)
    where = point_text(contrast.grid_point)
    text = (
        f"At equal training time{f' and {where}' if where else ''} ({number(seconds)} s a run):"
        f" {_happened(results, contrast)}"
    )
    if contrast.rates is None or not contrast.pairs.used:
        return f"{text}."
    rates = contrast.rates
    return f"{text}; Δ = {signed(rates.delta)} {interval_text(rates.tango)}, {p_text(rates.p_exact)}."


def _changes(results: Results, contrast: ContrastResult) -> dict[str, tuple[Any, Any]]:
    """Settings in which the second arm differs from the first."""
    first, second = (_arm(results, arm, contrast.grid_point).settings for arm in (contrast.first, contrast.second))
    return {name: (first[name], second[name]) for name in first if first[name] != second[name]}


def _arm(results: Results, arm: str, point: Mapping[str, Any]) -> ArmResult:
    return next(found for found in results.arms if found.arm == arm and found.grid_point == point)


def _rates_of(arm: ArmResult) -> str:
    return learning_rates(arm.settings["lr_g"], arm.settings["lr_d"])
