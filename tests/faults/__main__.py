"""``python -m tests.faults``: break real sweeps at random moments; is anything lost, doubled, changed or left running?

Each trial trains a small study of four runs, does one fault to it at a random moment, and runs the same command again
until it is complete, at most twice. Then every run must have exactly one complete record, equal to the bit to that of
an undisturbed sweep. The figures are kept in ``benchmarks/results``.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from runs.errors import CommandLine, report_user_errors
from runs.store import open_store
from tests.experiments.interrupting import recorded_of
from tests.experiments.sweeping import edited
from tests.faults.figures import keep_figures
from tests.faults.kinds import FAULTS, IN_A_DATABASE
from tests.faults.processes import Place, stop_all
from tests.mongo_server import MongoServer
from tests.project import ROOT, let_children_hear

MOST_AGAIN = 2  # sweeps after the fault
_STEPS, _EVERY = 600, 20


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a fault did: after how many seconds it came, how many sweeps mended it, and what was wrong, if anything."""

    fault: str
    store: str
    after: float
    again: int
    wrong: str


def main() -> int:
    """0 if nothing was wrong in any trial."""
    options = _parse()
    let_children_hear()
    began = time.monotonic()
    try:
        trials = _campaign(options, began)
    finally:
        stop_all()
    print(*_summary(trials), sep="\n")
    if options.out:
        figures = {
            "minutes": round((time.monotonic() - began) / 60, 1),
            "summary": _summary(trials),
            "trials": [asdict(trial) for trial in trials],
        }
        keep_figures(options.out, f"make faults TRIALS={options.trials} FAULT_SEED={options.seed}", figures)
    return 1 if any(trial.wrong for trial in trials) else 0


def _campaign(options: argparse.Namespace, began: float) -> list[Trial]:
    draw = random.Random(options.seed)
    kinds = [kind for kind in FAULTS for _ in range(-(-options.trials // len(FAULTS)))]
    draw.shuffle(kinds)
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        study = Path(edited(folder, "faults", ("study: smoke", "study: faults"), *_LONGER))
        whole, seconds = _undisturbed(folder, study)
        for number, kind in enumerate(kinds[: options.trials]):
            if time.monotonic() - began > 60 * options.minutes:
                print(f"stopped after {options.minutes:g} minutes")
                break
            trials.append(_trial(folder / str(number), study, kind, draw, seconds, whole))
            print(f"{number + 1:>3} of {options.trials}  {trials[-1]}", flush=True)
    return trials


_LONGER = (("steps: 30", f"steps: {_STEPS}"), ("eval_every: 10", f"eval_every: {_EVERY}"))


def _undisturbed(folder: Path, study: Path) -> tuple[dict[object, object], float]:
    """What must be equal of each run, and how long a sweep takes whose feature network is there."""
    log = folder / "whole.log"
    for local in (folder / "whole", folder / "timed"):
        _prepare(local, folder / "whole")
        place = Place(study=study, local=local, url=str(local / "records"))
        began = time.monotonic()
        assert place.sweep(log).wait() == 0, log.read_text()
    return _records(place), time.monotonic() - began


def _prepare(local: Path, prepared: Path) -> None:
    """A folder with the feature networks of another, whose training would take most of a trial's time."""
    local.mkdir()
    if (prepared / "features").is_dir():
        shutil.copytree(prepared / "features", local / "features")


def _records(place: Place) -> dict[object, object]:
    store = open_store(place.url)
    return {(one.config["arm"], one.config["seed"]): recorded_of(store, one) for one in store.find()}


def _trial(
    folder: Path, study: Path, kind: str, draw: random.Random, seconds: float, whole: dict[object, object]
) -> Trial:
    _prepare(folder, folder.parent / "whole")
    with MongoServer(folder / "journal") as server:
        in_database = kind in IN_A_DATABASE or draw.random() < 0.3
        url = server.url("faults") if in_database else str(folder / "records")
        place, log = Place(study=study, local=folder, url=url), folder / "log"
        sweep, after = place.sweep(log), draw.uniform(0.1, 0.95) * seconds
        time.sleep(after)
        wrong, again = FAULTS[kind](sweep, place, draw, server), 0
        while place.sweep(log).wait() != 0 and again < MOST_AGAIN:
            again += 1
        return Trial(
            fault=kind,
            store="MongoDB" if in_database else "folder",
            after=round(after, 1),
            again=again + 1,
            wrong="; ".join(one for one in (wrong, _difference(place, whole), _traceback(log)) if one),
        )


def _difference(place: Place, whole: dict[object, object]) -> str:
    found = Counter((one.config["arm"], one.config["seed"]) for one in open_store(place.url).find())
    if found != Counter(whole.keys()):
        return f"complete records: {dict(found)}"
    changed = [run for run, content in _records(place).items() if content != whole[run]]
    return f"other numbers in {changed}" if changed else ""


def _traceback(log: Path) -> str:
    return "a traceback" if "Traceback" in log.read_text(encoding="utf-8", errors="replace") else ""


def _summary(trials: list[Trial]) -> list[str]:
    lines = []
    for kind in FAULTS:
        own = [trial for trial in trials if trial.fault == kind]
        well = sum(not trial.wrong for trial in own)
        lines.append(f"{kind}: {well} of {len(own)} complete and equal to the bit")
    return lines


def _parse() -> argparse.Namespace:
    parser = CommandLine(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=50, help="how many (50)")
    parser.add_argument("--seed", type=int, default=0, help="of moments, kinds and bits (0)")
    parser.add_argument("--minutes", type=float, default=45, help="no trial is begun after so many (45)")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "faults.json", help="the figures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
