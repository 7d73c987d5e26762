"""Study files that are too large, too deep or no YAML at all end in one line."""

import time
from pathlib import Path

import pytest

from runs.errors import UserError
from runs.study import load_study
from runs.yaml_file import DEEPEST, MOST_BYTES, MOST_NODES, read_yaml

SMOKE = (Path(__file__).parents[2] / "experiments" / "studies" / "smoke.yaml").read_text(encoding="utf-8")
LAUGHS = "a0: &a0 [ha, ha, ha, ha]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
FAULTS = {
    "a thousand sequences in each other": ("a: " + "[" * 1000 + "]" * 1000, "nested too deeply"),
    "mappings in each other": ("{a: " * 3000, "nested too deeply"),
    "a few too many in each other": ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested too deeply"),
    "an alias that contains itself": ("a: &a [*a]", "nested too deeply"),
    "a billion laughs": (LAUGHS, f"more than {MOST_NODES:,} values"),
    "a book": ("# " + "x" * MOST_BYTES, f"expected at most {MOST_BYTES:,}"),
    "a number of 5,000 digits": ("a: " + "9" * 5000, "malformed YAML"),
    "a date that is none": ("a: 2020-13-45", "malformed YAML"),
    "a number that is none": ("a: !!int foo", "malformed YAML"),
    "an object of Python": ("a: !!python/object:os.system 1", "malformed YAML"),
    "two documents": ("a: 1\n---\na: 2", "malformed YAML"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_file_that_nobody_should_read_is_refused_at_once(case: str, tmp_path: Path) -> None:
    text, said = FAULTS[case]
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    started = time.process_time()
    with pytest.raises(UserError, match=said) as refusal:
        load_study(str(path))
    assert str(refusal.value).startswith(f"study {path}: ")
    assert time.process_time() - started < 5


def test_aliases_and_what_is_as_deep_as_allowed_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("a: &a {lr: 1e-3}\nb: {<<: *a}\nc: [*a, *a]\nd: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1))
    content = read_yaml(path, "study")
    assert content["b"] == {"lr": 1e-3} and content["c"] == [{"lr": 1e-3}] * 2


def test_line_ends_and_byte_order_mark_of_windows_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "smoke.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMOKE.replace("\n", "\r\n").encode())
    assert load_study(str(path)).plan_hash == load_study("smoke").plan_hash
