import math
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from analysis.statistics import mcnemar_exact_p, mcnemar_power
from benchmarks.calibration import RESULT, calibrate, main, simulate
from benchmarks.known_truths import Experiment, experiments
from benchmarks.synthetic_studies import (
    BUDGET,
    CORRELATION,
    EVERY,
    failures,
    luck,
    mcnemar_error,
    seen_at_probes,
    times,
)
from runs.errors import UserError


def asked(kind, probability, exact=None):
    """A study in which the procedure rejects, or holds the truth, with a known probability."""
    return Experiment(
        kind=kind,
        study="a coin",
        procedures=("toss",),
        trial=lambda rng, n: (bool(rng.random() < probability),),
        sizes=(8,),
        exact=None if exact is None else lambda n: exact,
    )


@pytest.mark.parametrize(
    ("experiment", "flag"),
    [
        (asked("error", 0.05), None),
        (asked("error", 0.01), None),
        (asked("error", 0.08), "above nominal"),
        (asked("coverage", 0.99), None),
        (asked("coverage", 0.9), "below nominal"),
        (asked("power", 0.8, exact=0.8), None),
        (asked("power", 0.8, exact=0.75), "not the exact rate"),
        (asked("error", 0.01, exact=0.02), "not the exact rate"),
    ],
)
def test_figure_is_flagged_where_its_interval_excludes_what_is_promised(experiment, flag):
    (figure,) = simulate(experiment, 8, 4000, (1,))
    assert figure.flag == flag
    assert (figure.simulations, figure.n, figure.count) == (4000, 8, round(4000 * figure.rate))
    assert figure.low < figure.rate < figure.high


def test_figures_are_a_function_of_the_seed():
    first, again, other = (list(calibrate(3, seed)) for seed in (1, 1, 2))
    assert first == again
    assert [asdict(figure) for figure in first] != [asdict(figure) for figure in other]


def test_every_procedure_gives_one_answer_a_study():
    for experiment in experiments():
        for n in experiment.sizes:
            answers = experiment.trial(np.random.default_rng(0), n)
            assert [type(answer) for answer in answers] in (
                [bool] * len(experiment.procedures),
                [np.bool_] * len(experiment.procedures),
            )


def test_seeds_share_luck_as_much_as_is_said():
    drawn = luck(np.random.default_rng(0), 40_000)
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(CORRELATION, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.02)
    rates = failures(np.random.default_rng(0), 40_000, (0.8, 0.3)).mean(axis=0)
    assert rates == pytest.approx([0.8, 0.3], abs=0.01)


def test_error_of_mcnemar_at_one_half_has_the_closed_form_of_the_normal_orthant():
    phi = 4 * math.asin(CORRELATION) / (2 * math.pi)
    assert mcnemar_error(0.5, 20) == pytest.approx(mcnemar_power(0.5, 0.5, 20, phi=phi), rel=1e-9)
    discordant = (1 - phi) / 2
    by_hand = sum(
        stats.multinomial.pmf([b, c, 8 - b - c], 8, [discordant / 2, discordant / 2, 1 - discordant])
        for b in range(9)
        for c in range(9 - b)
        if mcnemar_exact_p(b, c) <= 0.05
    )
    assert mcnemar_error(0.5, 8) == pytest.approx(by_hand)


def test_times_are_seen_at_the_next_probe_and_a_fifth_lies_beyond_the_budget():
    exact = times(np.random.default_rng(3), 5000)
    seen = seen_at_probes(exact)
    assert ((seen >= exact) & (seen < exact + EVERY) & (seen % EVERY == 0)).all()
    assert (exact > BUDGET).mean() == pytest.approx(0.2, abs=0.02)


def test_few_simulations_are_printed_and_not_kept(capsys):
    before = RESULT.read_bytes()
    assert main(["--simulations", "2"]) == 0
    printed = capsys.readouterr().out
    assert "not stable: exact McNemar" in printed
    assert "figures flagged" in printed
    assert "kept in" not in printed
    assert RESULT.read_bytes() == before


@pytest.mark.parametrize("arguments", [["--simulations", "0"], ["--seed", "-1"], ["--simulations", "many"]])
def test_impossible_numbers_are_refused_in_one_line(arguments):
    with pytest.raises(UserError):
        main(arguments)
