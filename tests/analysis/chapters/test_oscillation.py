"""Indices of oscillation: the Dirac-GAN, whose dynamics are known, calibrates the one from losses."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.chapters.oscillation import compare_orders, loss_oscillation, oscillation
from analysis.results.parts import Summary, summarized
from runs.records import Trace, trace
from tests.analysis.synthetic import STEPS, judged, loaded, record, small_study

UPDATES = 2000


def dirac_gan(*, r1_gamma: float, lr: float = 0.05) -> Trace:
    """Generator loss, log(1 - D), of alternating gradient steps on the Dirac-GAN (Mescheder et al. 2018).

    G is the point theta, D(x) = sigmoid(psi x), real data are at 0. R1 is r1_gamma/2 psi². Without it, gradient flow
    keeps theta² + psi² as it was, and alternating steps stay near that circle; with it they spiral into (0, 0).
    """
    theta, psi, losses = 1.0, 1.0, []
    for _ in range(UPDATES):
        psi -= lr * (theta / (1 + math.exp(-psi * theta)) + r1_gamma * psi)
        losses.append(-math.log1p(math.exp(psi * theta)))
        theta += lr * psi / (1 + math.exp(-psi * theta))
    return trace(range(1, UPDATES + 1), losses)


def test_dirac_gan_that_converges_does_not_oscillate() -> None:
    assert loss_oscillation(dirac_gan(r1_gamma=1.0), UPDATES) == pytest.approx(0, abs=1e-6)


def test_dirac_gan_that_orbits_does_for_ever() -> None:
    loss = dirac_gan(r1_gamma=0.0)
    # on the circle psi theta = sin(2t): the index of -log(1 + exp(sin)) over whole turns
    turn = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    expected = np.logaddexp(0, np.sin(turn)).std() / np.logaddexp(0, np.sin(turn)).mean()
    assert loss_oscillation(loss, UPDATES) == pytest.approx(expected, rel=0.1)
    assert loss_oscillation(loss, UPDATES // 2) == pytest.approx(expected, rel=0.1)


def test_index_is_the_relative_standard_deviation_of_the_second_half() -> None:
    loss = trace(range(1, 9), [100, 100, 100, 100, 1, 3, 1, 3])
    assert loss_oscillation(loss, 8) == 0.5
    assert loss_oscillation(loss, 4) == 0


@pytest.mark.parametrize("values", [[1.0, np.nan], [1.0, np.inf], [1.0, -1.0], []])
def test_loss_that_is_not_finite_or_has_no_mean_has_no_index(values: list[float]) -> None:
    assert math.isnan(loss_oscillation(trace(range(3, 3 + len(values)), values), 4))


def test_summary_leaves_out_what_is_not_a_number() -> None:
    assert summarized(np.array([1.0, np.nan, 3.0])) == Summary(n=2, median=2, minimum=1, maximum=3)
    assert summarized(np.array([np.nan])) == Summary(n=0, median=None, minimum=None, maximum=None)


def medians(**arms: tuple[float, float]) -> pd.DataFrame:
    """Of loss oscillation and of mode hopping, by arm."""
    return pd.DataFrame(arms.values(), index=list(arms), columns=["loss oscillation", "mode hopping"])


def test_agreeing_orders_are_said_to_agree() -> None:
    found = compare_orders(medians(a=(1, 0.1), b=(3, 0.2), c=(9, 0.3)), {})
    assert found == ("Loss oscillation orders the 3 arms as mode hopping does.", False)


def test_arms_in_another_order_are_counted_and_named() -> None:
    found = compare_orders(medians(a=(9, 0.1), b=(1, 0.2), c=(3, 0.9)), {"lr": 2e-4})
    assert found == (
        "Loss oscillation misorders the arms at lr 2e-4: 2 of 3 pairs stand the other way round than by mode hopping"
        " (a against b, a against c). Calmest by mode hopping is a, by loss oscillation b.",
        True,
    )


def test_infinite_medians_are_equal_to_each_other_and_above_all_others() -> None:
    assert compare_orders(medians(a=(np.inf, 0.1), b=(np.inf, 0.2), c=(1, 0.05)), {})[0] == (
        "Loss oscillation orders the 3 arms as mode hopping does, but for 1 of 3 pairs with equal medians, which have"
        " no order."
    )


def test_arms_that_are_all_equal_by_an_index_are_not_said_to_be_ordered_alike() -> None:
    assert compare_orders(medians(a=(1, 0.1), b=(3, 0.1), c=(9, 0.1)), {})[0] == (
        "Whether loss oscillation orders the arms as mode hopping does cannot be said: medians are equal in every pair."
    )


def test_equal_arms_are_taken_out_of_an_agreement_of_the_others() -> None:
    assert compare_orders(medians(a=(1, 0.1), b=(3, 0.1), c=(9, 0.3)), {})[0] == (
        "Loss oscillation orders the 3 arms as mode hopping does, but for 1 of 3 pairs with equal medians, which have"
        " no order."
    )


def test_arms_without_values_have_no_order() -> None:
    assert "fewer than two arms have both" in compare_orders(medians(a=(9, 0.1), b=(np.nan, 0.2)), {})[0]


def test_indices_of_a_study_are_those_of_its_traces(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    for seed in study.seeds:
        record(str(tmp_path), study, "mlp", seed, traces={"loss_g": [1.0, 2.0], "eval_drift": np.full(20, 0.5)})
    (table,) = oscillation(judged(loaded(tmp_path, study))).tables
    frame = table.frame.set_index("arm")
    assert STEPS == 200  # so that the trace has a point at 100, in the first half, and one at 200
    for index, median in (("mode hopping", 0.05), ("drift", 0.5), ("loss oscillation", 0)):
        assert frame[index].tolist() == [pytest.approx(median), pytest.approx(np.nan, nan_ok=True)]
        assert frame[f"runs, {index}"].tolist() == [2, 0]


def test_without_labels_drift_is_the_reference(tmp_path: Path) -> None:
    study = small_study(seeds=1)
    for name in study.arms:
        record(str(tmp_path), study, name, 0, info={"classes": 1})
    chapter = oscillation(judged(loaded(tmp_path, study)))
    assert "mode hopping" not in chapter.tables[0].frame
    assert "as drift does" in chapter.gist
    assert ["no labels" in sentence for sentence in chapter.sentences] == [True]
