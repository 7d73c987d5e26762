"""What seeds without a whole outcome could still make of a mean difference over seeds."""

# N complete seeds, M incomplete ones

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.estimates import Values, finite_vector
from analysis.statistics.resampling import N_RESAMPLES, PermutationTest, sign_flip_test


@dataclass(frozen=True, kw_only=True)
class MissingSeedBounds:
    """What incomplete seeds could make of a mean difference: the sign-flip test if each had its least, its greatest.

    low.statistic, high.statistic: the least and the greatest mean over all seeds that they allow. p at these ends does
    not bound p between them.
    """

    n_missing: int
    low: PermutationTest
    high: PermutationTest


def missing_seed_bounds(
    differences: Values, limits: ArrayLike, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> MissingSeedBounds:
    """Worst and best case of a mean over differences (N,) of complete seeds and ``limits`` (M, 2) of the others.

    A row of ``limits`` holds the least and the greatest difference that what is known of a seed allows. Raises
    ValueError for other shapes, for numbers that are not finite, and for a least above its greatest.
    """
    known = finite_vector(differences)
    given = np.asarray(limits, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != 2 or not np.isfinite(given).all() or (given[:, 0] > given[:, 1]).any():
        raise ValueError(f"limits must be finite rows of least and greatest, got {given.tolist()}")
    low, high = (
        sign_flip_test(np.append(known, given[:, side]), n_resamples=n_resamples, seed=seed) for side in (0, 1)
    )
    return MissingSeedBounds(n_missing=len(given), low=low, high=high)
