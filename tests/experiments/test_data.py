import pytest
import torch

from experiments.data import load_images, to_bytes, to_unit_range


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 32])
def test_digits_are_split_once_into_parts_that_share_no_image(size, channels):
    data = load_images("digits", size, channels)
    assert data.train_images.shape == (1437, channels, size, size)
    assert data.held_out_images.shape == (360, channels, size, size)
    assert data.train_images.dtype == torch.uint8
    again = load_images("digits", size, channels)
    assert torch.equal(data.train_images, again.train_images)


def test_each_class_has_its_share_in_both_parts():
    data = load_images("digits", 16, 1)
    for label in range(10):
        train = (data.train_labels == label).sum().item()
        held_out = (data.held_out_labels == label).sum().item()
        assert held_out / (train + held_out) == pytest.approx(0.2, abs=0.01)


def test_enlarged_digits_keep_ink_and_range():
    data = load_images("digits", 16, 1)
    assert data.train_images.min() == 0
    assert data.train_images.max() == 255
    small_mean = 4.884 / 16 * 255  # mean pixel of the 8x8 originals, of 16 shades
    assert data.train_images.float().mean().item() == pytest.approx(small_mean, rel=0.01)


def test_bytes_and_unit_range_are_inverse():
    values = torch.arange(256, dtype=torch.uint8)
    assert to_unit_range(values).min() == -1
    assert to_unit_range(values).max() == 1
    assert torch.equal(to_bytes(to_unit_range(values)), values)
