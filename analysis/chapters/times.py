"""When did runs learn, and how long did those that had learned last? Curves by arm, and who was first within pairs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from analysis.chapters.form import Caption, Chapter, Judged, Place, ReportFigure, place_of
from analysis.counting import counted
from analysis.figures.style import VERDICTS
from analysis.figures.survival import SurvivalPanel, incidence_by_cause, incidence_rows, survival_curves, survival_rows
from analysis.judging.clocks import CAUSES, CLOCKS, Clock, RunTime, run_times
from analysis.judging.pairs import compared_pairs, paired_runs
from analysis.results.verdict_words import verdict_label
from analysis.results.wording import drawn_text, interval_text, listed, number, p_text, point_text, range_text, signed
from analysis.statistics import (
    CumulativeIncidence,
    Durations,
    FirstToFail,
    LogRank,
    NotEstimable,
    RestrictedMeans,
    SurvivalCurve,
    aalen_johansen,
    durations,
    first_to_fail,
    kaplan_meier,
    log_rank,
    restricted_means,
)
from analysis.statistics.mean_intervals import METHOD
from analysis.tables.columns import ends, frame, interval, level, place_columns, point_columns, reason
from analysis.tables.formats import Table
from runs.study import Cell

TITLE = "Time to learning and to failure"
PANELS: Mapping[Clock, tuple[str, str, str]] = {
    "learning": ("To learning", "share of runs not yet learned", "since the start"),
    "failure": ("From learning to failure", "share of runs not failed", "since learning"),
}
_CLOCK_NAMES: Mapping[Clock, str] = {"learning": "From the start to learning", "failure": "From learning to failure"}
_HAPPENED: Mapping[Clock, str] = {"learning": "learned", "failure": "failed"}
_FIRST = ("first earlier", "second earlier", "together", "undecided")

Times = Mapping[int, RunTime]


@dataclass(frozen=True, kw_only=True)
class ArmTimes:
    """The runs of one arm at one grid point that are on a clock, and their curve: the share without event.

    incidence: of the failure clock, by cause.
    """

    cell: Cell
    clock: Clock
    runs: Sequence[RunTime]
    curve: SurvivalCurve | NotEstimable
    incidence: CumulativeIncidence | NotEstimable | None

    @property
    def n_events(self) -> int:
        """How many of the runs had the event."""
        return sum(run.event is not None for run in self.runs)


@dataclass(frozen=True, kw_only=True)
class PairTimes:
    """Times of two arms, first minus second, over the ``n`` matched pairs whose runs are both on the clock.

    restricted: mean time without event up to ``restricted.tau``: the budget, and on the failure clock the time up to
    which every run was watched.
    """

    pair: tuple[str, str]
    point: Mapping[str, Any]
    clock: Clock
    n_planned: int
    n: int
    restricted: RestrictedMeans | NotEstimable
    log_rank: LogRank | NotEstimable
    first_to_event: FirstToFail | NotEstimable


def times(judged: Judged) -> Chapter:
    """Both clocks, for every arm at every grid point and for every pair of arms of a registered contrast."""
    data = judged.data
    on_clock = {clock: run_times(data, judged.verdicts, clock) for clock in CLOCKS}
    arms = [arm_times(judged, cell, clock, on_clock[clock]) for clock in CLOCKS for cell in data.study.cells()]
    pairs = [
        pair_times(judged, pair, point, clock, on_clock[clock])
        for clock in CLOCKS
        for pair in compared_pairs(data)
        for point in data.study.grid_points()
    ]
    limits = clock_limits(judged)
    return Chapter(
        name="times",
        title=TITLE,
        gist=" ".join(_gist(judged, arms, pairs)),
        sentences=[limits, *(pair_sentence(pair, judged.alpha) for pair in pairs if not pair.point)],
        tables=(_arm_table(judged, arms, limits), _pair_table(judged, pairs, limits)),
        figures=tuple(_figures(judged, arms, limits)),
    )


def clock_limits(judged: Judged) -> str:
    """What the clocks can tell: times are seen at probes, the second is conditional, and onsets need a future."""
    intervals = listed(sorted({f"{_probe_interval(cell):,}" for cell in judged.data.study.cells()}))
    probes = judged.data.study.plan.thresholds.probes
    return (
        f"Times are interval-censored: learning, or the onset of a collapse or divergence, lies in the {intervals}"
        " updates before the probe that shows it. The failure clock is conditional on having learned: a run that never"
        f" learned is not on it. A collapse or divergence takes {probes:g} probes in a row up to the end of the budget:"
        f" none that begins within the last {probes - 1:g} probes is seen."
    )


def _probe_interval(cell: Cell) -> int:
    """Events are known up to so many generator updates."""
    return cell.config.eval_every * cell.config.g_steps


def _budget(cell: Cell) -> int:
    return cell.config.steps * cell.config.g_steps


def arm_times(judged: Judged, cell: Cell, clock: Clock, on_clock: Times) -> ArmTimes:
    """Of the used runs of a cell; ``on_clock``: of ``run_times``."""
    used, confidence = judged.data.only([cell.arm], cell.grid_point).used["run_id"], 1 - judged.alpha
    runs = [on_clock[run_id] for run_id in used if run_id in on_clock]
    incidence = None
    if clock == "failure":
        ended, causes = [run.time for run in runs], [run.event for run in runs]
        incidence = aalen_johansen(ended, causes, causes=CAUSES, confidence=confidence)
    curve = kaplan_meier(_durations(runs), confidence)
    return ArmTimes(cell=cell, clock=clock, runs=runs, curve=curve, incidence=incidence)


def _durations(runs: Sequence[RunTime]) -> Durations:
    return durations([run.time for run in runs], [run.event is not None for run in runs])


def pair_times(
    judged: Judged, pair: tuple[str, str], point: Mapping[str, Any], clock: Clock, on_clock: Times
) -> PairTimes:
    """Of the matched pairs at a grid point; ``on_clock``: of ``run_times``."""
    runs = paired_runs(judged.data, pair, [point])[:, 0].tolist()
    both = [[on_clock[run_id] for run_id in ids] for ids in runs if all(run_id in on_clock for run_id in ids)]
    first, second = (_durations([runs[side] for runs in both]) for side in (0, 1))
    # every run was watched up to the budget; on the failure clock up to the earliest censoring
    censored = [time for sample in (first, second) for time in sample.time[~sample.observed]]
    budget = _budget(judged.data.study.cell(pair[0], point))
    tau = float(min([budget, *(censored if clock == "failure" else [])]))
    no_time = NotEstimable(reason="a run learned at its last probe: no time after learning to compare", n=first.n)
    return PairTimes(
        pair=pair,
        point=point,
        clock=clock,
        n_planned=len(judged.data.study.seeds),
        n=len(both),
        restricted=restricted_means(first, second, tau=tau, confidence=1 - judged.alpha) if tau else no_time,
        log_rank=log_rank(first, second),
        first_to_event=first_to_fail(first, second),
    )


def _gist(judged: Judged, arms: Sequence[ArmTimes], pairs: Sequence[PairTimes]) -> Iterator[str]:
    learned, failed = (sum(arm.n_events for arm in arms if arm.clock == clock) for clock in CLOCKS)
    yield f"{learned} of {len(judged.verdicts)} judged runs learned, and {failed} of those failed afterwards."
    primary = judged.data.study.plan.primary
    for times in pairs:
        asked = times.pair == (primary.first, primary.second) and primary.minus is None
        if asked and times.clock == "learning" and not times.point:
            yield _first_to_learn(times, judged.alpha)


def _first_to_learn(times: PairTimes, alpha: float) -> str:
    (first, second), found = times.pair, times.first_to_event
    if not isinstance(found, FirstToFail):
        return f"Which of {first} and {second} learned first: {found}."
    return (
        f"{first} learned first in {found.first} of {counted(times.n, 'pair')}, {second} in {found.second}"
        f" (exact sign test {p_text(found.p, alpha)})."
    )


def pair_sentence(times: PairTimes, alpha: float) -> str:
    """The comparison in words: means, log-rank test, and who was first."""
    (first, second), earlier, means = times.pair, times.first_to_event, times.restricted
    where = f", at {point_text(times.point)}" if times.point else ""
    pairs = f"{times.n} of {times.n_planned} planned pairs"
    subject = f"{_CLOCK_NAMES[times.clock]}, {first} minus {second}{where} ({pairs})"
    if isinstance(earlier, NotEstimable):
        nobody = times.clock == "failure" and not times.n
        return f"{subject}: {'no pair in which both runs learned' if nobody else earlier}."
    mean = f"mean time: {means}"
    if isinstance(means, RestrictedMeans):
        mean = (
            f"mean time up to {number(means.tau)} updates {number(means.first)} against {number(means.second)},"
            f" difference {signed(means.difference)} {interval_text(means.interval)},"
            f" sign-flip{drawn_text(means.sign_flip)} {p_text(means.sign_flip.p, alpha)}"
        )
    rank = times.log_rank
    in_pairs = p_text(rank.p, alpha) if isinstance(rank, LogRank) else f"none, {rank}"
    return (
        f"{subject}: {mean}; log-rank within pairs (asymptotic) {in_pairs}; {first} {_HAPPENED[times.clock]} first in"
        f" {earlier.first}, {second} in {earlier.second}, together in {earlier.tied}, undecided in"
        f" {earlier.undecided}, sign test {p_text(earlier.p, alpha)}."
    )


def _arm_table(judged: Judged, arms: Sequence[ArmTimes], limits: str) -> Table:
    return Table(
        name="time_to_event_arms",
        caption="Times to learning, and from learning to failure, in generator updates: Kaplan–Meier median with its"
        " interval (– not reached; ∞ no end), and share failed by cause at the last failure"
        f" (Aalen–Johansen). {limits}",
        frame=frame([_arm_row(times) for times in arms]),
        intervals={
            f"median {level(judged.alpha)}": interval("median"),
            **{f"{VERDICTS[cause].meaning} {level(judged.alpha)}": interval(cause) for cause in CAUSES},
        },
    )


def _arm_row(times: ArmTimes) -> dict[str, object]:
    curve = times.curve if isinstance(times.curve, SurvivalCurve) else None
    by_cause: dict[str, object] = dict.fromkeys(name for cause in CAUSES for name in interval(cause))
    for cause in times.incidence.causes if isinstance(times.incidence, CumulativeIncidence) else ():
        low, high = (None if band is None else float(band[-1]) for band in (cause.low, cause.high))
        by_cause |= {cause.cause: float(cause.incidence[-1]), f"{cause.cause} low": low, f"{cause.cause} high": high}
    return {
        **place_columns(times.cell.arm, times.cell.grid_point),
        "clock": f"to {times.clock}",
        "runs": len(times.runs),
        "events": times.n_events,
        "median": curve.median if curve else None,
        **ends("median", curve.median_interval if curve else None),
        "known up to": _probe_interval(times.cell),
        **by_cause,
        "note": reason(times.curve) or (listed(curve.note) or None if curve else None),
    }


def _pair_table(judged: Judged, pairs: Sequence[PairTimes], limits: str) -> Table:
    return Table(
        name="time_to_event_pairs",
        caption="Times within matched pairs, first minus second, in generator updates: mean time up to τ (interval of"
        f" the difference: {METHOD}), how many runs had the event first, and tests, none of them registered. The exact"
        " sign test on who was first is the one to read: the χ² of the log-rank test within pairs is its approximation,"
        " and gives too small a p for few pairs (of 8 pairs that all decide, .034 instead of .070 for 7 to 1)."
        f" {limits}",
        frame=frame([_pair_row(times) for times in pairs], whole=_FIRST),
        p=("sign test p", "sign-flip p", "log-rank p"),
        intervals={f"difference {level(judged.alpha)}": interval("difference")},
    )


def _pair_row(times: PairTimes) -> dict[str, object]:
    means = times.restricted if isinstance(times.restricted, RestrictedMeans) else None
    first = times.first_to_event if isinstance(times.first_to_event, FirstToFail) else None
    rank = times.log_rank if isinstance(times.log_rank, LogRank) else None
    counts = (first.first, first.second, first.tied, first.undecided) if first else (None,) * len(_FIRST)
    return {
        "arms": f"{times.pair[0]} − {times.pair[1]}",
        **point_columns(times.point),
        "clock": f"to {times.clock}",
        "pairs": times.n,
        "planned": times.n_planned,
        **dict(zip(_FIRST, counts, strict=True)),
        "sign test p": first.p if first else None,
        "τ": means.tau if means else None,
        "difference": means.difference if means else None,
        **ends("difference", means.interval if means else None),
        "sign-flip p": means.sign_flip.p if means else None,
        "log-rank χ²": rank.chi_square if rank else None,
        "log-rank p": rank.p if rank else None,
        "note": reason(times.first_to_event, times.restricted, times.log_rank),
        "mean of first": means.first if means else None,
        "mean of second": means.second if means else None,
    }


def _figures(judged: Judged, arms: Sequence[ArmTimes], limits: str) -> Iterator[ReportFigure]:
    """At each grid point, curves of both clocks, and cumulative incidence where a run failed."""
    for point in judged.data.study.grid_points():
        place, here = place_of(point), [times for times in arms if times.cell.grid_point == point]
        if any(times.runs for times in here):
            yield _survival_figure(judged.at(point), place, here, limits)
        failing = [times for times in here if times.clock == "failure"]
        if any(times.n_events for times in failing):
            yield _incidence_figure(judged, place, failing, limits)


def _survival_figure(judged: Judged, place: Place, arms: Sequence[ArmTimes], limits: str) -> ReportFigure:
    learned, failed = (
        listed([f"{of.cell.arm} {of.n_events} of {len(of.runs)}" for of in arms if of.clock == clock and of.runs])
        for clock in CLOCKS
    )
    summary = f"Learned: {learned}. Failed after learning: {failed or 'none, as none learned'}."
    panels = [panel for clock in CLOCKS if (panel := _panel(arms, judged.arms(), clock)).curves]
    return ReportFigure(
        caption=Caption(
            name=f"survival{place.suffix}",
            title=f"Runs without the event{place.where}",
            sentences=[summary],
            text=f"Kaplan–Meier curves with pointwise {1 - judged.alpha:.0%} log-log bands, at 1 and 0"
            " beta product limits; an arm without an event has none, which does not make its curve certain; upright"
            " marks: runs watched to the end of their budget; below: runs at risk, 0 where"
            f" none learned. {limits}",
            alt=f"Step curves by arm, to learning and from learning to failure{place.where}. {summary}",
        ),
        data=survival_rows(panels),
        draw=partial(survival_curves, panels, styles=judged.styles),
    )


def _panel(arms: Sequence[ArmTimes], names: Sequence[str], clock: Clock) -> SurvivalPanel:
    title, share, since = PANELS[clock]
    shown = [times for times in arms if times.clock == clock and times.cell.arm in names]
    return SurvivalPanel(
        title=title,
        share=share,
        clock=since,
        samples={times.cell.arm: _durations(times.runs) for times in shown},
        curves={times.cell.arm: times.curve for times in shown if isinstance(times.curve, SurvivalCurve)},
    )


def _incidence_figure(judged: Judged, place: Place, arms: Sequence[ArmTimes], limits: str) -> ReportFigure:
    known = {times.cell.arm: times.incidence for times in arms if isinstance(times.incidence, CumulativeIncidence)}
    failed = [failure_sentence(times) for times in arms if times.n_events]
    last = max(run.time for times in arms for run in times.runs) or 1.0  # all failed where they had learned
    return ReportFigure(
        caption=Caption(
            name=f"incidence{place.suffix}",
            title=f"Failures by cause{place.where}",
            sentences=failed,
            text="Aalen–Johansen estimate: of the runs that had learned (n), the share that each cause has ended by"
            " then, on top of each other; white: not failed. Causes compete, so no curve is 1 minus Kaplan–Meier."
            f" {limits}",
            alt=f"Stacked areas, a panel an arm{place.where}. {' '.join(failed)}",
        ),
        data=incidence_rows(known, last),
        draw=partial(incidence_by_cause, known, last=last, styles=judged.styles),
    )


def failure_sentence(times: ArmTimes) -> str:
    """How many runs failed after they had learned, and of what; for times with a failure."""
    where = f" at {point_text(times.cell.grid_point)}" if times.cell.grid_point else ""
    return (
        f"{times.n_events} of the {len(times.runs)} {times.cell.arm} runs{where} that learned failed afterwards:"
        f" {listed(list(_shares(times.runs, times.incidence)))}."
    )


def _shares(runs: Sequence[RunTime], incidence: CumulativeIncidence | NotEstimable | None) -> Iterator[str]:
    if not isinstance(incidence, CumulativeIncidence):
        return
    counts = Counter(run.event for run in runs)
    for cause in incidence.causes:
        if cause.low is not None and cause.high is not None:
            share = f"incidence {number(cause.incidence[-1])} {range_text(cause.low[-1], cause.high[-1])}"
            by = f"by {number(incidence.times[-1])} updates after learning"
            yield f"{counts[cause.cause]} {verdict_label(cause.cause)} ({share} {by})"
