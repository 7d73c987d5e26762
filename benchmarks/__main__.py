"""``python -m benchmarks``: measure, print, and keep the figures in ``benchmarks/results``."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.curves import Curve, curves
from benchmarks.loop import recording, tricks
from benchmarks.measure import Ratio, busy_share, machine, result_file
from benchmarks.products import probes, products
from benchmarks.scale import ReportCost, report_costs
from benchmarks.thousands import CommandCost, command_costs
from benchmarks.workers import workers
from experiments.environment import versions
from runs.errors import CommandLine, UserError, report_user_errors
from runs.files import replaced
from runs.validation import unknown

_QUIET = 0.05


Measured = Sequence[Ratio] | Sequence[ReportCost] | Sequence[CommandCost] | Sequence[Curve]

PARTS: dict[str, Callable[[], Measured]] = {
    "recording": recording,
    "tricks": tricks,
    "products": products,
    "probes": probes,
    "workers": workers,
    "curves": curves,
    "reports": report_costs,
    "records": command_costs,
}


def main() -> int:
    """Run all benchmarks, or the parts named; refuses a machine that is busy with something else."""
    parser = CommandLine(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"any of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine too; keeps no results")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            raise UserError(unknown("part", part, PARTS))
    for part in options.parts or PARTS:
        busy = busy_share()
        if busy > _QUIET and not options.anyway:
            raise UserError(f"other programs use {busy:.0%} of this machine; stop them, or measure with --anyway")
        measured = PARTS[part]()
        print(*measured, sep="\n", flush=True)
        if not options.anyway:
            print(f"kept in {_keep(part, measured, busy)}", flush=True)
    return 0


def _keep(part: str, measured: Measured, busy: float) -> Path:
    content = {
        "machine": machine(),
        "busy_share_before": round(busy, 4),
        "versions": versions(),
        "command": f"python -m benchmarks {part}",
        "measured": [asdict(one) for one in measured],
    }
    path = result_file(f"{machine()} {part}")
    path.parent.mkdir(exist_ok=True)
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
