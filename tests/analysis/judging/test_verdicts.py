"""Each rule, each branch and the precedence of verdicts, on constructed probes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.judging.criteria import healthy_probes
from analysis.judging.verdicts import Limits, Probes, Recovery, VerdictCode, judge, limits_from
from runs.plan import Thresholds
from tests.analysis.synthetic import references

# bar 10, precision .46, density .75, confidence .9, recall .24, modes 5, diversity .46
LIMITS = limits_from(references(), Thresholds(), classes=10)
NEVER = 41.0


def probes(**values: list[float]) -> Probes:
    """Good probes every ten steps but for the values given, all of one length."""
    n = len(next(iter(values.values())))
    good = {
        "frechet": 3.0,
        "precision": 0.9,
        "density": 0.9,
        "recall": 0.9,
        "diversity": 0.95,
        "confidence": 0.95,
        "modes": 10.0,
    }
    arrays = {name: np.array(values.get(name, [value] * n), dtype=float) for name, value in good.items()}
    return Probes(steps=np.arange(n) * 10, **arrays)


def unlike_digits(**values: list[float]) -> Probes:
    """The same, but never realistic: only the bar can make such a run learned."""
    n = len(next(iter(values.values())))
    return probes(**{"precision": [0.1] * n, **values})


def test_limits_are_fractions_of_reference_values() -> None:
    expected = Limits(
        bar=10.0,
        precision=0.46,
        density=0.75,
        confidence=0.9,
        recall=0.24,
        modes=5.0,
        diversity=0.46,
        divergence=1.5,
        probes=3,
    )
    assert expected == LIMITS


def test_limits_without_labels_know_no_modes_and_no_confidence() -> None:
    limits = limits_from(references(), Thresholds(), classes=1)
    assert limits.modes is None
    assert limits.confidence is None


def test_good_run_is_stable() -> None:
    verdict = judge(probes(frechet=[NEVER, 8, 4, 3, 3]), LIMITS)
    assert verdict.code is VerdictCode.STABLE
    assert verdict.onset_step is None
    assert verdict.extent is None
    assert not verdict.degraded
    assert verdict.recoveries == ()


def test_first_probe_at_the_bar_exactly_is_learning() -> None:
    verdict = judge(unlike_digits(frechet=[NEVER, 10.01, 10.0, 3]), LIMITS)
    assert verdict.learned_step == 20
    assert verdict.code is VerdictCode.UNSETTLED  # two probes are no evidence yet


def test_run_that_never_reaches_the_bar_is_unlearned_whatever_its_recall() -> None:
    verdict = judge(unlike_digits(frechet=[NEVER, 12, 10.01, 30], recall=[0, 0, 0, 0]), LIMITS)
    assert verdict.code is VerdictCode.UNLEARNED
    assert not verdict.degraded  # above 1.5 times its best at one probe only
    assert verdict.evidence.words == "Fréchet distance never at or below 10: best 10.01 at step 20, 30 at the end"
    assert verdict.learned_step is None
    assert verdict.onset_step is None
    assert (verdict.evidence.trace, verdict.evidence.step, verdict.evidence.value) == ("eval_frechet", 20, 10.01)


def test_narrow_but_realistic_samples_at_three_probes_in_a_row_are_learned_from_the_first_of_them() -> None:
    at_the_limits = {"precision": [0.46] * 3, "density": [0.75] * 3, "confidence": [0.9] * 3}
    run = probes(frechet=[NEVER] * 6, **{name: [1, 1, 0, *values] for name, values in at_the_limits.items()})
    verdict = judge(run, LIMITS)
    assert verdict.learned_step == 30
    assert verdict.code is VerdictCode.STABLE


@pytest.mark.parametrize(
    "lacking",
    [
        {"precision": [1.0, 1, 0.459, 1, 1, 0]},
        {"density": [1.0, 1, 0.749, 1, 1, 0]},
        {"confidence": [1.0, 1, 0.899, 1, 1, 0]},
    ],
)
def test_realistic_samples_at_two_probes_in_a_row_are_not_learned(lacking: dict[str, list[float]]) -> None:
    assert judge(probes(frechet=[NEVER] * 6, **lacking), LIMITS).code is VerdictCode.UNLEARNED


def test_noise_that_lies_around_one_outlier_is_not_learned_however_sure_the_classifier() -> None:
    # a constant grey image in the digits' feature space: precision 1 and density .2, within one neighbourhood of k = 5
    run = probes(frechet=[NEVER] * 4, precision=[1] * 4, density=[0.2] * 4, confidence=[0.99] * 4)
    assert judge(run, LIMITS).code is VerdictCode.UNLEARNED


def test_confidence_is_not_asked_for_without_labels() -> None:
    limits = limits_from(references(), Thresholds(), classes=1)
    run = replace(probes(frechet=[NEVER] * 3), confidence=None, modes=None)
    assert judge(run, limits).learned_step == 0


def test_collapse_starts_at_the_first_probe_of_the_final_stretch() -> None:
    verdict = judge(probes(recall=[0.9, 0.1, 0.9, 0.1, 0.1, 0.1]), LIMITS)
    assert verdict.code is VerdictCode.COLLAPSED
    assert verdict.onset_step == 30
    assert verdict.evidence.trace == "eval_recall"
    assert verdict.evidence.value == 0.1
    assert verdict.evidence.limit == pytest.approx(0.24)


def test_two_narrow_probes_at_the_end_are_no_collapse_and_not_stable_either() -> None:
    verdict = judge(probes(recall=[0.9, 0.9, 0.9, 0.9, 0.1, 0.1]), LIMITS)
    assert verdict.code is VerdictCode.UNSETTLED
    assert (verdict.onset_step, verdict.extent, verdict.degraded) == (None, None, False)
    assert verdict.evidence.words == "recall 0.1 below 0.24 at the end"


def test_recall_and_modes_at_their_limits_exactly_are_no_collapse() -> None:
    run = probes(recall=[LIMITS.recall] * 5, modes=[5.0] * 5)
    assert judge(run, LIMITS).code is VerdictCode.STABLE


def test_few_modes_alone_are_a_collapse() -> None:
    verdict = judge(probes(modes=[10, 10, 4, 4, 4]), LIMITS)
    assert verdict.code is VerdictCode.COLLAPSED
    assert (verdict.evidence.trace, verdict.evidence.value, verdict.evidence.limit) == ("eval_modes", 4, 5)


def test_few_modes_mean_nothing_without_labels() -> None:
    limits = replace(LIMITS, modes=None)
    assert judge(probes(modes=[10, 10, 4, 4, 4]), limits).code is VerdictCode.STABLE


def test_probes_before_learning_do_not_count_towards_collapse() -> None:
    run = unlike_digits(frechet=[NEVER, NEVER, NEVER, 9], recall=[0, 0, 0, 0])
    verdict = judge(run, LIMITS)
    assert verdict.learned_step == 30
    assert verdict.code is VerdictCode.UNSETTLED


def test_run_that_is_narrow_from_learning_on_collapses_as_it_learns() -> None:
    verdict = judge(probes(frechet=[NEVER] * 4, precision=[0, 1, 1, 1], recall=[0] * 4), LIMITS)
    assert verdict.code is VerdictCode.COLLAPSED
    assert verdict.onset_step == verdict.learned_step == 10


@pytest.mark.parametrize(("diversity", "extent"), [(0.459, "total"), (0.46, "partial")])
def test_collapse_is_total_below_the_diversity_of_one_class(diversity: float, extent: str) -> None:
    assert judge(probes(recall=[0.0] * 4, diversity=[diversity] * 4), LIMITS).extent == extent


def test_passing_collapse_is_a_recovery_and_leaves_the_run_stable_once_it_is_healthy_at_the_last_probes() -> None:
    recall = [0.9, 0, 0, 0, 0.9, 0, 0, 0.9, 0, 0, 0, 0, 0.9]
    assert judge(probes(recall=[*recall, 0.9]), LIMITS).code is VerdictCode.UNSETTLED
    verdict = judge(probes(recall=[*recall, 0.9, 0.9]), LIMITS)
    assert verdict.code is VerdictCode.STABLE
    assert verdict.recoveries == (Recovery(onset_step=10, end_step=40), Recovery(onset_step=80, end_step=120))


def test_collapse_that_ends_in_nan_is_no_recovery() -> None:
    nan = float("nan")
    verdict = judge(probes(recall=[0.9, 0, 0, 0, nan, nan]), LIMITS)
    assert verdict.code is VerdictCode.NONFINITE
    assert verdict.recoveries == ()


def test_rise_above_the_bar_and_half_as_much_again_is_divergence() -> None:
    verdict = judge(probes(frechet=[NEVER, 8, 9, 13, 13, 13]), LIMITS)
    assert verdict.code is VerdictCode.DIVERGED
    assert verdict.onset_step == 30
    assert verdict.evidence.limit == pytest.approx(12)


def test_rise_to_the_limit_exactly_is_no_divergence() -> None:
    assert judge(probes(frechet=[NEVER, 8, 9, 12, 12, 12]), LIMITS).code is VerdictCode.STABLE
    # what is not realistic either is above the bar for nothing
    assert judge(unlike_digits(frechet=[NEVER, 8, 9, 12, 12, 12]), LIMITS).code is VerdictCode.UNSETTLED


def test_rise_below_the_bar_is_degraded_but_stable() -> None:
    verdict = judge(probes(frechet=[NEVER, 2, 2, 9, 9, 9]), LIMITS)
    assert verdict.code is VerdictCode.STABLE
    assert verdict.degraded


def test_rise_of_a_run_that_never_was_at_the_bar_is_no_divergence() -> None:
    verdict = judge(probes(frechet=[11, 11, 11, 40, 40, 40]), LIMITS)
    assert verdict.code is VerdictCode.UNSETTLED
    assert not verdict.degraded  # said of runs that nothing else tells of
    assert verdict.evidence.words == "Fréchet distance 40 above 16.5, 1.5 times its best so far, at the end"


def test_rise_at_two_probes_is_no_divergence_and_not_stable_either() -> None:
    verdict = judge(unlike_digits(frechet=[2, 2, 2, 2, 30, 30]), LIMITS)
    assert verdict.code is VerdictCode.UNSETTLED
    assert verdict.evidence.words == "Fréchet distance 30 above 10, and not realistic, at the end"
    assert judge(unlike_digits(frechet=[2, 2, 2, 30, 30, 30]), LIMITS).code is VerdictCode.DIVERGED


def test_collapse_goes_before_divergence() -> None:
    run = probes(frechet=[2, 2, 2, 30, 30, 30], recall=[0.9, 0.9, 0.9, 0, 0, 0])
    assert judge(run, LIMITS).code is VerdictCode.COLLAPSED


def test_unlearned_goes_before_collapse() -> None:
    assert judge(unlike_digits(frechet=[NEVER] * 4, recall=[0] * 4), LIMITS).code is VerdictCode.UNLEARNED


def test_nonfinite_goes_before_everything() -> None:
    run = unlike_digits(frechet=[NEVER] * 4, recall=[0] * 4)
    verdict = judge(run, LIMITS, first_nonfinite={"loss_d": 17, "grad_norm_g": 16})
    assert verdict.code is VerdictCode.NONFINITE
    assert verdict.onset_step == 16
    assert verdict.evidence.trace == "grad_norm_g"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_probe_that_is_not_finite_makes_the_run_so(value: float) -> None:
    verdict = judge(probes(diversity=[1, 1, value, 1]), LIMITS)
    assert verdict.code is VerdictCode.NONFINITE
    assert verdict.onset_step == 20
    assert verdict.evidence.trace == "eval_diversity"


def test_run_that_turned_nonfinite_keeps_its_learning_step() -> None:
    nan = float("nan")
    assert judge(probes(frechet=[NEVER, 9, nan, nan], precision=[0, 0, nan, nan]), LIMITS).learned_step == 10


def test_verdict_at_an_earlier_step_does_not_know_what_follows() -> None:
    run = probes(recall=[0.9, 0.9, 0.9, 0.9, 0, 0, 0])
    assert judge(run, LIMITS).code is VerdictCode.COLLAPSED
    assert judge(run, LIMITS, first_nonfinite={"loss_d": 31}, until_step=30).code is VerdictCode.STABLE
    assert judge(run, LIMITS, first_nonfinite={"loss_d": 51}, until_step=50).code is VerdictCode.UNSETTLED
    assert judge(run, LIMITS, first_nonfinite={"loss_d": 31}, until_step=31).code is VerdictCode.NONFINITE


def test_run_that_rises_with_ever_fewer_modes_is_never_stable() -> None:
    """A run once called stable: its Fréchet distance rose and its modes went in the last probes of its budget."""
    tail = {"frechet": [8.0, 11, 18, 22], "recall": [0.38, 0.33, 0.12, 0.08], "modes": [5.0, 5, 3, 3]}
    before = {"frechet": [NEVER, 9, 7], "recall": [0, 0.5, 0.5], "modes": [1.0, 7, 7]}
    verdict = judge(unlike_digits(**{name: [*before[name], *values] for name, values in tail.items()}), LIMITS)
    assert verdict.code is VerdictCode.DIVERGED  # above 1.5 times 7 at the last three
    alone = judge(unlike_digits(**tail), LIMITS)
    assert alone.code is VerdictCode.UNSETTLED  # 11 is within 1.5 times 8, and recall below its limit at two only
    assert alone.evidence.words == "Fréchet distance 22 above 10, and not realistic, at the end"
    assert (alone.evidence.trace, alone.evidence.step) == ("eval_frechet", 30)
    assert (alone.evidence.value, alone.evidence.limit) == (22, 10)
    assert (alone.onset_step, alone.extent) == (None, None)


def test_run_that_ends_just_above_the_bar_and_narrow_at_one_probe_is_unsettled() -> None:
    verdict = judge(unlike_digits(frechet=[8, 8, 8, 10.9], recall=[0.9, 0.9, 0.9, 0.18]), LIMITS)
    assert verdict.code is VerdictCode.UNSETTLED
    assert verdict.evidence.words == "Fréchet distance 10.9 above 10, and not realistic, at the end"


@pytest.mark.parametrize("place", [3, 4, 5])
def test_one_unhealthy_probe_among_the_last_three_is_enough_to_be_unsettled(place: int) -> None:
    recall = [0.9] * 6
    recall[place] = 0.2
    verdict = judge(probes(recall=recall), LIMITS)
    assert verdict.code is VerdictCode.UNSETTLED
    assert (verdict.evidence.trace, verdict.evidence.step) == ("eval_recall", 10 * place)
    where = "at the end" if place == 5 else f"at step {10 * place}, one of the last 3 probes"
    assert verdict.evidence.words == f"recall 0.2 below 0.24 {where}"


def test_unhealthy_probe_before_the_last_three_is_forgiven() -> None:
    assert judge(probes(recall=[0.9, 0.9, 0.2, 0.9, 0.9, 0.9]), LIMITS).code is VerdictCode.STABLE


def test_evidence_of_unsettled_names_the_first_unmet_condition_of_the_latest_unhealthy_probe() -> None:
    recall, modes = [0.9, 0.9, 0.1, 0.9, 0.9], [10.0, 10, 3, 4, 10]
    verdict = judge(probes(recall=recall, modes=modes), LIMITS)
    assert (verdict.evidence.trace, verdict.evidence.step) == ("eval_modes", 30)
    assert (verdict.evidence.value, verdict.evidence.limit) == (4, 5)
    assert verdict.evidence.words == "modes 4 below 5 at step 30, one of the last 3 probes"
    both = judge(unlike_digits(frechet=[3, 3, 3, 11], recall=[0.9, 0.9, 0.9, 0.1]), LIMITS)
    assert both.evidence.trace == "eval_frechet"


def test_bar_and_limits_met_exactly_at_each_of_the_last_probes_are_stable() -> None:
    frechet, recall = [NEVER, 10.0, 10.0, 10.0], [0.0, *[LIMITS.recall] * 3]
    run = unlike_digits(frechet=frechet, recall=recall, modes=[0, 5, 5, 5])
    assert judge(run, LIMITS).code is VerdictCode.STABLE
    just_above = unlike_digits(frechet=[NEVER, 10.0, 10.0, 10.001], recall=recall, modes=[0, 5, 5, 5])
    assert judge(just_above, LIMITS).code is VerdictCode.UNSETTLED


@pytest.mark.parametrize(("n", "code"), [(1, "unsettled"), (2, "unsettled"), (3, "stable"), (4, "stable")])
def test_stable_takes_as_many_probes_from_learning_on_as_the_threshold_says(n: int, code: str) -> None:
    verdict = judge(unlike_digits(frechet=[NEVER] * 4 + [3.0] * n), LIMITS)
    assert verdict.code == code
    assert verdict.learned_step == 40


def test_run_that_learned_at_its_last_probe_says_that_it_was_too_late_to_tell() -> None:
    verdict = judge(unlike_digits(frechet=[NEVER, NEVER, NEVER, 3]), LIMITS)
    assert verdict.code is VerdictCode.UNSETTLED
    assert verdict.evidence.words == "learned only at step 30: 1 probe from then on, and stable takes 3 in a row"
    assert (verdict.evidence.value, verdict.evidence.limit) == (3, 10)


def test_realistic_probes_before_the_bar_do_not_count_as_learned() -> None:
    # realistic at two probes is not learned, so the third, at the bar, is the first of the three that stable takes
    run = probes(frechet=[NEVER, NEVER, 9], precision=[0.9, 0.9, 0.9])
    early = replace(run, precision=np.array([0.9, 0.9, 0.1]))
    assert judge(run, LIMITS).code is VerdictCode.STABLE  # realistic at all three: learned at the first
    assert judge(early, LIMITS).code is VerdictCode.UNSETTLED
    assert judge(early, LIMITS).learned_step == 20


def test_one_probe_can_be_enough_where_the_threshold_says_so() -> None:
    one = replace(LIMITS, probes=1)
    assert judge(unlike_digits(frechet=[NEVER, 3]), one).code is VerdictCode.STABLE
    assert judge(probes(frechet=[3.0, 3.0], recall=[0.9, 0.1]), one).code is VerdictCode.COLLAPSED
    words = judge(probes(frechet=[3.0, 3.0], recall=[0.9, 0.1]), one).evidence.words
    assert words == "recall 0.1 below 0.24 at the end, narrow at the last probe"


def test_run_without_labels_is_healthy_without_modes_and_confidence() -> None:
    limits = limits_from(references(), Thresholds(), classes=1)
    run = replace(probes(frechet=[NEVER, 3, 3, 3]), confidence=None, modes=None)
    assert judge(run, limits).code is VerdictCode.STABLE
    narrow = replace(run, recall=np.array([0.9, 0.9, 0.9, 0.1]))
    assert judge(narrow, limits).code is VerdictCode.UNSETTLED
    assert judge(narrow, limits).evidence.trace == "eval_recall"


def test_nan_at_the_last_probe_is_nonfinite_and_not_unsettled() -> None:
    verdict = judge(probes(frechet=[3, 3, 3, float("nan")]), LIMITS)
    assert (verdict.code, verdict.onset_step) == (VerdictCode.NONFINITE, 30)


def test_unlearned_run_that_rose_far_above_its_best_is_no_harmless_slow_learner() -> None:
    verdict = judge(unlike_digits(frechet=[NEVER, 20, 11, 150, 250, 300]), LIMITS)
    assert verdict.code is VerdictCode.UNLEARNED
    assert verdict.degraded
    assert verdict.onset_step is None
    assert verdict.evidence.words == (
        "Fréchet distance never at or below 10: best 11 at step 20, 300 at the end, above 1.5 times its best at the"
        " last 3 probes"
    )


@pytest.mark.parametrize(
    ("frechet", "degraded"),
    [
        ([NEVER, 12, 18, 18, 18], False),  # at 1.5 times its best exactly
        ([NEVER, 12, 18.01, 18.01, 18.01], True),
        ([NEVER, 12, 12, 30, 30], False),  # at two probes
        ([NEVER, 12, 30, 30, 17], False),  # come down again
        ([NEVER, 30, 20, 12, 11], False),
    ],
)
def test_unlearned_run_is_degraded_by_the_rule_of_divergence_without_the_bar(
    frechet: list[float], degraded: bool
) -> None:
    assert judge(unlike_digits(frechet=frechet), LIMITS).degraded is degraded


def test_unlearned_run_at_its_best_at_the_end_has_no_more_to_say() -> None:
    words = judge(unlike_digits(frechet=[NEVER, 30, 12]), LIMITS).evidence.words
    assert words == "Fréchet distance never at or below 10: best 12 at step 20"


def test_no_probe_is_an_error() -> None:
    with pytest.raises(ValueError, match="no probe"):
        judge(probes(frechet=[3.0]).until(-1), LIMITS)


number = st.one_of(st.floats(0, 60), st.sampled_from([10.0, 15.0, float("nan"), float("inf")]))
share = st.one_of(st.floats(0, 1), st.sampled_from([0.24, 0.46, 0.9, float("nan")]))


@st.composite
def any_probes(draw: st.DrawFn) -> Probes:
    n = draw(st.integers(1, 12))
    frechet = draw(st.lists(number, min_size=n, max_size=n))
    names = ("precision", "density", "recall", "diversity", "confidence")
    shares = {name: draw(st.lists(share, min_size=n, max_size=n)) for name in names}
    modes = [float(count) for count in draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))]
    return probes(frechet=frechet, modes=modes, **shares)


@given(any_probes())
def test_every_run_has_one_verdict_with_an_onset_among_its_probes(run: Probes) -> None:
    verdict = judge(run, LIMITS)
    failed_late = verdict.code in (VerdictCode.NONFINITE, VerdictCode.COLLAPSED, VerdictCode.DIVERGED)
    assert (verdict.onset_step is not None) == failed_late
    assert verdict.onset_step is None or verdict.onset_step in run.steps
    assert (verdict.extent is not None) == (verdict.code is VerdictCode.COLLAPSED)
    if verdict.code in (VerdictCode.COLLAPSED, VerdictCode.DIVERGED):
        assert verdict.learned_step is not None
        assert verdict.onset_step is not None
        assert verdict.learned_step <= verdict.onset_step


@given(any_probes())
def test_stable_runs_are_healthy_at_the_last_probes_and_unsettled_ones_are_not(run: Probes) -> None:
    verdict = judge(run, LIMITS)
    since = run.steps >= (np.inf if verdict.learned_step is None else verdict.learned_step)
    last = (healthy_probes(run, LIMITS) & since)[-LIMITS.probes :]
    proven = len(last) == LIMITS.probes and bool(last.all())
    assert verdict.code is not VerdictCode.STABLE or proven
    assert verdict.code is not VerdictCode.UNSETTLED or not proven
    if verdict.code is VerdictCode.UNSETTLED and "learned only" not in verdict.evidence.words:
        assert verdict.evidence.limit is not None
        value, limit = verdict.evidence.value, verdict.evidence.limit
        assert value > limit if verdict.evidence.trace == "eval_frechet" else value < limit


@given(any_probes(), st.floats(0, 60))
def test_higher_bar_never_makes_a_learned_run_unlearned(run: Probes, more: float) -> None:
    before, after = (judge(run, replace(LIMITS, bar=bar)).learned_step for bar in (10.0, 10.0 + more))
    assert before is None or (after is not None and after <= before)


@given(any_probes(), st.integers(0, 120))
def test_judging_until_a_step_equals_judging_a_run_that_stopped_there(run: Probes, step: int) -> None:
    early = judge(run, LIMITS, until_step=step)
    assert early == judge(run.until(step), LIMITS) or early.code is VerdictCode.NONFINITE
    assert early.code is judge(run.until(step), LIMITS).code


@given(any_probes(), st.integers(0, 120))
def test_what_is_learned_early_is_learned_later(run: Probes, step: int) -> None:
    early, late = judge(run, LIMITS, until_step=step).learned_step, judge(run, LIMITS).learned_step
    assert early is None or (late is not None and late <= early)
