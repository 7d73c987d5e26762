"""What became of the runs: verdicts by arm, and over a grid, at how many points each arm ended stable."""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from analysis.chapters.form import Caption, Chapter, Judged, ReportFigure, row_name
from analysis.figures.designs import MapCell, stability_map
from analysis.figures.outcomes import grid_waffle, waffle
from analysis.figures.style import MISSING, VERDICTS
from analysis.results.document import ArmResult, Findings, total_verdicts
from analysis.results.wording import composition_text, level_text, listed, point_text, range_text
from analysis.tables.columns import PIXEL_GAUSSIAN, frame, interval, level, place_columns, rate_columns
from analysis.tables.formats import Table

TITLE = "Outcomes"


def outcomes(judged: Judged) -> Chapter:
    """Verdicts of all runs; of a grid the stable points first, and the verdicts at each point behind them."""
    results, waffles = judged.findings, grid_outcomes_figure if judged.over_a_grid else outcomes_figure
    by_arm = (_verdicts(results), _remarks(results))
    at_points = Chapter(
        title="Verdicts at every grid point",
        gist="The numbers behind the map.",
        tables=(_stable_points(results), *by_arm),
    )
    return Chapter(
        name="outcomes",
        title=TITLE,
        sentences=_sentences(results),
        tables=(_regions(results),) if judged.over_a_grid else by_arm,
        figures=[*([stability_figure(judged)] if judged.data.factors else []), waffles(judged)],
        folded=False,
        parts=(at_points,) if judged.over_a_grid else (),
    )


def _sentences(results: Findings) -> list[str]:
    """What became of each arm's runs, which a grid's headline says point by point, and stable runs above the bar."""
    return [*([] if results.regions else [f"{_compositions(results)}."]), *_above_the_bar(results)]


def _compositions(results: Findings) -> str:
    return "; ".join(composition_text(name, total_verdicts(own)) for name, own in results.by_arm().items())


def _above_the_bar(results: Findings) -> list[str]:
    """How many stable runs ended above the bar, realistic in precision and density, if any did."""
    parts = [
        f"{above} of {total_verdicts(own)['stable']} {name}"
        for name, own in results.by_arm().items()
        if (above := sum(arm.stable_above_bar for arm in own))
    ]
    if not parts:
        return []
    return [f"Of the stable runs, some ended above the bar with realistic samples: {listed(parts)}."]


def grid_outcomes_figure(judged: Judged) -> ReportFigure:
    """The waffle of verdicts over a grid."""
    results, study, planned = judged.findings, judged.data.study, _planned_runs(judged)
    counts = "; ".join(f"{row_name(arm.arm, arm.grid_point)}: {arm.not_stable}" for arm in results.arms)
    draw = partial(
        grid_waffle,
        planned,
        arms=list(study.arms),
        points=[point_text(point) for point in study.grid_points()],
        seeds=study.seeds,
        styles=judged.styles,
    )
    alt = f"Squares, a panel an arm, a row a grid point, a column a seed, coloured by verdict. Not stable: {counts}."
    return _waffle_figure(results, planned, draw, alt=alt)


def outcomes_figure(judged: Judged) -> ReportFigure:
    """The waffle of verdicts."""
    results, study, planned = judged.findings, judged.data.study, _planned_runs(judged)
    rows = {row_name(cell.arm, cell.grid_point): cell.arm for cell in study.cells()}
    primary = [contrast for contrast in results.of_role("primary") if contrast.rates is not None]
    shown = primary[0] if len(primary) == 1 else None
    draw = partial(
        waffle,
        planned,
        rows=list(rows),
        seeds=study.seeds,
        styles={row: judged.styles[arm] for row, arm in rows.items()},
        pair=(shown.first, shown.second) if shown else None,
        counts=shown.rates.counts if shown and shown.rates else None,
    )
    pairs = f" Below: the {shown.pairs.used} matched pairs of the primary contrast." if shown else ""
    alt = f"Squares, a row an arm and a column a seed, coloured by verdict. {_compositions(results)}."
    return _waffle_figure(results, planned, draw, alt=alt, below=pairs)


def _planned_runs(judged: Judged) -> pd.DataFrame:
    """Every planned run and its verdict, or that it is missing; also how its row is named, and its grid point."""
    factors = judged.data.factors
    found = {
        (str(run["arm"]), *(run[factor] for factor in factors), run["seed"]): str(run["verdict"])
        for run in judged.verdicts.to_dict("records")
    }
    return frame(
        [
            {
                "row": row_name(cell.arm, cell.grid_point),
                "arm": cell.arm,
                "point": point_text(cell.grid_point),
                "seed": seed,
                "verdict": found.get((cell.arm, *(cell.grid_point[factor] for factor in factors), seed), MISSING),
            }
            for cell in judged.data.study.cells()
            for seed in judged.data.study.seeds
        ]
    )


