"""Contrasts at equal computation: budgets in floating-point operations, and the way to the bar in them."""

import math
from pathlib import Path

import numpy as np
import pytest

from analysis.findings.budgets import flops_per_step
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import VerdictCode
from analysis.results.wording import flop_unit, flops_text
from runs.schema import RunConfig
from tests.analysis.synthetic import FLOPS, SECONDS_PER_STEP, loaded, record, recorded, results_of, small_study
from tests.recording import varied


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """No MLP run learns, every DCGAN run is stable."""
    ends = {"mlp": ["unlearned"] * 8, "dcgan": ["stable"] * 8}
    return recorded(tmp_path_factory.mktemp("classic"), small_study(), ends)


def test_step_is_counted_as_the_two_players_compute() -> None:
    config = varied(RunConfig(), batch_size=10)
    assert flops_per_step(config, 1, 0) == 10 * (1 + 3)  # G forward for D, forward and backward for itself
    assert flops_per_step(config, 0, 1) == 10 * (2 * 3 + 2)  # D on real and fake images, and to its input for G
    assert flops_per_step(varied(config, d_steps=5, g_steps=2), 100, 1) == 10 * (5 * (100 + 6) + 2 * (300 + 2))
    assert flops_per_step(varied(config, r1_gamma=0.1), 0, 1) == 10 * (2 * 3 + 3 + 2)


def test_flops_of_a_step_are_whole_numbers_of_any_size() -> None:
    assert flops_per_step(varied(RunConfig(), batch_size=3), 10**18 + 1, 10**18) == 3 * (4 * (10**18 + 1) + 8 * 10**18)


@pytest.mark.parametrize(
    ("flops", "text"),
    [
        (0, "0 FLOP"),
        (999, "999 FLOP"),
        (1000, "1 kFLOP"),
        (1_250_000_000, "1.25 GFLOP"),
        (10**24, "1,000,000 EFLOP"),
        (None, "unknown FLOPs"),
    ],
)
def test_flops_are_told_in_the_largest_unit_of_which_they_hold_one(flops: int | None, text: str) -> None:
    assert flops_text(flops) == text
    assert flops is None or flop_unit(flops)[1] <= max(flops, 1)


def test_at_equal_compute_the_dearer_arm_is_judged_earlier(classic: StudyData) -> None:
    (primary,) = results_of(classic).of_role("primary", "equal compute")
    # 64 images, each G + 6 D in the update of D and 3 G + 2 D in that of G
    per_step = {arm: 64 * (4 * flops_g + 8 * flops_d) for arm, (flops_g, flops_d) in FLOPS.items()}
    mlp, dcgan = primary.budgets
    assert (mlp.steps, dcgan.steps) == (200, 50)
    assert (mlp.flops_per_step, dcgan.flops_per_step) == (per_step["mlp"], per_step["dcgan"])
    assert mlp.flops == dcgan.flops == 200 * per_step["mlp"]
    assert mlp.seconds == pytest.approx(200 * SECONDS_PER_STEP["mlp"])
    assert primary.composition["dcgan"][VerdictCode.UNLEARNED] == 8
    assert primary.effect.estimate == 0


def test_equal_compute_is_told_in_flops(classic: StudyData) -> None:
    assert results_of(classic).headline[-1] == (
        "At equal computation (each run's last probe within 666 MFLOP): 8 of 8 mlp runs had not learned after 200"
        " updates (666 MFLOP); 8 of 8 dcgan runs had not learned after 50 updates (666 MFLOP); Δ = 0 [−0.324, +0.324],"
        " p = 1."
    )


