"""Where studies stand, in lines of text: what matters first, columns aligned."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from runs.standing.standing import Standing
from runs.standing.unfinished import State, Unfinished
from runs.tables import aligned
from runs.times import utc_now
from runs.wording import counted, duration

_BAR = 40  # characters
_MOST_ROWS = 20  # of a table; the rest is counted
_RIGHT = ("run", "seed", "step", "speed", "left", "last heard")
_MEANING: dict[State, str] = {
    "running": "",
    "failed": "ended by an error",
    "dead": "says RUNNING, but nothing was heard of it for two minutes: killed",
    "interrupted": "stopped on request; continues from its checkpoint",
    "incomplete": "ended, but its record lacks something; it is recorded again",
}


def study_lines(standing: Standing) -> Iterator[str]:
    """One study in full."""
    yield _headline(standing)
    if standing.planned:
        yield _progress(standing)
    for state in _MEANING:
        yield from _section(state, standing.of(state))
    rest = list(_rest(standing))
    if rest:
        yield from ("", *rest)
    yield from ("", _next(standing))


def overview_lines(standings: Sequence[Standing]) -> Iterator[str]:
    """One line a study, then what is running now."""
    header = ("study", "complete", "running", "failed", "dead", "interrupted", "incomplete", "to do", "left")
    rows = [
        (
            one.name,
            f"{one.complete} of {one.planned}" if one.planned is not None else f"{one.complete} (no plan)",
            *(_number(len(one.of(state))) for state in _MEANING),
            _number(one.to_do),
            "" if one.left is None else duration(one.left),
        )
        for one in standings
    ]
    yield from aligned(header, rows, right=header[2:])
    running = [unfinished for one in standings for unfinished in one.running]
    yield from _section("running", running, with_study=True)
    yield from ("", "one study in full: make status STUDY=name")


def _headline(standing: Standing) -> str:
    if standing.planned is None:
        return f"{standing.name}: {counted(standing.complete, 'complete record')}; no study file says what was planned"
    return f"{standing.name}: {standing.complete} of {counted(standing.planned, 'run')} complete"


def _progress(standing: Standing) -> str:
    filled = int(_BAR * standing.share)
    parts = [f"[{'#' * filled}{'.' * (_BAR - filled)}] {int(100 * standing.share)} %"]
    if standing.speed is not None:
        parts.append(_speed(standing.speed))
    if standing.left is not None:
        parts.append(f"about {duration(standing.left)} left, until {_clock(standing.left)}")
    return "   ".join(parts)


def _section(state: State, found: Sequence[Unfinished], *, with_study: bool = False) -> Iterator[str]:
    if not found:
        return
    meaning = _MEANING[state]
    yield from ("", f"{state} {len(found)}" + (f"  ({meaning})" if meaning else ""))
    header = ("run", "study", "arm", "at", "seed", "step", "speed", "left", "last heard", "host", "reason")
    rows = [_row(one, with_study) for one in found[:_MOST_ROWS]]
    yield from (f"  {line}" for line in aligned(header, rows, right=_RIGHT))
    if len(found) > _MOST_ROWS:
        yield f"  … and {len(found) - _MOST_ROWS} more"


def _row(one: Unfinished, with_study: bool) -> tuple[str, ...]:
    config, running = one.record.config, one.state == "running"
    left = one.pace.left(one.steps, utc_now()) if running else None
    return (
        str(one.record.id),
        str(config.get("study", "")) if with_study else "",
        str(config.get("arm", "")),
        ", ".join(f"{factor} {level}" for factor, level in one.point.items()),
        str(config.get("seed", "")),
        f"{one.pace.step:,} of {one.steps:,}",
        "" if not running or one.pace.speed is None else _speed(one.pace.speed),
        "" if left is None else duration(left),
        "" if one.silence is None else f"{duration(one.silence)} ago",
        one.host,
        one.reason if one.state in ("failed", "incomplete") else "",
    )


def _rest(standing: Standing) -> Iterator[str]:
    notes = (
        (standing.to_do, "to do", "not begun yet"),
        (standing.again or 0, "trained again", f"of the {standing.complete} that are complete"),
        (standing.superseded, "superseded", "complete records of earlier trainings; they stay and count no more"),
        (standing.attempts, "earlier attempts", "incomplete records of runs that are complete by now"),
        (
            standing.outside,
            "not planned",
            "records of runs that the study file (with these --seeds, --arms) does not have",
        ),
    )
    shown = [(name, f"{count:,}", meaning) for count, name, meaning in notes if count]
    if shown:
        yield from aligned(("", "", ""), shown)[1:]


def _next(standing: Standing) -> str:
    if standing.planned is None:
        return "python -m runs.query shows the records" + ("" if standing.finished else "; --all shows these too")
    if standing.running:
        return "a sweep is running" if not standing.unfinished else "a sweep is running, and comes to the others too"
    if not standing.finished:
        return f"nothing is running; to continue: make stability-sweep {standing.choice}"
    if standing.again is not None:
        return f"to go on training again: make stability-sweep {standing.choice} AGAIN=1"
    return f"its report: make report {standing.choice}"


def _number(count: int) -> str:
    return f"{count:,}" if count else "-"


def _speed(steps_a_second: float) -> str:
    if steps_a_second < 0.95:
        return f"{60 * steps_a_second:.1f} steps/min"
    return f"{steps_a_second:,.{0 if steps_a_second >= 100 else 1}f} steps/s"


def _clock(seconds: float) -> str:
    end = datetime.now() + timedelta(seconds=seconds)
    return f"{end:%H:%M}" if seconds < 12 * 3600 else f"{end:%a %d %b %H:%M}"
