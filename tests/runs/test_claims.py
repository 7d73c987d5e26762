"""Claims of runs, alike in a folder and in MongoDB."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runs import claims as module
from runs.claims import BEAT_SECONDS, SILENT_SECONDS, Claims, Owner, claims_at, process

HERE = process(os.getpid())
FAR = Owner(host="another machine", pid=7, start="at its start")


@pytest.fixture
def sweep(store_url_of_kind: str) -> Callable[[], Claims]:
    """The claims of one store, as each of several sweeps sees them."""
    return lambda: claims_at(store_url_of_kind)


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass on this machine's clock."""
    offset = [0.0]
    real = time.monotonic
    monkeypatch.setattr(module.time, "monotonic", lambda: real() + offset[0])
    return lambda seconds: offset.__setitem__(0, offset[0] + seconds)


def dead_process() -> Owner:
    """Of this machine, killed while it held what it had claimed."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = process(child.pid)
    child.kill()
    child.communicate()
    return owner


def test_a_run_is_claimed_once_and_again_when_it_was_released(sweep: Callable[[], Claims]) -> None:
    one, other = sweep(), sweep()
    assert one.take("run", HERE) is None
    assert other.take("run", FAR) == HERE
    assert other.take("another run", FAR) is None
    other.release("run")  # which it does not hold
    assert other.take("run", FAR) == HERE
    one.release("run")
    assert other.take("run", FAR) is None


def test_what_a_dead_process_of_this_machine_held_is_free_at_once(sweep: Callable[[], Claims]) -> None:
    dead = dead_process()
    assert sweep().take("run", dead) is None
    assert sweep().take("run", HERE) is None
    assert sweep().take("run", FAR) == HERE


def test_a_process_with_the_id_of_a_dead_one_is_another(sweep: Callable[[], Claims]) -> None:
    assert sweep().take("run", replace(HERE, start="before")) is None
    assert sweep().take("run", HERE) is None


def test_a_killed_process_that_nobody_has_waited_for_is_dead(sweep: Callable[[], Claims]) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert sweep().take("run", process(child.pid)) is None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert sweep().take("run", HERE) is None
    child.communicate()


def test_an_owner_elsewhere_is_dead_after_two_minutes_of_silence(
    sweep: Callable[[], Claims], passing: Callable[[float], None]
) -> None:
    far, here = sweep(), sweep()
    assert far.take("run", FAR) is None
    for _ in range(int(SILENT_SECONDS / BEAT_SECONDS)):
        assert here.take("run", HERE) == FAR
        passing(BEAT_SECONDS)
    passing(1)
    assert here.take("run", HERE) is None
    far.release("run")  # it lives after all: what is not its own any more stays
    assert far.take("run", FAR) == HERE


def test_an_owner_elsewhere_that_beats_keeps_its_run(
    sweep: Callable[[], Claims], passing: Callable[[float], None]
) -> None:
    far, here = sweep(), sweep()
    assert far.take("run", FAR) is None
    for _ in range(30):
        assert here.take("run", HERE) == FAR
        passing(BEAT_SECONDS)
        time.sleep(0.005)  # more than the clock of a file system misses
        far.beat()


def test_a_silence_while_nobody_looked_counts_for_nothing(
    sweep: Callable[[], Claims], passing: Callable[[float], None]
) -> None:
    assert sweep().take("run", FAR) is None
    here = sweep()
    for _ in range(3):
        assert here.take("run", HERE) == FAR
        passing(10 * SILENT_SECONDS)  # as while the store is away


@pytest.mark.parametrize("left_by", ["nobody", "a dead process"])
def test_of_many_that_want_a_run_at_once_one_gets_it(sweep: Callable[[], Claims], left_by: str) -> None:
    if left_by == "a dead process":
        assert sweep().take("run", dead_process()) is None
    start, got = threading.Barrier(8), []

    def want() -> None:
        mine = sweep()
        start.wait()
        got.append(mine.take("run", HERE))

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count(None) == 1


def test_claims_are_released_at_the_end_whatever_ends_it(sweep: Callable[[], Claims]) -> None:
    here = sweep()
    with pytest.raises(KeyboardInterrupt), here.kept_alive():
        assert here.take("run", HERE) is None
        raise KeyboardInterrupt
    assert sweep().take("run", FAR) is None


def test_claims_beat_by_themselves(sweep: Callable[[], Claims], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    here, beats = sweep(), set()
    with here.kept_alive():
        here.take("run", HERE)
        deadline = time.monotonic() + 30
        while len(beats) < 3:
            assert time.monotonic() < deadline
            claim = here._read("run")
            assert claim is not None
            beats.add(claim.beat)


def test_a_claim_file_that_is_half_written_is_somebody_s(tmp_path: Path, passing: Callable[[float], None]) -> None:
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "run.0").write_text("a machine\n12")
    here = claims_at(str(tmp_path))
    for _ in range(12):
        assert here.take("run", HERE) is not None
        passing(BEAT_SECONDS)
    passing(1)
    assert here.take("run", HERE) is None
