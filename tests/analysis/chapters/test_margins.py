"""What the chapter on precision says of registered margins."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analysis.chapters.form import Chapter
from analysis.chapters.precision import (
    NO_MARGIN,
    SOME_MARGINS,
    margin_notes,
    margin_sentence,
    precision,
    without_margin,
)
from analysis.results.precision import MarginResult
from analysis.statistics import (
    Equivalence,
    Interval,
    NotEstimable,
    PairCounts,
    rates_within_margin,
    within_margin,
)
from analysis.tables.formats import Table, to_latex, to_markdown
from runs.study import Study
from tests.analysis.plausible import record_study
from tests.analysis.synthetic import judged, loaded, small_study

INF = math.inf
RATES = MarginResult(
    role="primary",
    name="MLP against DCGAN",
    first="mlp",
    second="dcgan",
    outcome="not_stable",
    grid_point={},
    margin=0.26,
    unit="share of runs",
    replicate="pair",
    n=8,
    n_planned=8,
    first_without=0,
    second_without=0,
    both_without=0,
    finding=rates_within_margin(PairCounts(a=0, b=0, c=0, d=8), 0.26),
)


def rates(counts: PairCounts, margin: float) -> MarginResult:
    return replace(RATES, n=counts.n, margin=margin, finding=rates_within_margin(counts, margin))


def updates(low: float, high: float, margin: float, **without: int) -> MarginResult:
    """Of updates to the bar, whose interval is known."""
    finding = within_margin(Interval(low=low, high=high), margin)
    return replace(RATES, outcome="updates_to_bar", unit="generator updates", margin=margin, finding=finding, **without)


# --- one margin


def test_margin_that_is_shown_is_said_with_its_interval_unit_and_pairs() -> None:
    assert margin_sentence(RATES) == (
        "Rate of runs not stable, mlp minus dcgan, shown: difference lies within ±0.26 (90 % interval"
        " [−0.253, +0.253]); unit: share of runs; 8 of 8 planned pairs."
    )
    said = margin_sentence(updates(-10, 10, 20))
    assert "shown: difference lies within ±20 (90 % interval [−10, +10]); unit: generator updates" in said


def test_margin_that_so_few_pairs_cannot_show_is_said_to_be_so() -> None:
    assert list(margin_notes(rates(PairCounts(a=0, b=0, c=0, d=8), 0.25))) == [
        "8 pairs cannot show it, whatever the data: even without a discordant one the interval is ±0.253"
    ]


def test_rates_that_differ_by_more_are_not_only_not_shown_to_be_close() -> None:
    assert margin_sentence(rates(PairCounts(a=0, b=8, c=0, d=0), 0.3)) == (
        "Rate of runs not stable, mlp minus dcgan, not shown: a difference within ±0.3 (90 % interval [+0.495, +1]);"
        " the data show a larger one; unit: share of runs; 8 of 8 planned pairs."
    )


def test_runs_without_a_value_are_counted_beside_what_they_leave_open() -> None:
    neither = updates(-INF, INF, 100, first_without=8, second_without=8, both_without=8)
    assert list(margin_notes(neither)) == [
        "runs that never learned, as the worst rank: mlp 8, dcgan 8 of 8",
        "both runs of 8 pairs, so the interval holds whatever those differ by",
    ]
    assert "[−∞, +∞]" in margin_sentence(neither)
    beyond = updates(INF, INF, 1e6, first_without=8)
    assert next(margin_notes(beyond)) == "the data show a larger one"


def test_margin_without_an_interval_says_why_and_at_which_grid_point() -> None:
    reason = "none of 8 planned pairs is complete and matched"
    none = replace(RATES, grid_point={"beta1": 0.5}, finding=NotEstimable(reason=reason, n=0))
    assert margin_sentence(none) == (
        "Rate of runs not stable at beta1 0.5, mlp minus dcgan, not shown: a difference within ±0.26;"
        " none of 8 planned pairs is complete and matched; unit: share of runs."
    )
    assert list(margin_notes(none)) == []


counts = st.builds(PairCounts, **{cell: st.integers(0, 5) for cell in "abcd"}).filter(lambda pairs: pairs.n > 0)
ends = st.floats(allow_nan=False)
of_rates = st.builds(rates, counts, st.floats(0.01, 0.99))
of_updates = st.builds(
    lambda one, other, margin, without: updates(min(one, other), max(one, other), margin, first_without=without),
    ends,
    ends,
    st.floats(0.01, 1e6),
    st.integers(0, 8),
)
not_known = st.just(replace(RATES, finding=NotEstimable(reason="1 pair is too few", n=1)))


@given(of_rates | of_updates | not_known)
def test_sentence_says_shown_or_not_the_interval_and_the_pairs_and_never_nan(found: MarginResult) -> None:
    said = margin_sentence(found)
    assert ("not shown" in said) is not found.shown
    assert "nan" not in said
    if isinstance(found.finding, Equivalence):
        assert "90 % interval [" in said
        assert f"{found.n} of 8 planned pairs" in said
    else:
        assert str(found.finding) in said


# --- all of a study


def with_margins(**changes: Any) -> Study:
    """Rates within .3, updates to the bar within 50, and the Fréchet distance without a margin."""
    plan = small_study().document["plan"]
    quality = {**plan["primary"], "name": "quality", "outcome": "final_frechet"}
    margins = {"primary": plan["primary"] | {"margin": 0.3}, "co_primary": plan["co_primary"] | {"margin": 50}}
    return small_study(plan={**margins, "secondaries": [quality]}, **changes)


def margin_table(chapter: Chapter) -> Table:
    return next(table for table in chapter.tables if table.name == "equivalence")


def test_contrasts_without_a_margin_are_not_spoken_for() -> None:
    plan = with_margins().plan
    assert list(without_margin(small_study().plan)) == [NO_MARGIN]
    assert list(without_margin(plan)) == [SOME_MARGINS]
    assert list(without_margin(replace(plan, secondaries=()))) == []


def test_every_margin_has_a_sentence_and_a_row(tmp_path: Path) -> None:
    study = with_margins(seeds=6)
    record_study(str(tmp_path), study)
    found = judged(loaded(tmp_path, study))
    chapter = precision(found)
    assert [one.outcome for one in found.findings.margins] == ["not_stable", "updates_to_bar"]
    assert chapter.sentences[-3:] == [*map(margin_sentence, found.findings.margins), SOME_MARGINS]
    table = margin_table(chapter)
    assert table.caption.startswith("Registered margins of equivalence, at equal numbers of updates")
    assert table.frame[["outcome", "pairs", "margin", "shown"]].to_numpy().tolist() == [
        ["rate of runs not stable", 6, 0.3, False],
        ["updates to the bar", 6, 50.0, False],
    ]
    assert table.frame["90 % high"].tolist()[0] == 1
    assert "| no |" in to_markdown(table)
    assert r"90 \% low" in to_latex(table)


def test_study_without_margins_has_no_row_and_says_so(tmp_path: Path) -> None:
    chapter = precision(judged(loaded(tmp_path, small_study())))
    assert margin_table(chapter).frame.empty
    assert NO_MARGIN in chapter.sentences


def test_margins_over_a_large_grid_are_counted_in_words_and_listed_in_the_table(tmp_path: Path) -> None:
    study = with_margins(seeds=2, grid={"beta1": [0.1, 0.5, 0.6, 0.9]})
    record_study(str(tmp_path), study)
    chapter = precision(judged(loaded(tmp_path, study)))
    assert [said for said in chapter.sentences if "shown to differ by less than" in said] == [
        "Rate of runs not stable, mlp minus dcgan: shown to differ by less than 0.3 (share of runs) at 0 of 4 grid"
        " points; the table gives each interval.",
        "Updates to the bar, mlp minus dcgan: shown to differ by less than 50 (generator updates) at 0 of 4 grid"
        " points; the table gives each interval.",
    ]
    cells = margin_table(chapter).cells
    assert len(cells) == 2 * 4
    assert not re.search(r"\b(nan|inf|None)\b", cells.to_string())
    assert cells["note"].tolist()[-1] == "2 pairs are too few for an exact 90 % interval, which needs 5"
