"""Runs that are trained again to see whether they come out the same: where they are kept, and with how many threads."""

from dataclasses import replace
from pathlib import Path

from runs.addresses import local_folder
from runs.errors import UserError
from runs.study import Study


def reruns_folder() -> Path:
    """A folder of their own: beside the first records they would be other records of the same runs."""
    return local_folder() / "reproducibility"


def own_threads(study: Study) -> int:
    """The thread count of all runs of the study. Raises UserError if its runs do not share one."""
    counts = sorted({cell.config.threads for cell in study.cells()})
    if len(counts) > 1:
        raise UserError(
            f"study {study.name}: its runs use {counts} threads; expected one thread count, declared under base"
        )
    return counts[0]


def with_threads(study: Study, threads: int) -> Study:
    """The same study trained with another number of threads: its runs have cell keys of their own.

    Its name and file stay, and so the hash of its plan. Raises UserError if arms or the grid set the threads.
    """
    changed = replace(study, base={**study.base, "threads": threads})
    if own_threads(changed) != threads:
        raise UserError(f"study {study.name}: its arms or its grid set the threads; expected them under base")
    return changed


def first_seeds(study: Study, number: int) -> Study:
    """The study with its first ``number`` seeds. Raises UserError if it has not so many."""
    if not 1 <= number <= len(study.seeds):
        raise UserError(f"study {study.name}: seeds={number}; expected 1 to {len(study.seeds)}, as it declares")
    return study.override(seeds=number)
