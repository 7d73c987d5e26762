"""Training again what is recorded: every record stays, and of a run's trainings the latest counts.

The first training of a run is generation 0, and each that was asked for afterwards the next one; sacred's ``meta`` has
the number. Records of one generation are one training, recorded more than once, and must be equal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runs.manifest import RunKey, planned_runs
from runs.records import COMPLETED, RunRecord, RunStore
from runs.schema import SNAPSHOTS, TRAINING_VERSION
from runs.study import Study

_NOT_RECORDED = 1  # the version of training that did not record it


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a sweep has to train: these runs, as that generation; ``recorded`` of them have complete records."""

    runs: tuple[RunKey, ...]
    generation: int
    recorded: int


def generation_of(record: RunRecord) -> int:
    """Of which training of its run this is a record."""
    return int(record.meta.get("generation") or 0)


def recorded_generations(study: Study, store: RunStore) -> dict[RunKey, int]:
    """The latest generation of each planned run that has a complete record."""
    planned = set(planned_runs(study))
    keys = sorted({key for key, _ in planned})
    latest: dict[RunKey, int] = {}
    for record in store.find({"config.study": study.name, "meta.cell_key": {"$in": keys}}):
        run = record.meta["cell_key"], record.config["seed"]
        if run in planned:
            latest[run] = max(latest.get(run, 0), generation_of(record))
    return latest


def latest_runs(study: Study, store: RunStore) -> list[RunRecord]:
    """A complete record of each run of the study that has one, of its latest training, in the order of the plan."""
    planned = planned_runs(study)
    groups: dict[RunKey, list[RunRecord]] = {run: [] for run in planned}
    keys = sorted({key for key, _ in planned})
    for record in store.find({"config.study": study.name, "meta.cell_key": {"$in": keys}}):
        groups.get((record.meta["cell_key"], record.config["seed"]), []).append(record)
    return [latest_generation(records)[0] for records in groups.values() if records]


def work(study: Study, store: RunStore, *, again: bool) -> Work:
    """The runs without a complete record; ``again``: all runs once more.

    What was interrupted while training again is finished first: where some runs have a later generation than others,
    ``again`` brings the others to that one. Runs that were missing join the latest generation that there is.
    """
    recorded = recorded_generations(study, store)
    latest = max(recorded.values(), default=0)
    even = len(set(recorded.values())) == 1
    wanted = latest + 1 if again and even else latest
    least = wanted if again else 0
    runs = tuple(run for run in planned_runs(study) if recorded.get(run, -1) < least)
    return Work(runs=runs, generation=wanted, recorded=sum(run in recorded for run in runs))


def still_missing(todo: Work, recorded: Mapping[RunKey, int]) -> list[RunKey]:
    """The runs of ``todo`` that have no complete record of its generation."""
    return [run for run in todo.runs if recorded.get(run, -1) < todo.generation]


def stale(study: Study, store: RunStore) -> int:
    """How many runs of the study were trained and recorded by an older version of training, and count no more.

    Fields of their configs may have other names now: what matters is that sacred saw them end.
    """
    found = store.find({"config.study": study.name, "status": COMPLETED}, complete_only=False)
    older = [one for one in found if _version(one) < TRAINING_VERSION]
    arms = list(study.arms)  # what an incomplete record has for an arm may be of any type
    return sum(one.config.get("arm") in arms and one.config.get("seed") in study.seeds for one in older)


def _version(record: RunRecord) -> int:
    version = record.meta.get("training_version")
    return version if isinstance(version, int) else _NOT_RECORDED


def without_snapshots(study: Study, store: RunStore, todo: Work) -> int:
    """How many runs of the study have a complete record without snapshots, and are not to be trained again."""
    lacking = [record for record in latest_runs(study, store) if SNAPSHOTS not in record.artifacts]
    return len({(record.meta["cell_key"], record.config["seed"]) for record in lacking} - set(todo.runs))


def latest_generation(records: Iterable[RunRecord]) -> list[RunRecord]:
    """Those of one run's complete records that are of its latest training."""
    records = list(records)
    latest = max(map(generation_of, records))
    return [record for record in records if generation_of(record) == latest]
