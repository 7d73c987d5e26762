"""The tables of a report, made from its results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from analysis.questions import LABELS
from analysis.results import ContrastResult, Effect, Results, Summary
from analysis.statistics import Interval, Rate
from analysis.style import VERDICTS
from analysis.tables import Table
from analysis.wording import point_text

MEASURES = {  # columns of ArmResult.summaries that are shown, and their names
    "final_frechet": "Fréchet distance",
    "final_precision": "precision",
    "final_recall": "recall",
    "final_density": "density",
    "final_coverage": "coverage",
    "final_diversity": "diversity",
    "final_modes": "modes",
    "final_kl": "KL",
    "updates_to_bar": "updates to the bar",
    "mode_hopping": "mode hopping",
}
REFERENCE_NAMES = {
    "held_out": "held-out real images",
    "half_classes": "real images, half of the classes",
    "one_class": "real images, one class",
    "repeated": "ten real images, repeated",
    "pixel_gaussian": "pixel Gaussian",
    "grey": "constant grey",
    "noise": "uniform noise",
}


def report_tables(results: Results, verdicts: pd.DataFrame) -> dict[str, Table]:
    """All tables by name; ``verdicts`` as :func:`analysis.judging.judge_study` makes them."""
    tables = [
        arms_table(results),
        verdicts_table(results),
        contrasts_table(results.contrasts, "contrasts", "at equal numbers of updates", results),
        contrasts_table(
            results.contrasts_at_equal_compute, "contrasts_equal_compute", "at equal training time", results
        ),
        rates_table(results),
        measures_table(results),
        references_table(results),
        sensitivity_table(results),
        runs_table(verdicts),
    ]
    return {table.name: table for table in tables if len(table.frame)}


def arms_table(results: Results) -> Table:
    """What each arm is, and how its networks compare in size and cost."""
    matches = {(row.arm, point_text(row.grid_point)): row for row in results.match}
    rows = []
    for arm in results.arms:
        match = matches[arm.arm, point_text(arm.grid_point)]
        rows.append(
            {
                **_cell_columns(arm.arm, arm.grid_point),
                **{name.replace("_", " "): value for name, value in arm.settings.items() if name not in arm.grid_point},
                "size": match.declared,
                "width G": match.width_g,
                "width D": match.width_d,
                "parameters G": match.parameters_g,
                "parameters D": match.parameters_d,
                "G against reference": _percent(match.relative_g),
                "D against reference": _percent(match.relative_d),
                "FLOPs G": match.flops_g,
                "FLOPs D": match.flops_d,
                "seconds a step": arm.seconds_per_step,
            }
        )
    return Table(
        name="arms",
        caption="Arms. Parameters are trainable ones; FLOPs are of one image, forward, multiply and add counted apart;"
        " seconds a step are the median over runs.",
        frame=_frame(rows, whole=("width G", "width D", "parameters G", "parameters D", "FLOPs G", "FLOPs D")),
    )


def verdicts_table(results: Results) -> Table:
    """Counts of verdicts by arm, with the rate of runs that did not end stable."""
    rows = [
        {
            **_cell_columns(arm.arm, arm.grid_point),
            "planned": arm.counts.planned,
            "judged": arm.counts.used,
            **{look.meaning: arm.verdicts[code].count for code, look in VERDICTS.items() if code in arm.verdicts},
            "total collapses": arm.collapses_total,
            "degraded": arm.degraded,
            "recovered": arm.recovered,
            **_rate_columns("not stable", arm.not_stable),
            **_rate_columns("had learned", arm.learned),
        }
        for arm in results.arms
    ]
    intervals = {
        f"{name} {_level(results)}": (name, f"{name} low", f"{name} high") for name in ("not stable", "had learned")
    }
    return Table(
        name="verdicts",
        caption="Verdicts by arm. Rates are of judged runs, with Wilson intervals.",
        frame=_frame(rows),
        intervals=intervals,
    )


def contrasts_table(contrasts: Sequence[ContrastResult], name: str, scale: str, results: Results) -> Table:
    """Every registered contrast: its pairs, its effect with its interval, p and Holm's p."""
    rows = [
        {
            "role": contrast.role,
            "contrast": contrast.name,
            "outcome": LABELS[contrast.outcome],
            "arms": contrast_arms(contrast),
            **contrast.grid_point,
            "pairs": contrast.pairs.used,
            "planned": contrast.pairs.planned,
            **_effect_columns(contrast.effect),
            "budget": _budget(contrast),
        }
        for contrast in contrasts
    ]
    return Table(
        name=name,
        caption=f"Registered contrasts {scale}, first minus second. Holm's correction is over all tests of a role.",
        frame=_frame(rows),
        intervals={f"estimate {_level(results)}": ("estimate", "low", "high")},
    )


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
                **contrast.grid_point,
                "planned": contrast.pairs.planned,
                "n": rates.counts.n,
                **asdict(rates.counts),
                "Δ": rates.delta,
                **_ends("Tango", rates.tango),
                **_ends("Newcombe", rates.newcombe),
                "exact p": rates.p_exact,
                "mid-p": rates.p_mid,
                "odds ratio": rates.odds_ratio,
                **_ends("odds ratio", rates.odds_ratio_interval),
                "Δ at worst": contrast.bounds.delta_high if contrast.bounds else rates.delta,
                "Δ at best": contrast.bounds.delta_low if contrast.bounds else rates.delta,
                "note": "; ".join(rates.note) or None,
            }
        )
    return Table(
        name="pairs",
        caption="Matched pairs, outcome not stable: a both arms, b only the first, c only the second, d neither;"
        " Δ = (b − c)/n with Tango's and Newcombe's intervals; exact McNemar p and mid-p; conditional odds ratio."
        " At worst and at best: Δ if every missing pair had failed in the first, respectively the second arm only.",
        frame=_frame(rows, whole=("planned", "n", "a", "b", "c", "d")),
        intervals={
            f"Δ {_level(results)}": ("Δ", "Tango low", "Tango high"),
            "odds ratio, exact interval": ("odds ratio", "odds ratio low", "odds ratio high"),
        },
    )


