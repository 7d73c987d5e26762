"""The table of specifications."""

from dataclasses import asdict

from analysis.results.document import Results
from analysis.results.wording import number
from analysis.tables.columns import contrast_arms, ends, frame, interval, level, point_columns
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
