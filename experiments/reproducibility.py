"""``python -m experiments.reproducibility STUDY``: train a few seeds of a study again, and with other threads too.

The new records go to a folder of their own; ``python -m analysis.reruns STUDY`` compares them.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence

from runs.addresses import check_local_folder, store_url
from runs.errors import CommandLine, UserError, report_user_errors
from runs.generations import Work
from runs.manifest import RunKey, missing_runs, planned_runs
from runs.processes import checked_workers
from runs.reruns import first_seeds, own_threads, reruns_folder, with_threads
from runs.store import open_store
from runs.study import Study, load_study


def main(arguments: Sequence[str] | None = None) -> int:
    """Train again what has not been yet; 0 when every run is recorded a second and a third time, 1 otherwise."""
    options = _parse(arguments)
    study = first_seeds(load_study(options.study), options.seeds)
    own = own_threads(study)
    if options.threads < 1 or options.threads == own:
        raise UserError(f"threads={options.threads}: expected another number than the study's own {own}, 1 or more")
    checked_workers(options.workers)
    check_local_folder()
    lacking = missing_runs(study, open_store(store_url()))
    if lacking:
        raise UserError(
            f"study {study.name}: {len(lacking)} runs of its first {options.seeds} seeds have no complete record;"
            f" train them first: make stability-sweep STUDY={shlex.quote(study.source)}"
        )
    lacking = [run for threads in (own, options.threads) for run in _trained_again(study, threads, options.workers)]
    return 1 if lacking else 0


def _trained_again(study: Study, threads: int, workers: int | None) -> list[RunKey]:
    """Train what is missing of the study with that many threads; the runs that are missing afterwards."""
    changed = with_threads(study, threads)
    missing = missing_runs(changed, open_store(str(reruns_folder())))
    planned = len(planned_runs(changed))
    if missing:
        _train(
            changed,
            missing,
            workers,
            f"{study.name}, threads={threads}: training {len(missing)} of {planned} runs again",
        )
        missing = missing_runs(changed, open_store(str(reruns_folder())))
    print(f"{study.name}, threads={threads}: {planned - len(missing)} of {planned} runs are trained again")
    return missing


def _train(study: Study, runs: list[RunKey], workers: int | None, what: str) -> None:
    # torch takes seconds to import, which arguments that are refused need not wait for
    from experiments.cells import matched_cells, requests
    from experiments.launch import make_runs

    url = str(reruns_folder())
    for request in requests(study, matched_cells(study), runs, url):
        request.checkpoint.unlink(missing_ok=True)  # a new training is wanted, not the rest of an earlier one
    todo = Work(runs=tuple(runs), generation=0, recorded=0)
    make_runs(study, todo, url, workers=workers, only_show=False, what=what)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(prog="python -m experiments.reproducibility", description=__doc__)
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file")
    parser.add_argument("--seeds", type=int, default=2, help="train this many seeds of the study again (default: 2)")
    parser.add_argument("--threads", type=int, default=2, help="the other number of threads (default: 2)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
