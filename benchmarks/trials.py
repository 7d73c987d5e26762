"""What is asked of one synthetic study: does each procedure reject, or does each interval hold the truth?

Every function takes a random generator and the number of pairs or seeds, and answers with one truth value a
procedure. A test that could not be computed does not reject.
"""

# N seeds

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from analysis.statistics import (
    FactorEffect,
    FactorEffects,
    Interval,
    LogisticModel,
    LogRank,
    NotEstimable,
    PairCounts,
    e_value,
    factor_effects,
    first_to_fail,
    hodges_lehmann,
    holm,
    log_rank,
    logistic_gee,
    max_t,
    mcnemar_exact_p,
    mean_interval,
    newcombe_interval,
    paired_differences,
    rates_within_margin,
    restricted_means,
    shift_within_margin,
    sign_flip_test,
    significant,
    specification_test,
    spread_test,
    tango_interval,
    wilcoxon_signed_rank,
)
from benchmarks.synthetic_studies import (
    BUDGET,
    Flags,
    Floats,
    distances_with_failures,
    failures,
    luck,
    seen_at_probes,
    threshold_verdicts,
    times,
    updates_to_bar,
    watched,
)
from runs.plan import Contrast

Answers = tuple[bool, ...]
Values = Callable[[np.random.Generator, int], Floats]

ALPHA = 0.05
RESAMPLES = 999  # with the observed data 1,000, so that p <= .05 can have probability .05
ENOUGH_EVIDENCE = 1 / ALPHA
RATE_MARGIN, SHIFT_MARGIN = 0.5, 2.0  # of equivalence; the second in standard deviations of an arm
FACTORS = {"architecture": ("mlp", "dcgan"), "normalization": ("none", "batch")}

_mcnemar_p = cache(mcnemar_exact_p)
_e_value = cache(e_value)
_tango, _newcombe = cache(tango_interval), cache(newcombe_interval)


def mcnemar(rng: np.random.Generator, n: int, *, rates: tuple[float, float]) -> Answers:
    """Exact McNemar test of failures."""
    return (significant(_failures_p(failures(rng, n, rates)), ALPHA),)


def mcnemar_without_correlation(rng: np.random.Generator, n: int, *, rates: tuple[float, float]) -> Answers:
    """The same where the runs of a pair share nothing, as computed power assumes."""
    return (significant(_failures_p(rng.random((n, 2)) < rates), ALPHA),)


def wilcoxon(rng: np.random.Generator, n: int, *, values: Values) -> Answers:
    """Signed-rank test of two arms' values, failed runs at the worst rank."""
    return (significant(_values_p(values(rng, n)), ALPHA),)


def spread(rng: np.random.Generator, n: int, *, values: Values) -> Answers:
    """Test of equal spread."""
    test = spread_test(*values(rng, n).T, n_resamples=RESAMPLES)
    return (test is not None and significant(test.p, ALPHA),)


def unequal_spread(rng: np.random.Generator, n: int) -> Floats:
    """Values (N, 2) around one centre, those of the first arm spread three times as wide."""
    return luck(rng, n) * np.array([3.0, 1.0])


def unequal_centres(rng: np.random.Generator, n: int) -> Floats:
    """Values (N, 2) of equal spread, five standard deviations apart."""
    return luck(rng, n) + np.array([5.0, 0.0])


def times_at_probes(rng: np.random.Generator, n: int) -> Floats:
    """Times (N, 2) at probes, a fifth of them beyond the budget."""
    return seen_at_probes(times(rng, n))


def early_times(rng: np.random.Generator, n: int) -> Floats:
    """Times (N, 2) without ties, all within the budget."""
    return times(rng, n, median=BUDGET / 100)


def verdict_factors(rng: np.random.Generator, n: int) -> Answers:
    """Effects of two factors on verdicts: two sign-flip tests, all three by max-T, and the logistic model."""
    failed = failures(rng, n, [0.5] * 4).reshape(n, 2, 2)
    effects = _effects(failed)
    model = logistic_gee(failed, FACTORS)
    wald = isinstance(model, LogisticModel) and significant(model.effects[2].p, ALPHA)
    return (
        significant(effects[0].p, ALPHA),
        significant(effects[2].p, ALPHA),
        significant(min(effect.p_adjusted for effect in effects), ALPHA),
        wald,
    )


def one_real_factor(rng: np.random.Generator, n: int) -> Answers:
    """Tests of two null effects beside a large one: the interaction alone, and both by max-T."""
    effects = _effects((luck(rng, n, 4) + np.array([2.0, 2.0, 0.0, 0.0])).reshape(n, 2, 2))
    smallest = min(effect.p_adjusted for effect in effects[1:])
    return significant(effects[2].p, ALPHA), significant(smallest, ALPHA)


def grid(rng: np.random.Generator, n: int) -> Answers:
    """Any of eight cells' differences of two arms, by max-T: each cell has luck of its own beside the seed's."""
    cells = luck(rng, n, 16).reshape(n, 8, 2)
    return (significant(min(max_t(cells[..., 0] - cells[..., 1], n_resamples=RESAMPLES).p_adjusted), ALPHA),)


_GRID_POINTS = 4  # as in the default study


