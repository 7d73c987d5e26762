"""What a report states, as frozen dataclasses.

Made by :func:`analysis.findings.outcomes.analyse`. Fields that cannot be computed are None, and a note beside them
says why.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.judging.verdicts import Limits
from analysis.results.families import Family, Standing
from analysis.results.grid_means import GridMean
from analysis.results.parts import Role, Summary
from analysis.results.plain import Rows, to_plain
from analysis.results.precision import MarginResult, Replicate, SmallestP
from analysis.results.regions import ArmRegion, StablePoints
from analysis.statistics import Interval, MissingPairBounds, PairedComparison, PairedRates, PermutationTest, Rate
from runs.plan import OVER_GRID, Outcome

SCHEMA_VERSION = 5  # of results.json; raised when a field goes or changes its meaning

Scale = Literal["equal updates", "equal compute"]


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A warning that stands on every page, table and figure, with its reasons in words."""

    kind: Literal["INTERIM", "EXPLORATORY"]
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """planned = complete + missing; complete = used + excluded."""

    planned: int
    complete: int
    missing: int
    excluded: int
    used: int


@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """One arm at one grid point, all its used runs. Rates are of used runs, with Wilson intervals.

    settings: architecture, normalization, lr_g, lr_d, and whatever else differs
    between the study's arms, widths aside.
    verdicts: by verdict code, every code present. learned: of those that had learned at some probe.
    collapses_total, recovered: runs with a total collapse, or with a collapse that passed. degraded,
    degraded_unlearned: runs that ended stable, or not learned, far above their own best Fréchet distance.
    stable_above_bar: stable runs whose last Fréchet distance is above the bar.
    beats_gaussian_frechet, beats_gaussian_precision: runs whose last probe has a lower Fréchet distance, a higher
    precision, than images of a Gaussian in pixel space.
    summaries: by column of the verdict frame (final_frechet, updates_to_bar, mode_hopping, …), as measured, except
    that updates_to_bar of a run that never learned is infinite.
    flops_per_step: floating-point operations of a training step, as in ``Budget``. seconds_per_step: median over runs
    of the training time a step.
    """

    arm: str
    grid_point: Mapping[str, Any]
    settings: Mapping[str, Any]
    counts: RunCounts
    verdicts: Mapping[str, Rate]
    not_stable: Rate
    learned: Rate
    collapses_total: int
    stable_above_bar: int
    degraded: int
    degraded_unlearned: int
    recovered: int
    beats_gaussian_frechet: int
    beats_gaussian_precision: int
    summaries: Mapping[str, Summary]
    flops_per_step: int | None
    seconds_per_step: float | None


@dataclass(frozen=True, kw_only=True)
class MatchRow:
    """How deep an arm's networks are, and how many trainable parameters and FLOPs (one image, forward) they have.

    hidden_layers_g, hidden_layers_d: extra layers included; depth_matched: whether the reference has as many of each.
    inner_width_g, inner_width_d: of the one layer that matching made of another width, None where all are as wide.
    relative_g, relative_d: parameters over the reference's, less 1. None where no run is used.
    """

    arm: str
    grid_point: Mapping[str, Any]
    declared: Literal["reference", "matched", "unmatched"]
    hidden_layers_g: int | None
    hidden_layers_d: int | None
    depth_matched: bool | None
    width_g: int | None
    width_d: int | None
    inner_width_g: int | None
    inner_width_d: int | None
    parameters_g: int | None
    parameters_d: int | None
    relative_g: float | None
    relative_d: float | None
    flops_g: int | None
    flops_d: int | None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one arm's runs at one grid point had when they were compared: steps, updates of G, FLOPs.

    flops, flops_per_step: :func:`analysis.findings.budgets.flops_per_step` of the arm's networks; None if no complete
    run tells their size. seconds, seconds_per_step: training time as measured, for information; the median over the
    arm's runs, up to a halt where there was one; None if no run tells.
    """

    arm: str
    grid_point: Mapping[str, Any]
    steps: int
    g_steps: int
    updates: int
    flops: int | None
    flops_per_step: int | None
    seconds: float | None
    seconds_per_step: float | None


@dataclass(frozen=True, kw_only=True)
class PairTally:
    """Matched pairs (of an interaction and over a grid: seeds with all runs). planned = used + missing + excluded."""

    planned: int
    used: int
    missing: int
    excluded: int
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PairValue:
    """One pair's, or seed's, values of the outcome; +inf is the worst rank. not_stable: 1 if so, else 0."""

    seed: int
    first: float
    second: float


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The one number, interval and p that stand for a contrast, and what they are.

    p_holm: adjusted over the ``family`` tests of the same role and scale.
    """

    name: str
    unit: str
    estimate: float | None
    interval: Interval | None
    test: str
    p: float | None
    p_holm: float | None
    family: int


