"""The registered contrasts: what the plan declared, at equal updates and at equal computation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from analysis.chapters.forests import drawn, forests
from analysis.chapters.form import Caption, Chapter, Judged, ReportFigure, row_name
from analysis.counting import counted
from analysis.figures.effects import PairPanel, paired_slopes, seed_rows
from analysis.figures.regions import RegionPanel, stable_points
from analysis.findings.questions import LABELS, label_of
from analysis.results.document import Budget, ContrastResult, Effect, Findings
from analysis.results.wording import flops_text
from analysis.statistics.mean_intervals import METHOD
from analysis.tables.columns import contrast_arms, ends, frame, interval, level, point_columns
from analysis.tables.formats import Table, cell

TITLE = "Registered contrasts"
AT_EQUAL_COMPUTE = "Registered contrasts at equal computation"


def contrasts(judged: Judged) -> Chapter:
    """Forests, pairs and tables; over a grid those of the whole grid first, and of each point behind them."""
    results = judged.findings
    whole = [contrast for contrast in results.contrasts if contrast.over_grid]
    at_updates = _contrasts(results.contrasts, "contrasts", "at equal numbers of updates", results)
    details = (at_updates, _pairs(results), _comparisons(results))
    at_compute = Chapter(
        title=AT_EQUAL_COMPUTE,
        gist="The same contrasts where every run has the FLOPs of the cheapest arm's at most.",
        tables=(
            _contrasts(
                results.contrasts_at_equal_compute, "contrasts_equal_compute", "at equal computation (FLOPs)", results
            ),
            _budgets(results),
        ),
        figures=list(forests(judged, "contrasts_equal_compute", AT_EQUAL_COMPUTE, results.contrasts_at_equal_compute)),
    )
    figures = [
        *forests(judged, "contrasts", TITLE, results.contrasts),
        *region_figures(judged),
        *slope_figures(judged),
    ]
    if not judged.over_a_grid:
        return Chapter(
            name="contrasts", title=TITLE, tables=details, figures=figures, folded=False, parts=(at_compute,)
        )
    at_points = Chapter(
        title="Contrasts at every grid point",
        gist="The numbers behind the forest.",
        tables=details,
    )
    return Chapter(
        name="contrasts",
        title=TITLE,
        tables=(_contrasts(whole, "contrasts_over_grid", "over the grid", results),),
        figures=figures,
        folded=False,
        parts=(at_compute, at_points),
    )


def _contrasts(contrasts: Sequence[ContrastResult], name: str, scale: str, results: Findings) -> Table:
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
        p=("p", "Holm p"),
        intervals={f"estimate {level(results.alpha)}": ("estimate", "low", "high")},
    )


def _budgets(results: Findings) -> Table:
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


def _pairs(results: Findings) -> Table:
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
        p=("exact p", "mid-p"),
        intervals={
            f"Δ {level(results.alpha)}": ("Δ", "Tango low", "Tango high"),
            "odds ratio, exact interval": interval("odds ratio"),
        },
    )


def _comparisons(results: Findings) -> Table:
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
        p=("sign-flip p",),
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


def _where(contrast: ContrastResult, results: Findings) -> dict[str, str]:
    """The grid point's levels; «all» of every factor where the contrast is over the grid."""
    if contrast.over_grid:
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


def region_figures(judged: Judged) -> Iterator[ReportFigure]:
    """Stable grid points of two arms by seed, a panel a registered contrast of two arms."""
    shown = [
        contrast
        for contrast in judged.findings.contrasts
        if contrast.stable_points is not None and contrast.minus is None and contrast.values
    ]
    if not shown:
        return
    panels = [_region_panel(contrast) for contrast in shown]
    yield ReportFigure(
        caption=Caption(
            name="stable_points",
            title="Stable grid points by seed",
            sentences=[],
            text="Left of each panel: a line a seed, from the number of grid points at which its run of the first arm"
            " ended stable to that of the second; in the colour of the arm that has more, grey where neither has. Lines"
            " within one band have one number; beside the bands, how many seeds that are. Right: each seed's"
            f" difference, and their mean (square) with its {1 - judged.findings.alpha:.0%} interval.",
            alt=" ".join(contrast.sentence for contrast in shown),
        ),
        data=seed_rows(panels),
        draw=partial(stable_points, panels, styles=judged.styles),
    )


def _region_panel(contrast: ContrastResult) -> RegionPanel:
    return RegionPanel(
        title=contrast.name,
        first=contrast.first,
        second=contrast.second,
        n_points=contrast.stable_points.n_points if contrast.stable_points else 0,
        values=contrast.values,
        effect=drawn(contrast.effect),
    )


def slope_figures(judged: Judged) -> Iterator[ReportFigure]:
    """Pairs of every contrast on a continuous outcome, if there are any."""
    shown = [contrast for contrast in judged.findings.contrasts if contrast.comparison is not None and contrast.values]
    if not shown:
        return
    panels = [_pair_panel(contrast) for contrast in shown]
    yield ReportFigure(
        caption=Caption(
            name="slopes",
            title="Matched pairs",
            sentences=[],
            text="Left of each panel: one grey line a matched pair; runs without a value (not stable, or never learned)"
            " stand in the shaded lane. Right: each pair's difference, and the Hodges–Lehmann shift (square) with its"
            f" {1 - judged.findings.alpha:.0%} interval; ∞: only the first arm's run has none, −∞: only the second's."
            + (_OVER_GRID if any(contrast.over_grid for contrast in shown) else ""),
            alt="Lines from the first arm's value to the second's, a line a pair, with the differences beside them.",
        ),
        data=seed_rows(panels),
        draw=partial(paired_slopes, panels, styles=judged.styles),
    )


_OVER_GRID = (
    " Of updates to the bar, conditional on both learning, a line is a seed: each arm's mean over the grid"
    " points at which the runs of both learned."
)


def _pair_panel(contrast: ContrastResult) -> PairPanel:
    return PairPanel(
        title=row_name(contrast.name, contrast.grid_point),
        first=contrast.first,
        second=contrast.second,
        quantity=LABELS[contrast.outcome],
        unit=contrast.effect.unit,
        values=contrast.values,
        effect=drawn(contrast.effect),
        log=contrast.outcome == "final_frechet",
        without="never" if contrast.outcome == "updates_to_bar" else "not stable",
    )
