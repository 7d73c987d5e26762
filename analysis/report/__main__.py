"""``python -m analysis.report STUDY``: judge a study's record, write its report, and say in short what it says."""

import sys
from collections.abc import Sequence
from pathlib import Path

import analysis.own_matplotlib  # noqa: F401
from analysis.figures.style import VERDICTS
from analysis.report.writing import write_report
from analysis.results.document import Results
from runs.addresses import reports_folder, shown, store_url
from runs.errors import CommandLine, comma_separated, report_user_errors
from runs.store import open_store
from runs.study import load_study


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report, print what it says in short, and where it is. Raises UserError on bad arguments."""
    options = _parser().parse_args(arguments)
    arms = None if options.arms is None else comma_separated(options.arms)
    study = load_study(options.study).override(seeds=options.seeds, arms=arms)
    url = store_url()
    results, folder = write_report(study, open_store(url), Path(options.out), where=shown(url))
    print(summary(results))
    print(f"\nreport: {folder / 'report.html'}")
    return 0


def summary(results: Results) -> str:
    """Runs and verdicts of each arm as a table, and the first results, for a terminal."""
    codes = [code for code in VERDICTS if any(code in arm.verdicts for arm in results.arms)]
    rows = [["arm", "runs", *(VERDICTS[code].meaning for code in codes)]]
    for arm in results.arms:
        name = " ".join([arm.arm, *(f"{factor}={level}" for factor, level in arm.grid_point.items())])
        runs = f"{arm.counts.used}/{arm.counts.planned}"
        rows.append([name, runs, *(str(arm.verdicts[code].count) for code in codes)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    stamps = [f"{stamp.kind}: {' '.join(stamp.reasons)}" for stamp in results.stamps]
    primaries = [contrast.sentence for role in ("primary", "co-primary") for contrast in results.of_role(role)]
    over_a_grid = bool(results.regions)
    said = results.headline if over_a_grid else primaries
    return "\n".join([*lines, "", *stamps, results.spoken, *said])


def _parser() -> CommandLine:
    parser = CommandLine(prog="python -m analysis.report", description="Judge a study's record and write its report.")
    parser.add_argument("study", help="name of a study under experiments/studies, or path of a YAML file")
    parser.add_argument("--seeds", type=int, help="the first so many seeds instead of the study's")
    parser.add_argument("--arms", help="these arms only, by commas")
    parser.add_argument("--out", default=str(reports_folder()), help="folder of reports; default: runs/reports")
    return parser


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
