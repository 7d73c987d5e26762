"""Families of tests, as they stand in the results."""

from dataclasses import dataclass
from typing import Literal

from analysis.results.parts import Role

# confirmatory: its p, corrected within its family, carries the study's error rate. exploratory: the gate before it is
# shut. supporting: the same question at equal computation, outside the families
Standing = Literal["confirmatory", "exploratory", "supporting"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """The tests of a role that are corrected together by Holm's method, at equal updates.

    size: as registered, those left out or not computable included; n_computed: those with a p.
    standing: of the co-primary by the gatekeeper, exploratory unless every primary test is significant. reason: it in
    words.
    """

    role: Role
    size: int
    n_computed: int
    standing: Standing
    reason: str
    sentence: str
