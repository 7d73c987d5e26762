"""Contrasts over the whole grid: at how many of its points a seed's run ended stable, and updates where both learn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis.findings.outcomes import analyse
from analysis.judging.judgements import judge_study
from analysis.results.document import ContrastResult, Results
from runs.study import Study
from tests.analysis.synthetic import Behaviour, loaded, record, small_study

GRID = {"lr": [2e-4, 1e-3], "beta1": [0.5, 0.9]}
POINTS = [{"lr": lr, "beta1": beta1} for lr in GRID["lr"] for beta1 in GRID["beta1"]]
PLAN = {
    "primary": {"name": "MLP against DCGAN", "outcome": "stable_points", "first": "mlp", "second": "dcgan"},
    "co_primary": {"name": "learning", "outcome": "updates_where_both_learn", "first": "mlp", "second": "dcgan"},
}


def region_study(seeds: int) -> Study:
    return small_study(seeds=seeds, grid=GRID, plan=PLAN)


def results_of(folder: Path, study: Study) -> Results:
    data = loaded(folder, study)
    return analyse(data, judge_study(data))


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
    results = results_of(tmp_path, study)
    primary = only(results, "primary")
    assert primary.effect.estimate == -3
    assert primary.effect.p == pytest.approx(2**-8)
    assert [(pair.first, pair.second) for pair in primary.values] == [(1, 4)] * 9
    assert "1 with mlp and 4 with dcgan" in results.headline[0]


def test_updates_where_both_learn_leave_out_the_points_at_which_one_does_not(tmp_path: Path) -> None:
    study = region_study(9)
    record_all(tmp_path, study, ["stable", "unlearned", "stable", "unlearned"], {"mlp": 100, "dcgan": 50})
    co_primary = only(results_of(tmp_path, study), "co-primary")
    assert [(pair.first, pair.second) for pair in co_primary.values] == [(100, 50)] * 9
    assert "conditional on both learning" in co_primary.sentence


def test_a_co_primary_is_confirmatory_only_after_a_significant_primary(tmp_path: Path) -> None:
    for seeds, word in ((9, "Co-primary, confirmatory"), (3, "Co-primary, exploratory")):
        study = region_study(seeds)
        record_all(tmp_path / str(seeds), study, ["stable", "unlearned", "stable", "stable"], {"mlp": 100, "dcgan": 50})
        assert any(text.startswith(word) for text in results_of(tmp_path / str(seeds), study).headline)


def test_a_seed_that_lacks_a_run_at_one_point_is_left_out_and_bounds_the_mean(tmp_path: Path) -> None:
    study = region_study(3)
    record_all(tmp_path, study, ["stable"] * 4, {"mlp": 100, "dcgan": 50})
    more = region_study(4)
    for arm in ("mlp", "dcgan"):
        for point in POINTS[arm == "mlp" :]:  # the last seed has no MLP at the first point
            record(str(tmp_path), more, arm, 3, "stable", point=point)
    primary = only(results_of(tmp_path, more), "primary")
    assert (primary.pairs.used, primary.pairs.missing) == (3, 1)
    assert primary.effect.estimate == 0
