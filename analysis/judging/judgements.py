"""Verdicts on all runs of a study."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.judging.frames import StudyData
from analysis.judging.verdicts import LABELLED, Limits, Probes, Verdict, VerdictCode, judge, limits_from
from runs.plan import Thresholds
from runs.schema import CLOCK, PROBE_CHANGES, PROBES, STEP_TRACES
from runs.store import Trace

CODES = tuple(code.value for code in VerdictCode)
LABEL_PROBES = ("eval_modes", "eval_kl", "eval_confidence", "eval_hopping")  # mean nothing without labels


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that judging one run takes."""

    run: Mapping[Any, Any]  # its row of StudyData.runs
    probes: Probes
    first_nonfinite: Mapping[str, int]
    references: Mapping[str, Mapping[str, float]]
    classes: int

    def limits(self, thresholds: Thresholds) -> Limits:
        """Those thresholds as values of the probes on the run's data."""
        return limits_from(self.references, thresholds, self.classes)

    def verdict(self, thresholds: Thresholds, until_step: int | None = None) -> Verdict:
        """The verdict under those thresholds."""
        limits = self.limits(thresholds)
        return judge(self.probes, limits, first_nonfinite=self.first_nonfinite, until_step=until_step)


def cases(data: StudyData) -> list[Case]:
    """One case a used run, in the order of ``data.runs``."""
    return [_case(data, run) for run in data.used.to_dict(orient="records")]


def study_limits(data: StudyData) -> Limits | None:
    """The study's thresholds as values of the probes, on the first used run's data; None without a run."""
    references, classes = data.references, data.classes
    if references is None or classes is None:
        return None
    return limits_from(references, data.study.plan.thresholds, classes)


