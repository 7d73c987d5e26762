"""Contrasts over the whole grid: at how many of its points a seed's run ended stable, and updates where both learn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.answer.region_headline import region_paragraphs
from analysis.chapters.robustness import curves
from analysis.findings.margins import judge_margins
from analysis.judging.study_data import StudyData
from analysis.results.document import ContrastResult, PairValue, Results
from analysis.statistics import Equivalence, Interval, NotEstimable, SpecificationTest, sign_flip_interval
from runs.plan import Contrast
from runs.study import Study
from tests.analysis.synthetic import Behaviour, loaded, record, results_of, small_study

GRID = {"lr": [2e-4, 1e-3], "beta1": [0.5, 0.9]}
POINTS = [{"lr": lr, "beta1": beta1} for lr in GRID["lr"] for beta1 in GRID["beta1"]]
PLAN = {
    "primary": {"name": "MLP against DCGAN", "outcome": "stable_points", "first": "mlp", "second": "dcgan"},
    "co_primary": {"name": "learning", "outcome": "updates_where_both_learn", "first": "mlp", "second": "dcgan"},
}


def region_study(seeds: int) -> Study:
    return small_study(seeds=seeds, grid=GRID, plan=PLAN)


def reported(folder: Path, study: Study) -> Results:
    return results_of(loaded(folder, study))


def record_all(folder: Path, study: Study, mlp: Sequence[Behaviour], learned: Mapping[str, int]) -> None:
    """At every point ``mlp`` says how its runs end; those of dcgan are stable."""
    for seed in study.seeds:
        for point, behaviour in zip(POINTS, mlp, strict=True):
            for arm, own in (("mlp", behaviour), ("dcgan", "stable")):
                record(str(folder), study, arm, seed, own, point=point, learned=learned[arm])  # type: ignore[arg-type]


def only(results: Results, role: Any) -> ContrastResult:
    (found,) = results.of_role(role)
    return found


def test_an_arm_stable_at_one_of_four_points_in_every_seed_lacks_three_points_with_the_exact_p(tmp_path: Path) -> None:
    study = region_study(9)
    record_all(tmp_path, study, ["stable", "unlearned", "collapsed", "diverged"], {"mlp": 100, "dcgan": 50})
    results = reported(tmp_path, study)
    primary = only(results, "primary")
    assert primary.effect.estimate == -3
    assert primary.effect.p == pytest.approx(2**-8)
    assert [(pair.first, pair.second) for pair in primary.values] == [(1, 4)] * 9
    assert "1 with mlp and 4 with dcgan" in results.headline[0]


def test_updates_where_both_learn_leave_out_the_points_at_which_one_does_not(tmp_path: Path) -> None:
    study = region_study(9)
    record_all(tmp_path, study, ["stable", "unlearned", "stable", "unlearned"], {"mlp": 100, "dcgan": 50})
    co_primary = only(reported(tmp_path, study), "co-primary")
    assert [(pair.first, pair.second) for pair in co_primary.values] == [(100, 50)] * 9
    assert "conditional on both learning" in co_primary.sentence


def test_a_co_primary_is_confirmatory_only_after_a_significant_primary(tmp_path: Path) -> None:
    for seeds, word in ((9, "Co-primary, confirmatory"), (3, "Co-primary, exploratory")):
        study = region_study(seeds)
        record_all(tmp_path / str(seeds), study, ["stable", "unlearned", "stable", "stable"], {"mlp": 100, "dcgan": 50})
        assert any(text.startswith(word) for text in reported(tmp_path / str(seeds), study).headline)


def test_a_seed_that_lacks_a_run_at_one_point_is_left_out_and_bounds_the_mean(tmp_path: Path) -> None:
    study = region_study(3)
    record_all(tmp_path, study, ["stable"] * 4, {"mlp": 100, "dcgan": 50})
    more = region_study(4)
    for arm in ("mlp", "dcgan"):
        for point in POINTS[arm == "mlp" :]:  # the last seed has no MLP at the first point
            record(str(tmp_path), more, arm, 3, "stable", point=point)
    primary = only(reported(tmp_path, more), "primary")
    assert (primary.pairs.used, primary.pairs.missing) == (3, 1)
    assert primary.effect.estimate == 0


# --- what a seed's runs are worth

CROSSED = {
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
    "dcgan-nobn": {"architecture": "dcgan", "normalization": "none"},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
}
TWO = {"beta1": [0.5, 0.9]}
BETAS = [{"beta1": 0.5}, {"beta1": 0.9}]
INTERACTION = {**PLAN["primary"], "name": "by BatchNorm", "second": "mlp-bn", "minus": ["dcgan-nobn", "dcgan"]}


def record_counts(folder: Path, study: Study, counts: Mapping[str, Sequence[int]], **options: Any) -> None:
    """Of every seed as many of the grid's first points are stable as said; at the others nothing was learned."""
    for arm, of_seeds in counts.items():
        for seed, stable in zip(study.seeds, of_seeds, strict=True):
            for place, point in enumerate(study.grid_points()):
                behaviour: Behaviour = "stable" if place < stable else "unlearned"
                record(str(folder), study, arm, seed, behaviour, point=point, **options)


