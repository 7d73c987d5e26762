"""Input that someone else wrote, or that was damaged: every command ends in one line, or works, in seconds."""

import contextlib
import io
import json
import os
import time
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.compare.__main__ import main as compare
from analysis.report.__main__ import main as report
from experiments.sweep import main as sweep
from runs.errors import UserError, report_user_errors
from runs.export import main as export
from runs.filters import checked_query
from runs.query import main as query
from runs.study import STUDIES, load_study
from tests.recording import record_run, varied
from tests.runs.test_observers import SMALL

STUDY = (STUDIES / "aa.yaml").read_text()
SECONDS = 20  # on a machine that does other things too; the faults here took minutes, or memory
NINES = "9" * 5000
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9)
)


@pytest.fixture(scope="module", autouse=True)
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with two runs, for all commands here."""
    local = tmp_path_factory.mktemp("local")
    with patch.dict(os.environ, GAN_STABILITY_LOCAL=str(local), MONGO_URL=""):
        for seed in (0, 1):
            record_run(str(local / "records"), varied(SMALL, seed=seed), info={"odd": "a\x1b[31mb\rc"})
        yield local


def said(command: Callable[[list[str]], int], *words: str) -> tuple[int, str, str]:
    """Status, output and complaint of a command."""
    out, complaint = io.StringIO(), io.StringIO()
    start = time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
        status = report_user_errors(lambda: command(list(words)))
    assert time.monotonic() - start < SECONDS
    return status, out.getvalue(), complaint.getvalue()


def steering(text: str) -> list[str]:
    """What a terminal would obey and not show."""
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]


def refused(command: Callable[[list[str]], int], *words: str) -> str:
    """The one line that a command ends in."""
    status, out, complaint = said(command, *words)
    assert (status, out, complaint.count("\n")) == (2, "", 1)
    assert not steering(complaint) and len(complaint) < 1500
    return complaint


def works_or_is_refused(command: Callable[[list[str]], int], *words: str) -> None:
    status, out, complaint = said(command, *words)
    assert status in (0, 1) or (status, out, complaint.count("\n")) == (2, "", 1)
    assert not steering(complaint)


# --- study files


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (STUDY + f"\nx: {NINES}", "a number of 5,000 digits"),
        (STUDY + f"\nx: 0x{'f' * 5000}", "a number of 5,002 digits"),
        (STUDY + f"\nx: 1{':59' * 3000}", "a number of"),
        ("[" * 3000 + "]" * 3000, "nested too deeply"),
        ("".join(" " * level + "a:\n" for level in range(400)), "nested too deeply"),
        ("- " * 3000 + "x", "nested too deeply"),
        (BOMB + STUDY, "more than 20,000 values"),
        (BOMB + "twice: *a8\ntwice: *a8\n", "more than 20,000 values"),
        ("long: &a " + "x" * 100_000 + "\nmany: [" + "*a, " * 1000 + "]", "more than 20,000 values"),
        ("a: &a {<<: *a}", "nested too deeply"),
        (f"grid: {{lr: [{'x' * 50_000}]}}\n" * 2, "malformed YAML"),
        (STUDY.replace("study: aa", f"study: {'a' * 300}"), "should be a name of at most 80 bytes"),
        (STUDY.replace("study: aa", 'study: "a\\e[31mb"'), "should be a name"),
        ("a: !!timestamp 9999-99-99", "malformed YAML"),
        ("a: \x1b[31m", "malformed YAML"),
    ],
)
def test_a_study_file_that_would_grow_is_refused_soon(content: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(content)
    assert fault in refused(sweep, str(tmp_path / "my.yaml"), "--dry-run")


def test_aliases_that_repeat_little_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(STUDY.replace("study: aa", "study: &name aa") + "\nx: *name")
    with pytest.raises(UserError, match="unknown field 'x'"):
        load_study(str(tmp_path / "my.yaml"))


@pytest.mark.parametrize(
    "name", ["a" * 300, "a" * 300 + ".yaml", "a\rb\x1b[31m.yaml", "a\x1b]0;b\x07", "a\x9bb", "\ud800"]
)
@pytest.mark.parametrize("command", [sweep, report])
def test_a_study_of_any_name_that_is_not_there_is_said_in_one_line(
    name: str, command: Callable[[list[str]], int]
) -> None:
    refused(command, name)


YAML_PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ", ",
    "- ",
    "? ",
    "&a",
    "*a",
    "<<: ",
    "!!int ",
    "!!set ",
    "|",
    ">",
    '"',
    "'",
    "\n",
]
YAML_PIECES += [
    " ",
    "#",
    "%",
    "\t",
    "1e999",
    ".nan",
    "0o17",
    "1:59",
    "9999-12-31",
    "~",
    "---\n",
    "...",
    "\\x",
    "é",
    "9" * 30,
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.one_of(st.sampled_from(YAML_PIECES), st.text(max_size=4)), max_size=12), data=st.data())
def test_a_damaged_study_file_is_refused_or_read(pieces: list[str], data: st.DataObject, tmp_path: Path) -> None:
    at, cut = data.draw(st.integers(0, len(STUDY))), data.draw(st.integers(0, 40))
    content = STUDY[:at] + "".join(pieces) + STUDY[at + cut :]
    (tmp_path / "my.yaml").write_bytes(content.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(UserError):
        load_study(str(tmp_path / "my.yaml"))


# --- queries


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"config.arm": {"$regex": "a{99999999999}"}}', "regular expression"),
        ('{"config.arm": {"$regex": "' + "(" * 500 + ")" * 500 + '"}}', "regular expression"),
        ('{"config.arm": {"$regex": "\\u0000"}}', "whole characters"),
        ('{"start_time": "0001-01-01T00:00+23:59"}', "expected a date"),
        ('{"start_time": {"$lt": "9999-12-31T23:59-23:59"}}', "expected a date"),
        (f'{{"_id": {NINES}}}', "an integer of 5,000 digits"),
        ('{"_id": 1e400}', "finite number"),
        ("[" * 100_000, "malformed JSON"),
        ('{"$and": [' * 100 + "{}" + "]}" * 100, "nested too deeply"),
        ('{"config.arm": {"$not": ' + '{"$not": ' * 100 + '{"$eq": 1}' + "}" * 102, "nested too deeply"),
        ('{"config.arm": "\\ud800"}', "whole characters"),
        ('{"info.x\\u001b[31m": 1}', "names with one dot"),
        ('{"info.' + "a." * 2000 + 'b": 1}', "expected at most 500"),
        ('{"config.arm": ["' + "x" * 5000 + '"]}', "expected one value"),
        (f'"{"x" * 5000}"', "expected an object"),
    ],
)
def test_a_query_beyond_all_bounds_is_refused(text: str, fault: str) -> None:
    assert fault in refused(query, text)


@given(st.datetimes(), st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
def test_a_time_with_an_offset_is_that_time_in_utc_or_beyond_the_calendar(time: datetime, offset: timedelta) -> None:
    written = time.replace(tzinfo=timezone(offset)).isoformat()
    try:
        expected = (time - offset).replace(tzinfo=UTC)
    except OverflowError:
        with pytest.raises(UserError, match="expected a date"):
            checked_query({"start_time": written})
    else:
        assert checked_query({"start_time": written}) == {"start_time": expected.replace(tzinfo=None)}


FIELDS = st.sampled_from(["_id", "status", "config.arm", "config.seed", "start_time", "info.odd", "meta", "info.0.1"])
OPERATORS = st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$in", "$nin", "$exists", "$regex", "$not", "$and", "$where"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["(", "a{1,", "[[a]", "(?i)a", "2025-01-31", "0001-01-01T00:00+01", "\\", "(?P<x>"]),
)
CONDITIONS = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(OPERATORS, FIELDS), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.dictionaries(st.one_of(FIELDS, OPERATORS, st.text(max_size=5)), CONDITIONS, max_size=3))
def test_any_query_is_answered_or_refused(content: dict[str, Any]) -> None:
    works_or_is_refused(query, json.dumps(content))


def test_control_characters_in_a_record_do_not_reach_a_terminal() -> None:
    status, out, _ = said(query, "--all", "--fields", "id,info.odd")
    assert status == 0 and "a\\x1b[31mb c" in out and "\x1b" not in out and "\r" not in out


# --- command lines


WORDS = st.one_of(
    st.sampled_from(
        [
            "--all",
            "--seeds",
            "--arms",
            "--workers",
            "--fields",
            "--traces",
            "--format",
            "csv",
            "--kind",
            "--pair",
            "1",
            "aa",
        ]
    ),
    st.sampled_from(
        ["--out", "-1", "--", "{}", "a" * 300, "\x1b[31m", "\r", "é", "d_x", NINES, "seed=3", "lr=1e-3", "="]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=st.sampled_from([query, export, compare, report]), words=st.lists(WORDS, max_size=4))
def test_any_command_line_is_obeyed_or_refused(
    command: Callable[[list[str]], int], words: list[str], tmp_path: Path
) -> None:
    with contextlib.chdir(tmp_path), contextlib.suppress(SystemExit):  # of --help
        works_or_is_refused(command, *words)


def test_a_variable_with_a_control_character_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAN_STABILITY_LOCAL")
    (tmp_path / ".env").write_bytes(b'GAN_STABILITY_LOCAL="/a\\nb"\n')
    assert "GAN_STABILITY_LOCAL holds a control character" in refused(query)
