"""``python -m experiments.sweep STUDY``: train and record every run of a study that has no complete record."""

import argparse
import sys
import time
from collections.abc import Sequence

from experiments.choosing import ENGINES, checked_engine, engine_named
from runs.addresses import check_local_folder, store_url
from runs.asking import let_confirm
from runs.errors import CommandLine, comma_separated, report_user_errors
from runs.generations import Work, recorded_generations, stale, still_missing, without_snapshots, work
from runs.manifest import planned_runs
from runs.processes import checked_runs_per_gpu, checked_workers
from runs.schema import TRAINING_VERSION
from runs.store import RunStore, open_store
from runs.study import Study, load_study
from runs.wording import counted, duration


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing; 0 when every run of the study has a complete record afterwards, 1 otherwise."""
    options = _parse(arguments)
    study = load_study(options.study).with_snapshots(options.snapshot_every)
    study = study.override(seeds=options.seeds, arms=comma_separated(options.arms) if options.arms else None)
    checked_workers(options.workers, here=checked_engine(options.engine) == "local")
    options.runs_per_gpu = checked_runs_per_gpu(options.runs_per_gpu, options.workers)
    check_local_folder()
    url = store_url()
    store = open_store(url)
    todo = work(study, store, again=options.again)
    if todo.recorded and not options.dry_run:
        question = f"{study.label}: train {todo.recorded} runs again? nothing is deleted"
        let_confirm(question, yes=options.yes, refused="nothing is trained")
    if todo.runs:
        _say_what_is_stale(study, store)
    _say_what_has_no_snapshots(study, store, todo)
    began = time.monotonic()
    if todo.runs or options.dry_run:
        _make_runs(study, todo, url, options)
    if options.dry_run:
        return 0
    missing = still_missing(todo, recorded_generations(study, open_store(url))) if todo.runs else []
    if todo.runs:
        print(_cost(len(todo.runs) - len(missing), time.monotonic() - began, options.study, bool(missing)))
    total = len(planned_runs(study))
    lacking = f", {len(missing)} missing" if missing else ""
    print(f"{study.label}: {total - len(missing)} of {total} runs are complete{lacking}")
    return 1 if missing else 0


def _cost(recorded: int, seconds: float, study: str, missing: bool) -> str:
    """What the sweep took, and what to do next."""
    each = f", {duration(seconds / recorded)} a run" if recorded else ""
    next_ = "the same command again continues" if missing else f"make representation STUDY={study}"
    why = f"make status STUDY={study} says why runs are missing; " if missing else ""
    return f"{counted(recorded, 'run')} recorded in {duration(seconds)}{each}. Next: {why}{next_}"


def _make_runs(study: Study, todo: Work, url: str, options: argparse.Namespace) -> None:
    # torch takes seconds to import, which a sweep that finds everything complete need not wait for
    engine = engine_named(options.engine)
    from experiments.launch import make_runs

    total = len(planned_runs(study))
    again = f", {todo.recorded} of them again" if todo.recorded else ""
    complete = total - len(todo.runs) + todo.recorded
    what = f"{study.label}: {complete} of {total} runs are complete, training {len(todo.runs)}{again}"
    room = {"workers": options.workers, "runs_per_gpu": options.runs_per_gpu}
    make_runs(study, todo, url, **room, only_show=options.dry_run, what=what, engine=engine)


def _say_what_is_stale(study: Study, store: RunStore) -> None:
    old = stale(study, store)
    if old:
        print(
            f"{study.label}: {old} complete records are of an older version of training (now {TRAINING_VERSION}):"
            " the same settings give other numbers since, so they do not count; they stay, their runs are trained anew"
        )


def _say_what_has_no_snapshots(study: Study, store: RunStore, todo: Work) -> None:
    lacking = without_snapshots(study, store, todo) if study.snapshot_every is not None else 0
    if lacking:
        print(
            f"{study.label}: {lacking} complete runs were recorded without snapshots and stay so;"
            " AGAIN=1 (--again) trains all runs again, with them"
        )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(prog="python -m experiments.sweep", description=__doc__)
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file")
    parser.add_argument("--seeds", type=int, help="train this many seeds instead of the study's")
    parser.add_argument("--arms", help="train only these arms (names with commas between)")
    parser.add_argument("--workers", type=int, help="runs at a time (default: one a core, here or on the cluster)")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help="local: processes of this machine; ray: the Ray cluster at RAY_ADDRESS, or one of this machine",
    )
    parser.add_argument(
        "--runs-per-gpu",
        default="auto",
        help="runs at a time on each GPU (default: auto, as many as train fastest together, which is tried out once)",
    )
    parser.add_argument(
        "--snapshot-every",
        type=int,
        metavar="PROBES",
        help="keep both networks' weights at every so many probes, the first and the last included",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be trained, and train nothing")
    parser.add_argument(
        "--again", action="store_true", help="train what has complete records again; all stay, the latest counts"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before training again")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
