"""``python -m experiments.sweep STUDY``: train and record every run of a study that has no complete record."""

import argparse
import sys
from collections.abc import Sequence

from runs.errors import CommandLine, UserError, report_user_errors
from runs.manifest import RunKey, missing_runs, planned_runs
from runs.observers import check_store, store_url
from runs.store import open_store
from runs.study import Study, load_study


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing; 0 when every run of the study has a complete record afterwards, 1 otherwise."""
    options = _parse(arguments)
    study = load_study(options.study).override(seeds=options.seeds, arms=_listed(options.arms))
    if options.workers is not None and options.workers < 1:
        raise UserError(f"workers={options.workers}: expected 1 or more")
    url = store_url()
    check_store(url)
    total = len(planned_runs(study))
    missing = missing_runs(study, open_store(url))
    if missing or options.dry_run:
        if not options.dry_run:
            print(f"{study.label}: {total - len(missing)} of {total} runs are complete, training {len(missing)}")
        _make_runs(study, missing, url, options)
    if options.dry_run:
        return 0
    missing = missing_runs(study, open_store(url)) if missing else []
    lacking = f", {len(missing)} missing" if missing else ""
    print(f"{study.label}: {total - len(missing)} of {total} runs are complete{lacking}")
    return 1 if missing else 0


def _make_runs(study: Study, missing: list[RunKey], url: str, options: argparse.Namespace) -> None:
    # torch takes seconds to import, which a sweep that finds everything complete need not wait for
    from experiments.launch import make_runs

    make_runs(study, missing, url, workers=options.workers, only_show=options.dry_run)


def _listed(arms: str | None) -> list[str] | None:
    return None if not arms else [arm.strip() for arm in arms.split(",")]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(prog="python -m experiments.sweep", description=__doc__)
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file")
    parser.add_argument("--seeds", type=int, help="train this many seeds instead of the study's")
    parser.add_argument("--arms", help="train only these arms (names with commas between)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--dry-run", action="store_true", help="show what would be trained, and train nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
