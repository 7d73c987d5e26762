"""When did runs learn, and when did those that had learned fail? Times on two clocks, in generator updates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import VerdictCode

# learning: from the start of training to learning. failure: from learning to failure
Clock = Literal["learning", "failure"]

CLOCKS: tuple[Clock, ...] = ("learning", "failure")
LEARNED = "learned"
CAUSES = (VerdictCode.COLLAPSED.value, VerdictCode.DIVERGED.value, VerdictCode.NONFINITE.value)


@dataclass(frozen=True, kw_only=True)
class RunTime:
    """One run's time on a clock, in generator updates, and the event that ended it; None if it was censored then.

    The event of the learning clock is "learned"; a run that never learned is censored at its budget, also if it was no
    longer finite before. Events of the failure clock are the verdicts collapsed, diverged and nonfinite; only runs
    that learned before they failed are on it, and those that did not fail are censored at the end of their budget.
    """

    seed: int
    time: float
    event: str | None


def run_times(data: StudyData, verdicts: pd.DataFrame, clock: Clock) -> dict[int, RunTime]:
    """The times of the runs that are on a clock, by run id."""
    updates = data.used.set_index("run_id")["g_steps"].to_dict()
    measure = _learning_time if clock == "learning" else _failure_time
    rows = verdicts.to_dict(orient="records")
    found = {row["run_id"]: measure(row, int(updates[row["run_id"]])) for row in rows}
    return {run_id: time for run_id, time in found.items() if time is not None}


def _learning_time(row: Mapping[Any, Any], per_step: int) -> RunTime:
    if pd.isna(row["learned_step"]):
        return RunTime(seed=row["seed"], time=float(row["final_step"] * per_step), event=None)
    return RunTime(seed=row["seed"], time=float(row["learned_step"] * per_step), event=LEARNED)


def _failure_time(row: Mapping[Any, Any], per_step: int) -> RunTime | None:
    """None for a run that never learned, or was no longer finite before it did."""
    learned = row["learned_step"]
    failed = row["verdict"] in CAUSES
    end = row["onset_step"] if failed else row["final_step"]
    if pd.isna(learned) or end < learned:
        return None
    cause = str(row["verdict"]) if failed else None
    return RunTime(seed=row["seed"], time=float((end - learned) * per_step), event=cause)
