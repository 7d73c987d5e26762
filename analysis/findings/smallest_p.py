"""The smallest p that registered tests can reach, given the number of their pairs or seeds."""

from collections.abc import Iterator, Sequence

from analysis.results.document import ContrastResult
from analysis.results.parts import Role
from analysis.results.precision import SmallestP
from analysis.statistics import smallest_sign_p
from analysis.statistics.resampling import N_RESAMPLES


def smallest_p_by_role(contrasts: Sequence[ContrastResult]) -> Iterator[SmallestP]:
    """One a role that has contrasts; ``contrasts``: with Holm's correction, of one scale."""
    by_role: dict[Role, list[ContrastResult]] = {}
    for contrast in contrasts:
        by_role.setdefault(contrast.role, []).append(contrast)
    for role, tests in by_role.items():
        first = min(tests, key=lambda test: least_p(test, test.pairs.used))
        # of the tests whose differing pairs allow the smallest p, the one with the most of them
        of_moving = min(tests, key=lambda test: (least_p(test, moving(test)), -moving(test)))
        family = first.effect.family
        yield SmallestP(
            role=role,
            family=family,
            replicate=first.replicate,
            n=first.pairs.used,
            moving=moving(of_moving),
            p=min(1.0, family * least_p(first, first.pairs.used)),
            p_moving=min(1.0, family * least_p(of_moving, moving(of_moving))),
        )


def least_p(contrast: ContrastResult, n: int) -> float:
    """Smallest p of the contrast's test over ``n`` pairs or seeds that differ, all one way.

    2^(1-n) of all exact tests here: McNemar's, the sign-flip and the signed-rank test. Of a sign-flip test with more
    sign vectors than are drawn, the share that the observed one is of these.
    """
    drawn = contrast.minus is not None or contrast.outcome == "stable_points"
    least = smallest_sign_p(n)
    return max(least, 1 / (N_RESAMPLES + 1)) if drawn and 2**n > N_RESAMPLES else least


def moving(contrast: ContrastResult) -> int:
    """Pairs or seeds with a difference: the others tell no test anything."""
    return sum(pair.first != pair.second for pair in contrast.values)
