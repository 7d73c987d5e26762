"""Oscillation late in training, by three indices, and whether they agree on which arms oscillate.

Losses are recorded by every GAN, but they tell of the game and not of the samples; mode hopping and drift look at
what the same z is mapped to. Whether the loss orders the arms as these do is for the data to say.
"""

# A arms

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.counting import counted
from analysis.judging.judgements import mean_over_second_half
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import LABELLED
from analysis.results.parts import Summary
from analysis.results.quality import ArmOscillation, OrderComparison, Oscillation, OscillationIndex
from analysis.results.wording import point_text
from runs.store import Trace

Floats = NDArray[np.float64]

INDICES: tuple[OscillationIndex, ...] = ("mode_hopping", "drift", "loss")
NAMES: Mapping[OscillationIndex, str] = {"mode_hopping": "mode hopping", "drift": "drift", "loss": "loss oscillation"}
NO_LABELS = "The data have no labels: mode hopping is not defined, and drift is what the loss is compared with."


def oscillation(data: StudyData, verdicts: pd.DataFrame) -> Oscillation:
    """Indices of every arm, and whether drift and loss order the arms as mode hopping does (drift without labels).

    ``verdicts``: of ``judge_study(data)``. Runs whose index is not finite, as after a halt, are not counted.
    """
    labelled = (data.classes or 0) >= LABELLED
    indices = INDICES if labelled else INDICES[1:]
    by_run = _by_run(data, verdicts)
    arms = [
        ArmOscillation(
            arm=cell.arm,
            grid_point=cell.grid_point,
            indices={
                name: summary(by_run.loc[data.only([cell.arm], cell.grid_point).used["run_id"], name].to_numpy())
                for name in indices
            },
        )
        for cell in data.study.cells()
    ]
    reference, *others = indices
    return Oscillation(
        arms=tuple(arms),
        orders=tuple(
            compare_orders(arms, index, reference, point) for index in others for point in data.study.grid_points()
        ),
        notes=() if labelled or data.classes is None else (NO_LABELS,),
    )


def loss_oscillation(loss: Trace, final_step: int) -> float:
    """Standard deviation of a loss over its mean, over the second half of the first ``final_step`` steps.

    0 where the players have come to rest, as at an equilibrium; positive where they orbit it. NaN where a loss is
    not finite, the mean is 0, or no point lies there.
    """
    values = loss.values[(loss.steps > final_step / 2) & (loss.steps <= final_step)]
    if not len(values) or not np.isfinite(values).all() or values.mean() == 0:
        return np.nan
    return float(values.std() / abs(values.mean()))


def summary(values: Floats) -> Summary:
    """Of the values that are numbers, infinity included."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Summary(n=0, median=None, minimum=None, maximum=None)
    # the middle of two, one of them infinite, is infinite
    return Summary(n=len(known), median=float(np.median(known)), minimum=float(known.min()), maximum=float(known.max()))


def compare_orders(
    arms: Sequence[ArmOscillation], index: OscillationIndex, reference: OscillationIndex, point: Mapping[str, Any]
) -> OrderComparison:
    """The order of the arms at a grid point by their median index, beside that by the reference index.

    Arms in which no run has both indices are left out. Equal medians count as no order.
    """
    medians = {arm.arm: _medians(arm, (index, reference)) for arm in arms if arm.grid_point == point}
    known = {arm: (one, other) for arm, (one, other) in medians.items() if one is not None and other is not None}
    pairs = list(itertools.combinations(known, 2))
    reversed_pairs = [(x, y) for x, y in pairs if (known[x][0] - known[y][0]) * (known[x][1] - known[y][1]) < 0]
    order, reference_order = (tuple(sorted(known, key=lambda arm: known[arm][side])) for side in (0, 1))
    return OrderComparison(
        index=index,
        reference=reference,
        grid_point=point,
        order=order,
        reference_order=reference_order,
        n_pairs=len(pairs),
        n_reversed=len(reversed_pairs),
        sentence=" ".join(_sentence(index, reference, point, known, reversed_pairs, len(pairs))),
    )


def _by_run(data: StudyData, verdicts: pd.DataFrame) -> pd.DataFrame:
    rows = verdicts[["run_id", "final_step", "mode_hopping"]].to_dict(orient="records")
    indices = [
        {
            "mode_hopping": row["mode_hopping"],
            "drift": mean_over_second_half(data.series[row["run_id"]]["eval_drift"], row["final_step"]),
            "loss": loss_oscillation(data.series[row["run_id"]]["loss_g"], row["final_step"]),
        }
        for row in rows
    ]
    return pd.DataFrame(indices, index=[row["run_id"] for row in rows], columns=list(INDICES), dtype=np.float64)


def _medians(arm: ArmOscillation, indices: Sequence[OscillationIndex]) -> tuple[float | None, float | None]:
    one, other = (arm.indices[index].median for index in indices)
    return one, other


def _sentence(
    index: OscillationIndex,
    reference: OscillationIndex,
    point: Mapping[str, Any],
    known: Mapping[str, tuple[float, float]],
    reversed_pairs: Sequence[tuple[str, str]],
    n_pairs: int,
) -> Iterator[str]:
    where = f" at {point_text(point)}" if point else ""
    name, other = NAMES[index], NAMES[reference]
    if not n_pairs:
        yield f"Whether {name} orders the arms{where} as {other} does cannot be said: fewer than two arms have both."
        return
    calmest = [min(known, key=lambda arm: known[arm][side]) for side in (1, 0)]
    tied = sum(any(known[x][side] == known[y][side] for side in (0, 1)) for x, y in itertools.combinations(known, 2))
    if tied == n_pairs:
        yield f"Whether {name} orders the arms{where} as {other} does cannot be said: medians are equal in every pair."
        return
    if not reversed_pairs:
        but = f", but for {tied} of {counted(n_pairs, 'pair')} with equal medians, which have no order" if tied else ""
        yield f"{name[0].upper()}{name[1:]} orders the {len(known)} arms{where} as {other} does{but}."
        return
    shown = ", ".join(f"{x} against {y}" for x, y in reversed_pairs[:3])
    more = ", …" if len(reversed_pairs) > 3 else ""
    yield (
        f"{name[0].upper()}{name[1:]} misorders the arms{where}: {len(reversed_pairs)} of {counted(n_pairs, 'pair')}"
        f" stand the other way round than by {other} ({shown}{more})."
    )
    if calmest[0] != calmest[1]:
        yield f"Calmest by {other} is {calmest[0]}, by {name} {calmest[1]}."
