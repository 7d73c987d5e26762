"""What measures of samples are read against: images of known quality, and the thresholds of the verdicts."""

import math
from collections.abc import Mapping

from analysis.figures.parts import ReferenceLine
from analysis.figures.traces import FRECHET
from analysis.judging.verdicts import Limits
from analysis.results.wording import number
from runs.schema import PROBES

DRAWN_REFERENCES = {  # as lines of the Fréchet distance, and how they are labelled there
    "held_out": "held-out real",
    "half_classes": "half the classes",
    "pixel_gaussian": "pixel Gaussian",
    "grey": "constant grey",
}


def probe_lines(
    references: Mapping[str, Mapping[str, float]] | None, limits: Limits | None
) -> dict[str, list[ReferenceLine]]:
    """Lines to read each measure against: reference images (as in ``RunInfo["references"]``) and thresholds.

    No lines of what is None.
    """
    known = []
    if references is not None:
        labelled = limits is None or limits.modes is not None
        drawn = DRAWN_REFERENCES if labelled else DRAWN_REFERENCES | {"half_classes": "nearest half"}
        known = [(FRECHET, references[name][FRECHET], label) for name, label in drawn.items()]
        known += [(name, references["held_out"][name], "real") for name in PROBES if name != FRECHET]
    lines: dict[str, list[ReferenceLine]] = {name: [] for name in PROBES}
    for dashed, values in ((False, known), (True, [] if limits is None else _thresholds(limits))):
        for name, value, label in values:
            if value is not None and math.isfinite(value):
                lines[name].append(ReferenceLine(value=value, label=label, dashed=dashed))
    return lines


def _thresholds(limits: Limits) -> list[tuple[str, float | None, str]]:
    return [
        (FRECHET, limits.bar, f"bar = {number(limits.bar)}"),
        ("eval_recall", limits.recall, "collapse"),
        ("eval_modes", limits.modes, "collapse"),
        ("eval_precision", limits.precision, "realistic"),
        ("eval_density", limits.density, "realistic"),
        ("eval_confidence", limits.confidence, "realistic"),
        ("eval_diversity", limits.diversity, "total"),
    ]
