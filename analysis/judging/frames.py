"""Records to data frames: finds every planned run of a study in the store, and says what is wrong with it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.judging.guards import (
    differing_traces,
    match_problem,
    measure_exclusions,
    provenance,
    provenance_problems,
    the_one_that_counts,
)
from analysis.judging.other_cells import of_other_cells, plan_changes, why_of_other_cells
from analysis.judging.study_data import MatchedSeed, StudyData
from runs.generations import generation_of
from runs.schema import TRACES
from runs.store import RunRecord, RunStore
from runs.study import Cell, Study

__all__ = ["MatchedSeed", "StudyData", "load_study_data"]

RUN_COLUMNS = ("run_id", "arm", "seed", "cell_key", "complete", "exclusion", "used")
_CONFIG_COLUMNS = {
    "steps": "Int64",
    "d_steps": "Int64",
    "g_steps": "Int64",
    "lr_g": "Float64",
    "lr_d": "Float64",
    "width_g": "Int64",
    "width_d": "Int64",
}
_MATCH_COLUMNS = {
    "parameters_g": "Int64",
    "parameters_d": "Int64",
    "reference_parameters_g": "Int64",
    "reference_parameters_d": "Int64",
    "flops_g": "Int64",
    "flops_d": "Int64",
}

_TEXT_COLUMNS = ("plan_hash", "feature_hash", "device", "commit")

Key = tuple[str, int]  # of a planned run: its cell's key, its seed


def load_study_data(study: Study, store: RunStore) -> StudyData:
    """Everything that the store holds on a study's planned runs.

    Records are found by the study's name, the key of their cell and their seed; of a run's trainings the latest
    counts, and of equal complete records of it the earliest. Raises UserError if two complete records of one training
    differ.
    """
    found: dict[Key, list[RunRecord]] = defaultdict(list)
    for record in store.find({"config.study": study.name}):
        found[str(record.meta.get("cell_key")), record.config["seed"]].append(record)
    planned = [(cell, cell.key, seed) for cell in study.cells() for seed in study.seeds]
    chosen = {
        (key, seed): the_one_that_counts(found[key, seed], store) for _, key, seed in planned if found.get((key, seed))
    }
    excluded = measure_exclusions(chosen.values())
    used = {record.id: record for record in chosen.values() if record.id not in excluded}
    rows = [_row(cell, key, seed, chosen.get((key, seed)), excluded) for cell, key, seed in planned]
    changed = sorted({change for record in used.values() for change in plan_changes(study, record)})
    return StudyData(
        study=study,
        runs=_runs_frame(study, rows),
        records=used,
        series={run_id: store.traces(record, TRACES) for run_id, record in used.items()},
        problems=(*_record_problems(study, rows, found, chosen, store), *_comparison_problems(used, changed)),
        plan_changes=tuple(changed),
    )


def _row(cell: Cell, key: str, seed: int, record: RunRecord | None, excluded: Mapping[int, str]) -> dict[str, Any]:
    exclusion = None if record is None else excluded.get(record.id)
    return {
        "run_id": None if record is None else record.id,
        "arm": cell.arm,
        "seed": seed,
        **cell.grid_point,
        "cell_key": key,
        "complete": record is not None,
        "exclusion": exclusion,
        "used": record is not None and exclusion is None,
        **({} if record is None else _recorded(record)),
    }


def _recorded(record: RunRecord) -> dict[str, Any]:
    return {
        **{name: record.config[name] for name in _CONFIG_COLUMNS},
        **{name: record.info["match"][name] for name in _MATCH_COLUMNS},
        "halted_at": record.info["halted_at"],
        "plan_hash": record.meta.get("plan_hash"),
        "feature_hash": record.info["features"]["hash"],
        "device": record.info["device"],
        "commit": record.info["code"]["commit"],
    }


def _runs_frame(study: Study, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    kinds = {"run_id": "Int64", **_CONFIG_COLUMNS, **_MATCH_COLUMNS, "halted_at": "Int64"}
    columns = dict.fromkeys((*RUN_COLUMNS[:3], *study.grid, *RUN_COLUMNS[3:], *kinds, *_TEXT_COLUMNS))
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for name in ("exclusion", *_TEXT_COLUMNS):  # None stays None
        frame[name] = pd.Series([row.get(name) for row in rows], dtype=object)
    arms = pd.CategoricalDtype(list(study.arms))
    return frame.astype({**{name: kind for name, kind in kinds.items() if name not in study.grid}, "arm": arms})


def _record_problems(
    study: Study,
    rows: Sequence[Mapping[str, Any]],
    found: Mapping[Key, Sequence[RunRecord]],
    chosen: Mapping[Key, RunRecord],
    store: RunStore,
) -> Iterator[str]:
    """Sentences on runs that are missing, left out, recorded twice or not planned."""
    missing = [row for row in rows if not row["complete"]]
    for arm in study.arms:
        lacking = [_place(row, study) for row in missing if row["arm"] == arm]
        if lacking:
            declared = sum(row["arm"] == arm for row in rows)
            yield f"Arm {arm}: {len(lacking)} of {declared} planned runs have no complete record: {_some(lacking)}."
    for row in rows:
        if row["exclusion"]:
            yield f"Run {row['run_id']} ({row['arm']}, {_place(row, study)}) is excluded: {row['exclusion']}."
    copies = [(record, other) for key, record in chosen.items() for other in found[key] if other.id != record.id]
    twice = [f"{other.id} as {one.id}" for one, other in copies if generation_of(one) == generation_of(other)]
    if twice:
        yield f"Trainings recorded more than once, with equal traces; the earliest record counts: {_some(twice)}."
    yield from _trained_again([pair for pair in copies if generation_of(pair[0]) != generation_of(pair[1])], store)
    stray = of_other_cells(study, [record for records in found.values() for record in records])
    if stray:
        arms = ", ".join(dict.fromkeys(record.config["arm"] for record in stray))
        yield (
            f"{len(stray)} complete records of this study ({arms}) belong to cells or seeds that it does not declare,"
            f" and are not analysed ({why_of_other_cells(study, stray)}): runs"
            f" {_some([str(record.id) for record in stray])}."
        )


def _trained_again(pairs: Sequence[tuple[RunRecord, RunRecord]], store: RunStore) -> Iterator[str]:
    """A sentence on records that count in place of earlier ones, given in pairs: choosing among trainings shows."""
    if pairs:
        others = sum(bool(differing_traces(one, other, store)) for one, other in pairs)
        came_out = f"{others} of {len(pairs)} earlier records have other traces" if others else "with equal traces"
        which = _some([f"{one.id} in place of {other.id}" for one, other in pairs])
        yield f"Runs trained again on request; the latest training counts: {which} ({came_out})."


def _comparison_problems(used: Mapping[int, RunRecord], plan_changes: Sequence[str]) -> Iterator[str]:
    """Sentences on what was not the same, or not as declared, for the runs that are used."""
    if plan_changes:
        yield f"The study file changed after runs were made: {_some(plan_changes)}."
    yield from dict.fromkeys(sentence for sentence in map(match_problem, used.values()) if sentence)
    yield from provenance_problems(provenance(used.values()))


def _place(row: Mapping[str, Any], study: Study) -> str:
    return ", ".join([*(f"{factor} {row[factor]}" for factor in study.grid), f"seed {row['seed']}"])


def _some(items: Sequence[str], shown: int = 12) -> str:
    rest = f" and {len(items) - shown} more" if len(items) > shown else ""
    return "; ".join(items[:shown]) + rest
