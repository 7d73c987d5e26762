"""A checkpoint is what was written, or it is set aside, said, and its run trained again."""

import os
import resource
import zipfile
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.checkpoint import DamagedCheckpoint, load_checkpoint, save_checkpoint
from experiments.recording import record
from runs.errors import UserError
from runs.schema import config_fields
from tests.experiments.interrupting import recorded
from tests.experiments.tiny import TINY

STATE = {"step": 7, "weights": torch.arange(6.0).reshape(2, 3), "name": "dcgan"}


def equal(state):
    return {**state, "weights": state["weights"].tolist()} == {**STATE, "weights": STATE["weights"].tolist()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """For examples of hypothesis, which share it."""
    return tmp_path_factory.mktemp("checkpoints")


def with_flip(content, where, bit):
    at = where % len(content)
    return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


def test_what_was_saved_comes_back(tmp_path):
    assert load_checkpoint(tmp_path / "run.pt") is None
    save_checkpoint(tmp_path / "run.pt", STATE)
    assert equal(load_checkpoint(tmp_path / "run.pt"))


@given(where=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_noticed_before_anything_is_loaded(folder, where, bit):
    path = folder / "flipped.pt"
    save_checkpoint(path, STATE)
    path.write_bytes(with_flip(path.read_bytes(), where, bit))
    with pytest.raises(DamagedCheckpoint):
        load_checkpoint(path)


@given(st.binary(max_size=200) | st.integers(0, 10**6))
def test_what_is_cut_off_or_something_else_is_noticed(folder, damage):
    path = folder / "cut.pt"
    save_checkpoint(path, STATE)
    content = path.read_bytes()
    path.write_bytes(damage if isinstance(damage, bytes) else content[: damage % len(content)])
    with pytest.raises((ValueError, zipfile.BadZipFile)):
        load_checkpoint(path)


def test_a_checkpoint_from_before_there_was_a_checksum_is_read(tmp_path):
    torch.save(STATE, tmp_path / "run.pt")
    assert equal(load_checkpoint(tmp_path / "run.pt"))


@given(where=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_from_before_with_a_flipped_bit_is_noticed_or_says_the_same(folder, where, bit):
    path = folder / "earlier.pt"
    torch.save(STATE, path)
    path.write_bytes(with_flip(path.read_bytes(), where, bit))
    try:
        assert equal(load_checkpoint(path))  # in what pads a zip archive
    except Exception as error:
        assert not isinstance(error, AssertionError)


def test_one_that_would_run_code_is_refused(tmp_path):
    save_checkpoint(tmp_path / "run.pt", {"step": _RunsCode(tmp_path / "it ran")})
    with pytest.raises(Exception, match="Weights only load failed"):
        load_checkpoint(tmp_path / "run.pt")
    assert not (tmp_path / "it ran").exists()


class _RunsCode:
    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return os.mkdir, (str(self._path),)


def test_a_checkpoint_is_replaced_at_once_or_not_at_all(tmp_path):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"step": 1})
    with pytest.raises(AttributeError):
        save_checkpoint(path, {"step": lambda: None})  # cannot be written
    assert load_checkpoint(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_is_said_in_a_line_with_what_to_do_and_the_older_one_stays(tmp_path):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"step": 1})
    with files_of_at_most(10_000), pytest.raises(UserError) as refusal:
        save_checkpoint(path, {"step": torch.zeros(100_000)})
    assert "cannot be written: File too large; free space there" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert load_checkpoint(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def files_of_at_most(size):
    """Stands for a full disk, to this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# --- the run of an unusable checkpoint


def other_shape(request, training):
    """Its first player fits and its second does not: it can be restored by half."""
    other = training(replace(request.config, width_d=12))
    other.run(lambda: None)
    return {"config": config_fields(request.config), "training": other.state()}


def without_a_point(request, training):
    other = training(request.config)
    other.run(lambda: None)
    state = other.state()
    state["recorder"]["series"]["d_x"] = {name: one[1:] for name, one in state["recorder"]["series"]["d_x"].items()}
    return {"config": config_fields(request.config), "training": state}


UNUSABLE = {
    "text": lambda *_: b"hello",
    "empty": lambda *_: {},
    "of text": lambda *_: "hello",
    "no state": lambda request, _: {"config": config_fields(request.config), "training": {"step": 4}},
    "another shape": other_shape,
    "a point less": without_a_point,
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_it_is_set_aside_and_named_and_the_run_trained_as_if_there_were_none(request_for, training, caplog, kind):
    whole, request = request_for(TINY, key="whole"), request_for(TINY, key="unusable")
    content = UNUSABLE[kind](request, training)
    if isinstance(content, bytes):
        request.checkpoint.parent.mkdir(exist_ok=True)
        request.checkpoint.write_bytes(content)
    else:
        save_checkpoint(request.checkpoint, content)
    steps = []
    record(request, steps.append)
    assert steps == [0, 4, 8, 12]
    (said,) = caplog.messages
    assert said.startswith(f"checkpoint {request.checkpoint} cannot be used (") and "\n" not in said
    assert said.endswith("): set aside as unusable-0.pt.damaged, trained again")
    assert request.checkpoint.with_name("unusable-0.pt.damaged").exists()
    record(whole)
    assert recorded(request) == recorded(whole)


def test_one_that_cannot_even_be_set_aside_is_named(request_for):
    request = request_for(TINY, key="stuck")
    (request.checkpoint.with_name("stuck-0.pt.damaged") / "not empty").mkdir(parents=True)
    request.checkpoint.mkdir()
    with pytest.raises(UserError, match=r"stuck-0.pt cannot be used \(IsADirectoryError.*nor renamed.*move it away"):
        record(request)


def test_a_checkpoint_outlives_a_moment_without_memory(request_for, training, monkeypatch):
    request = request_for(TINY, key="memory")
    save_checkpoint(request.checkpoint, other_shape(request, training))

    def no_room(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr("experiments.training.Training.restore", no_room)
    with pytest.raises(torch.OutOfMemoryError):
        record(request)
    assert request.checkpoint.exists()
