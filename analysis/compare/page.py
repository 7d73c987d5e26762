"""Chosen runs beside each other in one HTML page: verdicts, what differs, samples, measures and traces."""

# P probes, C channels, H height, W width

import base64
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.figures.explorer import ExploredRun, explorer_of
from analysis.figures.parts import QUANTITY
from analysis.figures.runs import final_sheet, run_traces, shown_probes, training_strip
from analysis.figures.sheets import Images
from analysis.figures.style import VERDICTS, ArmStyle, VerdictStyle, arm_styles, save
from analysis.judging.guards import unmatched
from analysis.judging.judgements import cases
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import Verdict
from analysis.tables.formats import cell
from runs.records import RunRecord, RunStore, Trace
from runs.schema import SAMPLES, STEP_TRACES, TRACES
from runs.study import load_study, study_from_document, study_names

MEASURED = tuple(name for name in QUANTITY if name not in STEP_TRACES)
PIXELS_PER_INCH = 108  # of a figure on the page: at 96 its type would be smaller than the text needs


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparedRun:
    """One run of the page. images (P, 64, C, H, W) at the probes ``steps`` (P,); ``verdict`` None if no study is known.

    ``series``: its traces, steps as recorded.
    """

    label: str
    record: RunRecord
    series: Mapping[str, Trace]
    steps: Sequence[int]
    images: Images
    verdict: Verdict | None

    @property
    def updates_per_step(self) -> int:
        """Updates of G in a training step."""
        return int(self.record.config["g_steps"])

    def by_updates(self) -> dict[str, Trace]:
        """Its traces with their steps in updates of G."""
        factor = self.updates_per_step
        return {name: Trace(steps=one.steps * factor, values=one.values) for name, one in self.series.items()}


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """What the page shows of one run apart from its traces; pictures are data URLs."""

    label: str
    style: ArmStyle
    verdict: str
    verdict_style: VerdictStyle | None
    finals: Sequence[tuple[str, str]]
    sheet: str
    strip: str
    strip_updates: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """A figure as a data URL, and its size in CSS pixels."""

    source: str
    width: int
    height: int


def compared_run(record: RunRecord, store: RunStore) -> ComparedRun:
    """Everything of a complete record that the page shows, judged by the plan that it was recorded with."""
    with np.load(io.BytesIO(store.artifact(record, SAMPLES))) as samples:
        steps, images = samples["steps"].tolist(), samples["images"]
    series = store.traces(record, TRACES)
    return ComparedRun(
        label=f"run {record.id}: {record.config['arm']}, seed {record.config['seed']}",
        record=record,
        series=series,
        steps=steps,
        images=images,
        verdict=recorded_verdict(record, series),
    )


def recorded_verdict(record: RunRecord, series: Mapping[str, Trace]) -> Verdict | None:
    """The verdict by the thresholds of the plan that the run was recorded with; None for a run by hand."""
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
    return case.verdict(study.plan.thresholds)


def page(runs: Sequence[ComparedRun]) -> str:
    """The whole page: one HTML file that loads nothing."""
    styles = _styles(runs)
    here = Path(__file__).parent
    loader = FileSystemLoader([here, here.parent / "report"])  # page.css stands there
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    problem = unmatched([run.record for run in runs])
    return environment.get_template("compare.html.j2").render(
        title=" · ".join(run.label for run in runs),
        matched="All saw the same minibatches and the same noise, bit for bit." if problem is None else problem,
        cards=[_card(run, styles[run.label]) for run in runs],
        labels=[run.label for run in runs],
        differences=[(name, [cell(value) for value in row]) for name, row in differences(runs)],
        measures=_traces_figure(runs, MEASURED, styles),
        traces=_traces_figure(runs, STEP_TRACES, styles),
        explorer=Markup(explorer_of([_explored(run) for run in runs], styles, coloured_by="run")),
    )


def _styles(runs: Sequence[ComparedRun]) -> dict[str, ArmStyle]:
    """By label: the arms' own looks where the runs are of different arms of one study, else one a run."""
    arms = [str(run.record.config["arm"]) for run in runs]
    declared = {_declared_arms(run.record) for run in runs}
    of_one_study = len(declared) == 1 and set(arms) <= set(*declared)
    if of_one_study and len(set(arms)) == len(arms):
        styles = arm_styles(*declared)
        return {run.label: styles[arm] for run, arm in zip(runs, arms, strict=True)}
    return arm_styles([run.label for run in runs])


def _declared_arms(record: RunRecord) -> tuple[str, ...]:
    """Arms of the run's study, in the order of its file if it ships with the project: a record sorts its keys."""
    recorded = (record.info["plan"] or {}).get("arms", {})
    name = record.config["study"]
    shipped = load_study(name).arms if name in study_names() else {}
    return tuple(shipped if set(shipped) == set(recorded) else recorded)


def differences(runs: Sequence[ComparedRun]) -> list[tuple[str, list[Any]]]:
    """What the runs were configured and made with, where they differ: names, and a value a run."""
    made = [
        {
            **run.record.config,
            "parameters of G": run.record.info["match"]["parameters_g"],
            "parameters of D": run.record.info["match"]["parameters_d"],
            "device used": run.record.info["device"],
            "commit": run.record.info["code"]["commit"],
            **run.record.info["versions"],
        }
        for run in runs
    ]
    names = dict.fromkeys(name for one in made for name in one)
    rows = [(name, [one.get(name) for one in made]) for name in names]
    return [(name, row) for name, row in rows if any(value != row[0] for value in row[1:])]


def _card(run: ComparedRun, style: ArmStyle) -> RunCard:
    shown_steps = [run.steps[place] for place in shown_probes(len(run.steps))]
    verdict = run.verdict
    return RunCard(
        label=run.label,
        style=style,
        verdict="no verdict: made without a plan" if verdict is None else _in_words(verdict),
        verdict_style=None if verdict is None else VERDICTS[verdict.code.value],
        finals=[(QUANTITY[name][0], cell(float(run.series[name].values[-1]))) for name in MEASURED],
        sheet=_data_url(final_sheet(run.images), "image/png"),
        strip=_data_url(training_strip(run.images), "image/png"),
        strip_updates=[step * run.updates_per_step for step in shown_steps],
    )


def _in_words(verdict: Verdict) -> str:
    onset = "" if verdict.onset_step is None else f" from step {verdict.onset_step:,}"
    return f"{verdict.code.value}{onset}: {verdict.evidence.words}"


def _explored(run: ComparedRun) -> ExploredRun:
    onset = None if run.verdict is None else run.verdict.onset_step
    return ExploredRun(
        group=run.label,
        seed=int(run.record.config["seed"]),
        point="",
        run_id=run.record.id,
        verdict="no verdict" if run.verdict is None else run.verdict.code.value,
        onset=None if onset is None else onset * run.updates_per_step,
        updates_per_step=run.updates_per_step,
        series=run.series,
    )


def _traces_figure(runs: Sequence[ComparedRun], names: Sequence[str], styles: Mapping[str, ArmStyle]) -> PageFigure:
    figure = run_traces({run.label: run.by_updates() for run in runs}, names=names, styles=styles)
    width, height = (round(inches * PIXELS_PER_INCH) for inches in figure.get_size_inches())
    with tempfile.TemporaryDirectory() as folder:
        svg, *_ = save(figure, Path(folder) / "figure")
        return PageFigure(source=_data_url(svg.read_bytes(), "image/svg+xml"), width=width, height=height)


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
