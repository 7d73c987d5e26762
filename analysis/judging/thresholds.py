"""Other thresholds than those that a study registers, to judge its runs by."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from runs.errors import UserError
from runs.plan import Thresholds
from runs.validation import validated

FACTORS = (0.5, 2.0)  # by which a threshold is made laxer and stricter, or stricter and laxer
# thresholds that move together at the corners, because they define one and the same state
GROUPS = (("bar",), ("precision", "density", "confidence"), ("recall", "modes"), ("divergence",), ("probes",))


def varied(registered: Thresholds, factors: Mapping[str, float]) -> Thresholds:
    """Each named threshold times its factor; whole probes.

    Of confidence the distance to 1 is divided by it, of divergence the rise above 1 is multiplied. Raises UserError
    where no study can declare such thresholds.
    """
    values = asdict(registered)
    changed = {name: _scaled(name, values[name], factor) for name, factor in factors.items()}
    return validated(Thresholds, {**values, **changed}, "threshold")


def specifications(registered: Thresholds) -> tuple[list[Thresholds], list[str]]:
    """Thresholds to judge by, each choice once, as registered first; and a sentence if choices are not possible."""
    names = list(asdict(registered))
    changes = [{}, *({name: factor} for name in names for factor in FACTORS), *_corners()]
    chosen, impossible = [], 0
    for factors in changes:
        try:
            chosen.append(varied(registered, factors))
        except UserError:
            impossible += 1
    skipped = [f"{impossible} choices of thresholds are left out: no study can declare them."] if impossible else []
    return list(dict.fromkeys(chosen)), skipped


def _corners() -> Iterator[dict[str, float]]:
    for corner in itertools.product(FACTORS, repeat=len(GROUPS)):
        yield {name: factor for group, factor in zip(GROUPS, corner, strict=True) for name in group}


def _scaled(name: str, value: float, factor: float) -> float:
    if name == "confidence":
        return 1 - (1 - value) / factor
    if name == "divergence":
        return 1 + (value - 1) * factor
    return round(value * factor) if name == "probes" else value * factor
