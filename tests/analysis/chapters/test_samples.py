"""Which run stands for an arm on the first screen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.chapters.form import Judged
from analysis.chapters.samples import median_figures
from analysis.judging.judgements import judge_study
from runs.schema import RunConfig
from runs.store import open_store
from runs.study import Study
from tests.analysis.plausible import Fate, fate_of, record_study
from tests.analysis.synthetic import loaded, small_study


def drawn(
    folder: Path, study: Study, fate: Callable[[RunConfig, np.random.Generator], Fate] = fate_of
) -> tuple[pd.DataFrame, str]:
    """The verdicts, and what the figure says of its runs."""
    record_study(str(folder), study, fate=fate)
    data = loaded(folder, study)
    judged = Judged(data=data, verdicts=judge_study(data), store=open_store(str(folder)))
    (figure,) = median_figures(judged)
    figure.draw()
    return judged.verdicts, figure.caption.alt


@pytest.mark.parametrize("seeds", [1, 4, 5])
def test_the_median_run_by_final_distance_stands_for_an_arm(tmp_path: Path, seeds: int) -> None:
    verdicts, said = drawn(tmp_path, small_study(seeds=seeds))
    for arm, own in verdicts.groupby("arm", observed=True):
        middle = own.sort_values("final_frechet").iloc[(seeds - 1) // 2]
        assert f"{arm}, seed {middle['seed']}: " in said


def test_over_a_grid_it_is_of_the_point_with_most_stable_runs(tmp_path: Path) -> None:
    def fate(config: RunConfig, random: np.random.Generator) -> Fate:
        learned = config.arm == "dcgan" or config.beta1 == 0.9
        return replace(fate_of(config, random), final=2.0 if learned else 40.0, time_constant=10.0)

    _, said = drawn(tmp_path, small_study(seeds=3, grid={"beta1": [0.5, 0.9]}), fate)
    assert "mlp, beta1 0.9, seed" in said
    assert "dcgan, beta1 0.5, seed" in said  # of two equals the first


def test_runs_that_are_not_finite_come_last_and_are_called_so(tmp_path: Path) -> None:
    def fate(config: RunConfig, random: np.random.Generator) -> Fate:
        broken = config.arm == "mlp" and config.seed < 3
        return replace(fate_of(config, random), halted_at=50 if broken else None)

    _, said = drawn(tmp_path, small_study(seeds=4), fate)
    assert "mlp, seed 0: non-finite, Fréchet not finite" in said
