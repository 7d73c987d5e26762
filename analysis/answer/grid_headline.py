"""The answer of a study with a grid: where which arm was stable, and what that makes of the registered contrast."""

from collections.abc import Iterator, Sequence

from analysis.answer.evidence import NO_SEQUENTIAL_TEST, at_early_look, standing_text, statement
from analysis.answer.region_headline import region_at_equal_compute, region_paragraphs, secondaries_text
from analysis.counting import counted
from analysis.findings.families import enough_evidence, evidence, is_shown
from analysis.findings.grid_means import ContrastMean, mean_over_grid
from analysis.findings.questions import LABELS
from analysis.results.document import ArmResult, ContrastResult, Findings, total_verdicts
from analysis.results.wording import (
    composition_text,
    difference_text,
    drawn_text,
    interval_text,
    learning_rate,
    listed,
    number,
    p_text,
    signed,
    signs_text,
)
from analysis.statistics import significant, smallest_sign_p


def grid_paragraphs(results: Findings) -> Iterator[str]:
    """The primary contrast over the grid and where which arm was stable; then what stands behind the primary."""
    primaries = results.of_role("primary")
    if primaries and primaries[0].over_grid:
        yield from region_paragraphs(results, primaries[0])
    else:
        yield _where_stable(results)
        yield from _arms(results)
    if primaries and not primaries[0].over_grid:
        yield from _mean(results, primaries[0])
        yield at_each_point(results, primaries)
    yield from _co_primary(results)
    yield from secondaries_text(results)
    at_compute = results.of_role("primary", "equal compute")
    if at_compute and at_compute[0].over_grid:
        yield from region_at_equal_compute(results)
    elif at_compute:
        yield f"At equal computation: {at_each_point(results, at_compute)}"


def _co_primary(results: Findings) -> Iterator[str]:
    found = results.of_role("co-primary")
    if found:
        told = statement(results, found[0]) if found[0].over_grid else at_each_point(results, found)
        yield f"{standing_text(results)}: {told}"


def _where_stable(results: Findings) -> str:
    counts = {}
    for name, own in results.by_arm().items():
        known = [arm for arm in own if arm.not_stable.n]
        counts[name] = (sum(arm.not_stable.count == 0 for arm in known), len(known))
    ranked = sorted(counts, key=lambda arm: counts[arm][0], reverse=True)
    places = listed([f"{counts[arm][0]} of {counts[arm][1]} with {arm}" for arm in ranked])
    return f"Grid points at which every run was stable: {places}."


def _arms(results: Findings) -> Iterator[str]:
    """«29 of 32 mlp runs had not learned, 3 of 32 were stable, after 1,000 steps at lr 5e-5 to 5e-3.»"""
    steps = _range([f"{steps:,}" for steps in results.steps])
    for name, own in results.by_arm().items():
        total = total_verdicts(own)
        if total.total():
            yield f"{composition_text(name, total)}, after {steps} steps at {_rates(own)}."


def _rates(arms: Sequence[ArmResult]) -> str:
    players = {
        player: [learning_rate(rate) for rate in sorted({arm.settings[f"lr_{player}"] for arm in arms})]
        for player in ("g", "d")
    }
    if players["g"] == players["d"]:
        return f"lr {_range(players['g'])}"
    return f"lr {_range(players['g'])} (G) and {_range(players['d'])} (D)"


def _range(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}"


def _mean(results: Findings, contrast: ContrastResult) -> Iterator[str]:
    """The primary contrast averaged over the grid, if it was made."""
    mean = mean_over_grid(results.grid_means, contrast)
    if mean is None:
        return
    both = f" Its estimates at single grid points are {signs_text(mean.signs)}." if mean.signs.differ else ""
    test = f"sign-flip{drawn_text(mean.effects)} {p_text(mean.effect.p, results.alpha)}"
    test = NO_SEQUENTIAL_TEST if at_early_look(results) else f"{test}{_too_few(mean, results.alpha)}"
    yield (
        f"Averaged over the grid, {LABELS[contrast.outcome]} ({mean.unit}), {contrast.first} minus"
        f" {contrast.second}: {signed(mean.effect.estimate)} {interval_text(mean.effect.interval)} over"
        f" {counted(mean.effects.n_seeds, 'seed')}, {test}.{both}"
    )


def _too_few(mean: ContrastMean, alpha: float) -> str:
    """The limit is the number of seeds that differ, not of all."""
    moving, n = mean.effect.moving, mean.effects.n_seeds
    if significant(smallest_sign_p(moving), alpha):
        return ""
    which = f"the {counted(n, 'seed')}" if moving == n else f"the {moving} of {counted(n, 'seed')} that differ"
    return f", which {which} cannot bring to the level"


def at_each_point(results: Findings, contrasts: Sequence[ContrastResult]) -> str:
    """At how many grid points which arm of a contrast has more. ``contrasts``: one a grid point."""
    known = [contrast.effect.estimate for contrast in contrasts if contrast.effect.estimate is not None]
    above, below = sum(estimate > 0 for estimate in known), sum(estimate < 0 for estimate in known)
    one, unknown, neither = contrasts[0], len(contrasts) - len(known), len(known) - above - below
    if one.minus is None:
        parts = [f"larger for {one.first} at {above}", f"for {one.second} at {below}", f"for neither at {neither}"]
        about = LABELS[one.outcome]
    else:
        parts = [f"above 0 at {above}", f"below 0 at {below}", f"0 at {neither}"]
        about = f"difference of differences in {LABELS[one.outcome]}, {difference_text(one)}"
    parts += [f"not estimable at {unknown}"] if unknown else []
    return f"{one.name}, {about}, at {len(contrasts)} grid points: {', '.join(parts)}; {_clear_at(results, contrasts)}."


def _clear_at(results: Findings, contrasts: Sequence[ContrastResult]) -> str:
    """At how many points the difference is shown."""
    early = at_early_look(results)
    clear = sum(is_shown(contrast, results.alpha, early=early) for contrast in contrasts)
    if not early:
        return f"Holm p is {results.alpha:g} or less at {clear}"
    if evidence(contrasts[0]) is None:
        return NO_SEQUENTIAL_TEST
    enough = enough_evidence(results.alpha, contrasts[0].effect.family)
    return f"at this early look the e-value reaches the {number(enough)} that would end the study at {clear}"
