"""``python -m analysis.reruns STUDY``: do runs that were trained again come out the same?"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.reruns.comparison import RerunSet, compare_reruns, reruns_frame
from analysis.results.plain import to_plain
from analysis.tables.formats import Table
from runs.addresses import reports_folder, store_url
from runs.errors import CommandLine, report_user_errors
from runs.files import write_output
from runs.reruns import reruns_folder
from runs.store import open_store
from runs.study import Study, load_study

FORMAT = "reproducibility/2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison and write it as JSON.

    Returns 0 if all runs repeated with the study's own thread count are equal to the bit, 1 otherwise. Raises
    UserError on bad arguments and where nothing was trained again.
    """
    options = _parser().parse_args(arguments)
    study = load_study(options.study)
    sets = compare_reruns(study, open_store(store_url()), open_store(str(reruns_folder())))
    path = Path(options.out) / study.label / "reproducibility.json"
    write_comparison(study, sets, path)
    print(shown(sets))
    print(f"\ncomparison: {path}")
    unequal = any(run.differing for one in sets if one.same_threads for run in one.runs)
    return 1 if unequal else 0


def shown(sets: Sequence[RerunSet]) -> str:
    """A line a run as a table, and what it comes to, for a terminal."""
    cells = Table(name="reruns", caption="", frame=reruns_frame(sets)).cells
    rows = [[str(column) for column in cells.columns], *cells.to_numpy().tolist()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for one in sets:
        lines += [
            "",
            one.sentence,
            *(f"{note[0].upper()}{note[1:]}." for note in one.agreement.note[1:]),
            *one.problems,
        ]
    return "\n".join(lines)


def write_comparison(study: Study, sets: Sequence[RerunSet], path: Path) -> None:
    """Write the comparison as JSON; a reader never meets half of it. Raises UserError if it cannot be written."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "study": study.name,
        "plan_hash": study.plan_hash,
        "sets": [{"sentence": one.sentence, **to_plain(one)} for one in sets],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_output(path, text)


def _parser() -> CommandLine:
    parser = CommandLine(prog="python -m analysis.reruns", description=__doc__)
    parser.add_argument("study", help="name of a study under experiments/studies, or path of a YAML file")
    parser.add_argument(
        "--out", default=str(reports_folder() / "reproducibility"), help="folder; default: runs/reports/reproducibility"
    )
    return parser


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
