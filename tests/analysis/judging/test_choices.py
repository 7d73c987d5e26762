from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.judging.choices import Choices
from analysis.judging.judgements import Case
from analysis.judging.thresholds import specifications
from analysis.judging.verdicts import VerdictCode
from runs.plan import Thresholds
from tests.analysis.judging.test_verdicts import any_probes, probes
from tests.analysis.synthetic import references

CHOICES, _ = specifications(Thresholds())
OTHER_DATA = {name: {probe: 0.8 * value for probe, value in own.items()} for name, own in references().items()}


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    """A run of labelled images or of others, of one of two data sets, with a broken step trace or without."""
    labelled, run = draw(st.booleans()), draw(any_probes())
    return Case(
        run={},
        probes=run if labelled else replace(run, confidence=None, modes=None),
        first_nonfinite=draw(st.sampled_from([{}, {"loss_d": 3}])),
        references=draw(st.sampled_from([references(), OTHER_DATA])),
        classes=10 if labelled else 0,
    )


@given(st.lists(any_case(), min_size=1, max_size=8), st.sampled_from(CHOICES))
def test_runs_judged_together_have_the_codes_that_each_has_alone(cases: list[Case], thresholds: Thresholds) -> None:
    assert Choices(cases).codes(thresholds) == [case.verdict(thresholds).code for case in cases]


def test_each_of_the_six_codes_is_found_among_runs_judged_together() -> None:
    ends = {
        VerdictCode.NONFINITE: probes(frechet=[3.0, 3, 3, 3, np.nan]),
        VerdictCode.UNLEARNED: probes(frechet=[40.0] * 5, precision=[0.1] * 5),
        VerdictCode.COLLAPSED: probes(frechet=[3.0] * 5, recall=[0.9, 0.9, 0.1, 0.1, 0.1]),
        VerdictCode.DIVERGED: probes(frechet=[3.0, 3, 30, 30, 30], precision=[0.1] * 5),
        VerdictCode.UNSETTLED: probes(frechet=[3.0] * 5, recall=[0.9, 0.9, 0.9, 0.1, 0.1]),
        VerdictCode.STABLE: probes(frechet=[3.0] * 5),
    }
    cases = [Case(run={}, probes=run, first_nonfinite={}, references=references(), classes=10) for run in ends.values()]
    assert Choices(cases).codes(Thresholds()) == list(ends) == list(VerdictCode)


def test_no_run_has_no_code() -> None:
    assert Choices([]).codes(Thresholds()) == []
