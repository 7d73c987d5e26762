"""``python -m analysis.compare RUN RUN …`` or ``… --pair seed=3 mlp dcgan``: chosen runs side by side in one page."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import analysis.own_matplotlib  # noqa: F401
from analysis.compare.compared import ComparedRun, compared_run
from analysis.compare.page import page
from analysis.judging.guards import the_one_that_counts
from analysis.judging.other_cells import what_to_do
from runs.addresses import reports_folder, shown, store_url
from runs.errors import CommandLine, UserError, report_user_errors
from runs.files import write_output
from runs.records import RunRecord, RunStore
from runs.store import open_store
from runs.study import load_study
from runs.validation import unknown

MOST_RUNS = 8  # colours and marks tell so many apart


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and print where it is. Raises UserError on bad arguments."""
    options = _parser().parse_args(arguments)
    url = store_url()
    store = open_store(url)
    if bool(options.runs) == bool(options.pair):
        raise UserError("expected either ids of runs, or --pair such as --pair seed=3 mlp dcgan")
    if options.pair:
        records = records_of_pair(store, options.study, options.pair)
    else:
        records = records_of_ids(store, options.runs, shown(url))
    path = (
        Path(options.out)
        if options.out
        else reports_folder() / "compare" / "-".join(str(record.id) for record in records) / "compare.html"
    )
    write_page([compared_run(record, store) for record in records], path)
    print(f"comparison: {path}")
    return 0


def records_of_ids(store: RunStore, ids: Sequence[int], where: str = "the record") -> list[RunRecord]:
    """Complete records with these ids, in this order.

    Raises UserError if there is none with an id, if it is incomplete, and for one id or more than MOST_RUNS.
    """
    chosen = list(dict.fromkeys(ids))
    _check_number(chosen)
    found = {record.id: record for record in store.find({"_id": {"$in": chosen}}, complete_only=False)}
    for run_id in chosen:
        if run_id not in found:
            raise UserError(f"no run {run_id} in {where}; see which there are: python -m runs.query")
        shortcoming = found[run_id].shortcoming
        if shortcoming:
            raise UserError(
                f"run {run_id} is not complete ({shortcoming}): expected complete runs; see runs.query --all"
            )
    return [found[run_id] for run_id in chosen]


def records_of_pair(store: RunStore, study_name: str, words: Sequence[str]) -> list[RunRecord]:
    """Complete records of a study's arms at one seed and grid point; words are arms, ``seed=3`` and ``factor=level``.

    Raises UserError for words that are not understood, unknown arms, seeds and levels, and runs without a record.
    """
    study = load_study(study_name)
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    arms = list(dict.fromkeys(word for word in words if "=" not in word))
    _check_number(arms)
    for arm in arms:
        if arm not in study.arms:
            raise UserError(f"study {study.name}: {unknown('arm', arm, study.arms)}")
    seed = _seed(settings.pop("seed", None), study.name, study.seeds)
    point = _grid_point(settings, study.name, study.grid_points())
    records = []
    for arm in arms:
        key = study.cell(arm, point).key
        found = store.find({"config.study": study.name, "meta.cell_key": key, "config.seed": seed})
        if not found:
            others = store.find({"config.study": study.name, "config.arm": arm, "config.seed": seed})
            raise UserError(f"study {study.name}: no complete run of {arm} at seed {seed}{what_to_do(study, others)}")
        records.append(the_one_that_counts(found, store))
    return records


def _check_number(chosen: Sequence[object]) -> None:
    if not 2 <= len(chosen) <= MOST_RUNS:
        raise UserError(f"{len(chosen)} different runs to compare: expected 2 to {MOST_RUNS}")


def _seed(text: str | None, study: str, seeds: Sequence[int]) -> int:
    if text is None or not text.isdecimal() or int(text) not in seeds:
        given = "no seed" if text is None else f"seed={text}"
        raise UserError(f"study {study}: {given}; expected one of its seeds, such as seed={seeds[0]}")
    return int(text)


def _grid_point(settings: Mapping[str, str], study: str, points: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The one grid point with these levels, given as text; levels are equal if they are as numbers."""
    for factor in settings:
        if factor not in points[0]:
            raise UserError(f"study {study}: {unknown('factor', factor, [*points[0], 'seed'])}")
    fitting = [point for point in points if all(_same(point[name], text) for name, text in settings.items())]
    if len(fitting) != 1:
        levels = "; ".join(f"{name}: {', '.join(str(v) for v in _levels(points, name))}" for name in points[0])
        raise UserError(
            f"study {study}: {len(fitting)} grid points fit; expected a level of each factor, factor=level ({levels})"
        )
    return fitting[0]


def _levels(points: Sequence[Mapping[str, Any]], factor: str) -> list[Any]:
    return list(dict.fromkeys(point[factor] for point in points))


def _same(level: Any, text: str) -> bool:
    try:
        return bool(level == float(text))
    except ValueError:
        return str(level) == text


def write_page(runs: Sequence[ComparedRun], path: Path) -> None:
    """Write the page; a reader never meets half of it. Raises UserError if it cannot be written."""
    write_output(path, page(runs))


def _parser() -> CommandLine:
    parser = CommandLine(prog="python -m analysis.compare", description="Chosen runs beside each other in one page.")
    parser.add_argument("runs", nargs="*", type=int, metavar="RUN", help="ids of complete runs (see runs.query)")
    parser.add_argument(
        "--pair", nargs="+", metavar="WORD", help="instead of ids: seed=N, arms, and in a grid study factor=level"
    )
    parser.add_argument("--study", default="digits", help="of --pair: a study's name or YAML file; default: digits")
    parser.add_argument("--out", help="file to write; default: runs/reports/compare/<ids>/compare.html")
    return parser


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
