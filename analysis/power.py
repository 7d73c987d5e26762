"""Power of the exact McNemar test: how many pairs a study needs, and what a study of given size could have seen.

python -m analysis.power --rates .6 .2              pairs needed to tell two rates of runs not stable apart
python -m analysis.power --rates .6 .2 --pairs 20   power of 20 pairs to do so
python -m analysis.power --rates .2 --pairs 20      smallest higher rate that 20 pairs tell from .2
python -m analysis.power --rates .56 .44 --phi .62  pairs needed where the outcomes of a pair are correlated
"""

import argparse
import math
import sys
from collections.abc import Sequence

from analysis.counting import counted
from analysis.statistics.power import MOST_PAIRS, detectable_rate, mcnemar_power, pairs_needed
from runs.errors import CommandLine, UserError, report_user_errors


def answer(options: argparse.Namespace) -> str:
    """The sentence that answers what was asked; ValueError for impossible rates."""
    setting = f"exact McNemar test, two-sided alpha {options.alpha:g}, correlation {options.phi:g}"
    levels = {"phi": options.phi, "alpha": options.alpha}
    if len(options.rates) == 1:
        rate = detectable_rate(options.rates[0], options.pairs, power=options.power, **levels)
        found = "no higher rate" if rate is None else f"a rate of {math.ceil(rate * 1000) / 1000:g} or more"
        pairs = f"{counted(options.pairs, 'pair')} {'tells' if options.pairs == 1 else 'tell'}"
        return f"{pairs} {found} from {options.rates[0]:g} with power {options.power:g} ({setting})"
    p1, p2 = options.rates
    n = options.pairs or pairs_needed(p1, p2, power=options.power, **levels)
    if n is None:
        return (
            f"no number of pairs up to {MOST_PAIRS} tells {p1:g} from {p2:g} with power {options.power:g} ({setting})"
        )
    reached = mcnemar_power(p1, p2, n, **levels)
    tell = f"{counted(n, 'pair')} {'tells' if n == 1 else 'tell'}"
    return f"{tell} rates {p1:g} and {p2:g} of runs not stable apart with power {reached:.3f} ({setting})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: print one answer; UserError for bad input."""
    parser = CommandLine(
        prog="python -m analysis.power", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        required=True,
        metavar="P",
        help="one or two rates of runs that are not stable",
    )
    parser.add_argument("--pairs", type=int, metavar="N", help="pairs of the study")
    parser.add_argument("--alpha", type=float, default=0.05, help="level of the test (default .05)")
    parser.add_argument("--power", type=float, default=0.8, help="power to reach (default .8)")
    parser.add_argument("--phi", type=float, default=0.0, help="correlation of a pair's outcomes (default 0)")
    options = parser.parse_args(arguments)
    if len(options.rates) > 2 or (len(options.rates) == 1 and options.pairs is None):
        raise UserError("--rates takes two rates, or one together with --pairs")
    if options.pairs is not None and not 1 <= options.pairs <= MOST_PAIRS:
        raise UserError(f"--pairs is {options.pairs}, expected 1 to {MOST_PAIRS}")
    try:
        sys.stdout.write(answer(options) + "\n")
    except ValueError as error:
        raise UserError(str(error)) from None
    return 0


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
