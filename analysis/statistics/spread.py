"""Whether two arms vary equally across seeds."""

# N pairs

import numpy as np

from analysis.statistics.estimates import BoolArray, FloatArray, Values, check_paired, finite_vector
from analysis.statistics.magnitudes import headroom
from analysis.statistics.resampling import N_RESAMPLES, PermutationTest, at_least, permutation_p


def spread_test(
    first: Values, second: Values, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> PermutationTest | None:
    """Test that two arms spread equally around their medians, over pairs (N,) of finite values.

    The statistic is log(mean|x - med x| / mean|y - med y|), infinite where one arm does not vary. The arms of each
    pair are swapped at random, and the medians taken anew, after both arms were centred on their medians: without
    centring, a difference in location is taken for one in spread. Since the centres are estimated, the level is
    approximate: with 8 pairs of strongly skewed values the test rejects too often (some 7 % at .05). None below 2
    pairs or where neither arm varies.
    """
    check_paired(first, second)
    x, y = finite_vector(first), finite_vector(second)
    if len(x) < 2 or (x.min() == x.max() and y.min() == y.max()):
        return None
    excess = headroom(np.concatenate([x, y]))  # a ratio of spreads does not depend on it
    x, y = np.ldexp(x, -excess), np.ldexp(y, -excess)
    x, y = x - np.median(x), y - np.median(y)
    observed = float(_log_spread_ratio(x, y))

    def as_extreme(signs: FloatArray) -> BoolArray:
        swapped = signs < 0
        ratio = _log_spread_ratio(np.where(swapped, y, x), np.where(swapped, x, y))
        return at_least(np.abs(ratio), abs(observed), 1.0)

    p, exact = permutation_p(len(x), as_extreme, n_resamples=n_resamples, seed=seed)
    return PermutationTest(
        statistic=observed, p=float(p), exact=exact, n_resamples=2 ** len(x) if exact else n_resamples
    )


def _log_spread_ratio(x: FloatArray, y: FloatArray) -> FloatArray:
    """Log ratio of the mean absolute deviations from the median along the last axis; 0 where neither varies."""
    spreads = [np.abs(v - np.median(v, axis=-1, keepdims=True)).mean(axis=-1) for v in (x, y)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spreads[0] == spreads[1], 0.0, np.log(spreads[0]) - np.log(spreads[1]))
