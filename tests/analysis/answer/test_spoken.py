"""The sentence and the three numbers of the first screen: what they say, and what they must not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis.answer.key_numbers import key_numbers, sized
from analysis.answer.spoken import spoken
from analysis.results.document import Results
from analysis.statistics import Interval
from runs.study import Study
from tests.analysis.synthetic import Behaviour, loaded, record, recorded, results_of, small_study

GRID = {"beta1": [0.5, 0.9]}
INF = float("inf")


def contrast(outcome: str, **more: Any) -> dict[str, Any]:
    return {"name": "MLP against DCGAN", "outcome": outcome, "first": "mlp", "second": "dcgan", **more}


def with_primary(outcome: str, *, seeds: int = 8, margin: float | None = None, **changes: Any) -> Study:
    co_primary = "updates_to_bar" if outcome != "updates_to_bar" else "not_stable"
    primary = contrast(outcome, **({} if margin is None else {"margin": margin}))
    return small_study(seeds=seeds, plan={"primary": primary, "co_primary": contrast(co_primary)}, **changes)


def ended(folder: Path, study: Study, mlp: Sequence[Behaviour], dcgan: Sequence[Behaviour]) -> Results:
    data = recorded(folder, study, {"mlp": mlp, "dcgan": dcgan})
    return results_of(data)


def over_grid(folder: Path, study: Study, stable: Mapping[str, Sequence[float]]) -> Results:
    """Every seed of an arm ends stable at those levels of beta1, and has not learned at the others."""
    for arm, levels in stable.items():
        for level in GRID["beta1"]:
            for seed in study.seeds:
                behaviour: Behaviour = "stable" if level in levels else "unlearned"
                record(str(folder), study, arm, seed, behaviour, point={"beta1": level})
    data = loaded(folder, study)
    return results_of(data)


def on_screen(results: Results) -> str:
    """All that the first screen says of numbers."""
    numbers = key_numbers(results)
    rows = [f"{arm.arm} {arm.runs} {arm.interval}" for arm in numbers.arms]
    large = [
        f"{one.title} {one.value} {one.interval} {one.note}"
        for one in (numbers.difference, numbers.p)
        if one is not None
    ]
    return "\n".join([spoken(results), *rows, *large])


def test_a_shown_difference_is_said_with_both_counts_and_what_had_not_learned(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study(), ["unlearned"] * 7 + ["collapsed"], ["stable"] * 8)
    assert spoken(results) == (
        "After 200 updates more dcgan than mlp runs were stable: 8 of 8 against 0 of 8;"
        " 7 of the 8 mlp runs that were not had not learned yet."
    )
    assert "0.0078" in on_screen(results)


def test_the_arm_that_is_better_is_named_whichever_is_first(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study(), ["stable"] * 8, ["collapsed"] * 8)
    assert spoken(results) == "After 200 updates more mlp than dcgan runs were stable: 8 of 8 against 0 of 8."


def test_without_significance_no_difference_is_claimed_and_no_equality(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study(), ["collapsed"] * 2 + ["stable"] * 6, ["stable"] * 8)
    assert spoken(results) == (
        "After 200 updates no difference between mlp and dcgan is shown: 6 of 8 mlp and 8 of 8 dcgan runs were stable."
    )


def test_seeds_that_could_not_have_shown_a_difference_are_called_too_few(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study(seeds=3), ["unlearned"] * 3, ["stable"] * 3)
    assert spoken(results).endswith("runs were stable; 3 seeds are too few to show one.")


@pytest.mark.parametrize(("margin", "equal"), [(0.5, True), (0.1, False), (None, False)])
def test_equality_is_claimed_within_a_registered_and_shown_margin_only(
    tmp_path: Path, margin: float | None, equal: bool
) -> None:
    results = ended(tmp_path, with_primary("not_stable", margin=margin), ["stable"] * 8, ["stable"] * 8)
    assert ("differ by less than the registered margin" in spoken(results)) is equal
    assert ("no difference between mlp and dcgan is shown" in spoken(results)) is not equal


def test_an_early_look_says_so_first_and_claims_nothing(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study(seeds=9), ["unlearned"] * 8, ["stable"] * 4)
    assert spoken(results) == (
        "Interim: so far, in 4 matched pairs, 0 of 4 mlp and 4 of 4 dcgan runs were stable;"
        " no difference is claimed while runs are missing."
    )
    assert "none yet" in on_screen(results)
    assert "p =" not in on_screen(results)


def test_an_early_look_whose_e_value_ends_the_study_says_the_difference(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study(seeds=13), ["collapsed"] * 12, ["stable"] * 12)
    assert spoken(results) == (
        "Interim: after 200 updates more dcgan than mlp runs were stable: 12 of 12 against 0 of 12;"
        " planned runs are missing, but this is evidence enough to end the study."
    )


def test_a_plan_that_the_command_line_changed_is_exploratory_first(tmp_path: Path) -> None:
    study = small_study().override(seeds=7)
    results = ended(tmp_path, study, ["unlearned"] * 7, ["stable"] * 7)
    assert spoken(results).startswith("Exploratory: after 200 updates more dcgan than mlp runs were stable")


def test_a_report_without_an_arm_of_the_contrast_counts_what_it_has(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study().override(arms=["mlp"]), ["stable"] * 7 + ["collapsed"], [])
    assert "the primary contrast lacks an arm in this report; stable are 7 of 8 mlp runs" in spoken(results)
    assert key_numbers(results).difference is None


def test_arms_without_a_common_seed_are_not_compared(tmp_path: Path) -> None:
    results = ended(tmp_path, small_study(), ["stable"] * 8, [])
    assert "no seed has runs of mlp and dcgan that can be compared" in spoken(results)
    assert "not estimable" in on_screen(results)


def test_an_infinite_shift_never_stands_on_the_first_screen(tmp_path: Path) -> None:
    results = ended(tmp_path, with_primary("updates_to_bar"), ["unlearned"] * 8, ["stable"] * 8)
    assert results.of_role("primary")[0].effect.estimate == INF
    assert spoken(results) == "dcgan learns sooner than mlp."
    assert "no finite size" in on_screen(results)
    assert "∞" not in on_screen(results)
    assert "inf" not in on_screen(results).replace("infinity", "").split()


@pytest.mark.parametrize(
    ("estimate", "interval", "expected"),
    [
        (0.5, Interval(low=-1.0, high=2.0), ("+0.5", "[−1, +2]")),
        (INF, Interval(low=3.0, high=INF), ("no finite size", "+3 or more, without limit")),
        (-2.0, Interval(low=-INF, high=1.0), ("−2", "+1 or less, without limit")),
        (0.0, Interval(low=-INF, high=INF), ("0", "no finite interval")),
        (1.0, None, ("+1", "no interval")),
        (None, None, ("not estimable", "")),
    ],
)
def test_infinite_ends_are_said_in_words(
    estimate: float | None, interval: Interval | None, expected: tuple[str, str]
) -> None:
    assert sized(estimate, interval) == expected


def test_over_a_grid_settings_are_counted_by_seed(tmp_path: Path) -> None:
    plan = {"primary": contrast("stable_points"), "co_primary": contrast("updates_where_both_learn")}
    results = over_grid(tmp_path, small_study(seeds=6, grid=GRID, plan=plan), {"mlp": [0.5], "dcgan": [0.5, 0.9]})
    assert spoken(results) == (
        "After 200 updates dcgan ended stable at more of the 2 settings than mlp: at 2 on average, against 1."
    )
    numbers = key_numbers(results)
    assert [(arm.arm, arm.runs, arm.interval) for arm in numbers.arms] == [
        ("mlp", "6 of 12", "1 (every seed)"),
        ("dcgan", "12 of 12", "2 (every seed)"),
    ]
    assert numbers.difference is not None
    assert numbers.difference.note.endswith("Above 0 is better for mlp.")


def test_a_contrast_asked_at_each_grid_point_says_at_how_many_it_is_shown(tmp_path: Path) -> None:
    study = small_study(seeds=8, grid=GRID)
    results = over_grid(tmp_path, study, {"mlp": [0.5], "dcgan": [0.5, 0.9]})
    assert spoken(results) == ("dcgan is stable more often than mlp at 1 of 2 settings; at 1 no difference is shown.")
    numbers = key_numbers(results)
    assert numbers.p is not None
    assert (numbers.p.title, numbers.p.value) == ("Significant at", "1 of 2")
