"""Numbers and verdicts in words, the same wherever a sentence is written."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from analysis.counting import counted
from analysis.results.grid_means import SignsOverGrid
from analysis.results.verdict_words import VERDICT_WORDS
from analysis.statistics import FactorEffects, Interval, PermutationTest, SpecificationTest, significant

ARCHITECTURES = {"mlp": "MLP", "dcgan": "DCGAN", "dcgan-3x3": "3 × 3 DCGAN"}


def number(value: float | None) -> str:
    """Three significant digits, thousands apart; «never» for a time that is infinite is the caller's to say."""
    if value is None:
        return "not estimable"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def signed(value: float | None) -> str:
    """A difference, with its sign."""
    if value is None or value == 0:
        return number(value)
    return f"{'+' if value > 0 else '−'}{number(abs(value))}"


def interval_text(interval: Interval | None) -> str:
    """«[−0.31, +0.32]», or that there is none."""
    return "(no interval)" if interval is None else f"[{signed(interval.low)}, {signed(interval.high)}]"


def range_text(low: float, high: float) -> str:
    """«[0.1, 0.4]»: limits of a quantity that is no difference."""
    return f"[{number(low)}, {number(high)}]"


def p_text(p: float | None, alpha: float = 0.05) -> str:
    """«p = 0.0078», or more digits near ``alpha``, see :func:`p_number`; «p < 0.0001» below."""
    if p is None:
        return "p not computable"
    least = min(0.0001, alpha)
    return f"p < {least:g}" if p < least else f"p = {p_number(p, alpha)}"


def p_number(p: float, alpha: float, digits: int = 2) -> str:
    """A p with at least that many significant digits: so many that it stands on its own side of ``alpha``.

    «0.0496» and «0.0504» at .05, and «0.05» only for .05 itself.
    """
    for more in range(digits, 17):
        shown = float(f"{p:.{more}g}")
        if _side(shown, alpha) == _side(p, alpha):
            return f"{p:.{more}g}"
    return repr(p)


def _side(p: float, alpha: float) -> int:
    """-1 below ``alpha``, 0 at it but for rounding, 1 above."""
    return 0 if math.isclose(p, alpha, rel_tol=1e-12) else -1 if significant(p, alpha) else 1


def drawn_text(test: PermutationTest | FactorEffects | SpecificationTest | None) -> str:
    """« (9,999 draws)» behind the name of a test whose signs were drawn; nothing where all were enumerated."""
    return "" if test is None or test.exact else f" ({test.n_resamples:,} draws)"


def learning_rate(rate: float) -> str:
    """«2e-4»: as study files write it."""
    if rate >= 0.01:
        return f"{rate:g}"
    mantissa, exponent = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def learning_rates(lr_g: float, lr_d: float) -> str:
    """«lr 2e-4», or both players' if they differ."""
    if lr_g == lr_d:
        return f"lr {learning_rate(lr_g)}"
    return f"lr {learning_rate(lr_g)} (G) and {learning_rate(lr_d)} (D)"


def change_text(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """«Changing only the learning rate, 2e-4 to 1e-3»; ``changes`` maps settings to their two values."""
    parts: list[str] = []
    rates = {name: changes[name] for name in ("lr_g", "lr_d") if name in changes}
    if len(rates) == 2 and rates["lr_g"] == rates["lr_d"]:
        before, after = rates["lr_g"]
        parts.append(f"the learning rate, {learning_rate(before)} to {learning_rate(after)}")
        changes = {name: values for name, values in changes.items() if name not in rates}
    for name, (before, after) in changes.items():
        # an initialisation has the name of an architecture, too
        text = level_text if name.startswith("architecture") else _as_in_study_files
        parts.append(f"the {name.replace('_', ' ')}, {text(before)} to {text(after)}")
    return f"Changing only {listed(parts)}" if parts else "Changing nothing"


def level_text(value: Any) -> str:
    """A setting or a level of a factor as study files write it, architectures by their names."""
    return ARCHITECTURES.get(value, _as_in_study_files(value))


def _as_in_study_files(value: Any) -> str:
    return learning_rate(value) if isinstance(value, float) else str(value)


def composition_text(arm: str, verdicts: Mapping[str, int]) -> str:
    """«8 of 8 mlp runs had not learned», «3 of 8 mlp runs were stable, 5 of 8 had not learned»."""
    n = sum(verdicts.values())
    if n == 0:
        return f"no {arm} run could be compared"
    parts: list[str] = []
    for code, words in VERDICT_WORDS.items():
        count = verdicts.get(code.value, 0)
        if count:
            subject = f"{count} of {n}" if parts else f"{count} of {counted(n, f'{arm} run')}"
            parts.append(f"{subject} {words.one if count == 1 else words.many}")
    return ", ".join(parts)


def point_text(point: Mapping[str, Any]) -> str:
    """«lr 2e-4, beta1 0.5»; empty without a grid."""
    return ", ".join(f"{factor} {level_text(level)}" for factor, level in point.items())


def contrast_text(name: str, first: str, second: str) -> str:
    """«MLP against DCGAN (mlp − dcgan)»."""
    return f"{name} ({first} − {second})"


class Compared(Protocol):
    """Two arms, or two pairs of them: a contrast as registered, as found, or under other thresholds."""

    @property
    def first(self) -> str:
        """The arm from which the second is taken."""

    @property
    def second(self) -> str:
        """The arm that is taken off."""

    @property
    def minus(self) -> tuple[str, str] | None:
        """The pair whose difference is taken off."""


def difference_text(compared: Compared) -> str:
    """«mlp minus dcgan», «(mlp minus mlp-bn) less (dcgan-nobn minus dcgan)»."""
    difference = f"{compared.first} minus {compared.second}"
    if compared.minus is None:
        return difference
    return f"({difference}) less ({compared.minus[0]} minus {compared.minus[1]})"


def signs_text(signs: SignsOverGrid) -> str:
    """«above, at and below 0 at 2, 1 and 5 grid points: both signs, which chance alone can give»."""
    both = ": both signs, which chance alone can give" if signs.differ else ""
    return f"above, at and below 0 at {signs.above}, {signs.zero} and {signs.below} grid points{both}"


FLOP_UNITS = ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP")


def flop_unit(flops: int) -> tuple[str, int]:
    """The largest unit of which the number holds one at least, and how many floating-point operations that is."""
    power = min((len(str(flops)) - 1) // 3, len(FLOP_UNITS) - 1)
    return FLOP_UNITS[power], 1000**power


def flops_text(flops: int | None) -> str:
    """«1.25 TFLOP»."""
    if flops is None:
        return "unknown FLOPs"
    unit, size = flop_unit(flops)
    return f"{number(flops / size)} {unit}"


def points_text(points: Sequence[Mapping[str, Any]]) -> str:
    """Several grid points, each in brackets where it has more than one factor: «(lr 2e-4, beta1 0.5) and (lr …)»."""
    texts = [point_text(point) for point in points]
    together = len(texts) > 1 and any("," in text for text in texts)
    return listed([f"({text})" if together else text for text in texts])


def listed(items: Sequence[str]) -> str:
    """«a, b and c»."""
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)
