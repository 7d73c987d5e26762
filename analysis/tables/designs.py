"""Tables of specifications and precision."""

from dataclasses import asdict
from typing import Any

from analysis.findings.questions import LABELS
from analysis.results.document import Results
from analysis.results.precision import MarginResult
from analysis.results.wording import number
from analysis.statistics import Equivalence
from analysis.tables.columns import (
    contrast_arms,
    ends,
    frame,
    interval,
    level,
    point_columns,
    reason,
)
from analysis.tables.formats import Table


def specifications_table(results: Results) -> Table:
    """The primary comparison under every choice of thresholds."""
    return Table(
        name="specifications",
        caption=_what_is_chosen(results),
        frame=frame(
            [
                {
                    "arms": contrast_arms(curve),
                    **point_columns(curve.grid_point),
                    "thresholds": ", ".join(f"{name} {number(value)}" for name, value in one.changes.items())
                    or "as registered",
                    **(asdict(one.counts) if one.counts else {}),
                    "Δ": one.delta,
                    **ends("Δ", one.interval),
                    "exact p" if one.counts else "sign-flip p": one.p,
                }
                for curve in results.robustness.curves
                for one in curve.specifications
            ]
        ),
        intervals={f"Δ {level(results.alpha)}": interval("Δ")},
    )


def _what_is_chosen(results: Results) -> str:
    if any(curve.outcome == "stable_points" for curve in results.robustness.curves):
        return (
            "Stable grid points a seed, first minus second arm of the primary contrast, under every choice of"
            " thresholds, with the sign-flip p."
        )
    return (
        "Rate of runs not stable, first minus second arm of the primary contrast, under every choice of thresholds;"
        " a, b, c, d as in the table of pairs."
    )


def precision_table(results: Results) -> Table:
    """What each comparison of rates of runs not stable could have seen."""
    return Table(
        name="precision",
        caption=f"What comparisons of rates of runs not stable could have seen with power {results.precision.power:g}"
        " by the exact McNemar test: the smallest rate told from the lower observed one, outcomes of a pair"
        " uncorrelated; and the pairs that would tell the rates apart if they and their correlation φ were as observed"
        " (without: φ = 0, also taken where φ is not estimable). e-value: evidence valid at any look; 1/α"
        f" = {number(1 / results.alpha)} times the tests of its family ends a study.",
        frame=frame(
            [
                {
                    "contrast": found.name,
                    "arms": f"{found.first} − {found.second}",
                    **point_columns(found.grid_point),
                    "pairs": found.n,
                    "lower rate": found.low_rate,
                    "rate told from it": found.detectable_rate,
                    "φ": found.correlation,
                    "pairs needed": found.pairs_needed,
                    "without φ": found.pairs_needed_uncorrelated,
                    "discordant": found.discordant,
                    "discordant needed": found.discordant_needed,
                    "e-value": found.e_value,
                    "note": "; ".join(found.notes) or None,
                }
                for found in results.precision.contrasts
            ],
            whole=("pairs needed", "without φ"),
        ),
    )


def equivalence_table(results: Results) -> Table:
    """Registered margins, and whether the difference was shown to lie within them."""
    confidence = f"{100 * (1 - 2 * results.alpha):.3g} %"
    return Table(
        name="equivalence",
        caption="Registered margins of equivalence, at equal numbers of updates: shown where the whole"
        f" {confidence} interval of the difference lies within ±margin, which are two one-sided tests at α ="
        f" {results.alpha:g}. Each margin is judged by itself, without correction for their number. Rates: Tango's"
        " interval; stable grid points: the means that the sign-flip test does not reject; other outcomes: that of the"
        " Hodges–Lehmann shift. Not shown is not the same as different.",
        frame=frame([_margin_row(found, confidence) for found in results.precision.equivalence]),
    )


def _margin_row(found: MarginResult, confidence: str) -> dict[str, Any]:
    return {
        "contrast": found.name,
        "outcome": LABELS[found.outcome],
        "arms": f"{found.first} − {found.second}",
        **point_columns(found.grid_point),
        "pairs": found.n,
        "planned": found.n_planned,
        "margin": found.margin,
        **ends(confidence, found.finding.interval if isinstance(found.finding, Equivalence) else None),
        "unit": found.unit,
        "shown": found.shown,
        "note": "; ".join(found.notes) or reason(found.finding),
    }


def planning_table(results: Results) -> Table:
    """Pairs for rates of runs not stable that studies are often planned for."""
    return Table(
        name="planning",
        caption=f"Pairs that tell two rates of runs not stable apart with power {results.precision.power:g} at α ="
        f" {results.alpha:g} by the exact McNemar test, outcomes of a pair uncorrelated; and the power of this study's"
        " pairs.",
        frame=frame(
            [
                {
                    "first rate": row.rate_first,
                    "second rate": row.rate_second,
                    "pairs needed": row.pairs_needed,
                    "pairs here": row.n,
                    "power here": row.power,
                }
                for row in results.precision.planning
            ],
            whole=("pairs needed",),
        ),
    )
