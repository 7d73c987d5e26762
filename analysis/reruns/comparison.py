"""Whether runs that were trained again came out the same: to the bit, and in their verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.counting import counted
from analysis.judging.frames import load_study_data
from analysis.judging.judgements import judge_study
from analysis.judging.makings import OtherMaking, Pairs, other_makings, unknown_code
from analysis.judging.study_data import StudyData
from analysis.statistics.agreement import Agreement, agreement
from runs.errors import UserError
from runs.records import RunRecord, RunStore, Trace
from runs.reruns import own_threads, with_threads
from runs.samples import read_samples
from runs.schema import CLOCK, DISCRIMINATOR, GENERATOR, TRACES
from runs.study import Study

COMPARED = tuple(name for name in TRACES if name != CLOCK)
LISTED = 4  # names of what differs that a table shows; of more it shows how many


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """One run and its second training.

    differing: names of traces, and "images" (samples), "weights G", "weights D", that are not equal to the bit; empty
    if the two are equal. first_difference: first step at which a trace differs; None if none does.
    """

    arm: str
    grid_point: Mapping[str, Any]
    seed: int
    run_id: int
    rerun_id: int
    differing: tuple[str, ...]
    first_difference: int | None
    verdict: str
    verdict_again: str

    @property
    def equal(self) -> bool:
        """Whether the two are equal to the bit."""
        return not self.differing

    @property
    def only_recorded(self) -> bool:
        """Whether the two are one training with other values recorded: images and final weights are equal."""
        return not self.equal and set(self.differing) <= set(COMPARED)

    @property
    def differs_in(self) -> str:
        """What differs, for a table."""
        if len(self.differing) <= LISTED:
            return ", ".join(self.differing)
        traces = [name for name in self.differing if name in COMPARED]
        return ", ".join([f"{len(traces)} of {len(COMPARED)} traces", *self.differing[len(traces) :]])


@dataclass(frozen=True, kw_only=True)
class RerunSet:
    """All runs that were trained again with one thread count.

    same_threads: whether that is the study's own. equal: how many are equal to the bit. other_makings: what originals
    and repetitions were not made with alike. problems: what a reader of the comparison has to know, in sentences.
    """

    threads: int
    same_threads: bool
    runs: tuple[Rerun, ...]
    equal: int
    agreement: Agreement
    other_makings: tuple[OtherMaking, ...]
    problems: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The set in one line."""
        threads = counted(self.threads, "thread")
        how = f"the same number of threads ({self.threads})" if self.same_threads else f"{threads} instead"
        same = self.agreement.same
        verdicts = f"{same.count} of {same.n} got the same verdict"
        return f"Trained again with {how}: {self.equal} of {len(self.runs)} runs equal to the bit, {verdicts}."


def compare_reruns(study: Study, store: RunStore, again: RunStore) -> list[RerunSet]:
    """Compare a study's runs in ``store`` with their second trainings in ``again``, a set a thread count.

    The study's own thread count comes first. Verdicts of both are by the study's thresholds. Raises UserError if no
    run was trained again, or if the first record of one is missing.
    """
    found = again.find({"config.study": study.name})
    seeds = sorted({record.config["seed"] for record in found} & set(study.seeds))
    if not seeds:
        raise UserError(
            f"study {study.name}: no run was trained again; do it first: make reproducibility STUDY={study.name}"
        )
    own = own_threads(study)
    few = replace(study, seeds=tuple(seeds))
    first = load_study_data(few, store)
    counts = sorted({record.config["threads"] for record in found}, key=lambda threads: (threads != own, threads))
    sets = [_compared(first, load_study_data(with_threads(few, count), again), store, again) for count in counts]
    return [one for one in sets if one.runs]


def _compared(first: StudyData, second: StudyData, store: RunStore, again: RunStore) -> RerunSet:
    key = ["arm", "seed", *first.factors]
    pairs = judge_study(first).merge(judge_study(second), on=key, suffixes=("", "_again"), validate="one_to_one")
    pairs = pairs.astype({"verdict": str, "verdict_again": str})
    runs = tuple(_rerun(row, first, second, store, again) for row in pairs.to_dict(orient="records"))
    threads = own_threads(second.study)
    records = [(first.records[run.run_id], second.records[run.rerun_id]) for run in runs]
    makings = other_makings(records)
    return RerunSet(
        threads=threads,
        same_threads=threads == own_threads(first.study),
        runs=runs,
        equal=sum(run.equal for run in runs),
        agreement=agreement(pairs["verdict"], pairs["verdict_again"]),
        other_makings=makings,
        problems=(
            *_lacking(first, second),
            *_only_recorded(runs),
            *(making.sentence for making in makings),
            *_whether_code_is_known(records),
        ),
    )


