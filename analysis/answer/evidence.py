"""How strong the evidence of a contrast is, in words: its p, or its e-value while planned runs are missing."""

from analysis.findings.families import enough_evidence, evidence
from analysis.results.document import ContrastResult, Findings
from analysis.results.wording import difference_text, interval_text, number, p_text, signed

NO_SEQUENTIAL_TEST = "no sequential test is defined for this outcome, and no p is valid at an early look"


def at_early_look(results: Findings) -> bool:
    """Whether planned runs are missing: a p holds for a fixed number of seeds, not for a look at some of them."""
    return any(stamp.kind == "INTERIM" for stamp in results.stamps)


def evidence_text(results: Findings, contrast: ContrastResult) -> str:
    """«exact McNemar p = 0.0078»; at an early look the e-value."""
    if at_early_look(results):
        return _early_text(results, contrast)
    return f"{contrast.effect.test} {p_text(contrast.effect.p, results.alpha)}"


def statement(results: Findings, contrast: ContrastResult) -> str:
    """The contrast's sentence; at an early look its estimate with the e-value in place of p."""
    if not at_early_look(results) or not contrast.pairs.used:
        return contrast.sentence
    effect = contrast.effect
    return (
        f"{contrast.subject}: {signed(effect.estimate)} {interval_text(effect.interval)} {effect.unit}"
        f" ({difference_text(contrast)}); {_early_text(results, contrast)}."
    )


def standing_text(results: Findings) -> str:
    """«Co-primary, confirmatory, as every primary test is significant»."""
    family = next(family for family in results.families if family.role == "co-primary")
    return f"Co-primary, {family.reason}"


def _early_text(results: Findings, contrast: ContrastResult) -> str:
    e = evidence(contrast)
    if e is None:
        return NO_SEQUENTIAL_TEST
    enough = number(enough_evidence(results.alpha, contrast.effect.family))
    return f"at this early look an e-value of {number(e)}, of the {enough} that would end the study"