@dataclass(frozen=True, kw_only=True)
class ContrastResult:
    """One declared contrast at one grid point, or over the grid, on one scale: differences are first minus second.

    standing: whether its p is confirmatory. grid_point: empty over the grid, and without one. budgets: one an arm and
    grid point. larger_is_better: of stable points; of all other outcomes larger is worse.
    composition: by arm, how many of the compared runs have each verdict, at the budget compared at.
    rates, bounds: for not_stable without ``minus``. comparison: for the other outcomes without ``minus``.
    interaction: for contrasts with ``minus``; ``values`` then hold the two differences of a seed. stable_points: for
    that outcome.
    known_within: of two values of a pair the difference is known up to ± so much, in the unit of the effect.
    subject, sentence: what is compared, and the result, in plain words. notes: what the data cannot show.
    """

    role: Role
    standing: Standing
    scale: Scale
    name: str
    outcome: Outcome
    larger_is_better: bool
    first: str
    second: str
    minus: tuple[str, str] | None
    grid_point: Mapping[str, Any]
    pairs: PairTally
    budgets: tuple[Budget, ...]
    composition: Mapping[str, Mapping[str, int]]
    effect: Effect
    rates: PairedRates | None
    bounds: MissingPairBounds | None
    comparison: PairedComparison | None
    interaction: PermutationTest | None
    stable_points: StablePoints | None
    values: tuple[PairValue, ...]
    known_within: float
    subject: str
    sentence: str
    notes: tuple[str, ...]

    @property
    def over_grid(self) -> bool:
        """Whether it is asked over the grid, not at each of its points."""
        return self.outcome in OVER_GRID

    @property
    def replicate(self) -> Replicate:
        """What it compares within."""
        return "pair" if self.minus is None and not self.over_grid else "seed"


@dataclass(frozen=True, kw_only=True)
class ChapterRows:
    """What a chapter says, and by name the rows of its tables, and of its figures what is drawn, values by column.

    figures: ``mark`` says what kind of mark a row is, which decides its columns. Of traces the curves are those drawn;
    of sample sheets each row is a run whose samples are shown, and at which step.
    """

    title: str
    gist: str
    sentences: tuple[str, ...]
    tables: Mapping[str, Rows]
    figures: Mapping[str, Rows]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What several chapters and the answer state of arms and contrasts.

    label: name of the report, with what the command line changed. steps: the declared budgets, one number where all
    runs share it. contrasts: at equal updates, contrasts_at_equal_compute: the same at equal FLOPs; both in the
    order primary, co-primary, secondaries, each at every grid point or over the grid. families: what is corrected
    together, and what stands behind what. margins: one a registered margin and grid point where the arms of its
    contrast are in the report. smallest_p: by role, what the number of pairs allows. regions: by arm, where over a grid
    it is stable; empty without one. limits, references: of the first used run; None where there is none.
    grid_means: contrasts of two arms averaged over the grid, by outcome; exploratory.
    """

    schema_version: int
    study: str
    label: str
    question: str
    plan_hash: str
    overrides: Mapping[str, Any]
    alpha: float
    stamps: tuple[Stamp, ...]
    counts: RunCounts
    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    arms: tuple[ArmResult, ...]
    contrasts: tuple[ContrastResult, ...]
    contrasts_at_equal_compute: tuple[ContrastResult, ...]
    families: tuple[Family, ...]
    margins: tuple[MarginResult, ...]
    smallest_p: tuple[SmallestP, ...]
    regions: tuple[ArmRegion, ...]
    grid_means: tuple[GridMean, ...]
    thresholds: Mapping[str, float]
    limits: Limits | None
    references: Mapping[str, Mapping[str, float]] | None
    match: tuple[MatchRow, ...]
    provenance: Mapping[str, tuple[str, ...]]
    plan_changes: tuple[str, ...]
    problems: tuple[str, ...]

    def by_arm(self) -> dict[str, list[ArmResult]]:
        """Each arm's results at all its grid points, by name."""
        found: dict[str, list[ArmResult]] = {}
        for arm in self.arms:
            found.setdefault(arm.arm, []).append(arm)
        return found

    def of_role(self, role: Role, scale: Scale = "equal updates") -> tuple[ContrastResult, ...]:
        """The contrasts of that role, one a grid point and contrast."""
        found = self.contrasts if scale == "equal updates" else self.contrasts_at_equal_compute
        return tuple(contrast for contrast in found if contrast.role == role)


@dataclass(frozen=True, kw_only=True)
class Results(Findings):
    """Everything a study's report states: the findings, the answer and the chapters.

    spoken: the answer in one sentence. headline: in full, a sentence or two a paragraph. controls: what other changes
    of the primary contrast's first arm make of its difference, a sentence each. chapters: by name.
    """

    spoken: str
    headline: tuple[str, ...]
    controls: tuple[str, ...]
    chapters: Mapping[str, ChapterRows]


def total_verdicts(arms: Sequence[ArmResult]) -> Counter[str]:
    """How many runs of those have each verdict."""
    return sum((Counter({code: rate.count for code, rate in arm.verdicts.items()}) for arm in arms), Counter[str]())


def to_json(results: Results) -> str:
    """``results.json``: :func:`analysis.results.plain.to_plain` as text, keys in the order of the fields.

    What holds no further object or list, as a row does, stands on one line.
    """
    return _text(to_plain(results)) + "\n"


def _text(plain: Any, margin: str = "") -> str:
    inside = plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ()
    if _NESTED.isdisjoint(map(type, inside)):
        return _LINES.encode(plain)
    further = f"{margin}  "
    if isinstance(plain, list):
        lines = [f"{further}{_text(item, further)}" for item in plain]
        return "\n".join(["[", ",\n".join(lines), f"{margin}]"])
    lines = [f"{further}{_LINES.encode(key)}: {_text(item, further)}" for key, item in plain.items()]
    return "\n".join(["{", ",\n".join(lines), f"{margin}}}"])


_NESTED = {dict, list}
_LINES = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
