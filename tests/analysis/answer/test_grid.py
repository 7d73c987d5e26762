"""What a study with a grid says: at every point, averaged over the points, and in its headline."""

from pathlib import Path

import pytest

from analysis.results.document import Results
from analysis.results.grid_means import SignsOverGrid
from analysis.statistics import FactorEffects, NotEstimable
from tests.analysis.synthetic import loaded, record, results_of, small_study


@pytest.fixture(scope="module")
def over_two_points(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Six seeds; the MLP learns at beta1 0.5 only, the DCGAN at both."""
    folder = tmp_path_factory.mktemp("grid")
    study = small_study(seeds=6, grid={"beta1": [0.5, 0.9]})
    for seed in study.seeds:
        record(str(folder), study, "mlp", seed, "unlearned", point={"beta1": 0.9})
        record(str(folder), study, "mlp", seed, point={"beta1": 0.5})
        for point in study.grid_points():
            record(str(folder), study, "dcgan", seed, point=point)
    return results_of(loaded(folder, study))


def test_grid_is_compared_at_every_point_and_corrected_over_all(over_two_points: Results) -> None:
    primaries = over_two_points.of_role("primary")
    assert [result.grid_point for result in primaries] == [{"beta1": 0.5}, {"beta1": 0.9}]
    assert [result.effect.estimate for result in primaries] == [0, 1]
    assert [result.effect.p_holm for result in primaries] == [1, 2 * 2 / 2**6]
    assert [arm.grid_point["beta1"] for arm in over_two_points.arms] == [0.5, 0.5, 0.9, 0.9]


def test_sentence_of_a_contrast_names_its_grid_point(over_two_points: Results) -> None:
    assert [contrast.sentence.partition(",")[0] for contrast in over_two_points.of_role("primary")] == [
        "Rate of runs not stable at beta1 0.5",
        "Rate of runs not stable at beta1 0.9",
    ]


def test_contrast_is_averaged_over_the_grid_within_each_seed(over_two_points: Results) -> None:
    mean = next(mean for mean in over_two_points.grid_means if mean.outcome == "not_stable")
    assert isinstance(mean.effects, FactorEffects)
    (effect,) = mean.effects.effects
    assert effect.name == "MLP against DCGAN (mlp − dcgan)"
    assert (effect.estimate, effect.p) == (0.5, 2 / 2**6)  # the rates differ by 0 and by 1; all six seeds agree
    assert mean.signs == (SignsOverGrid(name=effect.name, above=1, zero=1, below=0),)
    assert "max-T p = 0.031 (above, at and below 0 at 1, 1 and 0 grid points);" in mean.sentence


def test_headline_says_where_which_arm_was_stable_and_what_became_of_its_runs(over_two_points: Results) -> None:
    assert over_two_points.headline == (
        "Grid points at which every run was stable: 2 of 2 with dcgan and 1 of 2 with mlp.",
        "6 of 12 mlp runs were stable, 6 of 12 had not learned, after 200 steps at lr 2e-4.",
        "12 of 12 dcgan runs were stable, after 200 steps at lr 2e-4.",
        "Averaged over the grid, rate of runs not stable (share of runs), mlp minus dcgan: +0.5 (no interval) over 6"
        " seeds, sign-flip p = 0.031.",
        "MLP against DCGAN, rate of runs not stable, at 2 grid points: larger for mlp at 1, for dcgan at 0, for neither"
        " at 1; Holm p is 0.05 or less at 0.",
        "Co-primary, exploratory, as not every primary test is significant: MLP against DCGAN, updates to the bar, at 2"
        " grid points: larger for mlp at 1, for dcgan at 0, for neither at 1; Holm p is 0.05 or less at 0.",
        "At equal computation: MLP against DCGAN, rate of runs not stable, at 2 grid points: larger for mlp at 0, for"
        " dcgan at 1, for neither at 1; Holm p is 0.05 or less at 0.",
    )


def test_mean_over_a_grid_says_at_how_many_points_it_has_which_sign(tmp_path: Path) -> None:
    study = small_study(seeds=4, grid={"beta1": [0.5, 0.9]})
    for seed in study.seeds:
        for point, worse in zip(study.grid_points(), study.arms, strict=True):
            for arm in study.arms:
                record(str(tmp_path), study, arm, seed, "unlearned" if arm == worse else "stable", point=point)
    results = results_of(loaded(tmp_path, study))
    mean = next(mean for mean in results.grid_means if mean.outcome == "not_stable")
    assert isinstance(mean.effects, FactorEffects)
    assert (mean.effects.effects[0].estimate, mean.signs[0].differ) == (0, True)
    both = "above, at and below 0 at 1, 0 and 1 grid points: both signs, which chance alone can give"
    assert f"({both})" in mean.sentence
    assert any(f"Its estimates at single grid points are {both}." in paragraph for paragraph in results.headline)


def test_headline_counts_the_points_that_have_runs_and_names_those_not_estimable(tmp_path: Path) -> None:
    study = small_study(seeds=2, grid={"beta1": [0.5, 0.9]})
    for seed in study.seeds:
        for arm in study.arms:
            record(str(tmp_path), study, arm, seed, point={"beta1": 0.5})
    results = results_of(loaded(tmp_path, study))
    assert results.headline[0] == ("Grid points at which every run was stable: 1 of 1 with mlp and 1 of 1 with dcgan.")
    assert any("not estimable at 1" in paragraph for paragraph in results.headline)
    means = [mean.effects for mean in results.grid_means]
    assert means and all(isinstance(effects, NotEstimable) for effects in means)
    assert all(mean.signs == () for mean in results.grid_means)


def test_grid_of_one_point_is_told_like_a_study_without_a_grid(tmp_path: Path) -> None:
    study = small_study(seeds=1, grid={"beta1": [0.5]})
    for arm in study.arms:
        record(str(tmp_path), study, arm, 0, point={"beta1": 0.5})
    results = results_of(loaded(tmp_path, study))
    assert results.headline[0].startswith("1 of 1 mlp run was stable after 200 updates")
    assert results.grid_means == ()


CROSSED = {
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
    "dcgan-nobn": {"architecture": "dcgan", "normalization": "none"},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
}


def test_interaction_as_primary_is_worded_as_a_difference_of_differences(tmp_path: Path) -> None:
    """Only the DCGANs differ, so that nothing is larger for the MLP."""
    primary = {"name": "interaction", "outcome": "not_stable", "first": "mlp", "second": "mlp-bn"}
    plan = small_study().document["plan"]
    study = small_study(
        seeds=2,
        arms=CROSSED,
        grid={"beta1": [0.5, 0.9]},
        plan={**plan, "primary": {**primary, "minus": ["dcgan-nobn", "dcgan"]}},
    )
    for seed in study.seeds:
        for point in study.grid_points():
            for arm in study.arms:
                record(str(tmp_path), study, arm, seed, "unlearned" if arm == "dcgan" else "stable", point=point)
    told = results_of(loaded(tmp_path, study)).headline
    assert (
        "interaction, difference of differences in rate of runs not stable, (mlp minus mlp-bn) less (dcgan-nobn minus"
        " dcgan), at 2 grid points: above 0 at 2, below 0 at 0, 0 at 0; Holm p is 0.05 or less at 0."
    ) in told
    assert not any("larger for mlp" in paragraph for paragraph in told[:-2])


@pytest.mark.parametrize(
    ("differing", "limit"),
    [
        (7, "sign-flip p = 0.016."),
        (8, "sign-flip p = 0.0078."),
        (5, "sign-flip p = 0.062, which the 5 of 8 seeds that differ cannot bring to the level."),
    ],
)
def test_limit_of_a_mean_over_the_grid_is_the_number_of_seeds_that_differ(
    tmp_path: Path, differing: int, limit: str
) -> None:
    study = small_study(seeds=8, grid={"beta1": [0.5, 0.9]})
    for seed in study.seeds:
        for point in study.grid_points():
            record(str(tmp_path), study, "mlp", seed, "unlearned" if seed < differing else "stable", point=point)
            record(str(tmp_path), study, "dcgan", seed, point=point)
    told = [paragraph for paragraph in results_of(loaded(tmp_path, study)).headline if "Averaged" in paragraph]
    assert len(told) == 1
    assert told[0].endswith(limit)


def test_early_look_at_a_grid_quotes_e_values_in_place_of_p(tmp_path: Path) -> None:
    study = small_study(seeds=9, grid={"beta1": [0.5, 0.9]})
    for seed in study.seeds[:-1]:
        for point in study.grid_points():
            record(str(tmp_path), study, "mlp", seed, "unlearned" if point["beta1"] == 0.9 else "stable", point=point)
            record(str(tmp_path), study, "dcgan", seed, point=point)
    told = results_of(loaded(tmp_path, study)).headline
    assert not any("p =" in paragraph or "Holm p" in paragraph for paragraph in told)
    assert any(
        "at this early look the e-value reaches the 40 that would end the study at 0." in paragraph
        for paragraph in told  # eight pairs one way give 28.4, two tests need 2 / alpha
    )
