"""The frozen feature network of a data set: trained once on its real training images, the same for every run.

Where the images have labels it is a classifier of them. Where they have none it tells by how many quarter turns an
image was turned (Gidaris, Singh, Komodakis 2018), which takes knowing what images of the set look like.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.datasets.images import ImageData, Images, to_unit_range
from experiments.streams import StreamId, generator
from models.blocks import BlockNetwork
from runs.files import replaced
from runs.study import digest

FEW_IMAGES, EPOCHS_OF_FEW = 10_000, 30
IMAGES_SEEN = 300_000  # where there are more than a few: 5 epochs of 60,000
BATCH_SIZE, LEARNING_RATE = 64, 1e-3
FEATURES = 32
QUARTER_TURNS = 4
_CHUNK = 250  # images a forward pass; with channels last a third of the time of all at once
_SEED = 0
_VERSION = 1  # raised when the same data would no longer give the same network


@dataclass(frozen=True, kw_only=True)
class FeatureExtractor:
    """A trained network; its last hidden layer is the space in which samples are measured."""

    network: BlockNetwork
    labelled: bool  # whether its classes are those of the data; else they are quarter turns, and mean nothing here
    accuracy: float  # on held-out images
    hash: str  # of its weights

    @property
    def space(self) -> str:
        """What the network was trained to tell apart."""
        return "classes" if self.labelled else "rotations"

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features (N, F) and class probabilities (N, K), None without labels, of uint8 images (N, C, H, W)."""
        features, probabilities = [], []
        for chunk in images.split(_CHUNK):
            inputs = to_unit_range(chunk).to(memory_format=torch.channels_last)
            logits, activations = self.network(inputs, with_activations=True)
            features.append(activations["features"])
            probabilities.append(logits.softmax(1))
        return torch.cat(features), torch.cat(probabilities) if self.labelled else None

    def features(self, images: Images, indices: Tensor) -> Tensor:
        """Features (N, F) of the images at these indices, which need not fit in memory."""
        return torch.cat([self(chunk)[0] for chunk in images.chunks_of(indices, _CHUNK)])


def feature_extractor(data: ImageData, folder: Path) -> FeatureExtractor:
    """The data's feature network, from ``folder`` if it is there, otherwise trained (on one thread) and kept there.

    A kept network that does not load is trained again.
    """
    labelled = data.train.labels is not None
    path = folder / f"{_network_name(data)}.safetensors"
    network = _untrained(data, labelled)
    if not _load(network, path):
        _train(network, data.train)
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(path) as temporary:
            save_file(network.state_dict(), temporary)
    network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    return FeatureExtractor(
        network=network,
        labelled=labelled,
        accuracy=_accuracy(network, data.held_out),
        hash=weights_hash(network.state_dict()),
    )


def feature_network(channels: int, image_size: int, classes: int, width: int = 16) -> BlockNetwork:
    """Convolutions of ``width``, twice as many, … channels, each pooled, down to 4×4; 32 tanh features; class logits.

    tanh, not ReLU: a ReLU layer here has dead units and so a covariance that cannot be inverted.
    """
    blocks: dict[str, nn.Module] = {}
    before, features, size = channels, width, image_size
    while size > 4:
        blocks[f"{size}x{size}_conv"] = nn.Sequential(nn.Conv2d(before, features, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2))
        before, features, size = features, features * 2, size // 2
    blocks["features"] = nn.Sequential(nn.Flatten(), nn.Linear(before * 16, FEATURES), nn.Tanh())
    blocks["classes"] = nn.Linear(FEATURES, classes)
    return BlockNetwork(blocks)


def weights_hash(weights: dict[str, Tensor]) -> str:
    """Hash of a network's weights, to the bit."""
    content = hashlib.sha256()
    for name in sorted(weights):
        content.update(name.encode() + weights[name].contiguous().numpy().tobytes())
    return content.hexdigest()[:16]


def data_digest(data: ImageData) -> str:
    """Digest of the training images and their labels, or of the whole prepared file where there is one."""
    if data.digest is not None:
        return data.digest
    content = hashlib.sha256()
    for chunk in data.train.chunks(_CHUNK):
        content.update(chunk.numpy().tobytes())
    if data.train.labels is not None:
        content.update(data.train.labels.numpy().tobytes())
    return content.hexdigest()


def epochs(images: int) -> int:
    """How often the network sees each of so many training images."""
    return EPOCHS_OF_FEW if images <= FEW_IMAGES else max(1, round(IMAGES_SEEN / images))


def quarter_turned(images: Tensor, turns: Tensor) -> Tensor:
    """Images (N, C, H, H), each turned by its number of quarter turns (N,)."""
    turned = torch.empty_like(images)
    for number in range(QUARTER_TURNS):
        chosen = turns == number
        turned[chosen] = torch.rot90(images[chosen], number, (2, 3))
    return turned


def _untrained(data: ImageData, labelled: bool) -> BlockNetwork:
    channels, image_size = data.train.take(torch.tensor([0])).shape[1:3]
    width = 32 if labelled and channels > 1 else 16
    with torch.random.fork_rng(devices=[]):  # torch's own initial weights, from a state that nobody else sees
        torch.manual_seed(_SEED)
        return feature_network(channels, image_size, data.classes if labelled else QUARTER_TURNS, width)


def _train(network: BlockNetwork, images: Images) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # another number of threads would give other bits
    try:
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        for epoch in range(epochs(len(images))):
            for inputs, classes in _epoch(images, epoch):
                optimizer.zero_grad()
                cross_entropy(network(inputs), classes).backward()
                optimizer.step()
    finally:
        torch.set_num_threads(threads)


def _epoch(images: Images, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Minibatches in [-1, 1] and their classes, in the order of that epoch."""
    draw = generator(_SEED, StreamId.ORDER, epoch)
    order = torch.from_numpy(draw.permutation(len(images)))
    turns = torch.from_numpy(draw.integers(QUARTER_TURNS, size=len(images)))
    for batch in order.split(BATCH_SIZE):
        pixels = to_unit_range(images.take(batch))
        if images.labels is not None:
            yield pixels, images.labels[batch]
        else:
            yield quarter_turned(pixels, turns[batch]), turns[batch]


@torch.no_grad()
def _accuracy(network: BlockNetwork, images: Images) -> float:
    """Share of the images whose class, or whose quarter turns, all four of each image, the network tells."""
    right = 0
    for indices in torch.arange(len(images)).split(_CHUNK):
        pixels = to_unit_range(images.take(indices))
        if images.labels is not None:
            right += int((network(pixels).argmax(1) == images.labels[indices]).sum())
        else:
            for turns in range(QUARTER_TURNS):
                right += int((network(torch.rot90(pixels, turns, (2, 3))).argmax(1) == turns).sum())
    return right / (len(images) * (1 if images.labels is not None else QUARTER_TURNS))


def _load(network: BlockNetwork, path: Path) -> bool:
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):  # absent, truncated, or of another shape
        return False
    return True


def _network_name(data: ImageData) -> str:
    return digest([_VERSION, data_digest(data)])
