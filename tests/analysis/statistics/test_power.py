import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.power import main
from analysis.statistics import detectable_rate, discordance, mcnemar_exact_p, mcnemar_power, pairs_needed
from runs.errors import UserError, report_user_errors


@pytest.mark.parametrize(("p1", "p2", "pairs"), [(0.8, 0.3, 19), (0.6, 0.2, 28), (0.5, 0.2, 46), (0.5, 0.3, 103)])
def test_pairs_needed_match_the_published_table(p1, p2, pairs):
    assert pairs_needed(p1, p2) == pairs
    assert mcnemar_power(p1, p2, pairs) >= 0.8
    assert mcnemar_power(p1, p2, pairs - 1) < 0.8


def enumerated_power(p1: float, p2: float, n: int, phi: float, alpha: float) -> float:
    """Sum of the trinomial probabilities of every table that the test calls significant."""
    first, second = discordance(p1, p2, phi)
    return sum(
        math.comb(n, b) * math.comb(n - b, c) * first**b * second**c * (1 - first - second) ** (n - b - c)
        for b in range(n + 1)
        for c in range(n + 1 - b)
        if mcnemar_exact_p(b, c) <= alpha
    )


@given(
    st.floats(0.2, 0.8),
    st.floats(0.2, 0.8),
    st.integers(0, 14),
    st.floats(-0.2, 0.2),
    st.sampled_from([0.01, 0.05, 0.0625, 0.1]),
)
def test_power_is_the_probability_of_all_significant_tables(p1, p2, n, phi, alpha):
    assert mcnemar_power(p1, p2, n, phi=phi, alpha=alpha) == pytest.approx(enumerated_power(p1, p2, n, phi, alpha))


@given(st.floats(0, 1), st.integers(0, 60))
def test_level_is_kept_where_the_rates_are_equal(p, n):
    assert mcnemar_power(p, p, n) <= 0.05 + 1e-12


def test_six_pairs_that_always_disagree_are_the_fewest_that_suffice():
    assert mcnemar_power(1, 0, 5) == 0
    assert mcnemar_power(1, 0, 6) == pytest.approx(1)
    assert pairs_needed(1, 0) == 6


def test_correlated_outcomes_need_fewer_pairs():
    assert pairs_needed(0.6, 0.2, phi=0.4) < pairs_needed(0.6, 0.2)


def test_outcomes_that_never_disagree_have_no_power():
    assert mcnemar_power(0.3, 0.3, 50, phi=1) == 0
    assert mcnemar_power(0, 0, 50) == 0


def test_equal_rates_are_never_told_apart():
    assert pairs_needed(0.4, 0.4) is None
    assert pairs_needed(0.5, 0.499) is None


@given(st.floats(0.1, 0.5), st.integers(20, 80), st.sampled_from([-0.1, 0.0, 0.3]))
def test_detectable_rate_has_exactly_the_power_asked_for(p2, n, phi):
    rate = detectable_rate(p2, n, phi=phi)
    if rate is not None:
        assert rate > p2
        assert mcnemar_power(rate, p2, n, phi=phi) == pytest.approx(0.8, abs=1e-6)


def test_strong_correlation_leaves_no_rate_far_enough_away():
    assert detectable_rate(0.2, 50) is not None
    assert detectable_rate(0.2, 50, phi=0.9) is None


def test_rate_of_zero_is_correlated_with_nothing():
    with pytest.raises(ValueError, match="cannot have the correlation"):
        detectable_rate(0.0, 20, phi=0.3)


def test_five_pairs_could_not_have_seen_anything():
    assert detectable_rate(0.0, 5) is None
    assert detectable_rate(0.0, 6, power=0.99) == pytest.approx(0.99 ** (1 / 6), abs=1e-6)


@pytest.mark.parametrize(
    ("p1", "p2", "phi", "message"),
    [(1.2, 0.5, 0, "p1 is 1.2"), (0.5, math.nan, 0, "p2 is nan"), (0.9, 0.1, 0.9, "cannot have the correlation 0.9")],
)
def test_impossible_rates_are_refused(p1, p2, phi, message):
    with pytest.raises(ValueError, match=message):
        discordance(p1, p2, phi)


def test_command_line_answers_how_many_pairs(capsys):
    assert main(["--rates", ".6", ".2", "--alpha", ".05", "--power", ".8"]) == 0
    assert capsys.readouterr().out == (
        "28 pairs tell rates 0.6 and 0.2 of runs not stable apart with power 0.810 "
        "(exact McNemar test, two-sided alpha 0.05, correlation 0)\n"
    )


def test_command_line_answers_what_a_study_could_have_seen(capsys):
    assert main(["--rates", ".2", "--pairs", "28"]) == 0
    assert capsys.readouterr().out.startswith("28 pairs tell a rate of 0.596 or more from 0.2 with power 0.8 ")
    assert main(["--rates", ".2", "--pairs", "8"]) == 0
    assert capsys.readouterr().out.startswith("8 pairs tell no higher rate from 0.2 with power 0.8 ")


def test_command_line_gives_the_power_of_a_given_size(capsys):
    assert main(["--rates", ".6", ".2", "--pairs", "50"]) == 0
    assert "50 pairs tell rates 0.6 and 0.2 of runs not stable apart with power 0.978" in capsys.readouterr().out


def test_command_line_says_when_no_size_is_enough(capsys):
    assert main(["--rates", ".5", ".5"]) == 0
    assert capsys.readouterr().out.startswith("no number of pairs up to 2000 tells 0.5 from 0.5")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rates", "2", ".1"],
        ["--rates", "x"],
        ["--rates", ".2"],
        ["--rates", ".1", ".2", ".3"],
        ["--rates", ".2", "--pairs", "0"],
        ["--rates", ".6", ".2", "--alpha", "0"],
        ["--rates", ".9", ".2", "--phi", ".9"],
        [],
    ],
)
def test_bad_input_ends_in_one_line_and_exit_status_two(arguments, capsys):
    with pytest.raises(UserError):
        main(arguments)
    assert report_user_errors(lambda: main(arguments)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
