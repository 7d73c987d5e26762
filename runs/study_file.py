"""The content of a study file, field by field, and what is refused in it."""

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Self

from pydantic import Field, Strict, model_validator
from pydantic.dataclasses import dataclass

from runs.plan import Contrast, Plan
from runs.printable import in_short
from runs.schema import BOTH_PLAYERS, Name
from runs.validation import STRICT, NaturalInt, PositiveInt, unknown

MOST_SEEDS = 100_000
MOST_CELLS = 10_000  # arms times grid points: each is a row of the report
MOST_RUNS = 1_000_000  # each is listed before the first is trained
_DECIDED_ELSEWHERE = {"study", "arm", "seed"}
_AT_MOST_ONE = ("not_stable", "mode_hopping")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StudyFile:
    """A study as its file declares it. ``arms`` may hold ``matched: false`` beside config fields."""

    study: Name
    question: Annotated[str, Strict(), Field(min_length=1)]
    seeds: Annotated[int, Strict(), Field(ge=1, le=MOST_SEEDS)]
    reference_arm: Name
    base: dict[str, Any]
    arms: dict[Name, dict[str, Any]]
    plan: Plan
    first_seed: NaturalInt = 0
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = field(default_factory=dict)
    snapshot_every: PositiveInt | None = None  # probes; no part of the plan

    @model_validator(mode="after")
    def _fits_a_sweep(self) -> Self:
        cells = len(self.arms) * math.prod(len(levels) for levels in self.grid.values())
        if cells > MOST_CELLS:
            raise ValueError(f"{cells:,} cells (arms times grid points); expected at most {MOST_CELLS:,}")
        if cells * self.seeds > MOST_RUNS:
            raise ValueError(f"{cells:,} cells times {self.seeds:,} seeds; expected at most {MOST_RUNS:,} runs")
        return self

    @model_validator(mode="after")
    def _names_known_arms(self) -> Self:
        for contrast in self.plan.contrasts:
            for arm in contrast.arms:
                if arm not in self.arms:
                    raise ValueError(f"contrast {contrast.name!r}: {unknown('arm', arm, self.arms)}")
        if self.reference_arm not in self.arms:
            raise ValueError(f"reference_arm: {unknown('arm', self.reference_arm, self.arms)}")
        return self

    @model_validator(mode="after")
    def _says_everything_once(self) -> Self:
        _refuse_contradictions("base", self.base)
        _refuse_contradictions("grid", self.grid)
        for arm, settings in self.arms.items():
            _refuse_contradictions(f"arm {arm}", settings)
            if not isinstance(settings.get("matched", True), bool):
                raise ValueError(f"arm {arm}: matched={in_short(settings['matched'])} should be true or false")
            for factor in spelled_out(self.grid).keys() & spelled_out(settings).keys():
                raise ValueError(f"arm {arm} sets {factor}, which the grid varies for all arms")
        for factor, levels in self.grid.items():
            if any(levels.count(level) > 1 for level in levels):
                raise ValueError(f"grid: a level of {factor} stands twice in {in_short(levels)}")
        return self

    @model_validator(mode="after")
    def _has_margins_that_can_be_judged(self) -> Self:
        for contrast in self.plan.contrasts:
            if contrast.margin is not None:
                _refuse_margin(contrast, contrast.margin, self.plan.alpha, self._n_points)
        return self

    @model_validator(mode="after")
    def _has_a_grid_to_ask_over(self) -> Self:
        for contrast in self.plan.contrasts:
            if contrast.over_grid:
                _refuse_over_grid(contrast, self._n_points)
        return self

    @property
    def _n_points(self) -> int:
        return math.prod(len(levels) for levels in self.grid.values())

    @model_validator(mode="after")
    def _asks_each_question_once(self) -> Self:
        asked: dict[Any, str] = {}
        for contrast in self.plan.contrasts:
            _refuse_no_comparison(contrast)
            if contrast.question in asked:
                raise ValueError(
                    f"contrasts {asked[contrast.question]!r} and {contrast.name!r} are the same, or one is the other's"
                    f" mirror image: {contrast.outcome} of {_compared(contrast)}; leave one of them out"
                )
            asked[contrast.question] = contrast.name
        return self

    @model_validator(mode="after")
    def _seeds_fit_a_record(self) -> Self:
        if self.first_seed + self.seeds > 2**63:
            raise ValueError(f"first_seed={self.first_seed}: seeds should stay below 2**63")
        return self


def spelled_out(values: Mapping[str, Any]) -> dict[str, Any]:
    """``lr`` stands for both players' learning rates, ``architecture`` for their architectures, and so on."""
    spelled = {key: value for key, value in values.items() if key not in BOTH_PLAYERS}
    for short in BOTH_PLAYERS.keys() & values.keys():
        spelled |= dict.fromkeys(BOTH_PLAYERS[short], values[short])
    return spelled


def _compared(contrast: Contrast) -> str:
    return ", minus ".join(f"{first} against {second}" for first, second in contrast.pairs)


def _refuse_no_comparison(contrast: Contrast) -> None:
    given = f"contrast {contrast.name!r} on {contrast.outcome}"
    for first, second in contrast.pairs:
        if first == second:
            raise ValueError(f"{given} compares {first} with itself; expected two different arms")
    if contrast.minus and set(contrast.minus) == {contrast.first, contrast.second}:
        raise ValueError(f"{given}: minus={list(contrast.minus)} are first and second again; expected another pair")


def _refuse_over_grid(contrast: Contrast, n_points: int) -> None:
    given = f"contrast {contrast.name!r} on {contrast.outcome}"
    at_one_point = "not_stable" if contrast.outcome == "stable_points" else "updates_to_bar"
    if n_points < 2:
        raise ValueError(f"{given} is asked over a grid of two points or more; without one, ask {at_one_point}")
    if contrast.outcome == "updates_where_both_learn" and contrast.minus is not None:
        raise ValueError(f"{given} compares two arms where both learn; leave out minus={list(contrast.minus)}")


def _refuse_margin(contrast: Contrast, margin: float, alpha: float, n_points: int) -> None:
    given = f"contrast {contrast.name!r} on {contrast.outcome}: margin={margin:g}"
    if contrast.minus is not None:
        raise ValueError(f"{given}: there is no test of equivalence for an interaction; leave out margin, or minus")
    if contrast.outcome in _AT_MOST_ONE and margin >= 1:
        raise ValueError(f"{given} should be below 1: no two arms can lie further apart")
    if contrast.outcome == "stable_points" and margin >= n_points:
        raise ValueError(f"{given} should be below {n_points}, the grid's points: no two arms can lie further apart")
    if contrast.outcome == "updates_where_both_learn":
        raise ValueError(f"{given}: equality is not claimed of what is conditional on both having learned")
    if alpha >= 0.5:
        raise ValueError(f"{given} rests on an interval of confidence 1 - 2 alpha; alpha={alpha:g} should be below 0.5")


def _refuse_contradictions(where: str, values: Mapping[str, Any]) -> None:
    for name in _DECIDED_ELSEWHERE & values.keys():
        raise ValueError(f"{where}: {name} cannot be set there; study, arms and seeds are fields of their own")
    for short, both in BOTH_PLAYERS.items():
        if short in values and set(both) & values.keys():
            raise ValueError(f"{where}: {short} sets {both[0]} and {both[1]}; give either {short} or those two")
