"""What an original run and its repetition were not made with alike: code, hardware, versions of libraries."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.judging.guards import provenance
from runs.records import RunRecord

NOT_RECORDED = "of unknown version"
Pairs = Sequence[tuple[RunRecord, RunRecord]]

_HOW = {"commit": "made at commit", "device": "made on", "feature network": "measured by feature network"}
_COMMIT = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28}\b")


@dataclass(frozen=True, kw_only=True)
class OtherMaking:
    """Something that differed between the original and the repetition of ``runs`` of ``of`` runs.

    what: "commit" (with "with changes" where tracked files differed from it), "device", "feature network", or the name
    of a library, whose version the others are.
    """

    what: str
    original: str
    repetition: str
    runs: int
    of: int

    @property
    def sentence(self) -> str:
        """The difference in one line."""
        how = _HOW.get(self.what, f"made with {self.what}")
        original, repetition = (_COMMIT.sub(r"\1", value) for value in (self.original, self.repetition))
        which = "" if self.runs == self.of else f" of {self.runs} of {self.of} runs"
        said = how.removeprefix("made ")
        return (
            f"The originals{which} were {how} {original}, the repetitions {said} {repetition}:"
            " differences may come from that."
        )


def other_makings(pairs: Pairs) -> tuple[OtherMaking, ...]:
    """Every way in which originals and their repetitions were not made alike; empty if they were."""
    found: Counter[tuple[str, str, str]] = Counter()
    for original, repetition in pairs:
        before, after = provenance([original]), provenance([repetition])
        for what in before | after:
            values = [", ".join(made.get(what, [NOT_RECORDED])) for made in (before, after)]
            if values[0] != values[1]:
                found[what, values[0], values[1]] += 1
    return tuple(
        OtherMaking(what=what, original=original, repetition=repetition, runs=runs, of=len(pairs))
        for (what, original, repetition), runs in found.items()
    )


def unknown_code(pairs: Pairs) -> int:
    """For how many pairs no commit holds the code of either: it may differ though the records do not show it."""
    commits = (provenance(pair)["commit"] for pair in pairs)
    return sum(len(found) == 1 and not re.fullmatch("[0-9a-f]+", found[0]) for found in commits)
