import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from analysis.statistics import agreement, wilson

verdicts = st.sampled_from(["stable", "unlearned", "collapsed"])


def test_agreement_matches_cohens_example_by_hand():
    """20 of 25 cases agree on yes, 15 of 25 on no: p = .7, e = .5 · .6 + .5 · .4, kappa .4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    result = agreement(first, second)
    assert (result.same.count, result.same.n, result.same.estimate) == (35, 50, 0.7)
    assert result.kappa == pytest.approx(0.4)
    assert result.same.interval == wilson(35, 50).interval
    assert result.differing == (*range(20, 25), *range(25, 35))


@given(st.lists(st.tuples(verdicts, verdicts), min_size=1, max_size=20))
def test_kappa_agrees_with_scikit_learn_wherever_it_is_defined(sample):
    first, second = [x for x, _ in sample], [y for _, y in sample]
    result = agreement(first, second)
    assert agreement(second, first) == result
    if len({*first, *second}) == 1:
        assert result.kappa is None
    else:
        assert result.kappa == pytest.approx(cohen_kappa_score(first, second))


def test_perfect_agreement_still_says_what_so_few_runs_leave_open():
    result = agreement(["stable", "collapsed", "stable"], ["stable", "collapsed", "stable"])
    assert result.kappa == 1
    assert result.note == (
        "3 of 3 runs got the same verdict again",
        "with 3 the true share may still be as low as 0.44",
    )


def test_one_and_the_same_verdict_everywhere_leaves_chance_unknown():
    result = agreement(["stable"] * 4, ["stable"] * 4)
    assert result.kappa is None
    assert result.note[-1] == "all verdicts are the same one, so agreement beyond chance cannot be estimated"


def test_verdicts_that_never_agree_have_kappa_at_or_below_zero():
    result = agreement(["stable", "collapsed"], ["collapsed", "stable"])
    assert (result.same.count, result.kappa, result.differing) == (0, -1, (0, 1))
    assert agreement(["stable"], ["collapsed"]).kappa == 0


def test_without_repeated_runs_nothing_is_estimated_and_it_is_said():
    result = agreement([], [])
    assert (result.same.estimate, result.kappa, result.note) == (None, None, ("no runs were repeated",))


def test_verdicts_of_other_runs_or_none_are_refused():
    first = pd.Series(["stable", "collapsed"], index=[0, 1])
    with pytest.raises(ValueError, match="different indexes"):
        agreement(first, first.iloc[::-1])
    with pytest.raises(ValueError, match="one length"):
        agreement(["stable"], [])
    with pytest.raises(ValueError, match="verdicts must be text"):
        agreement(["stable", None], ["stable", "stable"])
