"""Contrasts averaged over a grid, as they stand in the results."""

from dataclasses import dataclass

from analysis.statistics import FactorEffects, NotEstimable
from runs.plan import Outcome


@dataclass(frozen=True, kw_only=True)
class SignsOverGrid:
    """At how many grid points an effect that is averaged over the grid lies above 0, at 0 and below 0.

    name: of the effect. The estimates are of the mean's seeds and unit, and their mean is the mean.
    """

    name: str
    above: int
    zero: int
    below: int

    @property
    def differ(self) -> bool:
        """Whether an estimate is above 0 at one point and one below 0 at another, which a mean does not show.

        Chance alone can give that: it is no test of whether the effect changes its sign.
        """
        return self.above > 0 and self.below > 0


@dataclass(frozen=True, kw_only=True)
class GridMean:
    """The registered contrasts on one outcome averaged over the grid: one difference a seed, first minus second.

    of: name, first and second arm of each contrast. effects: one a contrast, in that order; p_adjusted is over all of
    them. Seeds count where every arm has a run at every grid point. outcome: updates_to_bar is cut off at the budget;
    final_frechet is of joint ranks with failed runs as the worst. signs: one an effect; empty where nothing is
    estimable.
    """

    outcome: Outcome
    unit: str
    of: tuple[tuple[str, str, str], ...]
    n_planned: int
    effects: FactorEffects | NotEstimable
    signs: tuple[SignsOverGrid, ...]
    sentence: str
