"""Files are there entirely or not at all, and what killed writers leave does not stay."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from runs.files import remove_parts, replaced


def killed_while_writing(path: Path) -> None:
    with replaced(path) as part:
        part.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def write(path: Path, text: str = "whole") -> None:
    with replaced(path) as part:
        part.write_text(text)


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What a killed process left of the file «a»."""
    process = multiprocessing.get_context("spawn").Process(target=killed_while_writing, args=(tmp_path / "a",))
    process.start()
    process.join()
    (part,) = tmp_path.iterdir()
    assert part.name.endswith(".part")
    return part


def test_what_a_killed_process_left_goes_when_the_same_file_is_written_again(left: Path) -> None:
    write(left.parent / "a.b")
    assert left.exists()  # of another file
    write(left.parent / "a")
    assert sorted(path.name for path in left.parent.iterdir()) == ["a", "a.b"]


def test_and_when_a_sweep_starts_also_below(left: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    above = tmp_path_factory.mktemp("above")
    inner = above / "1"
    left.parent.rename(inner)
    remove_parts([above, above / "not there"])
    assert list(inner.iterdir()) == []


def test_a_living_process_keeps_its_own(tmp_path: Path) -> None:
    with replaced(tmp_path / "a") as part:
        part.write_text("half")
        remove_parts([tmp_path])
        write(tmp_path / "b")
        assert part.exists()


@pytest.mark.parametrize("owner", ["0123abcd.1234567", "1234567"])
def test_one_of_another_machine_or_from_before_goes_after_a_day_of_silence(tmp_path: Path, owner: str) -> None:
    part = tmp_path / f".a.{owner}.part"
    part.write_text("half")
    write(tmp_path / "a")
    assert part.exists()
    day_before = time.time() - 90_000
    os.utime(part, (day_before, day_before))
    write(tmp_path / "a")
    assert not part.exists()


def test_files_of_others_stay(tmp_path: Path) -> None:
    names = ["images.u8.part", ".a.part", "a.1.part", ".a.b.part"]
    for name in names:
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (0, 0))
    remove_parts([tmp_path])
    write(tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "a"])
