"""Synthetic studies whose truth is known, and the procedures of the analysis that are asked about each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from analysis.statistics import mcnemar_power
from benchmarks import trials
from benchmarks.synthetic_studies import distances, distances_with_failures, luck, mcnemar_error, updates_to_bar
from runs.study import load_study

Kind = Literal["error", "power", "coverage"]
Trial = Callable[[np.random.Generator, int], tuple[bool, ...]]

_UNDER_THE_NULL: dict[str, trials.Values] = {
    "skewed": distances,
    "30% fail, ties": distances_with_failures,
    "one centre, spreads 3 to 1": trials.unequal_spread,
}
_NORMAL_OR_NOT: dict[str, trials.Values] = {
    "normal": luck,
    "skewed": distances,
    "heavily skewed": partial(distances, skew=1.0),
}


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A kind of study, the procedures asked about it, and what is known exactly of the first of them, for n pairs."""

    kind: Kind
    study: str
    procedures: tuple[str, ...]
    trial: Trial
    sizes: tuple[int, ...] = (8, 20)
    exact: Callable[[int], float] | None = None


def experiments() -> tuple[Experiment, ...]:
    """All of them, in the order of the table."""
    return (*_two_arms(), *_several_tests(), *_power(), *_coverage())


def _error(study: str, trial: Trial, *procedures: str) -> Experiment:
    return Experiment(kind="error", study=study, procedures=procedures, trial=trial)


def _two_arms() -> Iterator[Experiment]:
    for rate in (0.5, 0.1):
        one = _error(f"{rate:.0%} fail", partial(trials.mcnemar, rates=(rate, rate)), "not stable: exact McNemar")
        yield replace(one, exact=partial(mcnemar_error, rate))
    for study, values in _UNDER_THE_NULL.items():
        yield _error(study, partial(trials.wilcoxon, values=values), "final Fréchet distance: Wilcoxon")
    yield _error("20% never learn, ties", partial(trials.wilcoxon, values=updates_to_bar), "updates to bar: Wilcoxon")
    for study, values in {"normal, centres 5 sd apart": trials.unequal_centres, **_NORMAL_OR_NOT}.items():
        yield _error(study, partial(trials.spread, values=values), "spread: label swaps")
    for study, values in {"20% never fail, ties": trials.times_at_probes, "all fail": trials.early_times}.items():
        yield _error(
            study,
            partial(trials.survival, values=values),
            "time to failure: pair-stratified log-rank",
            "time to failure: sign test, who failed first",
            "restricted mean: sign-flip",
        )
    yield _error("50% fail", trials.early_looks, f"e-value of {trials.ENOUGH_EVIDENCE:.0f} at any look")
    yield _error(f"rates differ by {trials.RATE_MARGIN:g}", trials.rates_at_margin, "equivalence of rates: Tango")
    yield _error(
        f"shifted by {trials.SHIFT_MARGIN:g} sd", trials.shift_at_margin, "equivalence of a shift: Hodges–Lehmann"
    )


def _several_tests() -> Iterator[Experiment]:
    contrasts = load_study("digits").plan.secondaries
    yield _error(
        "2 × 2, 50% fail in every cell",
        trials.verdict_factors,
        "architecture: sign-flip",
        "interaction: sign-flip",
        "any of three effects: max-T",
        "interaction: logistic GEE",
    )
    yield _error(
        "2 × 2, only architecture matters",
        trials.one_real_factor,
        "interaction: sign-flip",
        "any of two null effects: max-T",
    )
    yield _error("8 cells", trials.grid, "any of 8 cells: max-T")
    yield _error(
        "all arms of digits alike, 30% fail",
        partial(trials.secondaries, contrasts=contrasts),
        f"any of {len(contrasts)} secondaries: Holm",
    )
    yield _error(
        "24 thresholds",
        trials.specifications,
        "specification curve: median Δ",
        "specification curve: number significant",
    )


def _power() -> Iterator[Experiment]:
    for p1, p2, n in ((0.8, 0.3, 19), (0.6, 0.2, 28), (0.5, 0.2, 46), (0.9, 0.1, 8)):
        yield Experiment(
            kind="power",
            study=f"{p1:.0%} and {p2:.0%} fail, independently",
            procedures=("not stable: exact McNemar",),
            trial=partial(trials.mcnemar_without_correlation, rates=(p1, p2)),
            sizes=(n,),
            exact=partial(mcnemar_power, p1, p2),
        )


def _coverage() -> Iterator[Experiment]:
    cover = partial(Experiment, kind="coverage")
    for p1, p2 in ((0.5, 0.5), (0.8, 0.3), (0.95, 0.05)):
        yield cover(
            study=f"{p1:.0%} and {p2:.0%} fail",
            procedures=("Δ: Tango", "Δ: Newcombe"),
            trial=partial(trials.rate_intervals, rates=(p1, p2)),
        )
    shift, mean = "shift: Hodges–Lehmann", "mean difference: BCa bootstrap"
    for study, values in _NORMAL_OR_NOT.items():
        yield cover(study=study, procedures=(shift, mean), trial=partial(trials.shift_and_mean, values=values))
    yield cover(study="30% fail, ties", procedures=(shift,), trial=trials.shift_with_failures)
    few = (shift, "mean difference: sign-flip range")
    for study, values in _NORMAL_OR_NOT.items():
        yield cover(study=study, procedures=few, trial=partial(trials.shift_and_mean, values=values), sizes=(6, 7))
