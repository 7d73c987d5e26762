"""The answer of a study with a grid: where which arm was stable, and what that makes of the registered contrast."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.findings.questions import LABELS
from analysis.results.document import ArmResult, ContrastResult, Results
from analysis.results.factors import GridMean, SignsOverGrid
from analysis.results.wording import (
    composition_text,
    contrast_text,
    drawn_text,
    interval_text,
    learning_rate,
    listed,
    p_text,
    signed,
    signs_text,
)
from analysis.statistics import FactorEffect, FactorEffects, significant


def grid_paragraphs(results: Results) -> Iterator[str]:
    """The map in a sentence, what became of each arm's runs, and the primary contrast over the grid."""
    yield _where_stable(results)
    yield from _arms(results)
    primaries = results.of_role("primary")
    if primaries:
        yield from _mean(results, primaries[0])
        yield at_each_point(results, primaries)
    at_compute = results.of_role("primary", "equal compute")
    if at_compute:
        yield f"At equal computation: {at_each_point(results, at_compute)}"


def _where_stable(results: Results) -> str:
    counts = {}
    for panel in results.factorial.stability_map:
        known = [cell for cell in panel.cells if cell.not_stable.n]
        counts[panel.arm] = (sum(cell.not_stable.count == 0 for cell in known), len(known))
    ranked = sorted(counts, key=lambda arm: counts[arm][0], reverse=True)
    places = listed([f"{counts[arm][0]} of {counts[arm][1]} with {arm}" for arm in ranked])
    return f"Grid points at which every run was stable: {places}."


def _arms(results: Results) -> Iterator[str]:
    """«29 of 32 mlp runs had not learned, 3 of 32 were stable, after 1,000 steps at lr 5e-5 to 5e-3.»"""
    steps = _range([f"{steps:,}" for steps in results.steps])
    for name, own in results.by_arm().items():
        total = total_verdicts(own)
        if total.total():
            yield f"{composition_text(name, total)}, after {steps} steps at {_rates(own)}."


def total_verdicts(arms: Sequence[ArmResult]) -> Counter[str]:
    """How many runs of those have each verdict."""
    return sum((Counter({code: rate.count for code, rate in arm.verdicts.items()}) for arm in arms), Counter[str]())


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


class ContrastMean(NamedTuple):
    """A contrast averaged over the grid: ``effect`` is one of ``effects``, in ``unit``."""

    unit: str
    effects: FactorEffects
    effect: FactorEffect
    signs: SignsOverGrid


def mean_over_grid(means: Sequence[GridMean], contrast: ContrastResult) -> ContrastMean | None:
    """The contrast's among them; None of an interaction, and where it is not estimable."""
    name = contrast_text(contrast.name, contrast.first, contrast.second)
    for mean in means:
        if (
            contrast.minus is not None
            or mean.outcome != contrast.outcome
            or not isinstance(mean.effects, FactorEffects)
        ):
            continue
        for effect, signs in zip(mean.effects.effects, mean.signs, strict=True):
            if effect.name == name:
                return ContrastMean(unit=mean.unit, effects=mean.effects, effect=effect, signs=signs)
    return None


def _mean(results: Results, contrast: ContrastResult) -> Iterator[str]:
    """The primary contrast averaged over the grid, if it was made."""
    mean = mean_over_grid(results.factorial.means, contrast)
    if mean is None:
        return
    both = f" Its estimates at single grid points are {signs_text(mean.signs)}." if mean.signs.differ else ""
    test = f"sign-flip{drawn_text(mean.effects)} {p_text(mean.effect.p, results.alpha)}"
    yield (
        f"Averaged over the grid, {LABELS[contrast.outcome]} ({mean.unit}), {contrast.first} minus"
        f" {contrast.second}: {signed(mean.effect.estimate)} {interval_text(mean.effect.interval)} over"
        f" {mean.effects.n_seeds} seeds, {test}{_too_few(mean.effects)}.{both}"
    )


def _too_few(effects: FactorEffects) -> str:
    return ", which so few seeds cannot bring below the level" if effects.note else ""


def at_each_point(results: Results, contrasts: Sequence[ContrastResult]) -> str:
    """At how many grid points which arm of a contrast has more. ``contrasts``: one a grid point."""
    known = [contrast.effect.estimate for contrast in contrasts if contrast.effect.estimate is not None]
    first, second = sum(estimate > 0 for estimate in known), sum(estimate < 0 for estimate in known)
    clear = sum(significant(contrast.effect.p_holm, results.alpha) for contrast in contrasts)
    one, unknown = contrasts[0], len(contrasts) - len(known)
    parts = [f"larger for {one.first} at {first}", f"for {one.second} at {second}"]
    parts += [f"for neither at {len(known) - first - second}", *([f"not estimable at {unknown}"] if unknown else [])]
    return (
        f"{one.name}, {LABELS[one.outcome]}, at {len(contrasts)} grid points: {', '.join(parts)};"
        f" Holm p is {results.alpha:g} or less at {clear}."
    )
