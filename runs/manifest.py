"""Which runs of a study are still to be made."""

from runs.store import RunStore
from runs.study import Study

RunKey = tuple[str, int]  # a cell's key, a seed


def planned_runs(study: Study) -> list[RunKey]:
    """Every run of the study, all cells of a seed before the next seed: an interrupted sweep leaves whole pairs."""
    keys = [cell.key for cell in study.cells()]
    return [(key, seed) for seed in study.seeds for key in keys]


def missing_runs(study: Study, store: RunStore) -> list[RunKey]:
    """The planned runs that have no complete record."""
    planned = planned_runs(study)
    keys = sorted({key for key, _ in planned})
    found = store.find({"config.study": study.name, "meta.cell_key": {"$in": keys}})
    recorded = {(record.meta["cell_key"], record.config["seed"]) for record in found}
    return [run for run in planned if run not in recorded]