@pytest.fixture(scope="module")
def crossed_data(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """Five seeds of a 2 x 2 over two points: in all but one BatchNorm makes one more stable, for the MLP only."""
    folder = tmp_path_factory.mktemp("crossed")
    study = small_study(seeds=5, arms=CROSSED, grid=TWO, plan={**PLAN, "secondaries": [INTERACTION]})
    counts = {"mlp": [0, 0, 0, 0, 1], "mlp-bn": [1] * 5, "dcgan-nobn": [2] * 5, "dcgan": [2] * 5}
    record_counts(folder, study, counts)
    return loaded(folder, study)


@pytest.fixture(scope="module")
def crossed(crossed_data: StudyData) -> Results:
    return results_of(crossed_data)


def test_interaction_is_the_difference_of_differences_of_a_seed_tested_by_sign_flip(crossed: Results) -> None:
    found = only(crossed, "secondary")
    assert [(pair.first, pair.second) for pair in found.values] == [(-1, 0)] * 4 + [(0, 0)]
    assert found.effect.estimate == pytest.approx(-0.8)
    assert found.effect.p == 2 / 2**4  # four seeds move
    assert found.effect.interval == sign_flip_interval([-1, -1, -1, -1, 0], 0.95) is None
    assert found.stable_points is not None
    assert found.stable_points.means == {"mlp": 0.2, "mlp-bn": 1, "dcgan-nobn": 2, "dcgan": 2}
    assert (found.stable_points.more_first, found.stable_points.more_second, found.stable_points.equal) == (0, 4, 1)
    assert found.notes[0] == "seeds with a difference: 4 of 5; too few to reach p = 0.05"
    assert found.sentence.startswith(
        "Stable grid points, of 2, (mlp minus mlp-bn) less (dcgan-nobn minus dcgan): (0.2 less 1) less (2 less 2) a"
        " seed, above 0 in 0 of 5 seeds, below in 4, 0 in 1; mean = −0.8"
    )


def test_more_is_better_and_says_so_wherever_the_effect_stands(crossed: Results) -> None:
    primary = only(crossed, "primary")
    assert primary.larger_is_better
    assert primary.effect.name == "difference in stable grid points (more is better)"
    assert primary.effect.test == "exact sign-flip over seeds"
    assert (primary.effect.unit, primary.grid_point) == ("grid points", {})
    assert not only(crossed, "co-primary").larger_is_better


def test_seeds_with_no_point_at_which_both_learn_are_counted_and_named(crossed: Results) -> None:
    co_primary = only(crossed, "co-primary")
    assert (co_primary.pairs.used, co_primary.pairs.excluded) == (1, 4)
    assert co_primary.pairs.problems[0] == "seed 0: at no grid point did both arms learn"
    assert "mlp and dcgan are not compared at seed 3: at no grid point did both arms learn." in crossed.problems
    assert "conditional on both having learned, as in 1 of 10 pairs of runs: silent on others" in co_primary.notes


def test_updates_are_averaged_over_the_points_at_which_both_learned(tmp_path: Path) -> None:
    study = region_study(1)
    at = {"mlp": (100, 60, None, 20), "dcgan": (50, None, 20, 30)}
    for arm, steps in at.items():
        for point, step in zip(POINTS, steps, strict=True):
            behaviour: Behaviour = "unlearned" if step is None else "stable"
            record(str(tmp_path), study, arm, 0, behaviour, point=point, learned=step or 0)
    (pair,) = only(reported(tmp_path, study), "co-primary").values
    assert (pair.first, pair.second) == ((100 + 20) / 2, (50 + 30) / 2)


def test_regions_say_how_many_points_a_seed_and_which_are_best(crossed: Results) -> None:
    regions = {region.arm: region for region in crossed.regions}
    assert [seed.stable for seed in regions["mlp"].seeds] == [0, 0, 0, 0, 1]
    assert (regions["mlp"].mean, regions["mlp"].n_complete) == (0.2, 5)
    assert (regions["mlp"].best, regions["mlp"].best_stable, regions["mlp"].best_judged) == ((BETAS[0],), 1, 5)
    assert regions["dcgan"].best == tuple(BETAS)


# --- incomplete seeds


def incomplete(folder: Path, **unmatched: Any) -> ContrastResult:
    """Two complete seeds, and one whose MLP has no run at the second point, or whose runs there are unmatched."""
    study = small_study(seeds=3, grid=TWO, plan=PLAN)
    for seed in study.seeds:
        for point in BETAS:
            record(str(folder), study, "dcgan", seed, point=point)
            if (seed, point) == (2, BETAS[1]):
                if unmatched:
                    record(str(folder), study, "mlp", seed, "unlearned", point=point, **unmatched)
            else:
                record(str(folder), study, "mlp", seed, "unlearned", point=point)
    return only(reported(folder, study), "primary")


def test_missing_run_could_have_been_stable_or_not_and_the_others_are_known(tmp_path: Path) -> None:
    primary = incomplete(tmp_path)
    assert primary.stable_points is not None and primary.stable_points.bounds is not None
    bounds = primary.stable_points.bounds
    assert (primary.pairs.used, primary.pairs.missing, bounds.n_missing) == (2, 1, 1)
    # complete seeds differ by -2; of the third 0 + {0, 1} points of the MLP stand against 2
    assert (bounds.low.statistic, bounds.high.statistic) == pytest.approx((-2, (-2 - 2 - 1) / 3))


def test_runs_that_do_not_match_are_unknown_both(tmp_path: Path) -> None:
    primary = incomplete(tmp_path, info={"streams": {"order": "another"}})
    assert primary.stable_points is not None and primary.stable_points.bounds is not None
    bounds = primary.stable_points.bounds
    assert (primary.pairs.used, primary.pairs.excluded) == (2, 1)
    assert "at beta1 0.9: runs" in primary.pairs.problems[0]
    # at the first point 0 against 1, at the second anything
    assert (bounds.low.statistic, bounds.high.statistic) == pytest.approx((-2, (-2 - 2 + 0) / 3))


# --- the headline


def said(results: Results) -> str:
    return "\n".join(region_paragraphs(results, only(results, "primary")))


def test_headline_tells_the_difference_where_by_cause_and_at_the_best_recipe(tmp_path: Path) -> None:
    study = small_study(seeds=6, grid=TWO, plan=PLAN)
    record_counts(tmp_path, study, {"mlp": [1, 1, 1, 1, 1, 0], "dcgan": [2] * 6})
    results = reported(tmp_path, study)
    assert results.headline == (
        "Of 2 grid points a seed's run ended stable at 0.833 with mlp and 2 with dcgan on average over 6 seeds: −1.17"
        " [−2, −1] grid points (mlp minus dcgan, exact sign-flip over seeds p = 0.031): dcgan is stable at more of"
        " them.",
        "mlp: 5 of 6 at beta1 0.5; none at beta1 0.9. dcgan: every run stable at beta1 0.5 and beta1 0.9.",
        "By cause, after 200 steps. At beta1 0.5: 5 of 6 mlp runs were stable, 1 of 6 had not learned; 6 of 6 dcgan"
        " runs were stable. At beta1 0.9: 6 of 6 mlp runs had not learned; 6 of 6 dcgan runs were stable. Runs that had"
        " not learned are not judged for collapse or divergence.",
        "Stable runs at each arm's best recipe, chosen by these very runs: mlp 5 of 6 at beta1 0.5; dcgan 6 of 6 at"
        " beta1 0.5 and beta1 0.9: the shares differ there; not a test.",
        *results.headline[4:],
    )
    assert results.headline[4].startswith(
        "Co-primary, confirmatory, as the primary test is significant: Updates to the bar, conditional on both"
        " learning, over 2 grid points, mlp minus dcgan: "
    )
    assert results.headline[5].startswith("At equal computation, in support: 0.833 with mlp and 0 with dcgan, +0.833")


def test_tolerance_and_the_best_recipe_are_two_statements(tmp_path: Path) -> None:
    study = small_study(seeds=6, grid=TWO, plan=PLAN)
    record_counts(tmp_path, study, {"mlp": [1] * 6, "dcgan": [2] * 6})
    told = said(reported(tmp_path, study))
    assert "dcgan is stable at more of them." in told
    assert "mlp 6 of 6 at beta1 0.5; dcgan 6 of 6 at beta1 0.5 and beta1 0.9: the shares are equal there" in told


def test_few_seeds_show_nothing_and_an_arm_that_is_never_stable_has_no_best_recipe(tmp_path: Path) -> None:
    study = small_study(seeds=2, grid=TWO, plan=PLAN)
    record_counts(tmp_path, study, {"mlp": [0] * 2, "dcgan": [2] * 2})
    told = said(reported(tmp_path, study))
    assert "no difference is shown." in told
    assert "mlp: no run stable at beta1 0.5 and beta1 0.9." in told
    assert "At no grid point was a run of mlp stable: there is no best recipe to compare." in told


def test_interaction_as_primary_is_told_as_a_difference_of_differences(crossed: Results) -> None:
    found = replace(only(crossed, "secondary"), role="primary")
    shown = replace(found, effect=replace(found.effect, p=0.01, p_holm=0.01))
    answer = next(iter(region_paragraphs(crossed, shown)))
    assert answer.startswith("Of 2 grid points a seed's run ended stable at 0.2 with mlp, 1 with mlp-bn, 2 with")
    assert answer.endswith("): mlp minus mlp-bn lies below dcgan-nobn minus dcgan.")
    assert next(iter(region_paragraphs(crossed, found))).endswith("): no difference of differences is shown.")


def test_an_early_look_quotes_no_p_and_names_the_seeds_that_lack_a_run(tmp_path: Path) -> None:
    study = small_study(seeds=7, grid=TWO, plan={**PLAN, "secondaries": [{**PLAN["primary"], "outcome": "not_stable"}]})
    counts = {"mlp": [0] * 7, "dcgan": [2] * 7}
    record_counts(tmp_path, study.override(seeds=6), {arm: of_seeds[:6] for arm, of_seeds in counts.items()})
    results = reported(tmp_path, study)
    assert only(results, "primary").effect.p == 2 / 2**6
    assert [stamp.kind for stamp in results.stamps] == ["INTERIM"]
    assert not [paragraph for paragraph in results.headline if "p =" in paragraph]
    assert results.headline[0].endswith(
        "(mlp minus dcgan, no sequential test is defined for this outcome, and no p is valid at an early look): no"
        " difference is shown yet."
    )
    assert results.headline[1] == (
        "Seed 6 lacks a run at some grid point; the missing ones could make the mean anything from −2 to −1.43."
    )
    assert any(text.startswith("Co-primary, exploratory, as planned runs are missing") for text in results.headline)


# --- margins, thresholds, other budgets


def margin_result(answer: ContrastResult, differences: Sequence[int], margin: float) -> Any:
    """What a margin makes of seeds with these differences in stable grid points."""
    plan = small_study(seeds=1, grid=TWO, plan=PLAN).plan
    contrast = Contrast(name="MLP", outcome="stable_points", first="mlp", second="dcgan", margin=margin)
    values = tuple(PairValue(seed=seed, first=3 + d, second=3) for seed, d in enumerate(differences))
    (found,) = judge_margins(replace(plan, primary=contrast), [replace(answer, values=values)])
    return found


def test_margin_in_grid_points_is_held_against_the_exact_sign_flip_interval(crossed: Results) -> None:
    differences = [0, 0, 1, -1, 0, 0, 1, 0, -1]
    found = margin_result(only(crossed, "primary"), differences, 1.5)
    assert isinstance(found.finding, Equivalence)
    assert found.finding.interval == sign_flip_interval(differences, 0.9)
    assert (found.shown, found.unit, found.n) == (True, "grid points", 9)
    narrow = margin_result(only(crossed, "primary"), differences, 0.2)
    assert not narrow.shown


def test_margin_is_not_shown_by_seeds_that_all_show_one_difference_or_are_too_few(crossed: Results) -> None:
    equal = margin_result(only(crossed, "primary"), [0] * 9, 1.5)
    assert isinstance(equal.finding, NotEstimable)
    assert "all seeds show the same difference" in equal.finding.reason
    few = margin_result(only(crossed, "primary"), [0, 1, 0], 1.5)
    assert "3 seeds are too few" in str(few.finding)


def test_specification_curve_is_of_stable_points_over_the_grid(crossed_data: StudyData, crossed: Results) -> None:
    ((curve,), _) = curves(crossed_data)
    effect = only(crossed, "primary").effect
    assert (curve.over_grid, curve.point) == (True, {})
    registered = curve.rows.iloc[0]
    assert registered["thresholds"] == "as registered"
    assert (registered["Δ"], registered["sign-flip p"]) == (effect.estimate, effect.p)
    assert effect.interval is None and registered[["Δ low", "Δ high"]].isna().all()
    assert "a" not in curve.rows  # no counts of pairs
    assert isinstance(curve.test, SpecificationTest)
    assert curve.test.deltas[0] == effect.estimate
    assert "stable grid points of 2: Δ in " in curve.sentence and curve.sentence.endswith("; 5 seeds.")


def test_interaction_over_the_grid_has_a_specification_curve(tmp_path: Path) -> None:
    study = small_study(seeds=2, arms=CROSSED, grid=TWO, plan={**PLAN, "primary": INTERACTION})
    record_counts(tmp_path, study, {"mlp": [0, 0], "mlp-bn": [1, 1], "dcgan-nobn": [2, 2], "dcgan": [2, 2]})
    ((curve,), _) = curves(loaded(tmp_path, study))
    assert curve.rows["Δ"].iloc[0] == -1
    assert curve.sentence.startswith("(mlp minus mlp-bn) less (dcgan-nobn minus dcgan) under ")


def test_equal_computation_carries_a_budget_an_arm_and_point(crossed: Results) -> None:
    (found,) = crossed.of_role("primary", "equal compute")
    assert [(budget.arm, budget.grid_point) for budget in found.budgets] == [
        (arm, point) for point in BETAS for arm in ("mlp", "dcgan")
    ]
    assert {budget.arm: budget.updates for budget in found.budgets} == {"mlp": 200, "dcgan": 50}
    assert found.stable_points is not None
    assert found.stable_points.means == {"mlp": 0.2, "dcgan": 0}  # dcgan learns after 100 updates
    assert (found.standing, found.larger_is_better) == ("supporting", True)


def test_flops_to_the_bar_where_both_learn_are_averaged_in_whole_probe_intervals(tmp_path: Path) -> None:
    study = small_study(seeds=1, grid=TWO, plan=PLAN)
    for arm, learned in (("mlp", 80), ("dcgan", 20)):
        for point in BETAS:
            record(str(tmp_path), study, arm, 0, point=point, learned=learned)
    (found,) = reported(tmp_path, study).of_role("co-primary", "equal compute")
    (pair,) = found.values
    assert found.effect.unit in ("GFLOP", "MFLOP")
    assert pair.first == pytest.approx(pair.second)  # a step of DCGAN costs as much as four of the MLP
    assert "FLOPs to the bar, conditional on both learning" in found.effect.name


def directions() -> Iterator[tuple[int, str]]:
    yield from ((2, "mlp is stable at more of them"), (0, "dcgan is stable at more of them"))


@pytest.mark.parametrize(("of_mlp", "ends"), list(directions()))
def test_better_arm_is_the_one_with_more_stable_points(tmp_path: Path, of_mlp: int, ends: str) -> None:
    study = small_study(seeds=6, grid=TWO, plan=PLAN)
    record_counts(tmp_path, study, {"mlp": [of_mlp] * 6, "dcgan": [1] * 6})
    results = reported(tmp_path, study)
    assert results.headline[0].endswith(f"{ends}.")
    assert np.sign(only(results, "primary").effect.estimate or 0) == (1 if of_mlp else -1)


def test_interval_below_eight_seeds_is_what_the_exact_test_does_not_reject(tmp_path: Path) -> None:
    study = small_study(seeds=6, grid=TWO, plan=PLAN)
    record_counts(tmp_path, study, {"mlp": [1, 1, 1, 1, 1, 0], "dcgan": [2] * 6})
    # of the subsets of five -1 and one -2 the means run from -2 to -1; six seeds reject only what lies beyond both ends
    assert only(reported(tmp_path, study), "primary").effect.interval == Interval(low=-2, high=-1)