def judge_study(
    data: StudyData, *, thresholds: Thresholds | None = None, until: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """One row a used run, in the order of ``data.runs``: its verdict, and what it measured at the end.

    ``thresholds`` replace those of the study. ``until`` maps arms to the step at which their runs are judged as if
    training had stopped there; other arms are judged at the end. Columns:

    - run_id (int64), arm (categorical), seed, the grid factors
    - verdict (categorical of VerdictCode), not_stable (bool)
    - learned_step, onset_step (Int64), extent (categorical: total, partial): NA where there is none
    - degraded (bool): of a stable or an unlearned run; n_recoveries (int64)
    - evidence (words), evidence_trace, evidence_step, evidence_value, evidence_limit (NaN where there is none)
    - final_step: the last probe judged, and all probes there as final_frechet, final_precision, …
    - beats_gaussian_frechet, beats_gaussian_precision (bool): whether the last probe has a lower Fréchet distance, a
      higher precision, than images of a Gaussian in pixel space; a value that is not a number never has
    - updates_to_bar: updates of G until learned, +inf if never
    - mode_hopping: mean total variation between the class histograms of consecutive probes in the second half of
      the budget; NaN if no two probes lie there
    - train_seconds: training time until the last probe judged
    """
    chosen = thresholds or data.study.plan.thresholds
    stops = until or {}
    rows = [_row(data, case, case.verdict(chosen, stops.get(case.run["arm"])), stops) for case in cases(data)]
    names = ("run_id", "arm", "seed", *data.factors, *_VERDICT_COLUMNS, *_FINAL_COLUMNS)
    frame = pd.DataFrame(rows, columns=list(names))
    return frame.astype(
        {
            "arm": data.runs["arm"].dtype,
            "verdict": pd.CategoricalDtype(list(CODES)),
            "not_stable": bool,
            "learned_step": "Int64",
            "onset_step": "Int64",
            "extent": pd.CategoricalDtype(["total", "partial"]),
            "degraded": bool,
            **dict.fromkeys(_YARDSTICK_COLUMNS, bool),
        }
    )


def count_verdicts(verdicts: Iterable[str]) -> dict[str, int]:
    """How often each code occurs, every code present, in their order."""
    counts = Counter(str(verdict) for verdict in verdicts)
    return {code: counts[code] for code in CODES}


_VERDICT_COLUMNS = (
    "verdict",
    "not_stable",
    "learned_step",
    "onset_step",
    "extent",
    "degraded",
    "n_recoveries",
    "evidence",
    "evidence_trace",
    "evidence_step",
    "evidence_value",
    "evidence_limit",
)
_YARDSTICK_COLUMNS = ("beats_gaussian_frechet", "beats_gaussian_precision")
_FINAL_COLUMNS = (
    "final_step",
    *(f"final_{probe.removeprefix('eval_')}" for probe in PROBES),
    *_YARDSTICK_COLUMNS,
    "updates_to_bar",
    "mode_hopping",
    "train_seconds",
)


def _case(data: StudyData, run: Mapping[Any, Any]) -> Case:
    series = data.series[run["run_id"]]
    classes = data.classes_of(run["run_id"])
    labelled = classes >= LABELLED
    probes = Probes(
        steps=series["eval_frechet"].steps,
        frechet=series["eval_frechet"].values,
        precision=series["eval_precision"].values,
        density=series["eval_density"].values,
        recall=series["eval_recall"].values,
        diversity=series["eval_diversity"].values,
        confidence=series["eval_confidence"].values if labelled else None,
        modes=series["eval_modes"].values if labelled else None,
    )
    return Case(
        run=run,
        probes=probes,
        first_nonfinite=_first_nonfinite(data, run["run_id"], labelled),
        references=data.references_of(run["run_id"]),
        classes=classes,
    )


def _first_nonfinite(data: StudyData, run_id: int, labelled: bool) -> dict[str, int]:
    """First non-finite step by trace: of step traces at every step, however thin the recorded points are."""
    extremes = data.records[run_id].info["extremes"]
    first = {name: extremes[name]["first_nonfinite"] for name in STEP_TRACES}
    for name in (*PROBES, *PROBE_CHANGES):
        trace = data.series[run_id][name]
        broken = trace.steps[~np.isfinite(trace.values)]
        if len(broken) and (labelled or name not in LABEL_PROBES):
            first[name] = int(broken[0])
    return {name: step for name, step in first.items() if step is not None}


def _row(data: StudyData, case: Case, verdict: Verdict, stops: Mapping[str, int]) -> dict[str, Any]:
    series = data.series[case.run["run_id"]]
    steps = case.probes.steps
    last = int(np.searchsorted(steps, stops.get(case.run["arm"], steps[-1]), side="right")) - 1
    final_step = int(steps[last])
    learned = verdict.learned_step
    finals = {probe: float(series[probe].values[last]) for probe in PROBES}
    return {
        **{name: case.run[name] for name in ("run_id", "arm", "seed", *data.factors)},
        **_verdict_fields(verdict),
        "final_step": final_step,
        **{f"final_{probe.removeprefix('eval_')}": value for probe, value in finals.items()},
        **_beats_gaussian(finals, case.references),
        "updates_to_bar": np.inf if learned is None else float(learned * case.run["g_steps"]),
        "mode_hopping": mean_over_second_half(series["eval_hopping"], final_step),
        "train_seconds": series[CLOCK].values[last],
    }


def _verdict_fields(verdict: Verdict) -> dict[str, Any]:
    evidence = verdict.evidence
    return {
        "verdict": verdict.code.value,
        "not_stable": verdict.code is not VerdictCode.STABLE,
        "learned_step": verdict.learned_step,
        "onset_step": verdict.onset_step,
        "extent": verdict.extent,
        "degraded": verdict.degraded,
        "n_recoveries": len(verdict.recoveries),
        "evidence": evidence.words,
        "evidence_trace": evidence.trace,
        "evidence_step": evidence.step,
        "evidence_value": evidence.value,
        "evidence_limit": np.nan if evidence.limit is None else evidence.limit,
    }


def _beats_gaussian(finals: Mapping[str, float], references: Mapping[str, Mapping[str, float]]) -> dict[str, bool]:
    """The yardstick of a run: what has less than a Gaussian of pixels scores has learned little of images."""
    gaussian = references["pixel_gaussian"]
    better = (
        finals["eval_frechet"] < gaussian["eval_frechet"],
        finals["eval_precision"] > gaussian["eval_precision"],
    )
    return dict(zip(_YARDSTICK_COLUMNS, better, strict=True))


def mean_over_second_half(trace: Trace, final_step: int) -> float:
    """Mean of a trace over the second half of the first ``final_step`` steps; NaN if no point lies there."""
    within = (trace.steps > final_step / 2) & (trace.steps <= final_step)
    return float(trace.values[within].mean()) if within.any() else np.nan
