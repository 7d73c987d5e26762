"""The answer of a study whose primary contrast is over its grid: which arm is stable at more recipes, and where.

How many recipes an arm is stable at, its tolerance, and how it does at its best recipe are two statements.
"""

from collections.abc import Iterator, Sequence

from analysis.answer.evidence import NO_SEQUENTIAL_TEST, at_early_look, evidence_text, statement
from analysis.counting import counted
from analysis.findings.families import is_shown
from analysis.judging.verdicts import VerdictCode
from analysis.results.document import ArmResult, ContrastResult, Findings
from analysis.results.regions import ArmRegion, StablePoints
from analysis.results.wording import (
    composition_text,
    difference_text,
    interval_text,
    listed,
    number,
    p_text,
    point_text,
    points_text,
    signed,
)

MOST_NAMED = 6  # grid points that are told one by one
NOT_JUDGED = "Runs that had not learned are not judged for collapse or divergence."


def region_paragraphs(results: Findings, primary: ContrastResult) -> Iterator[str]:
    """The primary contrast over the grid, where which arm was stable, and each at its best."""
    if primary.stable_points is None:
        yield statement(results, primary)
    else:
        yield _answer(results, primary, primary.stable_points)
        yield from _incomplete(results, primary, primary.stable_points)
    yield " ".join(_where(name, own) for name, own in results.by_arm().items())
    yield from _at_each_point(results, primary)
    yield from _at_their_best(results, primary)


def secondaries_text(results: Findings) -> Iterator[str]:
    """The secondaries on stable grid points, in short."""
    found = [one for one in results.of_role("secondary") if one.outcome == "stable_points"]
    if found:
        told = [_in_short(results, one) for one in found]
        told += [NO_SEQUENTIAL_TEST] if at_early_look(results) else []
        family = counted(found[0].effect.family, "test")
        yield f"Secondaries on stable grid points, of {family} in a family of their own: {'; '.join(told)}."


def region_at_equal_compute(results: Findings) -> Iterator[str]:
    """The primary contrast where every run has the FLOPs of the cheapest arm at most."""
    for contrast in results.of_role("primary", "equal compute"):
        if contrast.stable_points is not None and contrast.pairs.used:
            yield f"At equal computation, in support: {_means(contrast, contrast.stable_points)}, {_effect(contrast)}."


def _answer(results: Findings, contrast: ContrastResult, found: StablePoints) -> str:
    if not contrast.pairs.used:
        return contrast.sentence
    text = (
        f"Of {found.n_points} grid points a seed's run ended stable at {_means(contrast, found)} on average over"
        f" {counted(contrast.pairs.used, 'seed')}: {_effect(contrast)} ({difference_text(contrast)},"
        f" {evidence_text(results, contrast)})"
    )
    return f"{text}: {_conclusion(results, contrast)}."


def _means(contrast: ContrastResult, found: StablePoints) -> str:
    """«1.78 with mlp and 4.11 with dcgan»."""
    return listed([f"{number(mean)} with {arm}" for arm, mean in found.means.items()])


def _effect(contrast: ContrastResult) -> str:
    return f"{signed(contrast.effect.estimate)} {interval_text(contrast.effect.interval)} grid points"


def _conclusion(results: Findings, contrast: ContrastResult) -> str:
    effect = contrast.effect
    if is_shown(contrast, results.alpha, early=at_early_look(results)) and effect.estimate:
        if contrast.minus is None:
            return f"{contrast.first if effect.estimate > 0 else contrast.second} is stable at more of them"
        first, other = (f"{one} minus {two}" for one, two in ((contrast.first, contrast.second), contrast.minus))
        return f"{first} lies {'above' if effect.estimate > 0 else 'below'} {other}"
    kind = "difference" if contrast.minus is None else "difference of differences"
    if at_early_look(results):
        return f"no {kind} is shown yet"
    if effect.interval is None:
        return f"no {kind} is shown"
    if not effect.interval.low <= 0 <= effect.interval.high:
        return "the interval, which is approximate, excludes 0, but the sign-flip test does not show it"
    return f"no {kind} is shown, and none within that interval is excluded"


