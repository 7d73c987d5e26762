"""How good the samples were: measures over training beside images of known quality, and the samples themselves."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.chapters.form import Caption, Chapter, Judged, Place, ReportFigure, place_of
from analysis.chapters.medians import MedianRun, median_runs, rule
from analysis.counting import counted
from analysis.figures.sheets import (
    Images,
    chosen_seeds,
    median_seed,
    median_sheet,
    sample_sheet,
    shown_probes,
    training_sheet,
)
from analysis.figures.traces import FRECHET, OTHER_PROBES, curves, probes
from analysis.figures.yardsticks import probe_lines
from analysis.results.document import Findings
from analysis.results.wording import number
from analysis.tables.columns import frame, place_columns, summary_columns, summary_interval
from analysis.tables.formats import Table
from runs.samples import read_samples

TITLE = "Measures and samples"
ALL_SEEDS = 16  # sheets of more seeds show the best, the median and the worst
SHEET_ROWS = 3  # fixed z a run, in a sheet of training
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


def samples(judged: Judged) -> Chapter:
    """Measures of all runs; figures of them, of a grid point by point; and the median runs, for the first screen."""
    medians, table = list(median_figures(judged)), _measures(judged.findings)
    points = [(judged.at(point), place_of(point)) for point in judged.data.study.grid_points()]
    with_runs = [(of_point, place) for of_point, place in points if len(of_point.verdicts)]
    if not judged.over_a_grid:
        figures = [figure for of_point, place in with_runs for figure in sample_figures(of_point, place)]
        return Chapter(name="samples", title=TITLE, tables=(table,), figures=[*medians, *figures], folded=False)
    parts = [
        Chapter(
            title=f"{TITLE}{place.where}",
            gist="Measures over training, and samples.",
            figures=list(sample_figures(of_point, place)),
        )
        for of_point, place in with_runs
    ]
    return Chapter(
        name="samples",
        title=f"{TITLE} at {counted(len(points), 'grid point')}",
        gist="What was measured of the runs of each arm at each point; figures of every point below.",
        tables=(table,),
        figures=medians,
        parts=parts,
    )


def sample_figures(judged: Judged, place: Place) -> Iterator[ReportFigure]:
    """Those for the runs of one grid point."""
    yield probes_figure(judged, place)
    yield from sheet_figures(judged, place)


def _measures(results: Findings) -> Table:
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


def probes_figure(judged: Judged, place: Place) -> ReportFigure:
    """All measures of samples over training."""
    arms = judged.arms()
    medians = judged.verdicts.groupby("arm", observed=True)["final_frechet"].median()
    finals = ", ".join(f"{arm} {number(float(medians[arm]))}" for arm in arms)
    limits = judged.limits
    shown = curves(
        judged.points((FRECHET, *OTHER_PROBES)),
        judged.onsets(),
        probe_lines(judged.data.references, limits),
        windows=False,
    )
    bar = "" if limits is None else f"; the bar is {number(limits.bar)}"
    return ReportFigure(
        caption=Caption(
            name=f"probes{place.suffix}",
            title=f"Measures of samples over training{place.where}",
            sentences=[f"Median final Fréchet distance: {finals}{bar}."],
            text=f"Thick, with marks: median over runs ({_runs_each(judged)}); band: 25th to 75th percentile;"
            f" thin: {shown.thin}. Grey lines: what real images and other images of known quality score; dashed:"
            " thresholds of the verdicts. Cross: onset of collapse, divergence or non-finite values.",
            alt=f"Seven panels of measures over training. Median final Fréchet distance: {finals}{bar}.",
        ),
        data=shown.drawn,
        draw=partial(probes, shown, arms=arms, styles=judged.styles),
    )


def sheet_figures(judged: Judged, place: Place) -> Iterator[ReportFigure]:
    """Final samples of all arms side by side, and the samples of one seed over training."""
    arms = judged.arms()
    ranks = _seed_ranks(judged.verdicts)
    seeds = chosen_seeds(ranks, ALL_SEEDS)
    shown = _sample_rows(judged, judged.verdicts[judged.verdicts["seed"].isin(seeds)])
    chosen = "all seeds" if len(seeds) == len(ranks) else "the seeds with the best, median and worst mean rank"
    yield ReportFigure(
        caption=Caption(
            name=f"samples{place.suffix}",
            title=f"Samples at the end{place.where}",
            sentences=[f"Samples of {chosen} at the last probe; none is picked by hand."],
            text=f"A block an arm, a row a seed ({chosen}), a column one of the first fixed z; within a seed every arm"
            " is given the same z. The letter at the end of a row is the verdict.",
            alt=f"Grids of generated images of {', '.join(arms)}, {chosen}.",
        ),
        data={"samples": shown},
        draw=partial(_draw_sheet, judged, seeds, shown),
    )
    yield _training_figure(judged, place, median_seed(ranks))


def _sample_rows(judged: Judged, runs: pd.DataFrame, *, over_training: bool = False) -> pd.DataFrame:
    """Whose samples a sheet shows, and of which probes, in generator updates: of the last, or some over training."""
    rows = []
    for run in runs.to_dict("records"):
        steps = judged.data.series[run["run_id"]][FRECHET].steps * judged.updates_per_step[run["run_id"]]
        place = place_columns(str(run["arm"]), {factor: run[factor] for factor in judged.data.factors})
        about = {"run": run["run_id"], **place, "seed": run["seed"], "verdict": str(run["verdict"])}
        probed = shown_probes(len(steps)) if over_training else [-1]
        rows += [{**about, "step": int(steps[probe])} for probe in probed]
    return frame(rows)


def _draw_sheet(judged: Judged, seeds: Sequence[int], shown: pd.DataFrame) -> Figure:
    runs = {(run["arm"], run["seed"]): run for run in shown.to_dict("records")}
    return sample_sheet(
        {key: last_samples(judged, run["run"]) for key, run in runs.items()},
        {key: run["verdict"] for key, run in runs.items()},
        arms=judged.arms(),
        seeds=seeds,
        styles=judged.styles,
    )


def _training_figure(judged: Judged, place: Place, seed: int) -> ReportFigure:
    of_seed = judged.verdicts[judged.verdicts["seed"] == seed]
    run_ids = {str(run["arm"]): int(run["run_id"]) for run in of_seed.to_dict("records")}
    return ReportFigure(
        caption=Caption(
            name=f"training{place.suffix}",
            title=f"Samples over training{place.where}",
            sentences=[f"Seed {seed}, which has the median mean rank in final Fréchet distance over all arms."],
            text=f"Seed {seed}; a column a probe, a row one of {SHEET_ROWS} fixed z, the same for every arm.",
            alt=f"Generated images of seed {seed} from the first to the last probe, for {', '.join(run_ids)}.",
        ),
        data={"samples": _sample_rows(judged, of_seed, over_training=True)},
        draw=partial(_draw_training, judged, run_ids),
    )


def _draw_training(judged: Judged, run_ids: Mapping[str, int]) -> Figure:
    """``run_ids``: by arm."""
    images: dict[str, Images] = {}
    updates: list[int] = []
    for arm, run_id in run_ids.items():
        steps, of_run = load_samples(judged, run_id)
        images[arm] = of_run[:, :SHEET_ROWS].copy()  # a view would hold those of every z
        updates = updates or [int(step) * judged.updates_per_step[run_id] for step in steps]
    return training_sheet(
        updates,
        images,
        rows=SHEET_ROWS,
        styles=judged.styles,
    )


def _seed_ranks(verdicts: pd.DataFrame) -> dict[int, float]:
    """Each seed's mean rank in final Fréchet distance within its arms."""
    ranks = verdicts.groupby("arm", observed=True)["final_frechet"].rank(na_option="bottom")
    mean = ranks.groupby(verdicts["seed"]).mean()
    return dict(zip(mean.index.tolist(), mean.tolist(), strict=True))


