"""Tables of verdicts and of the registered contrasts."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from analysis.counting import counted
from analysis.figures.style import VERDICTS
from analysis.findings.questions import label_of
from analysis.results.document import Budget, ContrastResult, Effect, Results
from analysis.results.wording import flops_text
from analysis.statistics.mean_intervals import METHOD
from analysis.tables.columns import (
    PIXEL_GAUSSIAN,
    contrast_arms,
    ends,
    frame,
    interval,
    level,
    place_columns,
    point_columns,
    rate_columns,
)
from analysis.tables.formats import Table, cell
from runs.plan import OVER_GRID


def verdicts_table(results: Results) -> Table:
    """Counts of verdicts by arm, with the rate of runs that did not end stable."""
    rows = [
        {
            **place_columns(arm.arm, arm.grid_point),
            "planned": arm.counts.planned,
            "judged": arm.counts.used,
            **{look.meaning: arm.verdicts[code].count for code, look in VERDICTS.items() if code in arm.verdicts},
            **rate_columns("not stable", arm.not_stable),
            **rate_columns("had learned", arm.learned),
        }
        for arm in results.arms
    ]
    return Table(
        name="verdicts",
        caption="Verdicts by arm. Rates are of judged runs, with Wilson intervals.",
        frame=frame(rows),
        intervals={
            f"not stable {level(results.alpha)}": interval("not stable"),
            f"had learned {level(results.alpha)}": interval("had learned"),
        },
    )


def remarks_table(results: Results) -> Table:
    """What verdicts do not say: runs against the pixel Gaussian, far above their best, or collapsed for a time."""
    rows = [
        {
            **place_columns(arm.arm, arm.grid_point),
            "judged": arm.counts.used,
            "beats Gaussian: Fréchet": arm.beats_gaussian_frechet,
            "beats Gaussian: precision": arm.beats_gaussian_precision,
            "stable above the bar": arm.stable_above_bar,
            "stable, degraded": arm.degraded,
            "not learned, degraded": arm.degraded_unlearned,
            "recovered": arm.recovered,
            "total collapses": arm.collapses_total,
        }
        for arm in results.arms
    ]
    return Table(
        name="remarks",
        caption="What verdicts do not say: of the judged runs, how many beat the Gaussian: their last probe has a lower"
        f" Fréchet distance, a higher precision, than the pixel Gaussian. {PIXEL_GAUSSIAN} Degraded: ended above"
        f" {results.thresholds['divergence']:g} times their own best Fréchet distance. Recovered: from a collapse that"
        " passed.",
        frame=frame(rows),
    )


def contrasts_table(contrasts: Sequence[ContrastResult], name: str, scale: str, results: Results) -> Table:
    """Every registered contrast: its pairs, its effect with its interval, p and Holm's p."""
    rows = [
        {
            "role": contrast.role,
            "standing": contrast.standing,
            "contrast": contrast.name,
            "outcome": label_of(contrast.outcome, contrast.scale),
            "arms": contrast_arms(contrast),
            **_where(contrast, results),
            "pairs": contrast.pairs.used,
            "planned": contrast.pairs.planned,
            **_effect_columns(contrast.effect),
            "budget": _by_arm(contrast, lambda budget: (budget.updates, counted(budget.updates, "update"))),
            "note": "; ".join(contrast.notes) or None,
        }
        for contrast in contrasts
    ]
    return Table(
        name=name,
        caption=f"Registered contrasts {scale}, first minus second; pairs of a contrast over the grid are seeds. Holm's"
        " correction is over all tests of a role. More is better of stable grid points, worse of all else."
        " Budget: what each run had when the arms were compared.",
        frame=frame(rows),
        intervals={f"estimate {level(results.alpha)}": ("estimate", "low", "high")},
    )


def budgets_table(results: Results) -> Table:
    """What the runs of every registered contrast had when they were compared."""
    rows = [
        {
            "role": contrast.role,
            "contrast": contrast.name,
            "outcome": label_of(contrast.outcome, contrast.scale),
            "scale": contrast.scale,
            **_where(contrast, results),
            "updates": _by_arm(contrast, lambda budget: (budget.updates, f"{budget.updates:,}")),
            "FLOPs": _by_arm(contrast, lambda budget: (budget.flops, flops_text(budget.flops))),
            "seconds": _by_arm(contrast, lambda budget: (budget.seconds, cell(budget.seconds))),
        }
        for contrast in (*results.contrasts, *results.contrasts_at_equal_compute)
    ]
    return Table(
        name="budgets",
        caption="What each run had when the arms of a contrast were compared: updates of the generator and FLOPs,"
        " counted; seconds of training, measured.",
        frame=frame(rows),
    )


def over_grid(contrasts: Sequence[ContrastResult]) -> list[ContrastResult]:
    """Those that are asked over the grid."""
    return [contrast for contrast in contrasts if contrast.outcome in OVER_GRID]


