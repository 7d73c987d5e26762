"""Other thresholds than those that a study registers, to judge its runs by."""

from collections.abc import Mapping
from dataclasses import asdict

from runs.plan import Thresholds
from runs.validation import validated

FACTORS = (0.5, 2.0)  # by which a threshold is made laxer and stricter, or stricter and laxer


def varied(registered: Thresholds, factors: Mapping[str, float]) -> Thresholds:
    """Each named threshold times its factor; whole probes.

    Of confidence the distance to 1 is divided by it, of divergence the rise above 1 is multiplied. Raises UserError
    where no study can declare such thresholds.
    """
    values = asdict(registered)
    changed = {name: _scaled(name, values[name], factor) for name, factor in factors.items()}
    return validated(Thresholds, {**values, **changed}, "threshold")


def _scaled(name: str, value: float, factor: float) -> float:
    if name == "confidence":
        return 1 - (1 - value) / factor
    if name == "divergence":
        return 1 + (value - 1) * factor
    return round(value * factor) if name == "probes" else value * factor
