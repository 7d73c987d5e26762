"""Chosen runs beside each other in one HTML page: verdicts, what differs, samples, measures and traces."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.compare.compared import ComparedRun, common_lines
from analysis.figures.explorer import ExploredRun, explorer_of
from analysis.figures.parts import QUANTITY, ReferenceLine
from analysis.figures.pictures import Picture, data_url, written
from analysis.figures.runs import final_sheet, run_traces, training_strip
from analysis.figures.sheets import shown_probes
from analysis.figures.style import VERDICTS, ArmStyle, VerdictStyle, arm_styles
from analysis.judging.guards import unmatched
from analysis.judging.verdicts import Verdict
from analysis.results.wording import number
from analysis.tables.formats import ABSENT, cell
from runs.records import RunRecord
from runs.schema import STEP_TRACES
from runs.study import load_study, study_names

MEASURED = tuple(name for name in QUANTITY if name not in STEP_TRACES)


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """What the page shows of one run apart from its traces; pictures are data URLs.

    run: its row in the table of verdicts, after the verdict's letter.
    """

    label: str
    style: ArmStyle
    run: Sequence[str]
    verdict: str
    verdict_style: VerdictStyle | None
    finals: Sequence[tuple[str, str]]
    sheet: str
    strip: str
    strip_updates: Sequence[int]


def page(runs: Sequence[ComparedRun]) -> str:
    """The whole page: one HTML file that loads nothing."""
    styles, lines = _styles(runs), common_lines(runs)
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
        measures=_traces_figure(runs, MEASURED, styles, lines),
        traces=_traces_figure(runs, STEP_TRACES, styles, {}),
        several_bars=len({number(run.judged.limits.bar) for run in runs if run.judged is not None}) > 1,
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
    judged = run.judged
    return RunCard(
        label=run.label,
        style=style,
        run=_row(run),
        verdict="no verdict: made without a plan" if judged is None else _in_words(judged.verdict),
        verdict_style=None if judged is None else VERDICTS[judged.verdict.code.value],
        finals=[(QUANTITY[name][0], cell(float(run.series[name].values[-1]))) for name in MEASURED],
        sheet=data_url(final_sheet(run.images), "image/png"),
        strip=data_url(training_strip(run.images), "image/png"),
        strip_updates=[step * run.updates_per_step for step in shown_steps],
    )


def _row(run: ComparedRun) -> list[str]:
    config, judged = run.record.config, run.judged
    told = [str(run.record.id), config["study"], config["arm"], str(config["seed"])]
    if judged is None:
        return [*told, "no verdict", ABSENT, ABSENT, ABSENT]
    updates = "never" if run.updates_to_bar is None else cell(run.updates_to_bar)
    return [*told, judged.verdict.code.value, cell(run.onset), updates, cell(judged.limits.bar)]


def _in_words(verdict: Verdict) -> str:
    onset = "" if verdict.onset_step is None else f" from step {verdict.onset_step:,}"
    return f"{verdict.code.value}{onset}: {verdict.evidence.words}"


def _explored(run: ComparedRun) -> ExploredRun:
    return ExploredRun(
        group=run.label,
        seed=int(run.record.config["seed"]),
        point="",
        run_id=run.record.id,
        verdict="no verdict" if run.judged is None else run.judged.verdict.code.value,
        onset=run.onset,
        updates_per_step=run.updates_per_step,
        series=run.series,
    )


def _traces_figure(
    runs: Sequence[ComparedRun],
    names: Sequence[str],
    styles: Mapping[str, ArmStyle],
    lines: Mapping[str, Sequence[ReferenceLine]],
) -> Picture:
    figure = run_traces(
        {run.label: run.by_updates() for run in runs},
        names=names,
        styles=styles,
        onsets={run.label: run.onset for run in runs if run.onset is not None},
        lines=lines,
    )
    with tempfile.TemporaryDirectory() as folder:
        return written(figure, Path(folder) / "figure")
