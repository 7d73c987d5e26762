"""Registered margins, held against closed forms, and against what must hold for any pairs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.findings.margins import judge_margins
from analysis.results.document import ContrastResult, PairTally, PairValue
from analysis.results.precision import MarginResult
from analysis.statistics import Equivalence, Interval, NotEstimable, hodges_lehmann, shift_interval
from runs.plan import Contrast, Outcome, Plan
from runs.study import Study
from tests.analysis.synthetic import Behaviour, judged, loaded, record, recorded, results_of, small_study

INF = math.inf
Z2 = float(stats.norm.ppf(0.95)) ** 2
Values = Sequence[tuple[float, float]]

paired_rates = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), max_size=20)
times = st.integers(0, 20).map(lambda step: 10.0 * step) | st.just(INF)
paired_times = st.lists(st.tuples(times, times), max_size=14)


def with_margins(margins: Mapping[str, float], **changes: Any) -> Study:
    """The small study, its margins by outcome; those of other outcomes than the primaries' are in secondaries."""
    arms = {"name": "MLP against DCGAN", "first": "mlp", "second": "dcgan"}
    contrasts = {
        outcome: {**arms, "outcome": outcome, **({"margin": margins[outcome]} if outcome in margins else {})}
        for outcome in ("not_stable", "updates_to_bar", *margins)
    }
    primary, co_primary, *secondaries = contrasts.values()
    return small_study(plan={"primary": primary, "co_primary": co_primary, "secondaries": secondaries}, **changes)


def found(
    folder: Path, margins: Mapping[str, float], mlp: Sequence[Behaviour], dcgan: Sequence[Behaviour]
) -> tuple[MarginResult, ...]:
    return judged(recorded(folder, with_margins(margins), {"mlp": mlp, "dcgan": dcgan})).findings.margins


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[Outcome, ContrastResult]:
    """A result of each kind of outcome, to be filled with values."""
    study = with_margins({"final_frechet": 1.0, "mode_hopping": 0.1}, seeds=1)
    found = judged(loaded(tmp_path_factory.mktemp("none"), study)).findings
    return {result.outcome: result for result in found.contrasts}


def margin_of(answer: ContrastResult, values: Values, margin: float, alpha: float = 0.05) -> MarginResult:
    """What a margin makes of pairs with these values of the outcome."""
    contrast = Contrast(name=answer.name, outcome=answer.outcome, first="mlp", second="dcgan", margin=margin)
    pairs = PairTally(planned=len(values), used=len(values), missing=0, excluded=0, problems=())
    filled = tuple(PairValue(seed=seed, first=x, second=y) for seed, (x, y) in enumerate(values))
    other = Contrast(name="another", outcome="not_stable", first="mlp", second="dcgan")
    plan = Plan(primary=contrast, co_primary=other, alpha=alpha)
    (result,) = judge_margins(plan, [replace(answer, pairs=pairs, values=filled)])
    return result


def interval_of(result: MarginResult) -> Interval:
    assert isinstance(result.finding, Equivalence)
    assert result.finding.interval is not None
    return result.finding.interval


# --- answers known in closed form


def test_eight_pairs_without_a_difference_lie_within_the_closed_interval_and_no_closer(tmp_path: Path) -> None:
    limit = Z2 / (8 + Z2)
    (wide,) = found(tmp_path / "wide", {"not_stable": 0.26}, ["stable"] * 8, ["stable"] * 8)
    assert wide.shown
    assert interval_of(wide) == Interval(low=-limit, high=limit)
    assert (wide.role, wide.unit, wide.replicate) == ("primary", "share of runs", "pair")
    assert (wide.n, wide.n_planned) == (8, 8)
    (near,) = found(tmp_path / "near", {"not_stable": 0.25}, ["stable"] * 8, ["stable"] * 8)
    assert not near.shown


def test_rates_that_differ_by_more_are_not_only_not_shown_to_be_close(tmp_path: Path) -> None:
    (result,) = found(tmp_path, {"not_stable": 0.3}, ["unlearned"] * 8, ["stable"] * 8)
    assert interval_of(result) == Interval(low=(8 - Z2) / (8 + Z2), high=1.0)
    assert not result.shown


