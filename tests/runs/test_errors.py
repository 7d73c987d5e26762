"""How a command line speaks and ends, whatever the terminal and the machine."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect, CursorNotFound, NetworkTimeout, PyMongoError

from runs.errors import UserError, report_user_errors

ROOT = Path(__file__).parents[2]
SAYS = r"""
import sys
from runs.errors import UserError, report_user_errors

def main():
    print("Δ = 0.5 [−1, 2]")
    raise UserError("arm größe: unknown, \udcff")

sys.exit(report_user_errors(main))
"""
PLACES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1, strict": {"PYTHONIOENCODING": "latin-1:strict"},
    "C without coercion": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "POSIX": {"LC_ALL": "POSIX"},
    "a locale that is not there": {"LC_ALL": "xx_YY.UTF-8"},
}


def environment(place: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONUTF8", "PYTHONIOENCODING")}
    return {**kept, "PYTHONPATH": str(ROOT), **PLACES[place]}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A command that says what no ASCII terminal can show, and ends in an error."""
    path = tmp_path / "says.py"
    path.write_text(SAYS, encoding="utf-8")
    return path


@pytest.mark.parametrize("place", PLACES)
def test_pipes_and_files_get_utf_8_in_every_locale(place: str, program: Path) -> None:
    done = subprocess.run([sys.executable, program], env=environment(place), capture_output=True)
    assert done.returncode == 2
    assert done.stdout.decode() == "Δ = 0.5 [−1, 2]\n"
    assert done.stderr.decode() == "error: arm größe: unknown, ?\n"


def test_a_terminal_shows_question_marks_for_what_it_lacks(program: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run([sys.executable, program], env=environment("ascii"), stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = os.read(ours, 10_000)
    os.close(ours)
    assert done.returncode == 2
    assert shown.decode("ascii").splitlines() == ["? = 0.5 [?1, 2]", "error: arm gr??e: unknown, ?"]


def raising(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("two\nlines"), "error: two lines\n"),
        (OSError(28, "No space left on device", "/full/disk"), "error: /full/disk: No space left on device\n"),
        (OSError("no more handles"), "error: this machine: no more handles\n"),
        (
            AutoReconnect("host:1: connection closed (configured timeouts: x)"),
            "error: MongoDB: host:1: connection closed\n",
        ),
        (NetworkTimeout("host:1: timed out"), "error: MongoDB: host:1: timed out\n"),
        (CursorNotFound("cursor id 7 not found"), "error: MongoDB: cursor id 7 not found\n"),
        (PyMongoError("of any\nkind"), "error: MongoDB: of any kind\n"),
    ],
)
def test_what_stops_a_command_is_one_line(error: BaseException, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_user_errors(raising(error)) == 2
    assert capsys.readouterr() == ("", said)


def test_a_fault_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        report_user_errors(raising(ZeroDivisionError()))


def test_ctrl_c_in_the_middle_of_an_exec_ends_with_status_130_as_anywhere_else(tmp_path: Path) -> None:
    program = tmp_path / "interrupted.py"
    program.write_text(
        "import sys\n"
        "from runs.errors import report_user_errors\n"
        "sys.exit(report_user_errors(lambda: exec('raise KeyboardInterrupt')))\n"
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    ended = subprocess.run([sys.executable, "-m", "interrupted"], env={**os.environ, "PYTHONPATH": path})
    assert ended.returncode == 130
