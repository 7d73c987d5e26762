"""Did training oscillate at its end, and does the loss tell?

Three indices. Losses are recorded by every GAN, but they tell of the game and not of the samples; mode hopping and
drift look at what the same z is mapped to. Whether the loss orders the arms as these do is for the data to say.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.chapters.form import Caption, Chapter, Judged, Place, ReportFigure, place_of, spread_text
from analysis.counting import counted
from analysis.figures.designs import HOPPING, mode_hopping
from analysis.figures.traces import curves
from analysis.judging.judgements import mean_over_second_half
from analysis.judging.verdicts import LABELLED
from analysis.results.parts import summarized
from analysis.results.wording import point_text
from analysis.tables.columns import frame, place_columns, summary_columns, summary_interval
from analysis.tables.formats import Table
from runs.store import Trace

Index = Literal["mode hopping", "drift", "loss oscillation"]

TITLE = "Oscillation"
INDICES: tuple[Index, ...] = ("mode hopping", "drift", "loss oscillation")
NO_LABELS = "The data have no labels: mode hopping is not defined, and drift is what the loss is compared with."


def oscillation(judged: Judged) -> Chapter:
    """Indices by arm, and whether drift and loss order the arms as mode hopping does (as drift does without labels)."""
    labelled = (judged.data.classes or 0) >= LABELLED
    indices = INDICES if labelled else INDICES[1:]
    by_run = _by_run(judged)
    reference, *others = indices
    orders = {
        (index, str(point)): compare_orders(_medians(judged, by_run, point)[[index, reference]], point)
        for index in others
        for point in judged.data.study.grid_points()
    }
    of_loss = [order for (index, _), order in orders.items() if index == "loss oscillation"]
    told = [order for order in orders.values() if of_loss != [order]]  # the only one of the loss is the gist
    return Chapter(
        name="oscillation",
        title=TITLE,
        gist=_gist(of_loss),
        sentences=[
            *(sentence for sentence, _ in told),
            *(() if labelled or judged.data.classes is None else (NO_LABELS,)),
        ],
        tables=(
            Table(
                name="oscillation",
                caption="Oscillation over the second half of the budget, median [least, greatest] over the runs that"
                " have an index. Mode hopping: total variation between the class histograms of consecutive probes."
                " Drift: how far the same z moves in feature space between probes. Loss oscillation: G's loss, standard"
                " deviation over mean.",
                frame=_indices(judged, by_run, indices),
                intervals={name: summary_interval(name) for name in INDICES},
            ),
        ),
        figures=tuple(_figures(judged)),
    )


def _by_run(judged: Judged) -> pd.DataFrame:
    """The indices of every run, by run id; NaN where one is not finite, as after a halt."""
    series, runs = judged.data.series, judged.verdicts[["run_id", "final_step", "mode_hopping"]]
    rows = [
        (hopping, mean_over_second_half(series[run]["eval_drift"], end), loss_oscillation(series[run]["loss_g"], end))
        for run, end, hopping in runs.itertuples(index=False)
    ]
    return pd.DataFrame(rows, index=runs["run_id"], columns=list(INDICES), dtype=np.float64)


def loss_oscillation(loss: Trace, final_step: int) -> float:
    """Standard deviation of a loss over its mean, over the second half of the first ``final_step`` steps.

    0 where the players have come to rest, as at an equilibrium; positive where they orbit it. NaN where a loss is
    not finite, the mean is 0, or no point lies there.
    """
    values = loss.values[(loss.steps > final_step / 2) & (loss.steps <= final_step)]
    if not len(values) or not np.isfinite(values).all() or values.mean() == 0:
        return np.nan
    return float(values.std() / abs(values.mean()))


def _indices(judged: Judged, by_run: pd.DataFrame, indices: Sequence[Index]) -> pd.DataFrame:
    rows = []
    for cell in judged.data.study.cells():
        own = by_run.loc[judged.data.only([cell.arm], cell.grid_point).used["run_id"]]
        row: dict[str, Any] = place_columns(cell.arm, cell.grid_point)
        for index in indices:
            summary = summarized(own[index].to_numpy())
            row |= {f"runs, {index}": summary.n, **summary_columns(index, summary)}
        rows.append(row)
    return frame(rows)


def _medians(judged: Judged, by_run: pd.DataFrame, point: Mapping[str, Any]) -> pd.DataFrame:
    """By arm, over its runs at a grid point that have the index; NaN where none has."""
    runs = judged.data.only(point=point).used
    of_arm = by_run.loc[runs["run_id"]].groupby(runs["arm"].to_numpy(), observed=True).median()
    return of_arm.reindex(list(judged.data.study.arms))


def compare_orders(medians: pd.DataFrame, point: Mapping[str, Any]) -> tuple[str, bool]:
    """Whether an index, the first column, orders the arms by their medians as the second does, in a sentence.

    Also whether any pair of arms stands the other way round. Arms that lack one of the two are left out. Equal medians
    count as no order.
    """
    index, reference = medians.columns
    known = medians.dropna()
    pairs, ranks = list(itertools.combinations(known.index, 2)), known.rank()  # which infinite medians have, too
    signs = [np.sign(ranks.loc[x] - ranks.loc[y]).prod() for x, y in pairs]
    other_way = [pair for pair, sign in zip(pairs, signs, strict=True) if sign < 0]
    tied = sum(sign == 0 for sign in signs)
    where = f" at {point_text(point)}" if point else ""
    if tied == len(pairs):
        reason = "medians are equal in every pair" if pairs else "fewer than two arms have both"
        return f"Whether {index} orders the arms{where} as {reference} does cannot be said: {reason}.", False
    name = f"{index[0].upper()}{index[1:]}"
    if not other_way:
        but = f", but for {tied} of {counted(len(pairs), 'pair')} with equal medians, which have no order"
        return f"{name} orders the {len(known)} arms{where} as {reference} does{but if tied else ''}.", False
    return f"{name} misorders the arms{where}: {' '.join(_misorder(known, other_way, len(pairs)))}", True


def _misorder(known: pd.DataFrame, other_way: Sequence[tuple[str, str]], n_pairs: int) -> Iterator[str]:
    index, reference = known.columns
    shown = ", ".join(f"{x} against {y}" for x, y in other_way[:3])
    more = ", …" if len(other_way) > 3 else ""
    yield (
        f"{len(other_way)} of {counted(n_pairs, 'pair')} stand the other way round than by {reference} ({shown}{more})."
    )
    if known[index].idxmin() != known[reference].idxmin():
        yield f"Calmest by {reference} is {known[reference].idxmin()}, by {index} {known[index].idxmin()}."


def _gist(orders: Sequence[tuple[str, bool]]) -> str:
    """Of the loss, at every grid point."""
    if len(orders) == 1:
        return orders[0][0]
    otherwise = sum(reverses for _, reverses in orders)
    return f"The loss of G orders the arms otherwise than the samples do at {otherwise} of {len(orders)} grid points."


def _figures(judged: Judged) -> Iterator[ReportFigure]:
    """Mode hopping at each grid point, where the data have labels."""
    for point in judged.data.study.grid_points():
        of_point = judged.at(point)
        if np.isfinite(of_point.verdicts["mode_hopping"].to_numpy(np.float64)).any():
            yield _figure(of_point, place_of(point))


def _figure(judged: Judged, place: Place) -> ReportFigure:
    """How much the classes of the samples change from probe to probe."""
    arms = judged.arms()
    over_training = curves(judged.points([HOPPING]), judged.onsets(), {}, windows=False).medians
    index = judged.verdicts[["arm", "seed", "mode_hopping"]]
    medians = judged.verdicts.groupby("arm", observed=True)["mode_hopping"].median()
    spread = spread_text({arm: float(medians[arm]) for arm in arms})
    return ReportFigure(
        caption=Caption(
            name=f"hopping{place.suffix}",
            title=f"Mode hopping{place.where}",
            sentences=[f"Median over runs of the mean in the second half of the budget, from {spread}."],
            text="Total variation between the class histograms of consecutive probes, from the same z: 0 if no sample"
            " changes its class on balance, 1 if all do. Left: median and 25th to 75th percentile over runs. Right: one"
            " mark a run, bar: median. Random changes of class in samples that mean nothing count as well.",
            alt=f"Mode hopping over training, and its mean by arm: from {spread}.",
        ),
        data={"median": over_training, "run": index[np.isfinite(index["mode_hopping"])]},
        draw=partial(mode_hopping, over_training, index, arms=arms, styles=judged.styles),
    )