def test_updates_to_the_bar_of_equal_runs_are_shown_to_be_close(tmp_path: Path) -> None:
    (result,) = found(tmp_path, {"updates_to_bar": 20}, ["stable"] * 8, ["stable"] * 8)
    assert interval_of(result) == Interval(low=-10, high=10)  # known up to one probe interval
    assert (result.shown, result.unit) == (True, "generator updates")


def test_margin_of_one_probe_interval_is_not_shown_by_runs_that_learn_at_the_same_probe(tmp_path: Path) -> None:
    (result,) = found(tmp_path, {"updates_to_bar": 10}, ["stable"] * 8, ["stable"] * 8)
    assert not result.shown


def test_arms_that_never_learn_are_not_shown_to_learn_equally_fast(tmp_path: Path) -> None:
    (result,) = found(tmp_path, {"updates_to_bar": 100}, ["unlearned"] * 8, ["unlearned"] * 8)
    assert interval_of(result) == Interval(low=-INF, high=INF)
    assert (result.first_without, result.second_without, result.both_without) == (8, 8, 8)


def test_an_arm_that_never_learns_lies_beyond_any_margin(tmp_path: Path) -> None:
    (result,) = found(tmp_path, {"updates_to_bar": 1e6}, ["unlearned"] * 8, ["stable"] * 8)
    assert interval_of(result) == Interval(low=INF, high=INF)
    assert (result.first_without, result.second_without, result.both_without) == (8, 0, 0)
    assert not result.shown


def test_frechet_distance_and_hopping_are_shifts_in_their_own_units(tmp_path: Path) -> None:
    results = found(tmp_path, {"final_frechet": 0.5, "mode_hopping": 0.01}, ["stable"] * 8, ["stable"] * 8)
    assert [(result.outcome, result.unit, result.shown) for result in results] == [
        ("final_frechet", "Fréchet distance", True),
        ("mode_hopping", "total variation", True),
    ]


# --- too little to say anything


def test_without_pairs_nothing_is_shown_and_the_reason_is_said(tmp_path: Path) -> None:
    for result in found(tmp_path, {"not_stable": 0.2, "updates_to_bar": 50}, ["stable"] * 8, []):
        assert isinstance(result.finding, NotEstimable)
        assert (result.n, result.n_planned, result.shown) == (0, 8, False)
        assert result.finding.reason == "none of 8 planned pairs is complete and matched"


@pytest.mark.parametrize(("n", "alpha", "needed"), [(1, 0.05, 5), (4, 0.05, 5), (3, 0.0625, 4), (6, 0.01, 7)])
def test_too_few_pairs_for_an_exact_interval_are_said(
    answers: Mapping[Outcome, ContrastResult], n: int, alpha: float, needed: int
) -> None:
    result = margin_of(answers["updates_to_bar"], [(100.0, 100.0)] * n, 1000, alpha)
    assert isinstance(result.finding, NotEstimable)
    assert f"too few for an exact {100 - 200 * alpha:.3g} % interval, which needs {needed}" in result.finding.reason
    enough = margin_of(answers["updates_to_bar"], [(100.0, 100.0)] * needed, 1000, alpha)
    assert enough.shown


# --- what is asked


def test_grid_has_an_entry_a_point(tmp_path: Path) -> None:
    study = with_margins({"not_stable": 0.3, "updates_to_bar": 20}, seeds=6, grid={"beta1": [0.5, 0.9]})
    for seed in study.seeds:
        for arm in study.arms:
            record(str(tmp_path), study, arm, seed, point={"beta1": 0.5})
        record(str(tmp_path), study, "mlp", seed, point={"beta1": 0.9})
    results = judged(loaded(tmp_path, study)).findings.margins
    assert [(result.outcome, result.grid_point["beta1"], result.n) for result in results] == [
        ("not_stable", 0.5, 6),
        ("not_stable", 0.9, 0),
        ("updates_to_bar", 0.5, 6),
        ("updates_to_bar", 0.9, 0),
    ]