def load_samples(judged: Judged, run_id: int) -> tuple[NDArray[np.int64], Images]:
    """Steps (P,) and sample images (P, 64, C, H, W) of a run."""
    return read_samples(judged.store, judged.data.records[run_id])


def last_samples(judged: Judged, run_id: int) -> Images:
    """Those of the last probe, (64, C, H, W)."""
    return load_samples(judged, run_id)[1][-1].copy()  # a view would hold those of all probes


def _runs_each(judged: Judged) -> str:
    counts = judged.verdicts["arm"].value_counts()
    each = {arm: int(counts[arm]) for arm in judged.arms()}
    if len(set(each.values())) == 1:
        return f"n = {next(iter(each.values()))} an arm"
    return ", ".join(f"{arm} n = {n}" for arm, n in each.items())


def median_figures(judged: Judged) -> Iterator[ReportFigure]:
    """A strip of samples an arm; nothing without a judged run."""
    runs = list(median_runs(judged))
    if not runs:
        return
    ids = [run.run_id for run in runs]
    told = "; ".join(f"{run.arm}, {run.label}" for run in runs)
    yield ReportFigure(
        caption=Caption(
            name="median_runs",
            title="Samples of each arm's median run",
            sentences=[],
            text=f"{rule(judged)}. First fixed z, last probe; none is picked by hand.",
            alt=f"A strip of generated images an arm. {told}.",
        ),
        data={"samples": _sample_rows(judged, judged.verdicts[judged.verdicts["run_id"].isin(ids)])},
        draw=partial(_draw_medians, judged, runs),
        first=True,
    )


def _draw_medians(judged: Judged, runs: Sequence[MedianRun]) -> Figure:
    return median_sheet(
        {run.arm: last_samples(judged, run.run_id) for run in runs},
        {run.arm: run.label for run in runs},
        {run.arm: run.verdict for run in runs},
        styles=judged.styles,
    )
