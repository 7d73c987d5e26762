"""The other thresholds to judge by, one at a time and at the corners."""

from dataclasses import replace

from analysis.judging.thresholds import specifications
from runs.plan import Thresholds


def test_specifications_are_one_at_a_time_and_the_corners_after_the_registered_one() -> None:
    registered = Thresholds()
    chosen, skipped = specifications(registered)
    assert chosen[0] == registered
    assert len(set(chosen)) == len(chosen) == 1 + 2 * 8 + 2**5
    assert skipped == []
    assert {one.probes for one in chosen} == {2, 3, 6}
    assert {round(one.confidence, 12) for one in chosen} == {0.8, 0.9, 0.95}
    assert {one.divergence for one in chosen} == {1.25, 1.5, 2.0}


def test_thresholds_that_no_study_can_declare_are_left_out_and_counted() -> None:
    chosen, (sentence,) = specifications(replace(Thresholds(), confidence=0.2))  # doubling the distance to 1: -0.6
    assert len(chosen) == 1 + (2 * 8 - 1) + 2**4
    assert sentence.startswith("17 choices of thresholds are left out")
