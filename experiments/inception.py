"""The Inception network that the field measures by (Heusel 2017), from a file of its weights that a user has.

The network and its resizing are torch-fidelity's, which repeat TensorFlow's to the bit. Torchvision's Inception has
other weights, and distances in its features cannot be compared with published FIDs.
"""

# N images, C channels, H height, W width, F features

import hashlib
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

from experiments.feature_space import FEATURES, FeatureExtractor
from runs.addresses import data_folder
from runs.errors import UserError

LAYER, LAYER_FEATURES = "2048", 2048
WEIGHTS = URL_INCEPTION_V3.rpartition("/")[2]
CHECKSUM = WEIGHTS.removesuffix(".pth").rpartition("-")[2]  # the first digits of its SHA-256
_AT_ONCE = 50  # images of 299 × 299: their activations take 300 MB
_SEED = 0


class InceptionNetwork:
    """Images (N, C, H, W) uint8, grey or in colour, to the 2,048 numbers before Inception's classes, on the CPU."""

    def __init__(self, weights: Path) -> None:
        """``weights``: a file that :func:`weights_file` has found."""
        torch.load(weights, weights_only=True)  # raises on anything but numbers; the library would execute it
        self._network = FeatureExtractorInceptionV3("inception", [LAYER], feature_extractor_weights_path=str(weights))
        self._device = torch.device("cpu")

    def move(self, device: torch.device) -> None:
        """Compute there from now on."""
        torch.backends.cudnn.allow_tf32 = False  # published FIDs are of single precision
        self._network.to(device)
        self._device = device

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Features (N, 2048)."""
        return torch.cat(
            [self._network(chunk.to(self._device).expand(-1, 3, -1, -1))[0].cpu() for chunk in images.split(_AT_ONCE)]
        )


class InceptionFeatures(FeatureExtractor):
    """Inception's features, projected at random to 32 numbers.

    A thousand samples do not determine the covariance of 2,048. For FID itself: ``python -m experiments.fid``.
    """

    space = "Inception, projected"
    accuracy = None

    def __init__(self, weights: Path) -> None:
        """``weights``: a file that :func:`weights_file` has found."""
        self._network = InceptionNetwork(weights)
        draw = torch.Generator().manual_seed(_SEED)
        self._projection = torch.randn(LAYER_FEATURES, FEATURES, generator=draw) / LAYER_FEATURES**0.5
        self.hash = hashlib.sha256(_sha256(weights).encode() + self._projection.numpy().tobytes()).hexdigest()[:16]

    def move(self, device: torch.device) -> None:
        """See :class:`FeatureExtractor`."""
        self._network.move(device)

    def __call__(self, images: Tensor) -> tuple[Tensor, None]:
        """Features (N, 32); there are no classes of these images."""
        return self._network(images) @ self._projection, None


def weights_file() -> Path:
    """The file of weights, in the folder of data sets or where torch keeps what it downloads.

    Raises UserError if there is none, or one with other content: it would be executed when it is loaded.
    """
    places = (data_folder(), Path(torch.hub.get_dir()) / "checkpoints")
    for path in (place / WEIGHTS for place in places):
        if path.is_file():
            if not _sha256(path).startswith(CHECKSUM):
                raise UserError(f"{path} is damaged: its SHA-256 does not begin with {CHECKSUM}")
            return path
    raise UserError(
        f"there is no {WEIGHTS} in {places[0]} or {places[1]}; make data DATASET=inception fetches it (96 MB)"
    )


def fetch_weights() -> Path:
    """The file of weights, downloaded if it is not there. Raises UserError if it cannot be."""
    try:
        return weights_file()
    except UserError as absent:
        folder = data_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(URL_INCEPTION_V3, str(folder / WEIGHTS), hash_prefix=CHECKSUM)
        except (OSError, RuntimeError) as error:
            raise UserError(f"{WEIGHTS} cannot be fetched ({error}); {absent}") from None
        return weights_file()


@lru_cache(maxsize=2)
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
