"""The smallest p that tests can reach, held against 2^(1-n) times the tests of a family."""

from dataclasses import replace
from pathlib import Path

from analysis.findings.smallest_p import least_p
from analysis.judging.study_data import StudyData
from analysis.results.parts import Role
from analysis.results.precision import SmallestP
from tests.analysis.synthetic import Behaviour, judged, loaded, record, recorded, small_study

STABLE: list[Behaviour] = ["stable"] * 8


def by_role(data: StudyData) -> dict[Role, SmallestP]:
    return {found.role: found for found in judged(data).findings.smallest_p}


def test_eight_pairs_cannot_show_one_of_eight_secondaries(tmp_path: Path) -> None:
    secondaries = [
        {"name": f"{arm} against DCGAN", "outcome": outcome, "first": arm, "second": "dcgan"}
        for arm in ("mlp", "a", "b", "c")
        for outcome in ("final_frechet", "mode_hopping")
    ]
    study = small_study()
    arms = {**study.arms, **dict.fromkeys("abc", study.arms["mlp"])}
    study = small_study(arms=arms, plan={**study.document["plan"], "secondaries": secondaries})
    fail: list[Behaviour] = ["unlearned"] * 8
    findings = judged(
        recorded(tmp_path, study, {"dcgan": STABLE, **dict.fromkeys(("mlp", "a", "b", "c"), fail)})
    ).findings
    found = {row.role: row for row in findings.smallest_p}
    assert (found["primary"].family, found["primary"].p) == (1, 2 / 2**8)
    assert found["secondary"] == SmallestP(
        role="secondary", family=8, replicate="pair", n=8, moving=8, p=8 * 2 / 2**8, p_moving=8 * 2 / 2**8
    )
    reached = min(contrast.effect.p_holm or 1 for contrast in findings.contrasts if contrast.role == "secondary")
    assert reached >= found["secondary"].p


def test_smallest_p_is_of_the_registered_family_also_where_arms_are_left_out(tmp_path: Path) -> None:
    study = small_study()
    secondaries = [
        {"name": arm, "outcome": "not_stable", "first": arm, "second": "dcgan"} for arm in ("a", "b", "c", "d")
    ]
    arms = {**study.arms, **dict.fromkeys("abcd", study.arms["mlp"])}
    study = small_study(arms=arms, plan={**study.document["plan"], "secondaries": secondaries})
    found = by_role(
        recorded(tmp_path, study.override(arms=["mlp", "a", "dcgan"]), dict.fromkeys(("mlp", "a", "dcgan"), STABLE))
    )
    assert (found["secondary"].family, found["secondary"].n, found["secondary"].p) == (4, 8, 4 * 2 / 2**8)


def test_smallest_p_of_the_pairs_that_differ_is_what_a_test_can_still_reach(tmp_path: Path) -> None:
    three: list[Behaviour] = ["unlearned"] * 3 + STABLE[:5]
    primary = by_role(recorded(tmp_path, small_study(), {"mlp": three, "dcgan": STABLE}))["primary"]
    assert (primary.n, primary.p, primary.moving, primary.p_moving) == (8, 2 / 2**8, 3, 2 / 2**3)


def test_each_test_of_a_family_counts_with_its_own_pairs_and_seeds(tmp_path: Path) -> None:
    plan = {
        "primary": {"name": "MLP", "outcome": "stable_points", "first": "mlp", "second": "dcgan"},
        "co_primary": {"name": "MLP", "outcome": "updates_where_both_learn", "first": "mlp", "second": "dcgan"},
        "secondaries": [{"name": "MLP", "outcome": "not_stable", "first": "mlp", "second": "dcgan"}],
    }
    study = small_study(seeds=6, grid={"beta1": [0.5, 0.9]}, plan=plan)
    for seed in study.seeds:
        for point in study.grid_points():
            for arm in study.arms:
                if seed < 4 or point["beta1"] == 0.5:  # two seeds lack the second point
                    record(str(tmp_path), study, arm, seed, point=point)
    found = by_role(loaded(tmp_path, study))
    primary, secondary = found["primary"], found["secondary"]
    assert (primary.replicate, primary.n, primary.family, primary.p) == ("seed", 4, 1, 2 / 2**4)
    assert (secondary.replicate, secondary.n, secondary.family, secondary.p) == ("pair", 6, 2, 2 * 2 / 2**6)


def test_drawn_sign_flips_reach_no_p_below_one_in_their_number(tmp_path: Path) -> None:
    primary, co_primary = judged(loaded(tmp_path, small_study(seeds=1))).findings.contrasts
    over_seeds = replace(primary, outcome="stable_points")
    assert [least_p(over_seeds, n) for n in (8, 13, 14, 60)] == [2 / 2**8, 2 / 2**13, 2 / 2**14, 1 / 10_000]
    assert least_p(co_primary, 60) == 2 / 2**60