def measures_table(results: Results) -> Table:
    """Median and range over runs of what was measured, failed runs included."""
    rows = []
    for arm in results.arms:
        row: dict[str, Any] = {**_cell_columns(arm.arm, arm.grid_point), "n": arm.counts.used}
        for column, name in MEASURES.items():
            row |= _summary_columns(name, arm.summaries.get(column))
        rows.append(row)
    return Table(
        name="measures",
        caption="Measures at the last probe, updates to the bar and mode hopping: median [least, greatest] over"
        " all judged runs as measured, failed ones included. One that never learned has infinitely many updates to the"
        " bar.",
        frame=_frame(rows),
        intervals={f"{name} median [range]": (name, f"{name} least", f"{name} greatest") for name in MEASURES.values()},
    )


def references_table(results: Results) -> Table:
    """What images of known quality score in the same measures."""
    rows = [
        {
            "images": REFERENCE_NAMES.get(name, name),
            **{probe.removeprefix("eval_"): value for probe, value in of.items()},
        }
        for name, of in (results.references or {}).items()
    ]
    return Table(
        name="references",
        caption="What images of known quality score in the same measures, in the same feature network."
        " No single measure suffices: a Gaussian in pixel space has a small Fréchet distance, and little precision.",
        frame=_frame(rows),
    )


def sensitivity_table(results: Results) -> Table:
    """Verdicts by arm with each threshold in turn halved and doubled."""
    rows = [
        {
            "threshold": row.threshold,
            "factor": row.factor,
            "value": row.value,
            "arm": row.arm,
            **{look.meaning: row.verdicts[code] for code, look in VERDICTS.items() if code in row.verdicts},
        }
        for row in results.sensitivity
    ]
    return Table(
        name="sensitivity",
        caption="Verdicts by arm, each threshold in turn as registered (factor 1), halved and doubled."
        + "".join(f" {sentence}." for sentence in results.sensitivity_skipped),
        frame=_frame(rows),
    )


def runs_table(verdicts: pd.DataFrame) -> Table:
    """Every judged run with its verdict and the evidence for it."""
    columns = ["run_id", "arm", "seed"]
    factors = list(verdicts.columns[3 : list(verdicts.columns).index("verdict")])
    shown = [*columns, *factors, "verdict", "extent", "degraded", "learned_step", "onset_step", "evidence"]
    finals = ["final_frechet", "final_precision", "final_recall", "final_modes", "train_seconds"]
    frame = verdicts[[*shown, *finals]].astype({"arm": str, "verdict": str})
    return Table(
        name="runs",
        caption="Every judged run: its verdict, the step of its onset and what it rests on.",
        frame=frame.rename(columns=lambda name: str(name).replace("_", " ")),
    )


def contrast_arms(contrast: ContrastResult) -> str:
    """«mlp − dcgan», or the difference of two such differences."""
    arms = f"{contrast.first} − {contrast.second}"
    return arms if contrast.minus is None else f"({arms}) − ({contrast.minus[0]} − {contrast.minus[1]})"


def _frame(rows: Sequence[Mapping[str, Any]], whole: Iterable[str] = ()) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows))
    return frame.astype({name: "Int64" for name in whole if name in frame})


def _cell_columns(arm: str, point: Mapping[str, Any]) -> dict[str, Any]:
    return {"arm": arm, **point}


def _rate_columns(name: str, rate: Rate) -> dict[str, float | None]:
    return {name: rate.estimate, **_ends(name, rate.interval)}


def _effect_columns(effect: Effect) -> dict[str, Any]:
    ends = effect.interval
    return {
        "estimate": effect.estimate,
        "low": ends.low if ends else None,
        "high": ends.high if ends else None,
        "unit": effect.unit,
        "p": effect.p,
        "Holm p": effect.p_holm,
        "effect": effect.name,
        "test": effect.test,
    }


def _ends(name: str, interval: Interval | None) -> dict[str, float | None]:
    return {f"{name} low": interval.low if interval else None, f"{name} high": interval.high if interval else None}


def _summary_columns(name: str, summary: Summary | None) -> dict[str, float | None]:
    values = (None, None, None) if summary is None else (summary.median, summary.minimum, summary.maximum)
    return dict(zip((name, f"{name} least", f"{name} greatest"), values, strict=True))


def _percent(relative: float | None) -> str | None:
    return None if relative is None else f"{relative:+.2%}".replace("-", "−")


def _budget(contrast: ContrastResult) -> str:
    return ", ".join(
        f"{budget.arm} {budget.updates:,} updates"
        for budget in contrast.budgets
        if budget.arm in (contrast.first, contrast.second)
    )


def _level(results: Results) -> str:
    return f"[{1 - results.alpha:.0%} interval]"
