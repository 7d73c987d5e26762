"""What is amiss with the records of one study."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from runs.checkup.finding import Finding
from runs.contents.content import Contents, mapping
from runs.generations import latest_generation
from runs.kinds import REPRESENTATION
from runs.records import RUNNING, RunRecord, RunStore
from runs.standing.declared import Declared
from runs.standing.standing import Standing, standing_of
from runs.standing.unfinished import Unfinished, run_of
from runs.wording import counted

_UNKNOWN = "unknown"


def findings_of(declared: Declared, contents: Contents) -> Iterator[Finding]:
    """All that is to be said of the study's records, the gravest first."""
    standing = standing_of(declared, contents)
    sweep = f"make stability-sweep {declared.choice}"
    yield from _incomplete(standing, sweep)
    yield from _unpaired(declared, standing, sweep)
    yield from _dead(declared.records)
    counting = _counting(declared)
    yield from _plan_drift(declared, counting, sweep)
    yield from _other_code(counting, sweep)
    yield from _notes(standing)


def measured_findings(declared: Declared, store: RunStore) -> Iterator[Finding]:
    """What is amiss with the records of what was measured on the study's runs."""
    found = store.find({"config.study": declared.name}, kind=REPRESENTATION, complete_only=False)
    yield from _dead(found)
    key = "representation_key"
    measured = {record.meta.get(key) for record in found if record.complete}
    lacking = [record for record in found if record.status != RUNNING and not record.complete]
    lacking = [record for record in lacking if record.meta.get(key) not in measured]
    if lacking:
        yield Finding(
            what=f"{counted(len(lacking), 'measurement has', 'measurements have')} no complete record",
            lines=[f"run {record.id}, {_place(record)}: {record.shortcoming}" for record in lacking],
            mend=f"make representation {declared.choice}",
        )


def _incomplete(standing: Standing, sweep: str) -> Iterator[Finding]:
    found = [one for one in standing.unfinished if one.state != "dead"]
    if found:
        by_hand = standing.planned is None
        yield Finding(
            what=f"{counted(len(found), 'run has', 'runs have')} no complete record",
            lines=[_line(one) for one in found],
            mend="give the same command again that made them" if by_hand else sweep,
        )


def _line(one: Unfinished) -> str:
    point = "".join(f" {factor} {level}" for factor, level in one.point.items())
    why = (
        one.reason if one.state == "incomplete" else f"{one.state}{f', {one.reason}' if one.state == 'failed' else ''}"
    )
    return f"run {one.record.id}, {_place(one.record)}{point}: {why}"


def _place(record: RunRecord) -> str:
    return f"{record.config.get('arm')} seed {record.config.get('seed')}"


def _unpaired(declared: Declared, standing: Standing, sweep: str) -> Iterator[Finding]:
    """Seeds of which some arms are complete and others are not; while a sweep runs that is nothing to wonder about."""
    if declared.study is None:
        return
    recorded = {run_of(one) for one in declared.records if one.complete}
    lines = []
    for point in declared.study.grid_points():
        keys = {arm: declared.study.cell(arm, point).key for arm in declared.study.arms}
        at = "".join(f" {factor} {level}" for factor, level in point.items())
        for seed in declared.study.seeds:
            there = {arm: (key, seed) in recorded for arm, key in keys.items()}
            if any(there.values()) and not all(there.values()):
                lines.append(f"seed {seed}{at}: {_arms(there, True)} complete, {_arms(there, False)} missing")
    if lines:
        what = f"{counted(len(lines), 'seed is', 'seeds are')} unpaired"
        yield (
            Finding(what=f"{what}; a sweep is running", lines=lines)
            if standing.running
            else Finding(what=what, lines=lines, mend=sweep)
        )


def _arms(there: Mapping[str, bool], wanted: bool) -> str:
    return ", ".join(arm for arm, found in there.items() if found == wanted)


