"""Times to learning and to failure in a report: the figures, and what they say in short."""

from collections.abc import Iterator, Sequence
from functools import partial

from analysis.chapters.form import Caption, Place, ReportFigure
from analysis.counting import counted
from analysis.figures.survival import SurvivalPanel, incidence_by_cause, survival_curves
from analysis.report.drawing import Drawing, Heading
from analysis.results.document import Results
from analysis.results.times import ArmTimes, Clock, PairTimes
from analysis.results.wording import listed, p_text
from analysis.statistics import CumulativeIncidence, Durations, FirstToFail, SurvivalCurve, durations
from analysis.tables.times import clock_limits, n_events

TITLE = "Time to learning and to failure"

_PANELS: dict[Clock, tuple[str, str, str]] = {
    "learning": ("To learning", "share of runs not yet learned", "since the start"),
    "failure": ("From learning to failure", "share of runs not failed", "since learning"),
}


def time_chapter(results: Results) -> Heading:
    """How many learned and failed, and which arm of the primary contrast learned first."""
    return Heading(
        title=TITLE,
        gist=" ".join(_gist(results)),
        sentences=[
            clock_limits(results),
            *(pair.sentence for pair in results.time_to_event.pairs if not pair.grid_point),
        ],
        tables=("time_to_event_arms", "time_to_event_pairs"),
    )


def _gist(results: Results) -> Iterator[str]:
    learned = sum(arm.learned.count for arm in results.arms)
    failed = sum(n_events(arm) for arm in results.time_to_event.arms if arm.clock == "failure")
    yield f"{learned} of {results.counts.used} judged runs learned, and {failed} of those failed afterwards."
    for primary in results.of_role("primary"):
        for pair in results.time_to_event.pairs:
            same = (pair.first, pair.second, pair.grid_point) == (primary.first, primary.second, primary.grid_point)
            if same and pair.clock == "learning" and not primary.grid_point:
                yield _first_to_learn(pair, results.alpha)


def _first_to_learn(pair: PairTimes, alpha: float) -> str:
    found = pair.first_to_event
    if not isinstance(found, FirstToFail):
        return f"Which of {pair.first} and {pair.second} learned first: {found}."
    return (
        f"{pair.first} learned first in {found.first} of {counted(pair.n, 'pair')}, {pair.second} in {found.second}"
        f" (exact sign test {p_text(found.p, alpha)})."
    )


def time_figures(drawing: Drawing, place: Place) -> Iterator[ReportFigure]:
    """Kaplan-Meier curves of both clocks, and cumulative incidence where a run failed, at one grid point."""
    arms = [arm for arm in drawing.results.time_to_event.arms if arm.grid_point == place.point]
    if any(arm.runs for arm in arms):
        yield _survival_figure(drawing, place, arms)
    failing = [arm for arm in arms if arm.clock == "failure"]
    if any(n_events(arm) for arm in failing):
        yield _incidence_figure(drawing, place, failing)


def _survival_figure(drawing: Drawing, place: Place, arms: Sequence[ArmTimes]) -> ReportFigure:
    names = drawing.arms()
    counts = {
        clock: listed(
            [f"{arm.arm} {n_events(arm)} of {len(arm.runs)}" for arm in arms if arm.clock == clock and arm.runs]
        )
        for clock in _PANELS
    }
    summary = f"Learned: {counts['learning']}. Failed after learning: {counts['failure'] or 'none, as none learned'}."
    return ReportFigure(
        caption=Caption(
            name=f"survival{place.suffix}",
            section=TITLE,
            title=f"Runs without the event{place.where}",
            sentences=[summary],
            text=f"Kaplan–Meier curves with pointwise {1 - drawing.results.alpha:.0%} log-log bands, at 1 and 0"
            " beta product limits; an arm without an event has none, which does not make its curve certain; upright"
            " marks: runs watched to the end of their budget; below: runs at risk, 0 where"
            f" none learned. {clock_limits(drawing.results)}",
            alt=f"Step curves by arm, to learning and from learning to failure{place.where}. {summary}",
        ),
        draw=partial(
            survival_curves,
            [panel for clock in _PANELS if (panel := _panel(arms, names, clock)).curves],
            styles=drawing.styles,
        ),
    )


def _panel(arms: Sequence[ArmTimes], names: Sequence[str], clock: Clock) -> SurvivalPanel:
    title, share, since = _PANELS[clock]
    shown = [arm for arm in arms if arm.clock == clock and arm.arm in names]
    return SurvivalPanel(
        title=title,
        share=share,
        clock=since,
        samples={arm.arm: _durations(arm) for arm in shown},
        curves={arm.arm: arm.curve for arm in shown if isinstance(arm.curve, SurvivalCurve)},
    )


def _durations(arm: ArmTimes) -> Durations:
    return durations([run.time for run in arm.runs], [run.event is not None for run in arm.runs])


def _incidence_figure(drawing: Drawing, place: Place, arms: Sequence[ArmTimes]) -> ReportFigure:
    known = {arm.arm: arm.incidence for arm in arms if isinstance(arm.incidence, CumulativeIncidence)}
    failed = [arm.sentence for arm in arms if n_events(arm)]
    return ReportFigure(
        caption=Caption(
            name=f"incidence{place.suffix}",
            section=TITLE,
            title=f"Failures by cause{place.where}",
            sentences=failed,
            text="Aalen–Johansen estimate: of the runs that had learned (n), the share that each cause has ended by"
            " then, on top of each other; white: not failed. Causes compete, so no curve is 1 minus Kaplan–Meier."
            f" {clock_limits(drawing.results)}",
            alt=f"Stacked areas, a panel an arm{place.where}. {' '.join(failed)}",
        ),
        draw=partial(
            incidence_by_cause, known, budget=max(run.time for arm in arms for run in arm.runs), styles=drawing.styles
        ),
    )