def _rerun(row: Mapping[Any, Any], first: StudyData, second: StudyData, store: RunStore, again: RunStore) -> Rerun:
    ids = int(row["run_id"]), int(row["run_id_again"])
    differing, step = _trace_differences(first.series[ids[0]], second.series[ids[1]])
    artifacts = _artifact_differences(first.records[ids[0]], store, second.records[ids[1]], again)
    return Rerun(
        arm=str(row["arm"]),
        grid_point={factor: row[factor] for factor in first.factors},
        seed=int(row["seed"]),
        run_id=ids[0],
        rerun_id=ids[1],
        differing=(*differing, *artifacts),
        first_difference=step,
        verdict=str(row["verdict"]),
        verdict_again=str(row["verdict_again"]),
    )


def _trace_differences(one: Mapping[str, Trace], other: Mapping[str, Trace]) -> tuple[list[str], int | None]:
    """Names of the traces that are not equal to the bit, training times aside, and the first step of a difference."""
    steps = {name: _first_difference(one[name], other[name]) for name in COMPARED}
    differing = {name: step for name, step in steps.items() if step is not None}
    return list(differing), min(differing.values(), default=None)


def _first_difference(one: Trace, other: Trace) -> int | None:
    """First step at which two traces differ in a bit; NaN equals NaN, and 0 is not -0."""
    if not np.array_equal(one.steps, other.steps):
        return int(np.setxor1d(one.steps, other.steps)[0])
    unequal = one.values.view(np.int64) != other.values.view(np.int64)
    unequal &= ~(np.isnan(one.values) & np.isnan(other.values))
    return int(one.steps[unequal][0]) if unequal.any() else None


def _artifact_differences(one: RunRecord, store: RunStore, other: RunRecord, again: RunStore) -> list[str]:
    images = [read_samples(store, one)[1], read_samples(again, other)[1]]
    weights = {
        f"weights {role}": store.artifact(one, name) == again.artifact(other, name)
        for role, name in (("G", GENERATOR), ("D", DISCRIMINATOR))
    }
    equal = {"images": np.array_equal(images[0], images[1]), **weights}
    return [name for name, same in equal.items() if not same]


def _lacking(first: StudyData, second: StudyData) -> list[str]:
    return [
        f"{int((~data.runs['used']).sum())} of {len(data.runs)} {what} have no complete record that can be used."
        for data, what in ((first, "first runs"), (second, "repeated runs"))
        if not data.runs["used"].all()
    ]


def _only_recorded(runs: Sequence[Rerun]) -> Iterator[str]:
    """A sentence if some runs were the same training, of which other values were recorded."""
    those = [run for run in runs if run.only_recorded]
    if those:
        names = ", ".join(name for name in COMPARED if any(name in run.differing for run in those))
        yield (
            f"{len(those)} of {len(runs)} runs differ in recorded values only ({names}): their images and final weights"
            " are equal to the bit, so the training was the same."
        )


def _whether_code_is_known(records: Pairs) -> Iterator[str]:
    number = unknown_code(records)
    if number:
        yield (
            f"For {number} of {len(records)} runs no commit holds the code of original and repetition: whether it was"
            " the same is not recorded."
        )


def reruns_frame(sets: Sequence[RerunSet]) -> pd.DataFrame:
    """One row a repeated run: threads, arm, grid factors, seed, both ids, whether equal, and both verdicts."""
    rows = [
        {
            "threads": one.threads,
            "arm": run.arm,
            **run.grid_point,
            "seed": run.seed,
            "run": run.run_id,
            "again": run.rerun_id,
            "equal bits": run.equal,
            "differs from step": run.first_difference,
            "differs in": run.differs_in or None,
            "verdict": run.verdict,
            "verdict again": run.verdict_again,
        }
        for one in sets
        for run in one.runs
    ]
    return pd.DataFrame(rows).astype({"differs from step": "Int64"})
