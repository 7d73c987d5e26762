"""From judged runs to everything that a report states."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.counting import counted
from analysis.findings.budgets import seconds_per_step, step_flops
from analysis.findings.contrasts import at_equal_compute, at_equal_updates
from analysis.findings.families import families, left_out
from analysis.findings.grid_means import grid_means
from analysis.findings.margins import judge_margins
from analysis.findings.regions import regions
from analysis.findings.smallest_p import smallest_p_by_role
from analysis.judging.guards import provenance
from analysis.judging.judgements import count_verdicts, study_limits
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import VerdictCode
from analysis.results.document import SCHEMA_VERSION, ArmResult, ContrastResult, Findings, MatchRow, RunCounts, Stamp
from analysis.results.parts import summarized
from analysis.results.wording import listed
from analysis.statistics import wilson
from runs.schema import BOTH_PLAYERS, PROBES, RunConfig, config_fields
from runs.store import RunRecord
from runs.study import Cell

SUMMARIZED = (*(f"final_{probe.removeprefix('eval_')}" for probe in PROBES), "updates_to_bar", "mode_hopping")
# settings that both players have, shown once where no arm gives its players different ones
_AS_ONE = ("architecture", "normalization", "init", "hidden_layers")
_ALWAYS_SHOWN = (
    *(name for short in ("architecture", "normalization") for name in (short, *BOTH_PLAYERS[short])),
    "lr_g",
    "lr_d",
)
_NO_SETTING = ("study", "arm", "seed", "width_g", "width_d", "inner_width_g", "inner_width_d")


def analyse(data: StudyData, verdicts: pd.DataFrame) -> Findings:
    """What several chapters and the answer state of arms and contrasts. ``verdicts``: of ``judge_study(data)``."""
    study = data.study
    contrasts, at_compute = at_equal_updates(data, verdicts), at_equal_compute(data)
    return Findings(
        schema_version=SCHEMA_VERSION,
        study=study.name,
        label=study.label,
        question=study.question,
        plan_hash=study.plan_hash,
        overrides=study.overrides,
        alpha=study.plan.alpha,
        stamps=_stamps(data),
        counts=_counts(data.runs),
        seeds=study.seeds,
        steps=tuple(sorted({cell.config.steps for cell in study.cells()})),
        arms=tuple(_arm_results(data, verdicts)),
        contrasts=contrasts,
        contrasts_at_equal_compute=at_compute,
        families=families(contrasts, data),
        margins=tuple(judge_margins(study.plan, contrasts)),
        smallest_p=tuple(smallest_p_by_role(contrasts)),
        regions=regions(data, verdicts),
        grid_means=tuple(grid_means(data, verdicts)),
        thresholds=asdict(study.plan.thresholds),
        limits=study_limits(data),
        references=data.references,
        match=tuple(_match_rows(data)),
        provenance=provenance(data.records.values()),
        plan_changes=data.plan_changes,
        problems=(*data.problems, *left_out(data), *_pair_problems(contrasts), *_without_size(contrasts, at_compute)),
    )


def _stamps(data: StudyData) -> tuple[Stamp, ...]:
    counts = _counts(data.runs)
    stamps = []
    if counts.missing:
        have = "has" if counts.planned == 1 else "have"
        reason = f"{counts.missing} of {counted(counts.planned, 'planned run')} {have} no complete record."
        stamps.append(Stamp(kind="INTERIM", reasons=(reason,)))
    reasons = []
    if data.plan_changed:
        reasons.append(f"The plan changed after runs were made: {'; '.join(data.plan_changes)}.")
    if data.study.overrides:
        changes = [f"{name}={value}" for name, value in data.study.overrides.items()]
        reasons.append(f"The command line changed the plan: {listed(changes)}.")
    if reasons:
        stamps.append(Stamp(kind="EXPLORATORY", reasons=tuple(reasons)))
    return tuple(stamps)


def _counts(runs: pd.DataFrame) -> RunCounts:
    planned, complete, used = len(runs), int(runs["complete"].sum()), int(runs["used"].sum())
    return RunCounts(
        planned=planned, complete=complete, missing=planned - complete, excluded=complete - used, used=used
    )


def _arm_results(data: StudyData, verdicts: pd.DataFrame) -> list[ArmResult]:
    cells = list(data.study.cells())
    settings = _differing_settings([cell.config for cell in cells])
    return [_arm_result(data, cell, verdicts, own) for cell, own in zip(cells, settings, strict=True)]


def _arm_result(data: StudyData, cell: Cell, verdicts: pd.DataFrame, settings: Mapping[str, Any]) -> ArmResult:
    part = data.only([cell.arm], cell.grid_point)
    judged = verdicts[verdicts["run_id"].isin(part.used["run_id"])]
    n, counts, confidence = len(judged), count_verdicts(judged["verdict"]), 1 - data.study.plan.alpha
    unlearned = judged["verdict"] == VerdictCode.UNLEARNED.value
    return ArmResult(
        arm=cell.arm,
        grid_point=cell.grid_point,
        settings=settings,
        counts=_counts(part.runs),
        verdicts={code: wilson(count, n, confidence) for code, count in counts.items()},
        not_stable=wilson(int(judged["not_stable"].sum()), n, confidence),
        learned=wilson(int(judged["learned_step"].notna().sum()), n, confidence),
        collapses_total=int((judged["extent"] == "total").sum()),
        stable_above_bar=int((~judged["not_stable"] & judged["evidence_value"].gt(judged["evidence_limit"])).sum()),
        degraded=int((judged["degraded"] & ~unlearned).sum()),
        degraded_unlearned=int((judged["degraded"] & unlearned).sum()),
        recovered=int((judged["n_recoveries"] > 0).sum()),
        beats_gaussian_frechet=int(judged["beats_gaussian_frechet"].sum()),
        beats_gaussian_precision=int(judged["beats_gaussian_precision"].sum()),
        summaries={name: summarized(judged[name].to_numpy(np.float64)) for name in SUMMARIZED},
        flops_per_step=step_flops(data, cell.arm, cell.grid_point),
        seconds_per_step=seconds_per_step(data, cell.arm, cell.grid_point),
    )


def _differing_settings(configs: Sequence[RunConfig]) -> list[dict[str, Any]]:
    """Of each config what not all share, and what is always shown."""
    fields = [config_fields(config) for config in configs]
    for short in _AS_ONE:
        g, d = BOTH_PLAYERS[short]
        if all(own[g] == own[d] for own in fields):
            fields = [
                {short if name == g else name: value for name, value in own.items() if name != d} for own in fields
            ]
    shown = [
        name
        for name in fields[0]
        if name in _ALWAYS_SHOWN or (name not in _NO_SETTING and any(own[name] != fields[0][name] for own in fields))
    ]
    return [{name: own[name] for name in shown} for own in fields]


def _match_rows(data: StudyData) -> Iterator[MatchRow]:
    study = data.study
    for cell in study.cells():
        used = data.only([cell.arm], cell.grid_point).used["run_id"]
        matched: Literal["matched", "unmatched"] = "matched" if study.is_matched(cell.arm) else "unmatched"
        yield MatchRow(
            arm=cell.arm,
            grid_point=cell.grid_point,
            declared="reference" if cell.arm == study.reference_arm else matched,
            **(_match(data.records[used.iloc[0]]) if len(used) else _NO_MATCH),
        )


_WIDTHS = ("width_g", "width_d", "inner_width_g", "inner_width_d")
_NO_MATCH: dict[str, Any] = dict.fromkeys(
    (
        *("hidden_layers_g", "hidden_layers_d", "depth_matched", *_WIDTHS),
        *("parameters_g", "parameters_d", "relative_g", "relative_d", "flops_g", "flops_d"),
    )
)


def _match(record: RunRecord) -> dict[str, Any]:
    match = record.info["match"]
    depths = [[match[f"{of}hidden_layers_{p}"] for p in "gd"] for of in ("", "reference_")]
    return {
        **dict(zip(("hidden_layers_g", "hidden_layers_d"), depths[0], strict=True)),
        "depth_matched": depths[0] == depths[1],
        **{name: record.config.get(name) for name in _WIDTHS},
        **{name: match[name] for name in ("parameters_g", "parameters_d", "flops_g", "flops_d")},
        **{f"relative_{p}": match[f"parameters_{p}"] / match[f"reference_parameters_{p}"] - 1 for p in "gd"},
    }


def _pair_problems(contrasts: Sequence[ContrastResult]) -> list[str]:
    """A sentence for every pair that is complete but not compared, each once."""
    sentences = [
        f"{listed(list(dict.fromkeys((contrast.first, contrast.second, *(contrast.minus or ())))))} are not compared at"
        f" {problem}."
        for contrast in contrasts
        for problem in contrast.pairs.problems
    ]
    return list(dict.fromkeys(sentences))


def _without_size(contrasts: Sequence[ContrastResult], at_compute: Sequence[ContrastResult]) -> list[str]:
    lacking = len(contrasts) - len(at_compute)
    if not lacking:
        return []
    are, their = ("is", "its") if lacking == 1 else ("are", "their")
    return [
        f"{counted(lacking, 'contrast')} {are} not given at equal computation: no run of one of {their} arms is"
        " complete, so that the FLOPs of a step are not known."
    ]
