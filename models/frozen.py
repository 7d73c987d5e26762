"""A trained discriminator as a fixed feature extractor, the way the DCGAN paper uses one (Radford 2016, section 5).

features = FrozenFeatures(discriminator, batches_of_training_images)
of_each_block = features(images)
"""

# B batch, C channels, F features, H height, W width

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d
from torch.optim.swa_utils import update_bn

from models.blocks import BlockNetwork

GRID = 4  # height and width that feature maps are max-pooled to
_LOGIT = "logit"  # the block that is no feature
_BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d)


class FrozenFeatures(nn.Module):
    """Images (B, C, H, W) in [-1, 1] to the features of every hidden block, by the block's name.

    Feature maps are max-pooled to a grid of 4×4 and flattened, a layer of units is taken as it is. An image's features
    do not depend on the images beside it: BatchNorm uses the mean and the variance of its batches, averaged over
    ``training_batches``, instead of the running ones, which are of images and samples from all along training.
    """

    def __init__(self, network: BlockNetwork, training_batches: Iterable[Tensor]) -> None:
        """``network``: its weights stay as they are, its running statistics do not.

        Raises ValueError if it has BatchNorm and there is no batch to average over.
        """
        super().__init__()
        update_bn(training_batches, network, device=next(network.parameters()).device)
        if any(isinstance(layer, _BATCH_NORM) and not layer.num_batches_tracked for layer in network.modules()):
            raise ValueError("no training batches: BatchNorm has nothing to average over")
        self.network = network.requires_grad_(False).eval()

    @torch.no_grad()
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Features (B, F) by block, in the order of the blocks."""
        return {name: _flat(maps) for name, maps in hidden_activations(self.network, images).items()}


def hidden_activations(network: BlockNetwork, images: Tensor) -> dict[str, Tensor]:
    """What each block but that of the logit gives for images (B, C, H, W): maps (B, C, H, W) or units (B, F)."""
    activations = network(images, with_activations=True)[1]
    return {name: maps for name, maps in activations.items() if name != _LOGIT}


def feature_count(network: BlockNetwork, images: Tensor) -> int:
    """How many features all blocks have together; one image, also without data (``meta``), tells."""
    return sum(_flat(maps).shape[1] for maps in hidden_activations(network, images).values())


def concatenated(features: Mapping[str, Tensor]) -> Tensor:
    """The features of all blocks side by side (B, F)."""
    return torch.cat(list(features.values()), 1)


def _flat(activations: Tensor) -> Tensor:
    return adaptive_max_pool2d(activations, GRID).flatten(1) if activations.ndim == 4 else activations
