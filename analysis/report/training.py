"""The figures of a report that show training: traces, measures, samples."""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.chapters.form import Caption, Place, ReportFigure, spread_text
from analysis.figures.parts import QUANTITY, ReferenceLine
from analysis.figures.sheets import Images, chosen_seeds, median_seed, sample_sheet, training_sheet
from analysis.figures.traces import EQUILIBRIUM, FRECHET, OTHER_PROBES, probes, traces
from analysis.judging.verdicts import Limits
from analysis.report.drawing import Drawing
from analysis.results.wording import number
from runs.schema import PROBES, SAMPLES

SAMPLES_TITLE = "Measures and samples"
TRACES_TITLE = "Traces"
LOSSES = ("loss_d", "loss_g")
OUTPUTS = ("d_x", "d_g_z1", "d_g_z2")
DRAWN_REFERENCES = {  # as lines of the Fréchet distance, and how they are labelled there
    "held_out": "held-out real",
    "half_classes": "half the classes",
    "pixel_gaussian": "pixel Gaussian",
    "grey": "constant grey",
}
ALL_SEEDS = 16  # sheets of more seeds show the best, the median and the worst
SHEET_ROWS = 3  # fixed z a run, in a sheet of training
LATE = 0.9  # of the budget: "the last tenth of training"


def training_figures(drawing: Drawing, place: Place) -> Iterator[ReportFigure]:
    """All of them for the runs of one grid point."""
    yield probes_figure(drawing, place)
    yield from sheet_figures(drawing, place)
    yield traces_figure(drawing, place, LOSSES, "losses", "Losses")
    yield traces_figure(drawing, place, OUTPUTS, "outputs", "Discriminator outputs")


def traces_figure(drawing: Drawing, place: Place, names: Sequence[str], name: str, title: str) -> ReportFigure:
    """Step traces of all arms."""
    points, arms = drawing.points(names), drawing.arms()
    late = _medians_late(points)
    ends = "; ".join(f"{QUANTITY[trace][0]} {spread_text({arm: late[arm, trace] for arm in arms})}" for trace in names)
    equilibrium = ", ".join(f"{QUANTITY[trace][0]} = {EQUILIBRIUM[trace][0].value:.3g}" for trace in names)
    return ReportFigure(
        caption=Caption(
            name=f"{name}{place.suffix}",
            section=TRACES_TITLE,
            title=f"{title}{place.where}",
            sentences=[
                f"Median over the last tenth of training, lowest and highest arm: {ends}.",
                f"At the equilibrium of the game, {equilibrium}.",
            ],
            text="Thin: runs, thinned to their extremes in short windows. Thick: median over runs of their medians in a"
            " hundredth of the budget; band: 25th to 75th percentile over runs; values that are not finite do not"
            " count. Dashed: equilibrium. Cross: onset of collapse, divergence or non-finite values; the coloured"
            " numbers under each axis count the runs without one so far. A loss does not tell how good samples are.",
            alt=f"{title}{place.where} over training, a row an arm. Lowest and highest arm at the end: {ends}.",
        ),
        draw=partial(traces, points, drawing.onsets(), names=names, arms=arms, styles=drawing.styles),
        beside=drawing.over_a_grid,  # of every grid point they would be most of the page
    )


def _medians_late(points: pd.DataFrame) -> dict[tuple[str, str], float]:
    """By arm and trace: median over runs and steps of the last tenth of training; NaN without a finite value."""
    late = points[(points["step"] > LATE * points["step"].max()) & np.isfinite(points["value"])]
    medians = late.groupby(["arm", "trace"], observed=False)["value"].median()
    return {(str(arm), str(trace)): float(value) for (arm, trace), value in medians.items()}


def probes_figure(drawing: Drawing, place: Place) -> ReportFigure:
    """All measures of samples over training."""
    arms = drawing.arms()
    medians = drawing.verdicts.groupby("arm", observed=True)["final_frechet"].median()
    finals = ", ".join(f"{arm} {number(float(medians[arm]))}" for arm in arms)
    limits = drawing.results.limits
    bar = "" if limits is None else f"; the bar is {number(limits.bar)}"
    return ReportFigure(
        caption=Caption(
            name=f"probes{place.suffix}",
            section=f"{SAMPLES_TITLE}{place.where}",
            title=f"Measures of samples over training{place.where}",
            sentences=[f"Median final Fréchet distance: {finals}{bar}."],
            text=f"Thick, with marks: median over runs ({_runs_each(drawing)}); band: 25th to 75th percentile;"
            " thin: runs. Grey lines: what real images and other images of known quality score; dashed: thresholds of"
            " the verdicts. Cross: onset of collapse, divergence or non-finite values.",
            alt=f"Seven panels of measures over training. Median final Fréchet distance: {finals}{bar}.",
        ),
        draw=partial(
            probes,
            drawing.points((FRECHET, *OTHER_PROBES)),
            drawing.onsets(),
            arms=arms,
            styles=drawing.styles,
            lines=probe_lines(drawing.results.references, drawing.results.limits),
        ),
    )


