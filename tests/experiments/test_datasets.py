import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional

from experiments import datasets
from experiments.datasets import load_images, source_of, training_images
from experiments.datasets.digits import Digits
from experiments.datasets.fitting import resized
from experiments.datasets.images import ImageData, to_bytes, to_unit_range
from experiments.datasets.protocol import Source
from experiments.networks import match_info, matched_config
from experiments.sizes import refuse_sizes
from experiments.streams import MinibatchOrder
from experiments.training import Training
from runs.errors import UserError
from tests.experiments.equality import fingerprint
from tests.experiments.tiny import ARMS, TINY, FromDisk

NOWHERE = Path("nothing is kept")
SMALL = Source(dataset="digits", image_size=16, channels=1)


def digits(size=16, channels=1):
    return load_images(Source(dataset="digits", image_size=size, channels=channels), NOWHERE)


def pixels(images):
    return next(images.chunks(len(images)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 32])
def test_digits_are_split_once_into_parts_that_share_no_image(size, channels):
    data = digits(size, channels)
    assert pixels(data.train).shape == (1437, channels, size, size)
    assert pixels(data.held_out).shape == (360, channels, size, size)
    assert pixels(data.train).dtype == torch.uint8
    assert torch.equal(pixels(data.train), pixels(digits(size, channels).train))
    assert training_images(Source(dataset="digits", image_size=size, channels=channels), NOWHERE) == len(data.train)


def test_each_class_has_its_share_in_both_parts():
    data = digits()
    for label in range(data.classes):
        train = (data.train.labels == label).sum().item()
        held_out = (data.held_out.labels == label).sum().item()
        assert held_out / (train + held_out) == pytest.approx(0.2, abs=0.01)


def test_enlarged_digits_keep_ink_and_range():
    images = pixels(digits().train)
    assert images.min() == 0
    assert images.max() == 255
    small_mean = 4.884 / 16 * 255  # mean pixel of the 8x8 originals, of 16 shades
    assert images.float().mean().item() == pytest.approx(small_mean, rel=0.01)


def test_bytes_and_unit_range_are_inverse():
    values = torch.arange(256, dtype=torch.uint8)
    assert to_unit_range(values).min() == -1
    assert to_unit_range(values).max() == 1
    assert torch.equal(to_bytes(to_unit_range(values)), values)


def unlabelled(data):
    return ImageData(train=FromDisk(data.train), held_out=FromDisk(data.held_out), classes=0)


@pytest.mark.parametrize("arm", ARMS)
def test_images_that_have_no_labels_and_never_lie_in_memory_together_train_to_the_same_bits(images, arm):
    data, extractor = images
    prints = []
    for one in (data, unlabelled(data)):
        training = Training(ARMS[arm], one, extractor)
        training.run(lambda: None)
        prints.append(fingerprint(training))
    assert prints[0] == prints[1]


class Noted(FromDisk):
    """Notes what is read, and when it was begun."""

    def __init__(self, images):
        super().__init__(images)
        self.read, self.begun = [], threading.Semaphore(0)

    def take(self, indices):
        self.read.append(indices.tolist())
        self.begun.release()
        return super().take(indices)


CPU = torch.device("cpu")


def order(images=100, device=CPU):
    return MinibatchOrder(seed=3, images=images, batch_size=10, device=device)


def test_a_minibatch_is_read_while_the_one_before_is_trained_on():
    images = Noted(digits().train)
    feed, stream = images.feed(CPU, torch.contiguous_format), order()
    feed(stream.next(), stream.following())
    assert images.begun.acquire(timeout=60)
    assert images.begun.acquire(timeout=60), "nobody asked for the second minibatch yet"
    second = order()
    second.next()
    assert images.read[1] == second.next().tolist()


def test_over_epochs_every_minibatch_is_read_once_in_its_order_and_equals_that_from_memory():
    images, stream, memory, again = Noted(digits().train), order(), digits().train, order()
    feed, at_once = (one.feed(CPU, torch.channels_last) for one in (images, memory))
    asked = []
    for _ in range(25):  # two and a half epochs of ten minibatches
        indices = stream.next()
        asked.append(indices.tolist())
        assert torch.equal(feed(indices, stream.following()), at_once(again.next(), again.following()))
    following = stream.following()
    assert following is not None
    feed(following)
    assert images.read == [*asked, following.tolist()]


def test_a_minibatch_that_is_not_the_one_foretold_is_read_afresh():
    images = Noted(digits().train)
    feed = images.feed(CPU, torch.contiguous_format)
    feed(torch.arange(5), torch.arange(5, 10))
    other = torch.arange(20, 25)
    assert torch.equal(feed(other), to_unit_range(images.take(other)))


def test_an_image_that_cannot_be_read_ahead_is_an_error_of_the_training_that_asks_for_it():
    class Damaged(FromDisk):
        def take(self, indices):
            if 9 in indices:
                raise OSError("image 9 is gone")
            return super().take(indices)

    feed = Damaged(digits().train).feed(CPU, torch.contiguous_format)
    feed(torch.arange(5), torch.arange(5, 10))
    with pytest.raises(OSError, match="image 9 is gone"):
        feed(torch.arange(5, 10))


def test_a_stream_says_what_follows_without_taking_it():
    stream, other = order(30), order(30)
    for _ in range(2):  # epochs of three minibatches
        for foretold in (True, True, False):
            stream.next()
            following = stream.following()
            assert (following is not None) is foretold
            other.next()
            assert stream.digest == other.digest
            if following is not None:
                assert torch.equal(following, stream.following())


class Away(Digits):
    def absent(self, source, folder, root):
        return "there is no archive.zip; download it from where it is"


def test_absent_files_are_said_before_anything_is_read_or_made(monkeypatch, tmp_path):
    monkeypatch.setitem(datasets.DATASETS, "digits", Away())
    config = matched_config(TINY, None)
    with pytest.raises(UserError, match=r"dataset=digits: there is no archive\.zip; download it") as refused:
        refuse_sizes(config, match_info(config, None), training_images(source_of(config), tmp_path))
    assert "\n" not in str(refused.value)
    with pytest.raises(UserError, match=r"archive\.zip"):
        load_images(SMALL, tmp_path)
    assert list(tmp_path.iterdir()) == []


class Unpacked(Digits):
    def prepare(self, source, folder, preparation):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index").write_text("made once")

    def read(self, source, folder):
        assert (folder / "index").read_text() == "made once"
        return super().read(source, folder)


def test_a_data_set_is_prepared_in_a_folder_of_its_own_before_it_is_read(monkeypatch, tmp_path):
    monkeypatch.setitem(datasets.DATASETS, "digits", Unpacked())
    assert len(load_images(SMALL, tmp_path).train) == 1437
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == ["digits"]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([1, 3]), st.integers(2, 70), st.sampled_from([8, 16, 28, 32, 64]), st.integers(0, 2**16))
def test_images_are_resized_to_the_bit_as_torchvision_does_it(channels, side, size, seed):
    draw = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (3, channels, side, side), dtype=torch.uint8, generator=draw)
    assert torch.equal(resized(images, size), functional.resize(images, [size, size], antialias=True))