def test_contrasts_of_one_name_and_outcome_keep_their_own_margins(tmp_path: Path) -> None:
    study = with_margins({"final_frechet": 0.5})
    (one,) = study.document["plan"]["secondaries"]
    arms = {**study.arms, "mlp-bn": {"architecture": "mlp"}}
    plan = {**study.document["plan"], "secondaries": [one, {**one, "first": "mlp-bn", "margin": 1e-3}]}
    data = recorded(tmp_path, small_study(arms=arms, plan=plan), {"mlp": ["stable"] * 8, "dcgan": ["collapsed"] * 8})
    assert [result.margin for result in judged(data).findings.margins] == [0.5, 1e-3]


def test_margin_of_an_arm_that_is_left_out_is_left_out_with_it(tmp_path: Path) -> None:
    study = with_margins({"not_stable": 0.2}).override(arms=["mlp"])
    assert judged(loaded(tmp_path, study)).findings.margins == ()


def test_margin_that_was_registered_after_the_runs_is_shown_as_a_change(tmp_path: Path) -> None:
    behaviours: dict[str, list[Behaviour]] = {"mlp": ["stable"] * 8, "dcgan": ["stable"] * 8}
    recorded(tmp_path, small_study(), behaviours)
    data = loaded(tmp_path, with_margins({"not_stable": 0.3}))
    results = results_of(data)
    (stamp,) = results.stamps
    assert stamp.kind == "EXPLORATORY"
    assert "plan.primary.margin" in stamp.reasons[0]


# --- what holds for any pairs


def of_outcome(answers: Mapping[Outcome, ContrastResult], values: Values) -> ContrastResult:
    rates = all(value in (0, 1) for pair in values for value in pair)
    return answers["not_stable" if rates else "updates_to_bar"]


any_pairs = paired_rates | paired_times
margins = st.floats(0.01, 0.99)


@given(any_pairs, margins)
def test_swapping_the_arms_negates_the_interval_and_keeps_the_answer(
    answers: Mapping[Outcome, ContrastResult], values: Values, margin: float
) -> None:
    answer = of_outcome(answers, values)
    one, other = margin_of(answer, values, margin), margin_of(answer, [(y, x) for x, y in values], margin)
    assert (one.shown, one.n) == (other.shown, other.n)
    if isinstance(one.finding, Equivalence):
        own, swapped = interval_of(one), interval_of(other)
        assert (own.low, own.high) == pytest.approx((-swapped.high, -swapped.low), abs=1e-9)


@given(any_pairs, margins, st.floats(1, 300))
def test_shown_means_inside_and_a_wider_margin_shows_no_less(
    answers: Mapping[Outcome, ContrastResult], values: Values, margin: float, factor: float
) -> None:
    answer = of_outcome(answers, values)
    wider = min(margin * factor, 0.995) if answer.outcome == "not_stable" else margin * factor
    narrow, wide = margin_of(answer, values, margin), margin_of(answer, values, wider)
    assert narrow.shown <= wide.shown
    for result in (narrow, wide):
        if result.shown:
            interval = interval_of(result)
            assert -result.margin < interval.low <= interval.high < result.margin


@given(paired_times.filter(lambda pairs: len(pairs) > 0), st.data())
def test_interval_holds_whatever_the_difference_of_two_failed_runs_was(values: Values, data: st.DataObject) -> None:
    first, second = np.array(values).T
    both = np.isinf(first) & np.isinf(second)
    known = np.subtract(first, second, out=np.zeros(len(first)), where=~both)
    unknown = data.draw(st.lists(st.floats(-1e6, 1e6), min_size=len(first), max_size=len(first)))
    inner = hodges_lehmann(np.where(both, unknown, known), 0.9).interval
    outer = shift_interval(first, second, 0.9)
    assert outer.low <= inner.low <= inner.high <= outer.high
    if not both.any():
        assert outer == inner
