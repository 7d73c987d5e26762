"""Tables of the effects of factors, and of trends over a grid."""

from collections.abc import Iterator
from typing import Any

from analysis.findings.questions import LABELS
from analysis.results.document import Results
from analysis.results.factors import FactorialResult, TrendResult
from analysis.results.wording import level_text, point_text, signs_text
from analysis.statistics import FactorEffects, LogisticModel
from analysis.statistics.mean_intervals import METHOD
from analysis.tables.columns import ends, frame, interval, level, reason
from analysis.tables.formats import ABSENT, Table


def factors_table(results: Results) -> Table:
    """Main effects and interactions, by sign-flip over seeds and by the logistic model."""
    return Table(
        name="factors",
        caption="Effects of architecture (DCGAN less MLP), normalization (BatchNorm less none) and their interaction,"
        " one contrast a seed; max-T p is over all effects on an outcome. Interval of an effect:"
        f" {METHOD}. Log odds: logistic GEE, exchangeable within a"
        " seed; ranks are joint ranks of all runs, those that are not stable sharing the worst.",
        frame=frame([row for result in results.factorial.effects for row in _factor_rows(result)], whole=("seeds",)),
        intervals={f"{name} {level(results.alpha)}": interval(name) for name in ("effect", "log odds")},
    )


def _factor_rows(result: FactorialResult) -> Iterator[dict[str, Any]]:
    at = "mean over the grid" if result.grid_point is None else point_text(result.grid_point)
    about = {"outcome": LABELS[result.outcome], **({"at": at} if at else {})}
    model = {effect.name: effect for effect in result.model.effects} if isinstance(result.model, LogisticModel) else {}
    signs = {one.name: signs_text(one) for one in result.signs}
    for effect in _effect_rows(result):
        odds = model.get(effect["of"])
        yield {
            **about,
            **effect,
            "log odds": odds.log_odds if odds else None,
            **ends("log odds", odds.interval if odds else None),
            "log odds p": odds.p if odds else None,
            "note": _note(result, signs.get(effect["of"]), reason(result.effects, result.model)),
        }


def _effect_rows(result: FactorialResult | TrendResult) -> list[dict[str, Any]]:
    """A row an effect; one without numbers if they are not estimable."""
    if not isinstance(result.effects, FactorEffects):
        return [{"of": ABSENT, "seeds": result.effects.n, "planned": result.n_planned, "unit": result.unit}]
    return [
        {
            "of": effect.name,
            "seeds": result.effects.n_seeds,
            "planned": result.n_planned,
            "effect": effect.estimate,
            **ends("effect", effect.interval),
            "sign-flip p": effect.p,
            "max-T p": effect.p_adjusted,
            "unit": result.unit,
        }
        for effect in result.effects.effects
    ]


def _note(result: FactorialResult | TrendResult, *more: str | None) -> str | None:
    notes = result.effects.note if isinstance(result.effects, FactorEffects) else ()
    return "; ".join([*notes, *(note for note in more if note)]) or None


def trends_table(results: Results) -> Table:
    """Mean change along each factor of the grid, by arm."""
    return Table(
        name="trends",
        caption="Mean change from one level of a grid factor to the next, one slope a seed; max-T p is over all arms."
        f" Interval: {METHOD}.",
        frame=frame(
            [
                {
                    "factor": trend.factor,
                    "levels": ", ".join(level_text(value) for value in trend.levels),
                    "outcome": LABELS[trend.outcome],
                    **row,
                    "note": _note(trend, reason(trend.effects)),
                }
                for trend in results.factorial.trends
                for row in _effect_rows(trend)
            ]
        ),
        intervals={f"effect {level(results.alpha)}": interval("effect")},
    )