def _incomplete(results: Findings, contrast: ContrastResult, found: StablePoints) -> Iterator[str]:
    """Which planned seeds are not compared, and what they could make of the mean."""
    if found.bounds is None:
        return
    compared = {value.seed for value in contrast.values}
    lacking = [seed for seed in results.seeds if seed not in compared]
    names = listed([str(seed) for seed in lacking])
    subject = f"Seed {names} lacks" if len(lacking) == 1 else f"Seeds {names} lack"
    low, high = signed(found.bounds.low.statistic), signed(found.bounds.high.statistic)
    yield f"{subject} a run at some grid point; the missing ones could make the mean anything from {low} to {high}."


def _where(arm: str, own: Sequence[ArmResult]) -> str:
    """«mlp: every run stable at lr 1e-3; 4 of 9 at lr 5e-3; none at lr 2e-4 and lr 1e-5.»"""
    known = [one for one in own if one.not_stable.n]
    every = [one for one in known if one.not_stable.count == 0]
    none = [one for one in known if one.not_stable.count == one.not_stable.n]
    some = [one for one in known if one not in every and one not in none]
    if not known:
        return f"{arm}: no run is complete."
    if len(own) > MOST_NAMED:
        parts = [f"every run stable at {len(every)}", f"some at {len(some)}", f"none at {len(none)}"]
        return f"{arm}: {', '.join(parts)} of {counted(len(known), 'grid point')}."
    parts = [f"every run stable at {_points(every)}"] if every else []
    parts += [f"{one.not_stable.n - one.not_stable.count} of {one.not_stable.n} at {_points([one])}" for one in some]
    parts += [f"none at {_points(none)}" if every or some else f"no run stable at {_points(none)}"] if none else []
    return f"{arm}: {'; '.join(parts)}."


def _points(own: Sequence[ArmResult]) -> str:
    return points_text([one.grid_point for one in own])


def _at_each_point(results: Findings, contrast: ContrastResult) -> Iterator[str]:
    """What became of the runs of the contrast's arms, by cause, at each grid point; over many points in all."""
    arms = list(contrast.composition)
    points = list({point_text(one.grid_point): one.grid_point for one in results.arms}.values())
    steps = listed([f"{steps:,}" for steps in results.steps])
    if len(points) > MOST_NAMED:
        totals = (composition_text(arm, contrast.composition[arm]) for arm in arms)
        told = [f"{text[0].upper()}{text[1:]}." for text in totals]
    else:
        told = [f"At {point_text(point)}: {_compositions(results, arms, point_text(point))}." for point in points]
    unlearned = any(own[VerdictCode.UNLEARNED.value] for own in contrast.composition.values())
    judged = [NOT_JUDGED] if unlearned else []
    yield " ".join([f"By cause, after {steps} steps.", *told, *judged])


def _compositions(results: Findings, arms: Sequence[str], point: str) -> str:
    own = [one for one in results.arms if one.arm in arms and point_text(one.grid_point) == point]
    counts = [(one.arm, {code: rate.count for code, rate in one.verdicts.items()}) for one in own]
    return "; ".join(composition_text(arm, of_arm) for arm, of_arm in counts)


def _at_their_best(results: Findings, contrast: ContrastResult) -> Iterator[str]:
    """Each arm at the recipe at which most of its runs were stable: what tolerance does not say."""
    found = {region.arm: region for region in results.regions}
    own = [found[arm] for arm in contrast.composition]
    if any(not region.best for region in own):
        none = listed([region.arm for region in own if not region.best])
        yield f"At no grid point was a run of {none} stable: there is no best recipe to compare."
        return
    told = "; ".join(f"{one.arm} {one.best_stable} of {one.best_judged} at {_best_points(one)}" for one in own)
    shares = {one.best_stable / one.best_judged for one in own}
    differ = "the shares are equal there" if len(shares) == 1 else "the shares differ there"
    yield f"Stable runs at each arm's best recipe, chosen by these very runs: {told}: {differ}; not a test."


def _best_points(region: ArmRegion) -> str:
    if len(region.best) > MOST_NAMED // 2:
        return f"each of {counted(len(region.best), 'grid point')}"
    return points_text(region.best)


def _in_short(results: Findings, contrast: ContrastResult) -> str:
    text = f"{contrast.name}, {difference_text(contrast)}, {_effect(contrast)}"
    return text if at_early_look(results) else f"{text}, Holm {p_text(contrast.effect.p_holm, results.alpha)}"
