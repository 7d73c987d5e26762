"""What matched pairs without an outcome of both arms could still make of a comparison of failure rates."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from analysis.statistics.pair_counts import PairCounts, check_count, mcnemar_exact_p
from analysis.statistics.rates import PairedRates, paired_rates


@dataclass(frozen=True, kw_only=True)
class MissingPairs:
    """Pairs without an outcome of both arms, by what is known of them; raises ValueError for no count.

    first_failed, first_passed: only the first arm's outcome is known, and it had failed or not; second_* likewise.
    unknown: neither is.
    """

    unknown: int = 0
    first_failed: int = 0
    first_passed: int = 0
    second_failed: int = 0
    second_passed: int = 0

    def __post_init__(self) -> None:
        for name, count in vars(self).copy().items():
            object.__setattr__(self, name, check_count(count, name))

    @classmethod
    def from_known(cls, pairs: Iterable[tuple[bool | None, bool | None]]) -> Self:
        """Count pairs of whether the first and the second arm failed, None where that is not known.

        Raises ValueError for a pair of which both, or other things than booleans, are known.
        """
        counts = Counter(pairs)
        missing = cls(
            unknown=counts.pop((None, None), 0),
            first_failed=counts.pop((True, None), 0),
            first_passed=counts.pop((False, None), 0),
            second_failed=counts.pop((None, True), 0),
            second_passed=counts.pop((None, False), 0),
        )
        if counts:
            raise ValueError(f"not missing pairs: {list(counts)}; expected None in at least one arm, else a boolean")
        return missing

    @property
    def n(self) -> int:
        """All missing pairs."""
        return self.unknown + self.first_failed + self.first_passed + self.second_failed + self.second_passed


@dataclass(frozen=True, kw_only=True)
class MissingPairBounds:
    """What pairs that are missing could still make of a comparison, with what is known of them.

    first_failed, second_failed: the comparison if every missing pair that can have failed in that arm only had done
    so, and the others were concordant; delta_high and delta_low are their differences. p_low, p_high: smallest and
    largest exact p over all ways in which the missing pairs could have ended, concordant ones included. None where
    there is no pair, complete or missing.
    """

    n_missing: int
    delta_low: float | None
    delta_high: float | None
    p_low: float | None
    p_high: float | None
    first_failed: PairedRates
    second_failed: PairedRates


def missing_pair_bounds(counts: PairCounts, missing: MissingPairs, confidence: float = 0.95) -> MissingPairBounds:
    """Best and worst that the missing pairs could have done to the comparison of the complete ones.

    A pair can have failed in the first arm only unless its first run is known to have passed, or its second to have
    failed. A completion that adds all it can to the larger of b and c, and nothing to the smaller, has the smallest p
    it can reach; one that adds only to the smaller has the largest, which is 1 once they can be made equal.
    """
    first_only = missing.unknown + missing.first_failed + missing.second_passed
    second_only = missing.unknown + missing.first_passed + missing.second_failed
    b, c = counts.b, counts.c
    most_b = PairCounts(a=counts.a + missing.second_failed, b=b + first_only, c=c, d=counts.d + missing.first_passed)
    most_c = PairCounts(a=counts.a + missing.first_failed, b=b, c=c + second_only, d=counts.d + missing.second_passed)
    first, second = (paired_rates(extreme, confidence=confidence) for extreme in (most_b, most_c))
    evened = (min(most_b.b, c), c) if b <= c else (b, min(most_c.c, b))
    reachable = most_b.n > 0
    return MissingPairBounds(
        n_missing=missing.n,
        delta_low=second.delta,
        delta_high=first.delta,
        p_low=min(mcnemar_exact_p(most_b.b, c), mcnemar_exact_p(b, most_c.c)) if reachable else None,
        p_high=mcnemar_exact_p(*evened) if reachable else None,
        first_failed=first,
        second_failed=second,
    )
