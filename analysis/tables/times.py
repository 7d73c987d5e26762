"""Tables of times to learning and to failure."""

from analysis.figures.style import VERDICTS
from analysis.findings.time_to_event import CAUSES
from analysis.results.document import Results
from analysis.results.times import ArmTimes, PairTimes
from analysis.results.wording import listed
from analysis.statistics import CumulativeIncidence, FirstToFail, LogRank, RestrictedMeans, SurvivalCurve
from analysis.statistics.mean_intervals import METHOD
from analysis.tables.columns import ends, frame, interval, level, place_columns, point_columns, reason
from analysis.tables.formats import Table


def clock_limits(results: Results) -> str:
    """What the clocks can tell: times are seen at probes, the second is conditional, and onsets need a future."""
    intervals = listed(sorted({f"{arm.probe_interval:,}" for arm in results.time_to_event.arms}))
    probes = results.thresholds["probes"]
    return (
        f"Times are interval-censored: learning, or the onset of a collapse or divergence, lies in the {intervals}"
        " updates before the probe that shows it. The failure clock is conditional on having learned: a run that never"
        f" learned is not on it. A collapse or divergence takes {probes:g} probes in a row up to the end of the budget:"
        f" none that begins within the last {probes - 1:g} probes is seen."
    )


def n_events(arm: ArmTimes) -> int:
    """How many of the runs on the clock had the event."""
    return sum(run.event is not None for run in arm.runs)


def arm_times_table(results: Results) -> Table:
    """Both clocks by arm."""
    return Table(
        name="time_to_event_arms",
        caption="Times to learning, and from learning to failure, in generator updates: Kaplan–Meier median with its"
        " interval (– not reached; ∞ no end), and share failed by cause at the last failure"
        f" (Aalen–Johansen). {clock_limits(results)}",
        frame=frame([_arm_row(arm) for arm in results.time_to_event.arms]),
        intervals={
            f"median {level(results)}": interval("median"),
            **{f"{VERDICTS[cause].meaning} {level(results)}": interval(cause) for cause in CAUSES},
        },
    )


def _arm_row(arm: ArmTimes) -> dict[str, object]:
    curve = arm.curve if isinstance(arm.curve, SurvivalCurve) else None
    by_cause: dict[str, object] = dict.fromkeys(name for cause in CAUSES for name in interval(cause))
    for cause in arm.incidence.causes if isinstance(arm.incidence, CumulativeIncidence) else ():
        low, high = (None if band is None else float(band[-1]) for band in (cause.low, cause.high))
        by_cause |= {cause.cause: float(cause.incidence[-1]), f"{cause.cause} low": low, f"{cause.cause} high": high}
    return {
        **place_columns(arm.arm, arm.grid_point),
        "clock": f"to {arm.clock}",
        "runs": len(arm.runs),
        "events": n_events(arm),
        "median": curve.median if curve else None,
        **ends("median", curve.median_interval if curve else None),
        "known up to": arm.probe_interval,
        **by_cause,
        "note": reason(arm.curve) or (listed(curve.note) or None if curve else None),
    }


def pair_times_table(results: Results) -> Table:
    """Comparisons of times within pairs."""
    return Table(
        name="time_to_event_pairs",
        caption="Times within matched pairs, first minus second, in generator updates: mean time up to τ (interval of"
        f" the difference: {METHOD}), how many runs had the event first, and tests, none of them registered. The exact"
        " sign test on who was first is the one to read: the χ² of the log-rank test within pairs is its approximation,"
        " and gives too small a p for few pairs (of 8 pairs that all decide, .034 instead of .070 for 7 to 1)."
        f" {clock_limits(results)}",
        frame=frame([_pair_row(pair) for pair in results.time_to_event.pairs], whole=_WHOLE),
        intervals={f"difference {level(results)}": interval("difference")},
    )


_WHOLE = ("first earlier", "second earlier", "together", "undecided")


def _pair_row(pair: PairTimes) -> dict[str, object]:
    means = pair.restricted if isinstance(pair.restricted, RestrictedMeans) else None
    first = pair.first_to_event if isinstance(pair.first_to_event, FirstToFail) else None
    rank = pair.log_rank if isinstance(pair.log_rank, LogRank) else None
    counts = (first.first, first.second, first.tied, first.undecided) if first else (None,) * len(_WHOLE)
    return {
        "arms": f"{pair.first} − {pair.second}",
        **point_columns(pair.grid_point),
        "clock": f"to {pair.clock}",
        "pairs": pair.n,
        "planned": pair.n_planned,
        **dict(zip(_WHOLE, counts, strict=True)),
        "sign test p": first.p if first else None,
        "τ": means.tau if means else None,
        "difference": means.difference if means else None,
        **ends("difference", means.interval if means else None),
        "sign-flip p": means.sign_flip.p if means else None,
        "log-rank χ²": rank.chi_square if rank else None,
        "log-rank p": rank.p if rank else None,
        "note": reason(pair.first_to_event, pair.restricted, pair.log_rank),
        "mean of first": means.first if means else None,
        "mean of second": means.second if means else None,
    }
