"""``python -m experiments.sweep STUDY``: train and record every run of a study that has no complete record."""

import argparse
import sys
from collections.abc import Sequence

from tqdm import tqdm

from experiments.cells import matched_cells, missing
from experiments.engines import Event, available_cores, run_locally
from experiments.estimate import dry_run
from experiments.recording import RunRequest, real_images
from runs.errors import CommandLine, UserError, report_user_errors
from runs.observers import check_store, store_url
from runs.store import open_store
from runs.study import load_study


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing; 0 when every run of the study has a complete record afterwards, 1 otherwise."""
    options = _parse(arguments)
    study = load_study(options.study).override(seeds=options.seeds, arms=_listed(options.arms))
    workers = len(available_cores()) if options.workers is None else options.workers
    if workers < 1:
        raise UserError(f"workers={options.workers}: expected 1 or more")
    cells = matched_cells(study)
    url = store_url()
    check_store(url)
    store = open_store(url)
    todo = missing(study, cells, store, url)
    total = len(cells) * len(study.seeds)
    if options.dry_run:
        dry_run(study, cells, todo, workers)
        return 0
    if todo:
        print(f"{study.label}: {total - len(todo)} of {total} runs are complete, training {len(todo)}")
        _train(todo, workers)
    still = len(missing(study, cells, open_store(url), url)) if todo else 0
    print(f"{study.label}: {total - still} of {total} runs are complete" + (f", {still} missing" if still else ""))
    return 1 if still else 0


def _train(todo: list[RunRequest], workers: int) -> None:
    config = todo[0].config
    real_images(config.dataset, config.image_size, config.channels, todo[0].local)  # workers find it in its folder
    progress = _Progress(todo)
    events = run_locally(todo, workers)
    try:
        for event in events:
            progress.show(event)
    except KeyboardInterrupt:
        progress.close()
        print("interrupted: stopping the workers; run the same command again to continue", file=sys.stderr)
        events.close()
        raise SystemExit(130) from None
    progress.close()


class _Progress:
    """One bar over all updates of all runs, with a line for each failure."""

    def __init__(self, todo: list[RunRequest]) -> None:
        self._reached: dict[tuple[str, int], int] = {}
        self._recorded, self._runs = 0, len(todo)
        updates = sum(request.config.steps for request in todo)
        # smoothing=0: arms differ in speed, so only the mean over all of them predicts the rest
        self._bar = tqdm(total=updates, unit=" steps", smoothing=0, unit_scale=True)
        self._describe()

    def show(self, event: Event) -> None:
        if event.kind == "progress":
            self._bar.update(event.step - self._reached.get(event.request.identity, 0))
            self._reached[event.request.identity] = event.step
        elif event.kind == "recorded":
            self._recorded += 1
            self._describe()
        else:
            config = event.request.config
            after = "will be tried again" if event.again else "given up"
            self._bar.write(f"FAILED {config.arm} seed {config.seed}: {event.reason}; {after}", file=sys.stderr)

    def close(self) -> None:
        self._bar.close()

    def _describe(self) -> None:
        self._bar.set_description(f"{self._recorded}/{self._runs} runs")


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
