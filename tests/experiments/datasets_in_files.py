"""Tiny data sets in the true formats of the well-known ones."""

import gzip
import pickle
import struct
from pathlib import Path

import lmdb
import numpy as np
import scipy.io
from PIL import Image


def drawn(count: int, *shape: int) -> np.ndarray:
    """Images of bytes, other at every place."""
    return np.random.default_rng(count).integers(0, 256, (count, *shape), dtype=np.uint8)


def write_idx(root: Path, name: str = "MNIST", *, packed: bool = True, training: int = 40) -> Path:
    """Four idx files, so many images to train on and 20 held out; the class of an image is its number modulo 10."""
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    for prefix, count in (("train", training), ("t10k", 20)):
        images = struct.pack(">IIII", 0x803, count, 28, 28) + drawn(count, 28, 28).tobytes()
        labels = struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count))
        for kind, content in (("images-idx3", images), ("labels-idx1", labels)):
            path = folder / f"{prefix}-{kind}-ubyte"
            if packed:
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))
            else:
                path.write_bytes(content)
    return folder


def write_cifar10(root: Path) -> Path:
    """Six pickled batches of 10 images."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    for i, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        batch = {"data": drawn(10 + i, 3072)[:10], "labels": list(range(10))}
        (folder / name).write_bytes(pickle.dumps(batch))
    return folder


def write_svhn(root: Path) -> None:
    """Two MATLAB files; as in the true ones the digit 0 has the label 10."""
    for part, count in (("train", 30), ("test", 12)):
        labels = np.array([(i % 10) or 10 for i in range(count)], dtype=np.uint8)[:, None]
        scipy.io.savemat(root / f"{part}_32x32.mat", {"X": drawn(count, 32, 32, 3).transpose(1, 2, 3, 0), "y": labels})


def write_celeba(root: Path) -> None:
    """Six faces: four to train on, one for choosing, one held out."""
    folder = root / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    parts = [0, 0, 0, 0, 1, 2]
    for i, pixels in enumerate(drawn(6, 218, 178, 3), start=1):
        Image.fromarray(pixels).save(folder / f"{i:06}.jpg")
    lines = [f"{i:06}.jpg {part}\n" for i, part in enumerate(parts, start=1)]
    (root / "celeba" / "list_eval_partition.txt").write_text("".join(lines))


def write_lsun(root: Path, scene: str = "bedroom", *, count: int = 7) -> None:
    """Two databases of pictures as WebP, which is what LSUN's are."""
    for part, number in (("train", count), ("val", 3)):
        with lmdb.open(str(root / f"{scene}_{part}_lmdb"), map_size=1 << 24) as environment:
            with environment.begin(write=True) as transaction:
                for i, pixels in enumerate(drawn(number, 40, 60, 3)):
                    path = root / "one.webp"
                    Image.fromarray(pixels).save(path, lossless=True)
                    transaction.put(f"{i:040x}".encode(), path.read_bytes())
            environment.sync()


def write_pictures(folder: Path, count: int, *, size: tuple[int, int] = (48, 40)) -> list[Path]:
    """Colour pictures in PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:05}.png" for i in range(count)]
    for path, pixels in zip(paths, drawn(count, size[1], size[0], 3), strict=True):
        Image.fromarray(pixels).save(path)
    return paths
