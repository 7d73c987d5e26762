"""Data sets read from files in their true formats, and what is said of files that are not as they should be."""

import json
import os
import shutil
import threading
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.data import main
from experiments.datasets import load_images, training_images, why_absent
from experiments.datasets.protocol import Source
from runs.errors import UserError
from tests.experiments import datasets_in_files as files

PAD = 2  # black pixels on each side of 28 in 32


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder that data sets' own files are looked for in; what is prepared goes elsewhere."""
    monkeypatch.setenv("GAN_STABILITY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GAN_STABILITY_LOCAL", str(tmp_path / "local"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def local(root):
    return root.parent / "local"


def source(dataset, size=32, channels=1, path=None):
    return Source(dataset=dataset, image_size=size, channels=channels, path=None if path is None else str(path))


def pixels(images):
    return images.take(torch.arange(len(images)))


def prepared(dataset, *options):
    assert main([dataset, "--unchecked", *options]) == 0


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("dataset", "name"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_idx_files_are_padded_not_stretched_and_keep_their_own_split(root, local, dataset, name, packed):
    files.write_idx(root, name, packed=packed)
    prepared(dataset)
    data = load_images(source(dataset), local)
    assert pixels(data.train).shape == (40, 1, 32, 32)
    assert pixels(data.held_out).shape == (20, 1, 32, 32)
    inner = pixels(data.train)[:, 0, PAD:-PAD, PAD:-PAD]
    assert np.array_equal(inner.numpy(), files.drawn(40, 28, 28))
    assert pixels(data.train).sum() == inner.sum(dtype=torch.int64)
    assert data.train.labels.tolist() == [i % 10 for i in range(40)]
    assert data.held_out.labels.tolist() == [i % 10 for i in range(20)]
    assert data.classes == 10


def test_cifar_batches_are_read_in_their_order(root, local):
    files.write_cifar10(root)
    prepared("cifar10")
    data = load_images(source("cifar10", channels=3), local)
    first = files.drawn(10, 3072)[0].reshape(3, 32, 32)
    assert np.array_equal(pixels(data.train)[0].numpy(), first)
    assert (len(data.train), len(data.held_out)) == (50, 10)
    assert not data.checked


def test_svhn_gives_its_zeros_the_class_0(root, local):
    files.write_svhn(root)
    prepared("svhn")
    data = load_images(source("svhn", channels=3), local)
    assert np.array_equal(pixels(data.train)[5].numpy(), files.drawn(30, 32, 32, 3)[5].transpose(2, 0, 1))
    assert data.train.labels[:11].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert len(data.held_out) == 12


def test_celeba_holds_out_what_its_list_says_and_leaves_the_validation_part_alone(root, local):
    files.write_celeba(root)
    data = load_images(source("celeba", size=64, channels=3), local)
    assert (len(data.train), len(data.held_out), data.classes) == (4, 1, 0)
    assert pixels(data.train).shape == (4, 3, 64, 64)


def test_lsun_is_read_from_its_databases_by_scene(root, local):
    files.write_lsun(root, "church_outdoor")
    data = load_images(source("lsun_church_outdoor", size=16, channels=3), local)
    assert (len(data.train), len(data.held_out), data.train.labels) == (7, 3, None)
    whole = Image.fromarray(files.drawn(7, 40, 60, 3)[4]).crop((10, 0, 50, 40))
    expected = np.array(whole.resize((16, 16), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    inside = np.s_[:, 1:-1, 1:-1]  # at the edges a crop first and a crop while resizing see other neighbours
    assert np.abs(pixels(data.train)[4].numpy().astype(int) - expected)[inside].max() <= 1


def test_a_folder_of_pictures_is_split_as_it_is_laid_out(root, local, tmp_path):
    files.write_pictures(tmp_path / "mine" / "train" / "deep", 5)
    files.write_pictures(tmp_path / "mine" / "val", 2)
    data = load_images(source("image_folder", size=16, channels=3, path=tmp_path / "mine"), local)
    assert (len(data.train), len(data.held_out), data.classes) == (5, 2, 0)


def test_without_such_a_layout_a_tenth_is_held_out_and_always_the_same(root, local, tmp_path):
    files.write_pictures(tmp_path / "mine", 40)
    mine = source("image_folder", size=16, channels=3, path=tmp_path / "mine")
    data = load_images(mine, local)
    assert (len(data.train), len(data.held_out)) == (36, 4) == (training_images(mine, local), 4)
    before = pixels(data.train).clone()
    shutil.rmtree(local)
    assert torch.equal(pixels(load_images(mine, local).train), before)


def test_a_changed_folder_is_another_data_set(root, local, tmp_path):
    paths = files.write_pictures(tmp_path / "mine", 20)
    mine = source("image_folder", size=16, channels=3, path=tmp_path / "mine")
    before = load_images(mine, local).digest
    assert load_images(mine, local).digest == before
    Image.new("RGB", (50, 50), "red").save(paths[0])
    assert load_images(mine, local).digest != before


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 100, (100, 100, 100)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("P", 0, None),
        ("I;16", 25700, (100, 100, 100)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_pictures_of_every_mode_become_eight_bits_a_colour(root, local, tmp_path, mode, colour, expected):
    """16 bits are scaled: converted as PIL does, everything above 255 would be white."""
    folder, ending = tmp_path / "mine", {"CMYK": "tif"}.get(mode, "png")
    folder.mkdir()
    for name in ("a", "b"):
        picture = Image.new(mode, (40, 40), colour)
        if expected is None:
            picture.putpalette([7, 8, 9] * 256)
        picture.save(folder / f"{name}.{ending}")
    data = load_images(source("image_folder", size=16, channels=3, path=folder), local)
    assert pixels(data.train)[0, :, 3, 3].tolist() == list(expected or (7, 8, 9))


def test_a_picture_that_lies_on_its_side_is_turned_upright(root, local, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    picture = Image.fromarray(np.repeat(np.repeat([[[0]], [[255]]], 32, 0), 64, 1).astype(np.uint8).squeeze(2))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    for name in ("a", "b"):
        picture.save(folder / f"{name}.jpg", exif=exif)
    image = pixels(load_images(source("image_folder", size=16, path=folder), local).train)[0, 0]
    assert image[0].float().mean() > 250 and image[-1].float().mean() < 5


def damage(path, kind):
    match kind:
        case "truncated":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "empty":
            path.write_bytes(b"")
        case "no picture":
            path.write_text("hello")
        case "animated":
            frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
            path.unlink()
            frames[0].save(path.with_suffix(".gif"), save_all=True, append_images=frames[1:])
        case "floating":
            path.unlink()
            Image.fromarray(np.ones((40, 40), dtype=np.float32)).save(path.with_suffix(".tiff"))


@pytest.mark.parametrize("kind", ["truncated", "empty", "no picture", "animated", "floating"])
def test_a_picture_that_cannot_be_read_is_named_or_left_out_and_counted(root, local, tmp_path, capsys, kind):
    paths = files.write_pictures(tmp_path / "mine", 30)
    damage(paths[13], kind)
    mine = source("image_folder", size=16, channels=3, path=tmp_path / "mine")
    with pytest.raises(UserError, match=paths[13].stem) as refused:
        load_images(mine, local)
    assert "\n" not in str(refused.value)
    assert main(["image_folder", "--path", str(tmp_path / "mine"), "--size", "16", "--skip-unreadable"]) == 0
    assert "1 that cannot be read left out" in capsys.readouterr().out
    data = load_images(mine, local)
    assert len(data.train) + len(data.held_out) == 29


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b damaged", None])
def test_a_damaged_idx_file_is_named(root, local, content):
    path = files.write_idx(root) / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    with pytest.raises(UserError, match="train-images") as refused:
        main(["mnist", "--unchecked"])
    assert "\n" not in str(refused.value)


def test_files_that_are_not_the_publishers_are_taken_only_on_request_and_it_is_recorded(root, local, capsys):
    files.write_idx(root)
    with pytest.raises(UserError, match="not the publisher's file"):
        load_images(source("mnist"), local)
    assert main(["mnist", "--unchecked"]) == 0
    assert "not the publisher's files" in capsys.readouterr().out
    assert not load_images(source("mnist"), local).checked


@pytest.mark.parametrize("dataset", ["mnist", "cifar10", "svhn", "celeba", "lsun_bedroom"])
def test_what_is_absent_is_said_in_one_line_with_the_place_to_put_it(root, local, dataset):
    absent = why_absent(source(dataset, channels=3), local)
    assert str(root) in absent and "not found in" in absent and "\n" not in absent
    assert not local.exists() and list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnst"], "did you mean 'mnist'"),
        (["image_folder"], "name the folder of your pictures"),
        (["image_folder", "--path", "/nowhere/at/all"], "no such folder"),
        (["mnist", "--path", "."], "leave out --path"),
        (["stacked_digits", "--channels", "1"], "expected 3"),
        (["mnist", "--root", "/nowhere"], "not found in /nowhere"),
    ],
)
def test_wrong_requests_are_refused_in_one_line(root, arguments, message):
    with pytest.raises(UserError, match=message):
        main(arguments)


def test_an_interrupted_preparation_goes_on_and_gives_the_same_bytes(root, local, tmp_path, monkeypatch):
    paths = files.write_pictures(tmp_path / "mine", 600)
    mine = source("image_folder", size=16, channels=3, path=tmp_path / "mine")
    whole = load_images(mine, local).digest
    shutil.rmtree(local)
    (hidden := paths[-1]).rename(tmp_path / "hidden")
    (tmp_path / "hidden").rename(hidden)  # the same bytes, name and time
    before = open_for_some(monkeypatch, paths, 550)
    with pytest.raises(KeyboardInterrupt):
        load_images(mine, local)
    monkeypatch.setattr(Image, "open", before)
    opened = count_opened(monkeypatch)
    assert load_images(mine, local).digest == whole
    assert len(opened) < 120  # 512 were done


def test_of_two_that_prepare_at_once_one_does_and_the_other_waits_for_it(root, local, tmp_path, monkeypatch):
    paths = files.write_pictures(tmp_path / "mine", 600)
    mine = source("image_folder", size=16, channels=3, path=tmp_path / "mine")
    whole = load_images(mine, local).digest
    shutil.rmtree(local)
    opened, digests = count_opened(monkeypatch), []
    both = [threading.Thread(target=lambda: digests.append(load_images(mine, local).digest)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert digests == [whole, whole]
    assert len(opened) == len(paths)


def open_for_some(monkeypatch, paths, number):
    """Ctrl-C at that picture."""
    original, seen = Image.open, []

    def opened(path, *arguments, **options):
        seen.append(path)
        if len(seen) == number:
            raise KeyboardInterrupt
        return original(path, *arguments, **options)

    monkeypatch.setattr(Image, "open", opened)
    return original


def count_opened(monkeypatch):
    original, seen = Image.open, []
    monkeypatch.setattr(Image, "open", lambda path, *rest, **options: seen.append(path) or original(path, *rest))
    return seen


def test_stacks_are_three_digits_and_their_class_is_the_number_they_write(local):
    stacks = load_images(source("stacked_digits", size=16, channels=3), local)
    singles = load_images(source("digits", size=16), local)
    assert (len(stacks.train), len(stacks.held_out), stacks.classes) == (20_000, 5_000, 1000)
    image, label = stacks.train.take(torch.tensor([7]))[0], int(stacks.train.labels[7])
    for colour, digit in zip(image, f"{label:03}", strict=True):
        same = (pixels(singles.train)[:, 0] == colour).flatten(1).all(1)
        assert same.sum() == 1 and int(singles.train.labels[same]) == int(digit)


def test_patches_of_photographs_are_the_same_every_time_and_no_two_alike(local):
    data = load_images(source("photo_patches", size=64, channels=3), local)
    assert pixels(data.train).shape == (5000, 3, 64, 64)
    assert len(data.held_out) == 1000
    assert pixels(data.train).flatten(1).unique(dim=0).shape[0] > 4900
    again = load_images(source("photo_patches", size=64, channels=3), local)
    assert torch.equal(pixels(again.held_out), pixels(data.held_out))


def test_what_is_prepared_is_needed_once(root, local):
    files.write_idx(root)
    prepared("mnist")
    shutil.rmtree(root)
    assert len(load_images(source("mnist"), local).train) == 40
    facts = json.loads((local / "datasets" / "mnist" / "32x32x1" / "prepared.json").read_text())
    assert facts["training"] == 40 and facts["checked"] is False


def test_four_times_as_many_pictures_are_prepared_in_the_same_memory(root, local, tmp_path):
    few, many = (most_held(tmp_path / f"{count}", count, local) for count in (600, 2400))
    assert many - few < 5e6  # 1,800 more images are 22 MB


def most_held(folder, count, local):
    """Bytes at most while so many names of one picture are prepared at 64 × 64."""
    first = files.write_pictures(folder, 1, size=(20, 20))[0]
    for i in range(1, count):
        os.link(first, first.with_name(f"{i:06}.png"))
    tracemalloc.start()
    load_images(source("image_folder", size=64, channels=3, path=folder), local)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most