def rates_table(results: Results) -> Table:
    """Pair counts of the binary outcome, with every interval and p that belongs to them."""
    rows = []
    for contrast in (*results.contrasts, *results.contrasts_at_equal_compute):
        rates = contrast.rates
        if rates is None:
            continue
        rows.append(
            {
                "contrast": contrast.name,
                "arms": contrast_arms(contrast),
                "scale": contrast.scale,
                **point_columns(contrast.grid_point),
                "planned": contrast.pairs.planned,
                "n": rates.counts.n,
                **asdict(rates.counts),
                "Δ": rates.delta,
                **ends("Tango", rates.tango),
                "exact p": rates.p_exact,
                "mid-p": rates.p_mid,
                **ends("Newcombe", rates.newcombe),
                "odds ratio": rates.odds_ratio,
                **ends("odds ratio", rates.odds_ratio_interval),
                "Δ at worst": contrast.bounds.delta_high if contrast.bounds else rates.delta,
                "Δ at best": contrast.bounds.delta_low if contrast.bounds else rates.delta,
                "note": "; ".join(rates.note) or None,
            }
        )
    return Table(
        name="pairs",
        caption="Matched pairs, outcome not stable: a both arms, b only the first, c only the second, d neither;"
        " Δ = (b − c)/n with Tango's and Newcombe's intervals; exact McNemar p and mid-p; conditional odds ratio."
        " At worst and at best: Δ if of every missing pair that allows it only the first, respectively only the second,"
        " run were not stable; a run that is there counts as known.",
        frame=frame(rows, whole=("planned", "n", "a", "b", "c", "d")),
        intervals={
            f"Δ {level(results.alpha)}": ("Δ", "Tango low", "Tango high"),
            "odds ratio, exact interval": interval("odds ratio"),
        },
    )


def comparisons_table(results: Results) -> Table:
    """Everything else on the continuous contrasts: superiority, and means where both runs of a pair have a value."""
    rows = []
    for contrast in (*results.contrasts, *results.contrasts_at_equal_compute):
        found = contrast.comparison
        if found is None:
            continue
        finite = found.finite
        rows.append(
            {
                "outcome": label_of(contrast.outcome, contrast.scale),
                "arms": contrast_arms(contrast),
                "scale": contrast.scale,
                **_where(contrast, results),
                "pairs": found.n,
                "no value in first": found.n_first_failed,
                "no value in second": found.n_second_failed,
                "median of first": found.median_first,
                "median of second": found.median_second,
                "superiority": found.superiority,
                **ends("superiority", found.superiority_interval),
                "finite pairs": finite.n,
                "mean difference": finite.mean_difference,
                **ends("mean difference", finite.interval),
                "sign-flip p": finite.sign_flip.p if finite.sign_flip else None,
                "dz": finite.dz,
                "unit": contrast.effect.unit,
                "note": "; ".join(found.note) or None,
            }
        )
    return Table(
        name="comparisons",
        caption="Continuous outcomes within pairs. Superiority: probability that the first arm's value is the larger,"
        " ties half. Runs without a value, which are not stable or, of updates, never learned, are infinite; mean"
        f" difference (interval: {METHOD}), its sign-flip p and dz are conditional: over the finite pairs, in which"
        " both runs have a value. A pair without any is a tie.",
        frame=frame(rows),
        intervals={f"{name} {level(results.alpha)}": interval(name) for name in ("superiority", "mean difference")},
    )


def _effect_columns(effect: Effect) -> dict[str, Any]:
    ends = effect.interval
    return {
        "estimate": effect.estimate,
        "low": ends.low if ends else None,
        "high": ends.high if ends else None,
        "p": effect.p,
        "Holm p": effect.p_holm,
        "unit": effect.unit,
        "effect": effect.name,
        "test": effect.test,
    }


def _where(contrast: ContrastResult, results: Results) -> dict[str, str]:
    """The grid point's levels; «all» of every factor where the contrast is over the grid."""
    if contrast.outcome in OVER_GRID:
        return dict.fromkeys(results.arms[0].grid_point, "all")
    return point_columns(contrast.grid_point)


def _by_arm(contrast: ContrastResult, told: Callable[[Budget], tuple[float | None, str]]) -> str:
    """What each arm had when it was compared, as ``told`` of a budget: «1,000 updates each» or by arm."""
    by_arm: dict[str, list[Budget]] = {}
    for budget in contrast.budgets:
        by_arm.setdefault(budget.arm, []).append(budget)
    return _each([(arm, _range([told(budget) for budget in own])) for arm, own in by_arm.items()])


def _range(told: Sequence[tuple[float | None, str]]) -> str:
    """The one text of all grid points, or those of the least and the greatest number."""
    known = sorted((number, text) for number, text in told if number is not None)
    texts = list(dict.fromkeys(text for _, text in (known[:1] + known[-1:] or told)))
    return " to ".join(texts)


def _each(of_arms: Sequence[tuple[str, str]]) -> str:
    """One text for all arms where it is the same, else the arm before each."""
    texts = {text for _, text in of_arms}
    return f"{texts.pop()} each" if len(texts) == 1 else ", ".join(f"{arm} {text}" for arm, text in of_arms)