def test_equal_compute_does_not_depend_on_how_fast_the_runs_were(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    for seed in study.seeds:
        record(str(tmp_path), study, "mlp", seed, traces={"train_seconds": np.full(21, np.nan)})
        record(str(tmp_path), study, "dcgan", seed, traces={"train_seconds": 1e-6 * np.arange(21)})
    (primary,) = results_of(loaded(tmp_path, study)).of_role("primary", "equal compute")
    assert [budget.steps for budget in primary.budgets] == [200, 50]


def test_one_operation_too_many_cuts_a_whole_probe_interval(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "mlp", 0, match={"flops_g": 10**15, "flops_d": 10**15})
    record(str(tmp_path), study, "dcgan", 0, match={"flops_g": 10**15 + 1, "flops_d": 10**15})
    mlp, dcgan = results_of(loaded(tmp_path, study)).of_role("primary", "equal compute")[0].budgets
    assert (mlp.steps, dcgan.steps) == (200, 190)
    assert mlp.flops == 200 * 64 * 12 * 10**15


def test_contrast_is_given_at_equal_compute_though_no_run_trained_a_step(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "mlp", 0, "nonfinite", info={"halted_at": 0})
    record(str(tmp_path), study, "dcgan", 0)
    results = results_of(loaded(tmp_path, study))
    assert len(results.contrasts_at_equal_compute) == len(results.contrasts)
    assert results.of_role("primary", "equal compute")[0].budgets[0].seconds is None
    assert results.problems == ()


def test_contrast_without_any_run_of_an_arm_is_not_given_at_equal_compute_and_said_so(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    record(str(tmp_path), study, "mlp", 0)
    results = results_of(loaded(tmp_path, study))
    assert results.contrasts_at_equal_compute == ()
    assert results.problems[-1].startswith(
        "2 contrasts are not given at equal computation: no run of one of their arms"
    )


def test_at_equal_compute_the_way_to_the_bar_is_measured_in_flops(tmp_path: Path) -> None:
    study = small_study(seeds=6)
    for seed in study.seeds:
        record(str(tmp_path), study, "mlp", seed, learned=180)
        record(str(tmp_path), study, "dcgan", seed, learned=50)
    (result,) = results_of(loaded(tmp_path, study)).of_role("co-primary", "equal compute")
    assert result.effect.unit == "MFLOP"
    assert result.effect.name == "Hodges–Lehmann shift of FLOPs to the bar"
    # a step of mlp is 64 (4 · 5,000 + 8 · 4,000) = 3,328,000 operations, one of dcgan four times as many
    assert [(pair.first, pair.second) for pair in result.values] == [(180 * 3.328, 200 * 3.328)] * 6
    assert result.effect.estimate == pytest.approx(-20 * 3.328)


def test_flops_to_the_bar_are_in_whole_probe_intervals_of_the_cheapest_arm(tmp_path: Path) -> None:
    study = small_study(seeds=6)
    for seed in study.seeds:
        record(str(tmp_path), study, "mlp", seed, match={"flops_g": 1000, "flops_d": 1000})
        record(str(tmp_path), study, "dcgan", seed, match={"flops_g": 1001, "flops_d": 1000})
    (result,) = results_of(loaded(tmp_path, study)).of_role("co-primary", "equal compute")
    assert (result.effect.estimate, result.effect.p) == (0, 1)
    assert {pair.second for pair in result.values} == {100 * 64 * 12_000 / 10**6}  # not 100 · 64 · 12,004


def test_never_learned_is_infinite_in_flops_too(classic: StudyData) -> None:
    (result,) = results_of(classic).of_role("co-primary", "equal compute")
    assert [(pair.first, pair.second) for pair in result.values] == [(math.inf, math.inf)] * 8


def test_speed_of_a_halted_run_counts_up_to_its_halt(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    clock = 0.01 * np.minimum(np.arange(0, 201, 10), 150)
    record(str(tmp_path), study, "mlp", 0, "nonfinite", info={"halted_at": 150}, traces={"train_seconds": clock})
    record(str(tmp_path), study, "dcgan", 0)
    (mlp, _) = results_of(loaded(tmp_path, study)).of_role("primary", "equal compute")[0].budgets
    assert mlp.seconds_per_step == pytest.approx(0.01)
