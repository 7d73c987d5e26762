"""What a study cannot tell, said only of what it is true of."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.chapters.times import times
from analysis.report.texts import limitations
from analysis.results.document import Results
from runs.study import Study
from tests.analysis.synthetic import judged, recorded, results_of, small_study

ARMS: dict[str, Any] = {
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "mlp-wide": {"architecture": "mlp", "normalization": "none", "width_g": 64, "width_d": 64, "matched": False},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
}


def reported(folder: Path, study: Study) -> Results:
    n = len(study.seeds)
    data = recorded(folder, study, {arm: ["stable"] * n for arm in study.arms})
    return results_of(data)


def said(study: Study, results: Results) -> str:
    return " ".join(limitations(study, results))


def test_unmatched_arm_is_named_beside_those_that_are_matched(tmp_path: Path) -> None:
    study = small_study(seeds=2, arms=ARMS)
    assert (study.is_matched("mlp"), study.is_matched("mlp-wide")) == (True, False)
    text = said(study, reported(tmp_path, study))
    assert "Arms are matched in trainable parameters, but for mlp-wide, and not in computation" in text


def test_arms_of_which_none_is_matched_are_not_called_so(tmp_path: Path) -> None:
    study = small_study(seeds=2, arms={arm: ARMS[arm] for arm in ("mlp-wide", "dcgan")}, plan=plan("mlp-wide"))
    text = said(study, reported(tmp_path, study))
    assert "Arms are matched neither in trainable parameters nor in computation" in text


def test_matched_arms_are_called_so_unless_their_parameters_say_otherwise(tmp_path: Path) -> None:
    study = small_study(seeds=2)
    results = reported(tmp_path, study)
    assert "Arms are matched in trainable parameters, not in computation" in said(study, results)
    match = tuple(replace(row, relative_d=0.3) if row.arm == "mlp" else row for row in results.match)
    assert "matched neither in trainable" in said(study, replace(results, match=match))


def plan(first: str) -> dict[str, Any]:
    return {
        role: {"name": "x", "outcome": outcome, "first": first, "second": "dcgan"}
        for role, outcome in (("primary", "not_stable"), ("co_primary", "updates_to_bar"))
    }


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (7, "are what the exact sign-flip test does not reject. The sign-flip p is exact."),
        (8, "are narrower than they claim; the sign-flip p beside them is the one to trust. The sign-flip p is exact."),
        (14, "The sign-flip p is exact where at most 13 differ, else of 9,999 draws."),
    ],
)
def test_sign_flip_is_called_exact_only_where_all_signs_are_enumerated(
    tmp_path: Path, seeds: int, expected: str
) -> None:
    study = small_study(seeds=seeds)
    assert expected in said(study, reported(tmp_path, study))


def test_curves_and_tables_of_times_say_what_the_clocks_cannot_tell(tmp_path: Path) -> None:
    study = small_study(seeds=4)
    data = recorded(tmp_path, study, {"mlp": ["collapsed"] * 4, "dcgan": ["stable"] * 4})
    chapter = times(judged(data))
    tables = {table.name: table for table in chapter.tables}
    texts = [
        *(figure.caption.text for figure in chapter.figures),
        *(tables[name].caption for name in ("time_to_event_arms", "time_to_event_pairs")),
        chapter.sentences[0],
    ]
    assert len(texts) == 5
    for text in texts:
        assert "interval-censored: learning, or the onset of a collapse or divergence, lies in the 10 updates" in text
        assert "The failure clock is conditional on having learned" in text
        assert "takes 3 probes in a row up to the end of the budget: none that begins within the last 2 probes" in text
