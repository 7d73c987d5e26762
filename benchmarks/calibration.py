"""Error rates, power and coverage of the analysis over synthetic studies.

Many studies are made whose truth is known, most of them of arms with one and the same recipe, and every procedure
is asked about each. A figure is flagged where its 99 % Wilson interval lies wholly on the wrong side of what is
promised: an error above .05, a coverage below .95, a rate other than the one computed exactly.
"""

import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from analysis.statistics import wilson
from benchmarks.known_truths import Experiment, Kind, experiments
from benchmarks.synthetic_studies import CORRELATION
from benchmarks.trials import RESAMPLES
from runs.errors import CommandLine, UserError, report_user_errors
from runs.files import replaced

RESULT = Path(__file__).parent / "results" / "calibration.json"
SIMULATIONS, SEED = 2_500, 0
_CONFIDENCE = 0.99  # of the intervals: there are many, and few should be flagged by chance
_NOMINAL = {"error": 0.05, "coverage": 0.95}
_TITLES = {"error": "TYPE-I ERROR, nominal .05", "power": "POWER", "coverage": "COVERAGE, nominal .95"}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How often a procedure rejected, or held the truth, in ``simulations`` studies of n pairs or seeds."""

    kind: Kind
    procedure: str
    study: str
    n: int
    simulations: int
    count: int
    rate: float
    low: float
    high: float
    exact: float | None
    flag: str | None

    def __str__(self) -> str:
        exact = "" if self.exact is None else f"{self.exact:.4f}"
        flag = f"  <- {self.flag}" if self.flag else ""
        return (
            f"  {self.procedure:<46} {self.study:<37} {self.n:>2}  {self.rate:.4f}"
            f"  [{self.low:.4f}, {self.high:.4f}]  {exact:<6}{flag}".rstrip()
        )


def simulate(experiment: Experiment, n: int, simulations: int, entropy: Sequence[int]) -> list[Figure]:
    """The figures of one kind of study at one size, one a procedure; a function of ``entropy``."""
    rng = np.random.default_rng(entropy)
    answers = np.array([experiment.trial(rng, n) for _ in range(simulations)], dtype=bool)
    exact = [experiment.exact(n) if experiment.exact else None, *[None] * (len(experiment.procedures) - 1)]
    return [
        _figure(experiment, procedure, n, simulations, int(count), known)
        for procedure, count, known in zip(experiment.procedures, answers.sum(axis=0), exact, strict=True)
    ]


def _figure(
    experiment: Experiment, procedure: str, n: int, simulations: int, count: int, exact: float | None
) -> Figure:
    interval = wilson(count, simulations, _CONFIDENCE).interval
    if interval is None:
        raise ValueError("a rate needs at least one simulation")
    return Figure(
        kind=experiment.kind,
        procedure=procedure,
        study=experiment.study,
        n=n,
        simulations=simulations,
        count=count,
        rate=count / simulations,
        low=interval.low,
        high=interval.high,
        exact=exact,
        flag=_flag(experiment.kind, interval.low, interval.high, exact),
    )


def _flag(kind: Kind, low: float, high: float, exact: float | None) -> str | None:
    if exact is not None and not low <= exact <= high:
        return "not the exact rate"
    if kind == "error" and low > _NOMINAL[kind]:
        return "above nominal"
    if kind == "coverage" and high < _NOMINAL[kind]:
        return "below nominal"
    return None


def calibrate(simulations: int, seed: int) -> Iterator[Figure]:
    """Every figure, in the order of the table."""
    for position, experiment in enumerate(experiments()):
        for n in experiment.sizes:
            yield from simulate(experiment, n, simulations, (seed, position, n))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; keep it if it has the default number of simulations or more."""
    parser = CommandLine(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument(
        "--simulations", type=int, default=SIMULATIONS, help=f"studies a figure (default {SIMULATIONS})"
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of all that is random (default {SEED})")
    options = parser.parse_args(arguments)
    if options.simulations < 1 or options.seed < 0:
        raise UserError("--simulations is at least 1 and --seed at least 0")
    figures, title = [], None
    for figure in calibrate(options.simulations, options.seed):
        if figure.kind != title:
            title = figure.kind
            print(f"{_TITLES[title]:<48} {'studies':<37} {'n':>2}  rate    {_CONFIDENCE:.0%} interval      exact")
        print(figure, flush=True)
        figures.append(figure)
    print("The arms are alike in all studies of type-I error, but for what is said of them.")
    print(f"{sum(figure.flag is not None for figure in figures)} of {len(figures)} figures flagged")
    if options.simulations >= SIMULATIONS:
        _keep(figures, options.simulations, options.seed)
        print(f"kept in {RESULT.relative_to(RESULT.parents[2])}")
    return 0


def _keep(figures: Sequence[Figure], simulations: int, seed: int) -> None:
    content = {
        "command": f"python -m benchmarks.calibration --simulations {simulations} --seed {seed}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "statsmodels")},
        },
        "seed": seed,
        "simulations": simulations,
        "resamples": RESAMPLES,
        "correlation_within_seed": CORRELATION,
        "confidence": _CONFIDENCE,
        "figures": [asdict(figure) for figure in figures],
    }
    RESULT.parent.mkdir(exist_ok=True)
    with replaced(RESULT) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
