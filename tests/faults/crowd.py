"""``python -m tests.faults.crowd``: eight processes record two hundred runs in a folder and in a MongoDB: is all there?

Both records must hold each run exactly once, complete, and the same to the bit. The figures, with the times, are kept
in ``benchmarks/results``.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from runs.errors import CommandLine, UserError, report_user_errors
from runs.store import open_store
from tests import real_mongo
from tests.experiments.interrupting import recorded_of
from tests.experiments.sweeping import edited
from tests.faults.figures import keep_figures
from tests.faults.processes import Place, stop_all
from tests.project import ROOT

_RESULT = ROOT / "benchmarks" / "results" / "crowd.json"
_ARMS = 2  # of the study
_DATABASE = "crowd"


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """A sweep of many processes at once. complete, records: how many, of any status. wrong: what was, if anything."""

    store: str
    workers: int
    complete: int
    records: int
    seconds: float
    wrong: str


def main() -> int:
    """0 if nothing was wrong."""
    parser = CommandLine(prog="python -m tests.faults.crowd", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how many (200)")
    parser.add_argument("--workers", type=int, default=8, help="processes (8)")
    parser.add_argument("--out", type=Path, default=_RESULT, help="the figures")
    options = parser.parse_args()
    try:
        crowds = _crowds(options.runs, options.workers)
    finally:
        stop_all()
    print(*crowds, sep="\n")
    command = f"python -m tests.faults.crowd --runs {options.runs} --workers {options.workers}"
    keep_figures(options.out, command, {"crowds": [asdict(crowd) for crowd in crowds]})
    return 1 if any(crowd.wrong for crowd in crowds) else 0


def _crowds(runs: int, workers: int) -> list[Crowd]:
    with tempfile.TemporaryDirectory() as temporary, _server(Path(temporary)) as (name, address):
        folder = Path(temporary)
        study = Path(edited(folder, "crowd", ("study: smoke", "study: crowd"), ("seeds: 2", f"seeds: {runs // _ARMS}")))
        first, records = _crowd(
            "folder", Place(study=study, local=folder / "a", url=str(folder / "a/records")), workers
        )
        second, others = _crowd(name, Place(study=study, local=folder / "b", url=address), workers)
    if not first.wrong and not second.wrong and records != others:
        raise UserError("the two stores do not hold the same bits")
    return [first, second]


def _crowd(store: str, place: Place, workers: int) -> tuple[Crowd, dict[object, object]]:
    log = place.local.with_suffix(".log")
    began = time.monotonic()
    status = place.sweep(log, workers=workers).wait()
    seconds = time.monotonic() - began
    records = open_store(place.url)
    complete, every = records.find(), records.find(complete_only=False)
    content = {(one.config["arm"], one.config["seed"]): recorded_of(records, one) for one in complete}
    doubled = [
        run for run, count in Counter((one.config["arm"], one.config["seed"]) for one in every).items() if count > 1
    ]
    last = log.read_text(encoding="utf-8").splitlines()[-1]
    print(f"{store}: {last}", flush=True)
    wrong = [f"status {status}: {last}"] if status else []
    wrong += [f"recorded more than once: {doubled}"] if doubled else []
    crowd = Crowd(
        store=store,
        workers=workers,
        complete=len(complete),
        records=len(every),
        seconds=round(seconds, 1),
        wrong="; ".join(wrong),
    )
    return crowd, content


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, str]]:
    """A MongoDB by name, and the address of an empty database on it."""
    address = os.environ.get("TEST_MONGO_URL")
    if address:
        yield "MongoDB", real_mongo.in_database(address, f"{_DATABASE}_{os.getpid()}")
    elif real_mongo.is_installed():
        with real_mongo.secantusdb(folder) as own:
            yield real_mongo.version(), real_mongo.in_database(own, _DATABASE)
    else:
        raise UserError(f"{real_mongo.NONE}; `make test` installs it")


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
