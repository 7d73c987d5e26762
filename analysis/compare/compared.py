"""A run of the comparison with all that the page shows of it, judged by the plan that it was recorded with."""

# P probes, C channels, H height, W width

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.figures.parts import ReferenceLine
from analysis.figures.sheets import Images
from analysis.figures.yardsticks import probe_lines
from analysis.judging.judgements import cases
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import Limits, Verdict
from analysis.results.wording import number
from runs.records import RunRecord, RunStore, Trace
from runs.samples import read_samples
from runs.schema import TRACES
from runs.study import study_from_document


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict, and the limits that it was made by."""

    verdict: Verdict
    limits: Limits


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparedRun:
    """One run of the page. images (P, 64, C, H, W) at the probes ``steps`` (P,); ``judged`` None if no study is known.

    ``series``: its traces, steps as recorded.
    """

    label: str
    record: RunRecord
    series: Mapping[str, Trace]
    steps: Sequence[int]
    images: Images
    judged: Judgement | None

    @property
    def updates_per_step(self) -> int:
        """Updates of G in a training step."""
        return int(self.record.config["g_steps"])

    @property
    def onset(self) -> int | None:
        """Updates of G at the onset of failure; None for a run that did not fail so, or has no verdict."""
        return self._in_updates(None if self.judged is None else self.judged.verdict.onset_step)

    @property
    def updates_to_bar(self) -> int | None:
        """Updates of G until it had learned; None for a run that never did, or has no verdict."""
        return self._in_updates(None if self.judged is None else self.judged.verdict.learned_step)

    @property
    def lines(self) -> dict[str, list[ReferenceLine]]:
        """By trace: what real images score, and the limits if it was judged."""
        return probe_lines(self.record.info["references"], None if self.judged is None else self.judged.limits)

    def by_updates(self) -> dict[str, Trace]:
        """Its traces with their steps in updates of G."""
        factor = self.updates_per_step
        return {name: Trace(steps=one.steps * factor, values=one.values) for name, one in self.series.items()}

    def _in_updates(self, step: int | None) -> int | None:
        return None if step is None else step * self.updates_per_step


def compared_run(record: RunRecord, store: RunStore) -> ComparedRun:
    """Everything of a complete record that the page shows."""
    steps, images = read_samples(store, record)
    series = store.traces(record, TRACES)
    return ComparedRun(
        label=f"run {record.id}: {record.config['arm']}, seed {record.config['seed']}",
        record=record,
        series=series,
        steps=steps.tolist(),
        images=images,
        judged=judgement(record, series),
    )


def judgement(record: RunRecord, series: Mapping[str, Trace]) -> Judgement | None:
    """By the thresholds of the plan that the run was recorded with; None for a run by hand."""
    plan = record.info["plan"]
    if plan is None:
        return None
    study = study_from_document(plan, where=f"study of run {record.id}")
    alone = StudyData(
        study=study,
        runs=pd.DataFrame({"run_id": [record.id], "used": [True]}),
        records={record.id: record},
        series={record.id: series},
        problems=(),
        plan_changes=(),
    )
    (case,) = cases(alone)
    thresholds = study.plan.thresholds
    return Judgement(verdict=case.verdict(thresholds), limits=case.limits(thresholds))


def common_lines(runs: Sequence[ComparedRun]) -> dict[str, list[ReferenceLine]]:
    """By trace: the lines that are the same for all runs, to the three digits that a reader sees."""
    first, *others = [run.lines for run in runs]
    return {
        name: [line for line in lines if all(any(_alike(line, one) for one in other[name]) for other in others)]
        for name, lines in first.items()
    }


def _alike(one: ReferenceLine, other: ReferenceLine) -> bool:
    same_kind = (one.label, one.dashed) == (other.label, other.dashed)
    return same_kind and number(one.value) == number(other.value)
