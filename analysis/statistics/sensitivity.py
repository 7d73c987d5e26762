"""How far a verdict depends on its thresholds: one joint test over all specifications of an analysis."""

# K specifications, N pairs or seeds, R resamples

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.estimates import BoolArray, FloatArray, NotEstimable
from analysis.statistics.pair_counts import mcnemar_critical_count
from analysis.statistics.resampling import N_RESAMPLES, at_least, permutation_p, sign_sums
from analysis.statistics.significance import all_significant

_LARGEST = 2**31  # sums of smaller whole numbers are exact


@dataclass(frozen=True, kw_only=True)
class SpecificationTest:
    """The differences Δ of K specifications, and two joint tests that none of them holds an effect.

    deltas: Δ of each specification. median_delta with p_median: their median is as far from 0 by chance.
    n_significant with p_significant: that many specifications are significant in one and the same direction by
    chance, each by the sign-flip test at ``alpha``, which of -1, 0 and 1 is the exact McNemar test. exact,
    n_resamples: as in PermutationTest. n_pairs: pairs, or seeds.
    """

    n_pairs: int
    alpha: float
    deltas: tuple[float, ...]
    median_delta: float
    p_median: float
    n_significant: int
    p_significant: float
    exact: bool
    n_resamples: int


def specification_test(
    differences: ArrayLike, *, alpha: float = 0.05, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> SpecificationTest | NotEstimable:
    """Joint test over the specifications of an analysis (Simonsohn, Simmons & Nelson 2020).

    ``differences`` (K, N): first less second arm of pair i under specification k. Of a binary outcome +1 where only
    the first arm failed, -1 where only the second did, 0 otherwise; of a count of a seed the difference of the counts.
    The arm labels of a pair are swapped in all specifications at once, so that their dependence is kept. NotEstimable
    without pairs. Raises ValueError for another shape and for numbers that are not whole.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 2 or len(d) == 0 or not ((np.abs(d) < _LARGEST) & (d == np.round(d))).all():
        raise ValueError(f"differences must be whole numbers, of shape (specifications, pairs), got shape {d.shape}")
    n = d.shape[1]
    if n == 0:
        return NotEstimable(reason="no complete pairs", n=0)
    moving = d[:, (d != 0).any(axis=0)]
    needed = _least_significant(d, alpha, n_resamples, seed)
    observed = _statistics(d.sum(axis=1), needed)
    p, exact = permutation_p(
        moving.shape[1],
        lambda signs: _as_extreme(signs @ moving.T, needed, observed),
        n_resamples=n_resamples,
        seed=seed,
    )
    deltas = d.mean(axis=1)
    return SpecificationTest(
        n_pairs=n,
        alpha=alpha,
        deltas=tuple(deltas.tolist()),
        median_delta=float(np.median(deltas)),
        p_median=float(p[0]),
        n_significant=int(observed[1]),
        p_significant=float(p[1]),
        exact=exact,
        n_resamples=2 ** moving.shape[1] if exact else n_resamples,
    )


def _least_significant(d: FloatArray, alpha: float, n_resamples: int, seed: int) -> FloatArray:
    """Least |sum| (K,) of each specification that its own test calls significant, whatever the signs; inf if none."""
    if np.isin(d, (-1, 0, 1)).all():
        discordant = np.abs(d).sum(axis=1)
        return np.where(discordant > 0, discordant - 2 * mcnemar_critical_count(discordant, alpha), np.inf)
    alike = {tuple(sorted(np.abs(row[row != 0]).tolist())) for row in d}
    by_row = {sizes: _critical_sum(np.array(sizes), alpha, n_resamples, seed) for sizes in alike}
    return np.array([by_row[tuple(sorted(np.abs(row[row != 0]).tolist()))] for row in d])


def _critical_sum(sizes: FloatArray, alpha: float, n_resamples: int, seed: int) -> float:
    """Of differences of those sizes, whole numbers, so that sums are exact."""
    sums, exact = sign_sums(sizes, n_resamples=n_resamples, seed=seed)
    values, counts = np.unique(np.abs(sums), return_counts=True)
    tail = counts[::-1].cumsum()[::-1]  # how many reach each value
    p = tail / len(sums) if exact else (tail + 1) / (len(sums) + 1)
    reached = values[all_significant(p, alpha) & (values > 0)]
    return float(reached[0]) if len(reached) else np.inf


def _statistics(excess: FloatArray, needed: FloatArray) -> FloatArray:
    """|median| of the excesses (…, K), and how many reach ``needed`` in the commoner direction: (…, 2)."""
    one_way = np.maximum((excess >= needed).sum(axis=-1), (-excess >= needed).sum(axis=-1))
    return np.stack([np.abs(np.median(excess, axis=-1)), one_way], axis=-1)


def _as_extreme(excess: FloatArray, needed: FloatArray, observed: FloatArray) -> BoolArray:
    return at_least(_statistics(excess, needed), observed, 1.0)
