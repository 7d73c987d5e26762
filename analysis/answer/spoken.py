"""The answer in one sentence that a person would say aloud, made from the numbers by rules.

It claims a difference only where the primary test is significant (while planned runs are missing, where its e-value
ends the study), equality within a margin only where one was registered and shown, and else that neither is shown. Runs
that have not learned are named as such. What a study is stamped with comes first.
"""

from collections.abc import Iterator, Mapping, Sequence

from analysis.answer.evidence import at_early_look
from analysis.counting import counted
from analysis.findings.families import is_shown
from analysis.findings.questions import LABELS
from analysis.judging.verdicts import VerdictCode
from analysis.results.document import ContrastResult, Findings, total_verdicts
from analysis.results.wording import listed, number
from analysis.statistics import significant
from runs.plan import Outcome

BETTER: Mapping[Outcome, str] = {  # said of an arm, before «than» and the other
    "not_stable": "is stable more often",
    "updates_to_bar": "learns sooner",
    "updates_where_both_learn": "learns sooner where both learn",
    "final_frechet": "ends nearer to real images",
    "mode_hopping": "changes less between classes",
    "stable_points": "is stable at more settings",
}


def spoken(results: Findings) -> str:
    """«After 1,000 updates dcgan ended stable at more of the 4 settings than mlp: at 4 on average, against 0.78.»"""
    stamps = listed([stamp.kind.lower() for stamp in results.stamps])
    said = f"{_said(results)}."
    # names of arms keep their letters
    return f"{stamps.capitalize()}: {said}" if stamps else said[0].upper() + said[1:] if _ours(results, said) else said


def better_arm(contrast: ContrastResult) -> str | None:
    """The arm for which the estimate speaks; None if for neither, and of an interaction."""
    estimate = contrast.effect.estimate
    if not estimate or contrast.minus is not None:
        return None
    return contrast.first if (estimate > 0) == contrast.larger_is_better else contrast.second


def _ours(results: Findings, said: str) -> bool:
    return not any(said.startswith(f"{arm.arm} ") for arm in results.arms)


def _said(results: Findings) -> str:
    primaries = results.of_role("primary")
    if results.counts.used == 0:
        return "no run could be judged, so nothing can be said yet"
    if not primaries:
        return f"the primary contrast lacks an arm in this report; {_stable_runs(results)}"
    compared = [contrast for contrast in primaries if contrast.pairs.used]
    if not compared:
        arms = listed([primaries[0].first, primaries[0].second, *(primaries[0].minus or ())])
        return f"no seed has runs of {arms} that can be compared, so nothing can be said of a difference"
    if len(primaries) > 1:
        return _at_points(results, primaries)
    return _shown(results, compared[0]) or _not_shown(results, compared[0])


def _stable_runs(results: Findings) -> str:
    totals = {arm: total_verdicts(own) for arm, own in results.by_arm().items()}
    parts = [f"{total[VerdictCode.STABLE]} of {total.total()} {arm}" for arm, total in totals.items()]
    return f"stable are {listed(parts)} runs"


def _shown(results: Findings, contrast: ContrastResult) -> str | None:
    """The sentence of a difference that is shown; None of another."""
    early = at_early_look(results)
    if not contrast.effect.estimate or not is_shown(contrast, results.alpha, early=early):
        return None
    better = better_arm(contrast)
    if better is None:
        return _interaction(contrast, contrast.effect.estimate)
    worse = contrast.second if better == contrast.first else contrast.first
    texts = [_better(contrast, better, worse), *_nature(contrast, worse)]
    if early:
        texts.append("planned runs are missing, but this is evidence enough to end the study")
    elif _within_margin(results):
        texts.append("the difference is smaller than the registered margin")
    return "; ".join(texts)


def _better(contrast: ContrastResult, better: str, worse: str) -> str:
    if contrast.stable_points is not None:
        of, means = contrast.stable_points.n_points, contrast.stable_points.means
        return (
            f"{_after(contrast)} {better} ended stable at more of the {of} settings than {worse}: at"
            f" {number(means[better])} on average, against {number(means[worse])}"
        )
    if contrast.rates is not None:
        stable = {arm: _stable(contrast, arm) for arm in (better, worse)}
        return (
            f"{_after(contrast)} more {better} than {worse} runs were stable: {stable[better]} against {stable[worse]}"
        )
    return f"{better} {BETTER[contrast.outcome]} than {worse}"


def _interaction(contrast: ContrastResult, estimate: float) -> str:
    minuend, subtrahend = _differences(contrast)
    return f"in {LABELS[contrast.outcome]}, {minuend} lies {'above' if estimate > 0 else 'below'} {subtrahend}"


