"""What becomes of a command whose output nobody reads, or that cannot be written."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRINTS = """
import sys
from pathlib import Path
from runs.errors import report_user_errors

def main():
    for line in range(20_000):
        print("line", line)
    sys.stderr.write("a word\\n")
    Path(sys.argv[1]).write_text("the work is done")
    return int(sys.argv[2])

sys.exit(report_user_errors(main))
"""
BREAKS = """
import os, sys
from runs.errors import report_user_errors

def main():
    ours, theirs = os.pipe()
    os.close(ours)
    os.write(theirs, b"to another process, which is dead")
    return 0

sys.exit(report_user_errors(main))
"""


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def environment(request: pytest.FixtureRequest) -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": request.param}


def shell(line: str, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a line for bash, with ``$0`` and ``$@`` as given, says and ends with."""
    words = ["bash", "-c", line, sys.executable, *arguments]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("reader", ["| head -n 1", "2>&1 | head -n 1", "2>&1 | true"])
@pytest.mark.parametrize("status", [0, 1])
def test_a_command_whose_reader_has_seen_enough_does_its_work_in_silence(
    reader: str, status: int, environment: Mapping[str, str], tmp_path: Path
) -> None:
    done = tmp_path / "done"
    line = f'"$0" -c "$@" {reader}; exit ${{PIPESTATUS[0]}}'
    ended = shell(line, environment, PRINTS, str(done), str(status))
    assert (ended.returncode, done.exists()) == (status, True)
    assert "Error" not in ended.stdout + ended.stderr and "line 1" not in ended.stdout


def test_a_broken_pipe_to_another_process_is_no_success(environment: Mapping[str, str]) -> None:
    ended = shell('"$0" -c "$@"', environment, BREAKS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", "error: this machine: Broken pipe\n")


@pytest.mark.parametrize(("place", "said"), [("> /dev/full", "No space left"), (">&-", "standard output is closed")])
def test_output_that_cannot_be_written_is_said_in_one_line_and_is_no_success(
    place: str, said: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    if "full" in place and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    ended = shell(f'"$0" -c "$@" {place}', environment, PRINTS, str(tmp_path / "done"), "0")
    (line,) = [line for line in ended.stderr.splitlines() if line != "a word"]
    assert ended.returncode == 2 and line.startswith("error: ") and said in line


@pytest.mark.parametrize("module", ["experiments.sweep", "analysis.report", "runs.query"])
def test_commands_refuse_a_closed_output(module: str, environment: Mapping[str, str]) -> None:
    ended = shell('"$0" -m "$@" >&-', environment, module, "smoke")
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1


def test_a_closed_error_output_changes_no_status(environment: Mapping[str, str], tmp_path: Path) -> None:
    ended = shell('"$0" -c "$@" 2>&- > /dev/null', environment, PRINTS, str(tmp_path / "done"), "0")
    assert (ended.returncode, ended.stdout) == (0, "")
