"""How far a verdict depends on its thresholds: one joint test over all specifications of an analysis."""

# K specifications, N pairs, R resamples

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.estimates import BoolArray, FloatArray, NotEstimable
from analysis.statistics.pair_counts import mcnemar_critical_count
from analysis.statistics.resampling import N_RESAMPLES, at_least, permutation_p


@dataclass(frozen=True, kw_only=True)
class SpecificationTest:
    """The differences Δ of K specifications, and two joint tests that none of them holds an effect.

    deltas: Δ of each specification. median_delta with p_median: their median is as far from 0 by chance.
    n_significant with p_significant: that many specifications are significant in one and the same direction by
    chance, each by the exact McNemar test at ``alpha``. exact, n_resamples: as in PermutationTest.
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

    ``differences`` (K, N) holds +1 where under specification k only the first arm of pair i failed, -1 where only
    the second did, 0 otherwise. The arm labels of a pair are swapped in all specifications at once, so that their
    dependence is kept. NotEstimable without pairs. Raises ValueError for another shape or other values.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 2 or len(d) == 0 or not np.isin(d, (-1, 0, 1)).all():
        raise ValueError(f"differences must be -1, 0 or 1, of shape (specifications, pairs), got shape {d.shape}")
    n = d.shape[1]
    if n == 0:
        return NotEstimable(reason="no complete pairs", n=0)
    moving = d[:, (d != 0).any(axis=0)]
    discordant = np.abs(d).sum(axis=1)
    needed = np.where(discordant > 0, discordant - 2 * mcnemar_critical_count(discordant, alpha), np.inf)
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


def _statistics(excess: FloatArray, needed: FloatArray) -> FloatArray:
    """|median| of the excesses b - c (…, K), and how many reach ``needed`` in the commoner direction: (…, 2)."""
    one_way = np.maximum((excess >= needed).sum(axis=-1), (-excess >= needed).sum(axis=-1))
    return np.stack([np.abs(np.median(excess, axis=-1)), one_way], axis=-1)


def _as_extreme(excess: FloatArray, needed: FloatArray, observed: FloatArray) -> BoolArray:
    return at_least(_statistics(excess, needed), observed, 1.0)