def _not_shown(results: Findings, contrast: ContrastResult) -> str:
    arms = f"{contrast.first} and {contrast.second}"
    if at_early_look(results):
        found = _both(contrast)
        so_far = f"so far, in {_compared(contrast)}, {found}; " if found else ""
        return f"{so_far}no difference is claimed while runs are missing"
    if _within_margin(results):
        return f"{_after(contrast)} {arms} differ by less than the registered margin{_colon(_both(contrast))}"
    what = (
        f"between {arms} is shown" if contrast.minus is None else f"is shown between {listed(_differences(contrast))}"
    )
    return f"{_after(contrast)} no difference {what}{_colon(_both(contrast))}{_too_few(results)}"


def _within_margin(results: Findings) -> bool:
    return any(one.shown for one in results.margins if one.role == "primary")


def _differences(contrast: ContrastResult) -> list[str]:
    """Of an interaction, those of its two pairs."""
    pairs = [(contrast.first, contrast.second), *([contrast.minus] if contrast.minus else [])]
    return [f"({first} minus {second})" for first, second in pairs]


def _compared(contrast: ContrastResult) -> str:
    return counted(contrast.pairs.used, "complete seed" if contrast.stable_points else "matched pair")


def _colon(text: str) -> str:
    return f": {text}" if text else ""


def _both(contrast: ContrastResult) -> str:
    """How both arms did, where their outcome can be said in two numbers; else nothing."""
    if contrast.stable_points is not None and contrast.minus is None:
        of, means = contrast.stable_points.n_points, contrast.stable_points.means
        (first, one), (second, other) = means.items()
        return f"{first} was stable at {number(one)} and {second} at {number(other)} of the {of} settings on average"
    if contrast.rates is not None:
        told = [f"{_stable(contrast, arm)} {arm}" for arm in (contrast.first, contrast.second)]
        return f"{listed(told)} runs were stable"
    return ""


def _too_few(results: Findings) -> str:
    """That the seeds could not have shown a difference, where they could not."""
    for found in results.smallest_p:
        if found.role == "primary" and not significant(found.p, results.alpha):
            return f"; {counted(found.n, 'seed')} {'is' if found.n == 1 else 'are'} too few to show one"
    return ""


def _stable(contrast: ContrastResult, arm: str) -> str:
    verdicts = contrast.composition[arm]
    return f"{verdicts[VerdictCode.STABLE.value]} of {sum(verdicts.values())}"


def _nature(contrast: ContrastResult, worse: str) -> Iterator[str]:
    """How many of the arm's runs that were not stable had not learned, if any."""
    if contrast.rates is None:
        return
    verdicts = contrast.composition[worse]
    others = sum(verdicts.values()) - verdicts[VerdictCode.STABLE.value]
    unlearned = verdicts[VerdictCode.UNLEARNED.value]
    if unlearned:
        subject = f"{worse} run{'s' if others > 1 else ''} that {'were' if others > 1 else 'was'} not"
        yield f"{'the' if unlearned == others else f'{unlearned} of the {others}'} {subject} had not learned yet"


def _after(contrast: ContrastResult) -> str:
    """«after 1,000 updates», of the arms compared."""
    updates = sorted({budget.updates for budget in contrast.budgets})
    ends = [f"{updates[0]:,}"] if len(updates) == 1 else [f"{updates[0]:,}", f"{updates[-1]:,}"]
    return f"after {' to '.join(ends)} updates"


def _at_points(results: Findings, primaries: Sequence[ContrastResult]) -> str:
    """At how many settings which arm of the primary contrast is better."""
    one, n, early = primaries[0], len(primaries), at_early_look(results)
    shown = [contrast for contrast in primaries if is_shown(contrast, results.alpha, early=early)]
    if one.minus is not None:
        told = f"a difference between {listed(_differences(one))} is shown at {len(shown)} of {n} settings"
        return f"so far {told}, as planned runs are missing" if early else told
    better = [better_arm(contrast) for contrast in shown]
    parts = [
        f"{arm} {BETTER[one.outcome]} than {other} at {better.count(arm)} of {n} settings"
        for arm, other in ((one.first, one.second), (one.second, one.first))
        if arm in better
    ]
    rest = n - sum(arm is not None for arm in better)
    if not parts:
        none = f"no difference between {one.first} and {one.second} is shown at any of the {n} settings"
        return f"{none} yet, as planned runs are missing" if early else f"{none}{_too_few(results)}"
    so_far = "so far " if early else ""
    return f"{so_far}{' and '.join(parts)}" + (f"; at {rest} no difference is shown" if rest else "")