def _dead(records: Sequence[RunRecord]) -> Iterator[Finding]:
    dead = [record for record in records if record.dead]
    if dead:
        yield Finding(
            what=f"{counted(len(dead), 'record says', 'records say')} RUNNING after two minutes of silence: killed",
            lines=[f"run {record.id}, {_place(record)}, last heard {_when(record)}" for record in dead],
            mend="python -m runs.doctor --fix (they will say INTERRUPTED)",
            interrupt=[record.id for record in dead],
        )


def _when(record: RunRecord) -> str:
    heard = record.heartbeat or record.start_time
    return f"{heard:%Y-%m-%d %H:%M} UTC" if heard else "never"


def _counting(declared: Declared) -> list[RunRecord]:
    """The complete records of each planned run's latest training."""
    planned = {cell.key for cell in declared.study.cells()} if declared.study else set()
    groups: dict[Any, list[RunRecord]] = {}
    for record in declared.records:
        run = run_of(record)
        if record.complete and (declared.study is None or run[0] in planned):
            groups.setdefault(run, []).append(record)
    return [record for records in groups.values() for record in latest_generation(records)]


def _plan_drift(declared: Declared, counting: Sequence[RunRecord], sweep: str) -> Iterator[Finding]:
    study = declared.study
    if study is None:
        return
    others = [one for one in counting if one.meta.get("plan_hash") not in (None, study.plan_hash)]
    if others:
        changed = sorted({name for one in others for name in _changed(mapping(one.info.get("plan")), study.document)})
        yield Finding(
            what=f"{counted(len(others), 'record was', 'records were')} made under another content of the study file",
            lines=[_runs(others), f"changed since: {', '.join(changed) or 'not recorded'}"],
            mend=f"put the file back as it was, or train anew under its new plan: {sweep} AGAIN=1",
        )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)] if before else []


def _other_code(counting: Sequence[RunRecord], sweep: str) -> Iterator[Finding]:
    """Where most records were made by one commit, or with one version of a library, and some by another."""
    libraries = sorted({name for record in counting for name in mapping(record.info.get("versions"))})
    facts: dict[str, Callable[[RunRecord], str]] = {"commit": _commit}
    facts |= {name: partial(_version, name) for name in libraries}
    lines, others = [], set()
    for name, fact in facts.items():
        groups = Counter(map(fact, counting))
        if len(groups) > 1:
            usual = groups.most_common(1)[0][0]
            lines.append(f"{name}: " + ", ".join(f"{value} in {count}" for value, count in groups.most_common()))
            others |= {record.id for record in counting if fact(record) != usual}
    if others:
        rest = [record for record in counting if record.id in others]
        yield Finding(
            what=f"{counted(len(rest), 'record was', 'records were')} made by other code than the rest",
            lines=[_runs(rest), *lines],
            mend=f"{sweep} AGAIN=1 trains all of them with the code that is here",
        )


def _commit(record: RunRecord) -> str:
    code = mapping(record.info.get("code"))
    commit = str(code.get("commit") or _UNKNOWN)[:10]
    return f"{commit} with changes" if code.get("modified") else commit


def _version(name: str, record: RunRecord) -> str:
    return str(mapping(record.info.get("versions")).get(name, _UNKNOWN))


def _runs(records: Sequence[RunRecord], most: int = 12) -> str:
    shown = ", ".join(str(record.id) for record in records[:most])
    return f"runs {shown}" + (f" and {len(records) - most} more" if len(records) > most else "")


def _notes(standing: Standing) -> Iterator[Finding]:
    if standing.superseded:
        records = counted(standing.superseded, "complete record is", "complete records are")
        yield Finding(what=f"{records} superseded by a later training; it stays and counts no more")
    if standing.attempts:
        records = counted(standing.attempts, "incomplete record is", "incomplete records are")
        yield Finding(what=f"{records} of runs that are complete by now")
    if standing.outside:
        yield Finding(
            what=f"{counted(standing.outside, 'record is', 'records are')} of runs that the study does not plan"
        )
