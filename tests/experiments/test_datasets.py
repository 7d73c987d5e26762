from pathlib import Path

import pytest
import torch

from experiments import datasets
from experiments.datasets import load_images, source_of, training_images
from experiments.datasets.digits import Digits
from experiments.datasets.images import ImageData, Images, to_bytes, to_unit_range
from experiments.datasets.protocol import Source
from experiments.networks import match_info, matched_config
from experiments.sizes import refuse_sizes
from experiments.training import Training
from runs.errors import UserError
from tests.experiments.equality import fingerprint
from tests.experiments.tiny import ARMS, TINY

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


class FromDisk(Images):
    """The same images without their classes, of which no more than a few are ever in memory."""

    labels = None

    def __init__(self, images):
        self._images = images

    def __len__(self):
        return len(self._images)

    def take(self, indices):
        assert len(indices) <= 250
        return self._images.take(indices)


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
