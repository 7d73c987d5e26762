"""Effects of factors and the stability map, as they stand in the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.statistics import FactorEffects, LogisticModel, NotEstimable, Rate
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
class FactorialResult:
    """Main effects and interaction of architecture and normalization on one outcome, one contrast a seed.

    levels: of each factor, low then high; an effect is high less low. cells: the arm at each combination, in the
    order low-low, low-high, high-low, high-high of the two factors. grid_point: None for the average over the grid.
    outcome: updates_to_bar is cut off at the budget; final_frechet is of joint ranks with failed runs as the worst.
    p_adjusted of the effects is over all ``family`` effects on this outcome, those at other grid points included.
    signs: of averages over the grid, one an effect; empty for a grid point, and where nothing is estimable.
    model: logistic model of failures beside them; None for other outcomes and for the average over the grid.
    """

    outcome: Outcome
    unit: str
    levels: Mapping[str, tuple[str, str]]
    cells: tuple[str, ...]
    grid_point: Mapping[str, Any] | None
    n_planned: int
    family: int
    effects: FactorEffects | NotEstimable
    signs: tuple[SignsOverGrid, ...]
    model: LogisticModel | NotEstimable | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class TrendResult:
    """How an outcome changes along one grid factor: mean change from one level to the next, per seed.

    The slope is the least-squares one over the order of ``levels``, averaged over the other factors of the grid.
    effects: one an arm, by its name, and "all arms"; p_adjusted is over all of them. outcome: as in FactorialResult.
    """

    factor: str
    levels: tuple[Any, ...]
    outcome: Outcome
    unit: str
    n_planned: int
    effects: FactorEffects | NotEstimable
    sentence: str


@dataclass(frozen=True, kw_only=True)
class GridMean:
    """The registered contrasts on one outcome averaged over the grid: one difference a seed, first minus second.

    effects: one a contrast, by its name; p_adjusted is over all of them. Seeds count where every arm has a run at
    every grid point. outcome: as in FactorialResult. signs: one an effect; empty where nothing is estimable.
    """

    outcome: Outcome
    unit: str
    n_planned: int
    effects: FactorEffects | NotEstimable
    signs: tuple[SignsOverGrid, ...]
    sentence: str


@dataclass(frozen=True, kw_only=True)
class MapCell:
    """Rate of runs not stable at one grid point, and how many of its runs have each verdict."""

    grid_point: Mapping[str, Any]
    not_stable: Rate
    verdicts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class MapPanel:
    """One arm's panel of the stability map: a cell a grid point, in the order of the grid."""

    arm: str
    factors: Mapping[str, tuple[Any, ...]]
    cells: tuple[MapCell, ...]
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Factorial:
    """Effects of factors. Empty parts are for want of a 2 x 2 of arms, or of a grid; ``notes`` say so."""

    effects: tuple[FactorialResult, ...]
    trends: tuple[TrendResult, ...]
    means: tuple[GridMean, ...]
    stability_map: tuple[MapPanel, ...]
    notes: tuple[str, ...]
