"""The analysis plan of a study: what is tested and where verdicts change, registered before the runs."""

from typing import Annotated, Literal

from pydantic import Field, Strict
from pydantic.dataclasses import dataclass

from runs.schema import Name
from runs.validation import STRICT, Fraction, PositiveFloat, PositiveInt

Outcome = Literal[
    "not_stable", "final_frechet", "updates_to_bar", "mode_hopping", "stable_points", "updates_where_both_learn"
]
# asked once, over all grid points together, with one value a seed and arm; the others are asked at each grid point
OVER_GRID: frozenset[Outcome] = frozenset({"stable_points", "updates_where_both_learn"})


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Thresholds:
    """Where a verdict changes. Each is a fraction of a value measured on real data, so that none is tuned to an arm."""

    bar: PositiveFloat = 0.25  # of the Fréchet distance of constant grey: at or below it a run has learned
    precision: PositiveFloat = 0.5  # of held-out real images' precision: realistic, though perhaps narrow
    density: PositiveFloat = (
        0.75  # of their density, which goes with it: one outlier's wide surroundings are not enough
    )
    confidence: Fraction = 0.9  # mean classifier confidence that goes with both
    recall: PositiveFloat = 0.25  # of held-out real images' recall: below it a run has collapsed
    modes: PositiveFloat = 0.5  # of the number of classes: below it a run has collapsed
    divergence: Annotated[float, Strict(), Field(gt=1)] = 1.5  # of a run's best Fréchet distance so far
    probes: PositiveInt = 3  # consecutive probes that make a state


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Contrast:
    """``first`` against ``second`` on one outcome; with ``minus``, less the same for that second pair (interaction).

    outcome: two are asked over the whole grid, one value a seed and arm. stable_points: at how many grid points the
    seed's run ended stable; larger is better, of all others worse. updates_where_both_learn: the mean of updates to the
    bar over those grid points at which both arms' runs of the seed learned; what it finds is conditional on that.

    margin: of equivalence. Arms whose difference is shown to be smaller, either way, count as equal; without one
    nothing is said of equality. Its unit is that of the contrast's effect: for not_stable the difference of rates, as a
    share of runs; for updates_to_bar generator updates; for final_frechet the shift of the Fréchet distance itself, not
    a ratio; for mode_hopping total variation; for stable_points grid points. A study refuses a margin that no data
    could fail to meet (1 or more, for rates and total variation; as many as the grid has points, for stable_points),
    one finer than its probes, and one of what has no such test: an interaction, and updates_where_both_learn.
    """

    name: Annotated[str, Strict(), Field(min_length=1)]
    outcome: Outcome
    first: Name
    second: Name
    minus: tuple[Name, Name] | None = None
    margin: PositiveFloat | None = None

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the contrast needs."""
        return (self.first, self.second, *(self.minus or ()))

    @property
    def pairs(self) -> tuple[tuple[Name, Name], ...]:
        """The pair of arms that is compared and, of an interaction, the one whose difference is taken off."""
        return ((self.first, self.second), *((self.minus,) if self.minus else ()))

    @property
    def over_grid(self) -> bool:
        """Whether it is asked once, over the whole grid, and not at each grid point."""
        return self.outcome in OVER_GRID

    @property
    def question(self) -> tuple[Outcome, tuple[tuple[Name, Name], ...]]:
        """What is asked: equal for contrasts that differ in nothing but name, margin or the sign of their effect."""
        mirrored = tuple((second, first) for first, second in self.pairs)
        return self.outcome, min(self.pairs, mirrored, self.pairs[::-1], mirrored[::-1])


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Plan:
    """What is tested, registered before the runs.

    The families: the primary tests (one, or one a grid point) under Holm's correction at alpha; the co-primary, again
    with Holm over its own, is confirmatory only where the primary is significant (a gatekeeper: Maurer, Hothorn,
    Lehmacher 1995), so that the two together err at most at alpha; the secondaries with Holm are a family of their own.
    """

    primary: Contrast
    co_primary: Contrast
    secondaries: tuple[Contrast, ...] = ()
    thresholds: Thresholds = Thresholds()
    alpha: Annotated[float, Strict(), Field(gt=0, lt=1)] = 0.05

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """All of them, the primary first."""
        return (self.primary, self.co_primary, *self.secondaries)
