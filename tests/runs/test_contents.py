"""Records word for word: whatever a damaged one holds, it is read, and hides no other."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.contents.content import COPIED_FROM, Content, points_of
from runs.contents.in_database import _content
from runs.contents.in_folder import CONFIG, INFO, METRICS, RUN, FolderContents

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("status", "meta", "start_time", "stop_time", "heartbeat", "host", "artifacts", "config", "info", "copying")


def described(content: Content) -> tuple[str, str, Any, Any, Any]:
    """What commands ask every record for."""
    study = content.config.get("study")
    return content.identity, content.status, content.meta.get("kind"), study, content.info.get("plan")


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_a_document_of_any_content_is_read(document: dict[str, Any]) -> None:
    content = _content({"_id": 1, **document})
    assert described(content)
    assert all(content.run.get(name) is None for name in ("start_time", "stop_time", "heartbeat"))


@given(st.sampled_from([RUN, CONFIG, INFO, METRICS]), st.dictionaries(st.sampled_from(FIELDS), ANYTHING) | ANYTHING)
def test_a_folder_with_a_file_of_any_content_is_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: Any
) -> None:
    folder = tmp_path_factory.mktemp("records")
    (folder / "1").mkdir()
    (folder / "1" / name).write_text(json.dumps(content))
    (read,) = FolderContents(folder).every()
    assert described(read)
    try:
        FolderContents(folder).points(1)
    except ValueError:
        assert name == METRICS


@given(ANYTHING | st.fixed_dictionaries(dict.fromkeys(("steps", "values", "timestamps"), ANYTHING)))
def test_points_of_any_content_are_points_or_a_fault(recorded: Any) -> None:
    try:
        points = points_of(recorded)
    except ValueError:
        return
    assert len(points.steps) == len(points.values) == len(points.timestamps)


def test_points_have_dates_for_times_of_either_store() -> None:
    at = datetime(2026, 1, 31, 12)
    for time in (at, at.isoformat()):
        points = points_of({"steps": [1], "values": [0.5], "timestamps": [time]})
        assert (points.steps, points.values, points.timestamps) == ([1], [0.5], [at])


@pytest.mark.parametrize("said", ["../../elsewhere", "*", "", 7, ["a"], "0" * 31])
def test_what_is_no_identity_is_not_taken_for_one(said: Any) -> None:
    content = Content(id=1, run={"meta": {COPIED_FROM: said}}, config={}, info={}, artifacts=())
    assert content.identity != said and len(content.identity) == 32 and content.identity.isalnum()


@pytest.mark.parametrize("name", ["../2/run.json", "/etc/hostname", "..", "a/b"])
def test_an_artifact_is_a_file_of_the_records_own_folder(name: str, tmp_path: Path) -> None:
    for run in ("1", "2"):
        (tmp_path / run).mkdir()
        (tmp_path / run / RUN).write_text(json.dumps({"artifacts": [name]}))
    assert FolderContents(tmp_path).read(1).artifacts == ()