def probe_lines(
    references: Mapping[str, Mapping[str, float]] | None, limits: Limits | None
) -> dict[str, list[ReferenceLine]]:
    """Lines to read each measure against: reference images (as in ``RunInfo["references"]``) and thresholds.

    No lines of what is None.
    """
    known = []
    if references is not None:
        known = [(FRECHET, references[name][FRECHET], label) for name, label in DRAWN_REFERENCES.items()]
        known += [(name, references["held_out"][name], "real") for name in PROBES if name != FRECHET]
    lines: dict[str, list[ReferenceLine]] = {name: [] for name in PROBES}
    for dashed, values in ((False, known), (True, [] if limits is None else _thresholds(limits))):
        for name, value, label in values:
            if value is not None and math.isfinite(value):
                lines[name].append(ReferenceLine(value=value, label=label, dashed=dashed))
    return lines


def _thresholds(limits: Limits) -> list[tuple[str, float | None, str]]:
    return [
        (FRECHET, limits.bar, f"bar = {number(limits.bar)}"),
        ("eval_recall", limits.recall, "collapse"),
        ("eval_modes", limits.modes, "collapse"),
        ("eval_precision", limits.precision, "realistic"),
        ("eval_density", limits.density, "realistic"),
        ("eval_confidence", limits.confidence, "realistic"),
        ("eval_diversity", limits.diversity, "total"),
    ]


def sheet_figures(drawing: Drawing, place: Place) -> Iterator[ReportFigure]:
    """Final samples of all arms side by side, and the samples of one seed over training."""
    arms = drawing.arms()
    ranks = _seed_ranks(drawing.verdicts)
    seeds = chosen_seeds(ranks, ALL_SEEDS)
    runs = {(run["arm"], run["seed"]): run for run in drawing.verdicts.to_dict("records")}
    finals = {key: load_samples(drawing, run["run_id"])[1][-1] for key, run in runs.items() if key[1] in seeds}
    chosen = "all seeds" if len(seeds) == len(ranks) else "the seeds with the best, median and worst mean rank"
    yield ReportFigure(
        caption=Caption(
            name=f"samples{place.suffix}",
            section=f"{SAMPLES_TITLE}{place.where}",
            title=f"Samples at the end{place.where}",
            sentences=[f"Samples of {chosen} at the last probe; none is picked by hand."],
            text=f"A block an arm, a row a seed ({chosen}), a column one of the first fixed z; within a seed every arm"
            " is given the same z. The letter at the end of a row is the verdict.",
            alt=f"Grids of generated images of {', '.join(arms)}, {chosen}.",
        ),
        draw=partial(
            sample_sheet,
            finals,
            {key: run["verdict"] for key, run in runs.items()},
            arms=arms,
            seeds=seeds,
            styles=drawing.styles,
        ),
    )
    yield _training_figure(drawing, place, median_seed(ranks))


def _training_figure(drawing: Drawing, place: Place, seed: int) -> ReportFigure:
    of_seed = drawing.verdicts[drawing.verdicts["seed"] == seed]
    run_ids = {run["arm"]: run["run_id"] for run in of_seed.to_dict("records")}
    loaded = {arm: load_samples(drawing, run_id) for arm, run_id in run_ids.items()}
    arm, (steps, _) = next(iter(loaded.items()))
    return ReportFigure(
        caption=Caption(
            name=f"training{place.suffix}",
            section=f"{SAMPLES_TITLE}{place.where}",
            title=f"Samples over training{place.where}",
            sentences=[f"Seed {seed}, which has the median mean rank in final Fréchet distance over all arms."],
            text=f"Seed {seed}; a column a probe, a row one of {SHEET_ROWS} fixed z, the same for every arm.",
            alt=f"Generated images of seed {seed} from the first to the last probe, for {', '.join(loaded)}.",
        ),
        draw=partial(
            training_sheet,
            [int(step) * drawing.updates_per_step[run_ids[arm]] for step in steps],
            {arm: images for arm, (_, images) in loaded.items()},
            rows=SHEET_ROWS,
            styles=drawing.styles,
        ),
    )


def _seed_ranks(verdicts: pd.DataFrame) -> dict[int, float]:
    """Each seed's mean rank in final Fréchet distance within its arms."""
    ranks = verdicts.groupby("arm", observed=True)["final_frechet"].rank(na_option="bottom")
    mean = ranks.groupby(verdicts["seed"]).mean()
    return dict(zip(mean.index.tolist(), mean.tolist(), strict=True))


def load_samples(drawing: Drawing, run_id: int) -> tuple[NDArray[np.int64], Images]:
    """Steps (P,) and sample images (P, 64, C, H, W) of a run."""
    content = drawing.store.artifact(drawing.data.records[run_id], SAMPLES)
    with np.load(io.BytesIO(content)) as arrays:
        return arrays["steps"], arrays["images"]


def _runs_each(drawing: Drawing) -> str:
    counts = drawing.verdicts["arm"].value_counts()
    each = {arm: int(counts[arm]) for arm in drawing.arms()}
    if len(set(each.values())) == 1:
        return f"n = {next(iter(each.values()))} an arm"
    return ", ".join(f"{arm} n = {n}" for arm, n in each.items())
