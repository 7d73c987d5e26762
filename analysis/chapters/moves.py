"""Arithmetic of latent vectors, counted: do samples that are moved towards a class become that class?"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import numpy as np

from analysis.chapters.form import Judged, spread_text
from analysis.results.parts import summarized
from analysis.results.wording import number
from analysis.tables.columns import frame, summary_columns, summary_interval
from analysis.tables.formats import Table
from runs.records import RunRecord


def moved(judged: Judged, measured: Sequence[RunRecord]) -> Iterator[str]:
    """How often, in a sentence, if it was counted."""
    shares = {arm: median(one["reached"] for one in found) for arm, found in _moves_by_arm(judged, measured)}
    chances = [one["by_chance"] for _, found in _moves_by_arm(judged, measured) for one in found]
    if shares:
        yield (
            "Moved by the difference of two classes' mean z, samples become the class meant in shares of"
            f" {spread_text(shares)}; by a shuffled move as long in {number(median(chances))} (medians over runs)."
        )


def moves_table(judged: Judged, measured: Sequence[RunRecord]) -> Iterator[Table]:
    """A row an arm, if it was counted."""
    rows = [
        {
            "arm": arm,
            "runs": len(found),
            "classes": median(one["classes"] for one in found),
            **summary_columns("reached", summarized(np.array([one["reached"] for one in found]))),
            **summary_columns("by chance", summarized(np.array([one["by_chance"] for one in found]))),
        }
        for arm, found in _moves_by_arm(judged, measured)
    ]
    if rows:
        yield Table(
            name="class_arithmetic",
            caption="Of samples moved in latent space by the mean z of a class minus that of their own, the share that"
            " a classifier of real images then takes for that class, beside a move as long whose coordinates are"
            " shuffled: median [least, greatest] over runs. Means are of 500 fixed z, of classes with 5 samples or"
            " more, and the samples that are moved are others. classes: with a mean, the median; a run without two is"
            " not counted. It tells whether classes lie along directions of z, not how good the samples are.",
            frame=frame(rows, whole=["runs"]),
            intervals={name: summary_interval(name) for name in ("reached", "by chance")},
        )


def _moves_by_arm(judged: Judged, measured: Sequence[RunRecord]) -> Iterator[tuple[str, list[Mapping[str, float]]]]:
    """What is counted of each arm's runs where classes were found among the samples."""
    for arm in judged.arms():
        own = [record.info.get("arithmetic") for record in measured if record.config["arm"] == arm]
        found = [one for one in own if one]
        if found:
            yield arm, found
