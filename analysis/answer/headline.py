"""The answer in sentences, made from the numbers: what happened, within which budget, at which learning rate.

A run that has not learned is never called unstable. A difference that is not shown is not called absent.
"""

from collections.abc import Iterator

from analysis.answer.controls import arm_at
from analysis.answer.evidence import at_early_look, evidence_text, standing_text, statement
from analysis.answer.grid_headline import grid_paragraphs
from analysis.counting import counted
from analysis.findings.families import is_shown
from analysis.judging.verdicts import VerdictCode
from analysis.results.document import ArmResult, Budget, ContrastResult, Findings
from analysis.results.wording import (
    composition_text,
    flops_text,
    interval_text,
    learning_rates,
    p_text,
    point_text,
    signed,
)


def headline(results: Findings) -> tuple[str, ...]:
    """The answer, a sentence or two a paragraph; over a grid, where which arm was stable."""
    return tuple(_paragraphs(results))


def _paragraphs(results: Findings) -> Iterator[str]:
    if results.counts.used == 0:
        yield "No run is complete: nothing can be said yet."
        return
    if len({point_text(arm.grid_point) for arm in results.arms}) > 1:
        yield from grid_paragraphs(results)
        return
    primaries = results.of_role("primary")
    if not primaries:
        yield from _arms(results)
        return
    yield from _outcome(results, primaries[0])
    for contrast in results.of_role("co-primary"):
        yield f"{standing_text(results)}: {statement(results, contrast)}"
    for primary in results.of_role("primary", "equal compute"):
        yield _at_equal_compute(results, primary)


def _arms(results: Findings) -> Iterator[str]:
    """What happened, where the primary contrast lacks an arm."""
    for arm in results.arms:
        counts = {code: rate.count for code, rate in arm.verdicts.items()}
        yield f"{composition_text(arm.arm, counts)} at {_rates_of(arm)}."


def _outcome(results: Findings, contrast: ContrastResult) -> Iterator[str]:
    yield f"{_happened(results, contrast)}."
    if contrast.pairs.used:
        yield _difference(results, contrast)
        yield from _nature(results, contrast)
    if contrast.bounds is not None:
        low, high = signed(contrast.bounds.delta_low), signed(contrast.bounds.delta_high)
        n = contrast.bounds.n_missing
        are = "is" if n == 1 else "are"
        yield f"The {counted(n, 'pair')} that {are} not compared could make Δ anything from {low} to {high}."


def _happened(results: Findings, contrast: ContrastResult) -> str:
    budgets = {budget.arm: budget for budget in contrast.budgets}
    return "; ".join(
        f"{composition_text(arm, contrast.composition[arm])} {_after(results, contrast, budgets[arm])}"
        for arm in contrast.composition
    )


def _after(results: Findings, contrast: ContrastResult, budget: Budget) -> str:
    arm = arm_at(results, budget.arm, contrast.grid_point)
    return f"after {budget.updates:,} updates at {_rates_of(arm)}"


def _difference(results: Findings, contrast: ContrastResult) -> str:
    if contrast.rates is None:
        return statement(results, contrast)
    delta, early = contrast.rates.delta, at_early_look(results)
    text = (
        f"Over {counted(contrast.rates.counts.n, 'matched pair')} the rate of runs that were not stable differs by"
        f" Δ = {signed(delta)} {interval_text(contrast.rates.tango)} ({contrast.first} minus {contrast.second},"
        f" {evidence_text(results, contrast)})"
    )
    if delta is None or not is_shown(contrast, results.alpha, early=early):
        if early:
            return f"{text}: no difference is shown yet."
        interval = contrast.rates.tango
        if interval is not None and not interval.low <= 0 <= interval.high:
            return f"{text}: the interval, which is approximate, excludes 0, but the exact test does not show it."
        return f"{text}: no difference is shown, and none within that interval is excluded."
    better = contrast.second if delta > 0 else contrast.first
    return f"{text}: more {better} runs ended stable."


def _nature(results: Findings, contrast: ContrastResult) -> Iterator[str]:
    """How many of the runs that are not stable had not learned, and whether those came near the bar and left again."""
    for arm, verdicts in contrast.composition.items():
        unlearned = verdicts[VerdictCode.UNLEARNED.value]
        not_stable = sum(verdicts.values()) - verdicts[VerdictCode.STABLE.value]
        if not unlearned:
            continue
        runs = counted(not_stable, f"{arm} run")
        share = f"The {runs}" if unlearned == not_stable == 1 else f"{_share(unlearned, not_stable)} of the {runs}"
        yield (
            f"{share} counted as not stable had not learned within the budget, and"
            f" {'is' if unlearned == 1 else 'are'} not judged for collapse or divergence."
        )
        degraded = arm_at(results, arm, contrast.grid_point).degraded_unlearned
        if degraded:
            yield (
                f"{counted(degraded, f'{arm} run')} that had not learned ended above"
                f" {results.thresholds['divergence']:g} times {'its' if degraded == 1 else 'their'} own best Fréchet"
                " distance: not merely slow to learn."
            )


def _share(some: int, all_of_them: int) -> str:
    return "All" if some == all_of_them else f"{some}"


def _at_equal_compute(results: Findings, contrast: ContrastResult) -> str:
    budgets = {budget.arm: budget for budget in contrast.budgets}
    most = max(budget.flops for budget in contrast.budgets if budget.flops is not None)
    happened = "; ".join(
        f"{composition_text(arm, contrast.composition[arm])} after {budgets[arm].updates:,} updates"
        f" ({flops_text(budgets[arm].flops)})"
        for arm in contrast.composition
    )
    text = f"At equal computation (each run's last probe within {flops_text(most)}): {happened}"
    if contrast.rates is None or not contrast.pairs.used:
        return f"{text}."
    rates = contrast.rates
    p = "in support" if at_early_look(results) else p_text(rates.p_exact, results.alpha)
    return f"{text}; Δ = {signed(rates.delta)} {interval_text(rates.tango)}, {p}."


def _rates_of(arm: ArmResult) -> str:
    return learning_rates(arm.settings["lr_g"], arm.settings["lr_d"])
