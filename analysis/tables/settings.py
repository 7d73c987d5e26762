"""Tables of what was compared and measured: arms, measures, references, thresholds, and every run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.figures.style import VERDICTS
from analysis.results.document import ArmResult, MatchRow, Results
from analysis.results.verdict_words import AS_STABLE, verdict_label
from analysis.results.wording import learning_rate, point_text
from analysis.tables.columns import PIXEL_GAUSSIAN, frame, place_columns, summary_columns, summary_interval
from analysis.tables.formats import Table

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
SECONDS = "s a step"
_DEPTH = {None: None, True: "matched", False: "depth not matched"}
_WHOLE = ("hidden layers", "width", "parameters", "FLOPs", "FLOPs a step")
REFERENCE_NAMES = {
    "held_out": "held-out real images",
    "half_classes": "real images, half of the classes",
    "one_class": "real images, one class",
    "repeated": "ten real images, repeated",
    "pixel_gaussian": "pixel Gaussian",
    "grey": "constant grey",
    "noise": "uniform noise",
}


def arms_table(results: Results) -> Table:
    """What each arm is, and what a training step of it costs; one row an arm where a grid leaves all that."""
    one_rate = all(arm.settings["lr_g"] == arm.settings["lr_d"] for arm in results.arms)
    matches = _matches(results)
    made = [
        {
            **place_columns(arm.arm, arm.grid_point),
            **_settings(arm, one_rate),
            "size": matches[arm.arm, point_text(arm.grid_point)].declared,
            "depth": _DEPTH[matches[arm.arm, point_text(arm.grid_point)].depth_matched],
            "FLOPs a step": arm.flops_per_step,
            SECONDS: arm.seconds_per_step,
        }
        for arm in results.arms
    ]
    return Table(
        name="arms",
        caption="Arms. Size and depth: whether an arm has as many trainable parameters, and hidden layers, as the"
        " reference. FLOPs a step are of all updates of a training step, a backward pass as two forward ones. Seconds"
        " a step: median over runs, as measured, and over the grid points where they share a row.",
        frame=_whole(without_grid(made, ["arm"], results)),
    )


def players_table(results: Results) -> Table:
    """How an arm's generator and discriminator compare in size and cost; one row each where a grid leaves all that."""
    matches = _matches(results)
    made = [
        {
            **place_columns(arm.arm, arm.grid_point),
            "player": player.upper(),
            "hidden layers": getattr(match, f"hidden_layers_{player}"),
            "width": getattr(match, f"width_{player}"),
            "parameters": getattr(match, f"parameters_{player}"),
            "excess": _percent(getattr(match, f"relative_{player}")),
            "FLOPs": getattr(match, f"flops_{player}"),
        }
        for arm in results.arms
        for match in [matches[arm.arm, point_text(arm.grid_point)]]
        for player in ("g", "d")
    ]
    return Table(
        name="players",
        caption="Generators and discriminators. Parameters are trainable ones, their excess is over the reference's;"
        " FLOPs are of one image, forward, multiply and add counted apart.",
        frame=_whole(without_grid(made, ["arm", "player"], results)),
    )


def without_grid(rows: Sequence[Mapping[str, Any]], key: Sequence[str], results: Results) -> pd.DataFrame:
    """One row for each ``key``, without the factors, seconds by their median; all rows where they differ in more."""
    made, factors = pd.DataFrame(rows), list(results.arms[0].grid_point)
    measured = [SECONDS] if SECONDS in made else []
    alone = made.drop(columns=[*factors, *measured]).drop_duplicates()
    if alone.duplicated(subset=list(key)).any():
        return made
    medians = made.groupby(list(key), sort=False)[measured].median().reset_index()
    return alone.merge(medians, on=list(key))


def _matches(results: Results) -> dict[tuple[str, str], MatchRow]:
    return {(row.arm, point_text(row.grid_point)): row for row in results.match}


def _whole(made: pd.DataFrame) -> pd.DataFrame:
    return made.astype({name: "Int64" for name in _WHOLE if name in made})


def measures_table(results: Results) -> Table:
    """Median and range over runs of what was measured, whatever became of the runs."""
    rows = []
    for arm in results.arms:
        row: dict[str, Any] = {**place_columns(arm.arm, arm.grid_point), "n": arm.counts.used}
        for column, name in MEASURES.items():
            row |= summary_columns(name, arm.summaries.get(column))
        rows.append(row)
    return Table(
        name="measures",
        caption="Measures at the last probe, updates to the bar and mode hopping: median [least, greatest] over"
        " all judged runs as measured, whatever became of them. One that never learned has infinitely many updates to"
        " the bar.",
        frame=frame(rows),
        intervals={name: summary_interval(name) for name in MEASURES.values()},
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
        frame=frame(rows),
    )


def sensitivity_table(results: Results) -> Table:
    """Verdicts by arm with each threshold in turn halved and doubled."""
    rows = [
        {
            "threshold": AS_STABLE if row.factor is None else row.threshold,
            "factor": row.factor,
            "value": row.value,
            "arm": row.arm,
            **{look.meaning: row.verdicts[code] for code, look in VERDICTS.items() if code in row.verdicts},
            "changed": row.changed,
        }
        for row in results.sensitivity
    ]
    return Table(
        name="sensitivity",
        caption="Verdicts by arm, each threshold in turn as registered (factor 1), halved and doubled, of"
        " confidence the distance to 1, of divergence the rise above 1; in the last"
        " rows all thresholds as registered, and unsettled runs counted as stable."
        + "".join(f" {sentence}." for sentence in results.sensitivity_skipped),
        frame=frame(rows),
    )


def runs_table(verdicts: pd.DataFrame) -> Table:
    """Every judged run with its verdict and the evidence for it."""
    columns = ["run_id", "arm", "seed"]
    factors = list(verdicts.columns[3 : list(verdicts.columns).index("verdict")])
    shown = [*columns, *factors, "verdict", "extent", "degraded", "learned_step", "onset_step", "evidence"]
    finals = ["final_frechet", "final_precision", "final_recall", "final_modes", "train_seconds"]
    yardstick = ["beats_gaussian_frechet", "beats_gaussian_precision"]
    frame = verdicts[[*shown, *finals[:-1], *yardstick, finals[-1]]].astype({"arm": str, "verdict": str})
    frame["verdict"] = frame["verdict"].map(verdict_label)
    return Table(
        name="runs",
        caption="Every judged run: its verdict, the step of its onset and what it rests on; and whether its last probe"
        f" beats the pixel Gaussian. {PIXEL_GAUSSIAN}",
        frame=frame.rename(columns=lambda name: str(name).replace("_", " ").replace("gaussian", "Gaussian:")),
    )


def _settings(arm: ArmResult, one_rate: bool) -> dict[str, Any]:
    """The arm's settings that its grid point does not say; both players' learning rates as one if all arms share it."""
    shown = {name: value for name, value in arm.settings.items() if name not in {*arm.grid_point, "lr_g", "lr_d"}}
    rates = {} if "lr" in arm.grid_point else {name: learning_rate(arm.settings[name]) for name in ("lr_g", "lr_d")}
    if rates and one_rate:
        rates = {"lr": rates["lr_g"]}
    names = {name.replace("_", " "): value for name, value in {**shown, **rates}.items()}
    return {name: learning_rate(value) if isinstance(value, float) else value for name, value in names.items()}


def _percent(relative: float | None) -> str | None:
    return None if relative is None else f"{relative:+.2%}".replace("-", "−")
