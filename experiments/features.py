"""The space in which a data set's samples are measured: made once from its real images, the same for every run.

Where the images have labels it is the last hidden layer of a classifier of them, otherwise that of fixed filters.
"""

# N images, C channels, H height, W width, F features, K classes

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.datasets.images import ImageData, Images, to_unit_range
from experiments.feature_space import CHUNK, FEATURES, FeatureExtractor
from experiments.filters import FilterFeatures
from experiments.streams import StreamId, generator
from models.blocks import BlockNetwork
from runs.addresses import LOCAL_VARIABLE
from runs.errors import UserError
from runs.files import replaced
from runs.schema import FeatureSpace
from runs.study import digest

FEW_IMAGES, EPOCHS_OF_FEW = 10_000, 30
IMAGES_SEEN = 300_000  # where there are more than a few: 5 epochs of 60,000
BATCH_SIZE, LEARNING_RATE = 64, 1e-3
_SEED = 0
_VERSION = 1  # raised when the same data would no longer give the same network


class ClassifierFeatures(FeatureExtractor):
    """A trained classifier of real images; its last hidden layer is the space."""

    space = "classifier"

    def __init__(self, network: BlockNetwork, held_out: Images) -> None:
        self._network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self._device = torch.device("cpu")
        self.hash = weights_hash(network.state_dict())
        self.accuracy = _accuracy(self, held_out)

    def move(self, device: torch.device) -> None:
        """See :class:`FeatureExtractor`."""
        self._network.to(device)
        self._device = device

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 32) and class probabilities (N, K)."""
        features, probabilities = [], []
        for chunk in images.split(CHUNK):
            inputs = to_unit_range(chunk).to(self._device, memory_format=torch.channels_last)
            logits, activations = self._network(inputs, with_activations=True)
            features.append(activations["features"].cpu())
            probabilities.append(logits.softmax(1).cpu())
        return torch.cat(features), torch.cat(probabilities)


class StackFeatures(FeatureExtractor):
    """The classifier of single images, on each colour of a stack by itself."""

    space = "classifier of each colour"

    def __init__(self, single: FeatureExtractor, held_out: Images) -> None:
        self._single = single
        self.hash = single.hash
        self.accuracy = _accuracy(self, held_out)

    def move(self, device: torch.device) -> None:
        """See :class:`FeatureExtractor`."""
        self._single.move(device)

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 3 × 32) side by side, and probabilities (N, 1000) of a stack's three classes together."""
        features, together = [], torch.ones(len(images), 1)
        for colour in images.split(1, dim=1):
            seen, probabilities = self._single(colour)
            assert probabilities is not None
            features.append(seen)
            together = (together[:, :, None] * probabilities[:, None]).flatten(1)
        return torch.cat(features, 1), together


def feature_extractor(data: ImageData, folder: Path, space: FeatureSpace = "own") -> FeatureExtractor:
    """The space of these data: of labelled ones a classifier, of stacks that of what is stacked, else fixed filters.

    Or, where asked for, Inception's of unlabelled images. Raises UserError if the images have labels or its weights
    are not here.
    A classifier is trained on one thread and kept in ``folder``; one that is kept but does not load is trained again.
    Raises UserError, too, if the folder cannot be written.
    """
    if space == "inception":
        return _inception(data)
    if data.stack_of is not None:
        return StackFeatures(feature_extractor(data.stack_of, folder), data.held_out)
    if data.train.labels is None:
        return FilterFeatures(data.train)
    path = folder / f"{_network_name(data)}.safetensors"
    network = _untrained(data)
    if not _load(network, path):
        _train(network, data.train, data.train.labels)
        _keep(network, path)
    return ClassifierFeatures(network, data.held_out)


def _inception(data: ImageData) -> FeatureExtractor:
    if data.classes:
        raise UserError("feature_space=inception: these images have classes, which a network of their own tells apart")
    # torch-fidelity takes a second to import
    from experiments.inception import InceptionFeatures, weights_file

    return InceptionFeatures(weights_file())


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


def file_digest(content: bytes) -> str:
    """Hash of a file's content, as it was recorded: it may be damaged."""
    return hashlib.sha256(content).hexdigest()[:16]


def data_digest(data: ImageData) -> str:
    """Digest of the training images and their labels, or of the whole prepared file where there is one."""
    if data.digest is not None:
        return data.digest
    if data.stack_of is not None:
        return digest([data_digest(data.stack_of), len(data.train), len(data.held_out)])
    content = hashlib.sha256()
    for chunk in data.train.chunks(CHUNK):
        content.update(chunk.numpy().tobytes())
    if data.train.labels is not None:
        content.update(data.train.labels.numpy().tobytes())
    return content.hexdigest()


def epochs(images: int) -> int:
    """How often the network sees each of so many training images."""
    return EPOCHS_OF_FEW if images <= FEW_IMAGES else max(1, round(IMAGES_SEEN / images))


def _untrained(data: ImageData) -> BlockNetwork:
    channels, image_size = data.train.take(torch.tensor([0])).shape[1:3]
    with torch.random.fork_rng(devices=[]):  # torch's own initial weights, from a state that nobody else sees
        torch.manual_seed(_SEED)
        return feature_network(channels, image_size, data.classes, width=16 if channels == 1 else 32)


def _train(network: BlockNetwork, images: Images, labels: Tensor) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # another number of threads would give other bits
    try:
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        for epoch in range(epochs(len(images))):
            order = torch.from_numpy(generator(_SEED, StreamId.ORDER, epoch).permutation(len(images)))
            for batch in order.split(BATCH_SIZE):
                optimizer.zero_grad()
                cross_entropy(network(to_unit_range(images.take(batch))), labels[batch]).backward()
                optimizer.step()
    finally:
        torch.set_num_threads(threads)


def _accuracy(extractor: FeatureExtractor, images: Images) -> float:
    """Share of the images whose class is the most probable one."""
    right = 0
    for indices in torch.arange(len(images)).split(CHUNK):
        probabilities = extractor(images.take(indices))[1]
        assert probabilities is not None and images.labels is not None
        right += int((probabilities.argmax(1) == images.labels[indices]).sum())
    return right / len(images)


def _load(network: BlockNetwork, path: Path) -> bool:
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):  # absent, truncated, or of another shape
        return False
    return True


def _keep(network: BlockNetwork, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as temporary:
            save_file(network.state_dict(), temporary)
    except (OSError, SafetensorError) as error:  # the latter where the disk is full
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(
            f"{path.parent}, for the feature network, cannot be written: {cause}; free disk space there, or name"
            f" another folder: export {LOCAL_VARIABLE}=/path/of/a/folder"
        ) from None


def _network_name(data: ImageData) -> str:
    return digest([_VERSION, data_digest(data)])
