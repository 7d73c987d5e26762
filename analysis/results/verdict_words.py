"""What verdicts are called: one table for every sentence, table and figure."""

from dataclasses import dataclass

from analysis.judging.verdicts import VerdictCode


@dataclass(frozen=True, kw_only=True)
class VerdictWords:
    """A verdict's name, its letter in figures, and what one run, or several, did that ended so."""

    label: str
    letter: str
    one: str
    many: str


# in the order in which verdicts are told and drawn
VERDICT_WORDS = {
    VerdictCode.STABLE: VerdictWords(label="stable", letter="S", one="was stable", many="were stable"),
    VerdictCode.UNSETTLED: VerdictWords(label="unsettled", letter="U", one="ended unsettled", many="ended unsettled"),
    VerdictCode.UNLEARNED: VerdictWords(label="not learned", letter="L", one="had not learned", many="had not learned"),
    VerdictCode.COLLAPSED: VerdictWords(label="collapsed", letter="C", one="had collapsed", many="had collapsed"),
    VerdictCode.DIVERGED: VerdictWords(label="diverged", letter="D", one="had diverged", many="had diverged"),
    VerdictCode.NONFINITE: VerdictWords(
        label="non-finite", letter="N", one="was no longer finite", many="were no longer finite"
    ),
}

AS_STABLE = f"{VERDICT_WORDS[VerdictCode.UNSETTLED].label} counted as {VERDICT_WORDS[VerdictCode.STABLE].label}"


def verdict_label(code: str) -> str:
    """What a verdict of that code is called; ValueError for a code that there is not."""
    return VERDICT_WORDS[VerdictCode(code)].label
