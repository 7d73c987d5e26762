"""Initial weights, by one rule for every architecture."""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn

Initialization = Literal["dcgan", "he"]
StandardNormal = Callable[[torch.Size], Tensor]

_GAIN = math.sqrt(2)  # of ReLU


@torch.no_grad()
def initialize(network: nn.Module, scheme: Initialization, standard_normal: StandardNormal) -> None:
    """Set every weight of the network from draws of ``standard_normal(shape)``, every bias to 0.

    ``dcgan``: N(0, 0.02²) for *every* weight layer and N(1, 0.02²) for BatchNorm's scale (Radford 2016; the
    well-known ``weights_init`` matches only layers named Conv and BatchNorm, and so gives an MLP other weights).
    ``he``: N(0, 2 / fan-in) and a scale of 1 (He 2015), where fan-in counts the inputs that reach one output, also
    for transposed convolutions. Equal standard deviations are not equal gains: neither choice is neutral between
    architectures. Raises ValueError for another scheme.
    """
    if scheme not in get_args(Initialization):
        raise ValueError(f"init={scheme!r}: expected one of {', '.join(get_args(Initialization))}")
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            spread = 0.02 if scheme == "dcgan" else 0.0
            layer.weight.copy_(1 + spread * standard_normal(layer.weight.shape))
            layer.bias.zero_()
        elif isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            deviation = 0.02 if scheme == "dcgan" else _GAIN / math.sqrt(fan_in(layer))
            layer.weight.copy_(deviation * standard_normal(layer.weight.shape))
            if layer.bias is not None:
                layer.bias.zero_()


def fan_in(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> float:
    """How many inputs reach one output of the layer (away from borders)."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    inputs = layer.in_channels * math.prod(layer.kernel_size)
    return inputs / math.prod(layer.stride) if isinstance(layer, nn.ConvTranspose2d) else inputs
