"""The frozen feature network of a data set: trained once on its real training images, the same for every run."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.datasets.images import ImageData, Images, class_labels, to_unit_range
from experiments.streams import StreamId, generator
from models.blocks import BlockNetwork
from runs.files import replaced
from runs.study import digest

EPOCHS, BATCH_SIZE, LEARNING_RATE = 30, 64, 1e-3
FEATURES = 32
_CHUNK = 250  # images a forward pass; with channels last a third of the time of all at once
_SEED = 0
_VERSION = 1  # raised when the same data would no longer give the same network


@dataclass(frozen=True, kw_only=True)
class FeatureExtractor:
    """A trained classifier of real images; its last hidden layer is the space in which samples are measured."""

    network: BlockNetwork
    accuracy: float  # on held-out images
    hash: str  # of its weights

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, F) and class probabilities (N, K) of uint8 images (N, C, H, W)."""
        features, probabilities = [], []
        for chunk in images.split(_CHUNK):
            inputs = to_unit_range(chunk).to(memory_format=torch.channels_last)
            logits, activations = self.network(inputs, with_activations=True)
            features.append(activations["features"])
            probabilities.append(logits.softmax(1))
        return torch.cat(features), torch.cat(probabilities)

    def features(self, images: Images) -> Tensor:
        """Features (N, F) of images that need not fit in memory."""
        return torch.cat([self(chunk)[0] for chunk in images.chunks(_CHUNK)])


def feature_extractor(data: ImageData, folder: Path) -> FeatureExtractor:
    """The data's feature network, from ``folder`` if it is there, otherwise trained (on one thread) and kept there.

    A kept network that does not load is trained again. Raises UserError if the data have no labels.
    """
    path = folder / f"{_data_digest(data)}.safetensors"
    network = _untrained(data)
    if not _load(network, path):
        _train(network, data)
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(path) as temporary:
            save_file(network.state_dict(), temporary)
    network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    accuracy = _accuracy(network, data.held_out)
    return FeatureExtractor(network=network, accuracy=accuracy, hash=weights_hash(network.state_dict()))


def feature_network(channels: int, image_size: int, classes: int) -> BlockNetwork:
    """Convolutions of 16, 32, … channels, each pooled, down to 4×4; 32 tanh features; class logits.

    tanh, not ReLU: a ReLU layer here has dead units and so a covariance that cannot be inverted.
    """
    blocks: dict[str, nn.Module] = {}
    before, features, size = channels, 16, image_size
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


def _untrained(data: ImageData) -> BlockNetwork:
    channels, image_size = data.train.take(torch.tensor([0])).shape[1:3]
    with torch.random.fork_rng(devices=[]):  # torch's own initial weights, from a state that nobody else sees
        torch.manual_seed(_SEED)
        return feature_network(channels, image_size, data.classes)


def _train(network: BlockNetwork, data: ImageData) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # another number of threads would give other bits
    try:
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        images = data.train.feed(torch.device("cpu"), torch.contiguous_format)
        labels = class_labels(data.train)
        for epoch in range(EPOCHS):
            order = torch.from_numpy(generator(_SEED, StreamId.ORDER, epoch).permutation(len(labels)))
            for batch in order.split(BATCH_SIZE):
                optimizer.zero_grad()
                cross_entropy(network(images(batch)), labels[batch]).backward()
                optimizer.step()
    finally:
        torch.set_num_threads(threads)


@torch.no_grad()
def _accuracy(network: BlockNetwork, images: Images) -> float:
    chosen = torch.cat([network(to_unit_range(chunk)).argmax(1) for chunk in images.chunks(_CHUNK)])
    return float((chosen == class_labels(images)).float().mean())


def _load(network: BlockNetwork, path: Path) -> bool:
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):  # absent, truncated, or of another shape
        return False
    return True


def _data_digest(data: ImageData) -> str:
    content = hashlib.sha256()
    for chunk in data.train.chunks(_CHUNK):
        content.update(chunk.numpy().tobytes())
    content.update(class_labels(data.train).numpy().tobytes())
    return digest([_VERSION, content.hexdigest()])