def _waffle_figure(
    results: Findings, planned: pd.DataFrame, draw: Callable[[], Figure], *, alt: str, below: str = ""
) -> ReportFigure:
    return ReportFigure(
        caption=Caption(
            name="outcomes",
            title="Verdicts",
            sentences=[],
            text=f"One square a planned run ({results.counts.used} judged of {results.counts.planned}). The letter is"
            f" the verdict; the number at the right counts stable runs of those judged.{below}",
            alt=alt,
        ),
        data={"run": planned},
        draw=draw,
        first=True,
    )


def stability_figure(judged: Judged) -> ReportFigure:
    """Failure rates over the grid."""
    results, (x, *others) = judged.findings, judged.data.factors
    cells: dict[str, list[MapCell]] = {arm: [] for arm in judged.data.study.arms}
    rows = []
    for arm in results.arms:
        y = ", ".join(level_text(arm.grid_point[factor]) for factor in others)
        cells[arm.arm].append(MapCell(x=level_text(arm.grid_point[x]), y=y, not_stable=arm.not_stable))
        counted = {"not stable": arm.not_stable.count, "judged": arm.not_stable.n}
        rows.append({**place_columns(arm.arm, arm.grid_point), **counted, **rate_columns("rate", arm.not_stable)})
    counts = "; ".join(f"{row_name(arm.arm, arm.grid_point)}: {arm.not_stable}" for arm in results.arms)
    return ReportFigure(
        caption=Caption(
            name="stability_map",
            title="Stability map",
            sentences=[_map_sentence(name, own) for name, own in results.by_arm().items()],
            text=f"Each cell: runs not stable of those judged, and the {1 - results.alpha:.0%} Wilson interval of that"
            " rate. Not stable includes runs that had not learned.",
            alt=f"Shaded tables, one an arm. {counts}.",
        ),
        data={"cell": frame(rows)},
        draw=partial(stability_map, cells, x=x, y=", ".join(others), styles=judged.styles),
    )


def _map_sentence(arm: str, cells: Sequence[ArmResult]) -> str:
    """``cells``: the arm at each grid point."""
    known = [cell for cell in cells if cell.not_stable.n]
    if not known:
        return f"{arm}: no runs."
    clean = sum(cell.not_stable.count == 0 for cell in known)
    text = f"{arm}: every run stable at {clean} of {len(known)} grid points"
    worst = max(known, key=lambda cell: cell.not_stable.count / cell.not_stable.n)
    rate = worst.not_stable
    if rate.count == 0 or rate.interval is None:
        return f"{text}."
    limits = range_text(rate.interval.low, rate.interval.high)
    as_bad = sum(cell.not_stable == rate for cell in known)
    where = point_text(worst.grid_point) if as_bad == 1 else f"{as_bad} of them"
    return f"{text}; at worst {rate.count} of {rate.n} {limits} not stable, at {where}."


def _verdicts(results: Findings) -> Table:
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


def _remarks(results: Findings) -> Table:
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


def _regions(results: Findings) -> Table:
    """Each arm's stable grid points over seeds, and its best ones."""
    rows = []
    for region in results.regions:
        counts = [seed.stable for seed in region.seeds if seed.judged == region.n_points]
        rows.append(
            {
                "arm": region.arm,
                "grid points": region.n_points,
                "seeds": region.n_complete,
                "planned": len(region.seeds),
                "mean of stable points": region.mean,
                "least": min(counts, default=None),
                "greatest": max(counts, default=None),
                "best at": "; ".join(point_text(point) for point in region.best) or None,
                "stable there": region.best_stable,
                "judged there": region.best_judged,
            }
        )
    return Table(
        name="regions",
        caption="Stable grid points of a seed, by arm, over the seeds with a judged run at every grid point. Best: the"
        " grid points with most stable runs, chosen by these very runs.",
        frame=frame(rows, whole=("least", "greatest")),
    )


def _stable_points(results: Findings) -> Table:
    """Stable grid points by seed, a column an arm."""
    by_arm = {region.arm: region for region in results.regions}
    rows = [
        {
            "seed": seed,
            **{
                arm: region.seeds[place].stable if region.seeds[place].judged == region.n_points else None
                for arm, region in by_arm.items()
            },
        }
        for place, seed in enumerate(results.seeds if by_arm else ())
    ]
    return Table(
        name="stable_points",
        caption="At how many grid points each seed's run ended stable; empty where not every one is judged.",
        frame=frame(rows, whole=tuple(by_arm)),
    )