def secondaries(rng: np.random.Generator, n: int, *, contrasts: Sequence[Contrast]) -> Answers:
    """Any of the registered contrasts, by Holm."""
    arms = sorted({arm for contrast in contrasts for arm in contrast.arms})
    failed = failures(rng, n, [0.3] * len(arms))
    values = {
        "final_frechet": distances_with_failures(rng, n, len(arms)),
        "updates_to_bar": updates_to_bar(rng, n, len(arms)),
        "updates_where_both_learn": updates_to_bar(rng, n, len(arms)),
    }
    stable = np.sum([~failures(rng, n, [0.3] * len(arms)) for _ in range(_GRID_POINTS)], axis=0)
    p_values = []
    for contrast in contrasts:
        columns = [arms.index(arm) for arm in contrast.arms]
        if contrast.outcome == "not_stable":
            p_values.append(_verdicts_p(failed[:, columns]))
        elif contrast.outcome == "stable_points":
            p_values.append(_points_p(stable[:, columns]))
        else:
            p_values.append(_values_p(values[contrast.outcome][:, columns]))
    return (any(significant(p, ALPHA) for p in holm(p_values)),)


def survival(rng: np.random.Generator, n: int, *, values: Values) -> Answers:
    """Times of two arms: log-rank within pairs, the sign test on who failed first, the restricted mean."""
    first, second = (watched(time) for time in values(rng, n).T)
    by_rank, by_sign = log_rank(first, second), first_to_fail(first, second)
    means = restricted_means(first, second, tau=BUDGET, n_resamples=RESAMPLES)
    return (
        isinstance(by_rank, LogRank) and significant(by_rank.p, ALPHA),
        not isinstance(by_sign, NotEstimable) and significant(by_sign.p, ALPHA),
        not isinstance(means, NotEstimable) and significant(means.sign_flip.p, ALPHA),
    )


def specifications(rng: np.random.Generator, n: int) -> Answers:
    """Both joint tests over 24 specifications."""
    failed = threshold_verdicts(rng, n).astype(float)
    test = specification_test(failed[..., 0] - failed[..., 1], n_resamples=RESAMPLES)
    if isinstance(test, NotEstimable):
        return False, False
    return significant(test.p_median, ALPHA), significant(test.p_significant, ALPHA)


def early_looks(rng: np.random.Generator, n: int) -> Answers:
    """Whether the e-value ever reaches what stops a study, looked at after every pair."""
    failed = failures(rng, n, (0.5, 0.5))
    b, c = np.cumsum(failed[:, 0] & ~failed[:, 1]), np.cumsum(~failed[:, 0] & failed[:, 1])
    return (any(_e_value(int(i), int(j)) >= ENOUGH_EVIDENCE for i, j in zip(b, c, strict=True)),)


def rates_at_margin(rng: np.random.Generator, n: int) -> Answers:
    """Whether rates that differ by the margin are said to differ by less."""
    failed = failures(rng, n, (0.5 + RATE_MARGIN / 2, 0.5 - RATE_MARGIN / 2))
    return (rates_within_margin(_counts(failed), RATE_MARGIN, alpha=ALPHA).shown,)


def shift_at_margin(rng: np.random.Generator, n: int) -> Answers:
    """Whether values that are shifted by the margin are said to be shifted by less."""
    values = luck(rng, n)
    return (shift_within_margin(values[:, 0] - values[:, 1] + SHIFT_MARGIN, SHIFT_MARGIN, alpha=ALPHA).shown,)


def rate_intervals(rng: np.random.Generator, n: int, *, rates: tuple[float, float]) -> Answers:
    """Tango's and Newcombe's intervals of the difference of two rates."""
    counts = _counts(failures(rng, n, rates))
    return tuple(_holds(interval(counts), rates[0] - rates[1]) for interval in (_tango, _newcombe))


def shift_and_mean(rng: np.random.Generator, n: int, *, values: Values) -> Answers:
    """Intervals of the Hodges-Lehmann shift and of the mean difference of two arms' values."""
    first, second = values(rng, n).T
    d = first - second
    mean = mean_interval(d, n_resamples=RESAMPLES)
    return _holds(hodges_lehmann(d).interval, 0), _holds(mean, 0)


def shift_with_failures(rng: np.random.Generator, n: int) -> Answers:
    """Interval of the Hodges-Lehmann shift with ties, and with infinite differences on both sides."""
    return (_holds(hodges_lehmann(paired_differences(*distances_with_failures(rng, n).T)).interval, 0),)


def _holds(interval: Interval | None, truth: float) -> bool:
    return interval is not None and interval.low <= truth <= interval.high


def _counts(failed: Flags) -> PairCounts:
    return PairCounts.from_outcomes(failed[:, 0], failed[:, 1])


def _failures_p(failed: Flags) -> float:
    counts = _counts(failed)
    return _mcnemar_p(counts.b, counts.c)


def _values_p(values: Floats) -> float:
    return wilcoxon_signed_rank(paired_differences(values[:, 0], values[:, 1])).p


def _verdicts_p(failed: Flags) -> float:
    """Test of two arms' failures (N, 2), or of the interaction of four arms' (N, 4)."""
    if failed.shape[1] == 2:
        return _failures_p(failed)
    return sign_flip_test(failed @ np.array([1.0, -1.0, -1.0, 1.0]), n_resamples=RESAMPLES).p


def _points_p(stable: Floats) -> float:
    """Test of two arms' numbers of stable grid points (N, 2), or of the interaction of four arms' (N, 4)."""
    signs = np.array([1.0, -1.0, -1.0, 1.0])[: stable.shape[1]]
    return sign_flip_test(stable @ signs, n_resamples=RESAMPLES).p


def _effects(outcomes: Floats | Flags) -> tuple[FactorEffect, ...]:
    result = factor_effects(outcomes, FACTORS, n_resamples=RESAMPLES)
    if not isinstance(result, FactorEffects):
        raise RuntimeError(f"studies without effects were made: {result}")
    return result.effects
