"""Multilayer-perceptron GAN with the same inputs, outputs and guidelines as DCGAN.

``hidden_layers`` (None: as many as a DCGAN has at this image size) and ``extra_layers`` more of ``width`` units;
BatchNorm, where asked for, everywhere but at G's output and D's input, ReLU in G with tanh at its output,
LeakyReLU(0.2) in D. So a DCGAN of as many hidden layers has as many that are normalized. Where parameters must match
another network's and no equal width does it, ``inner_width`` sets the width of the second hidden layer alone.
"""

# B batch, C channels, H height, W width, Z latent

from torch import nn

from models.blocks import BlockNetwork, Normalization, least_hidden_layers, normalization_layers, resolution


class MLPGenerator(BlockNetwork):
    """Latent vectors (B, Z) to images (B, C, H, W) in [-1, 1]."""

    def __init__(
        self,
        image_size: int,
        latent_dim: int,
        width: int,
        channels: int,
        extra_layers: int = 0,
        normalization: Normalization = "batch",
        hidden_layers: int | None = None,
        inner_width: int | None = None,
    ) -> None:
        widths = _hidden_widths(width, inner_width, _depth(hidden_layers, image_size) + extra_layers)
        blocks: dict[str, nn.Module] = {}
        for i, (before, after) in enumerate(zip([latent_dim, *widths], widths, strict=False), start=1):
            norm = normalization_layers(normalization, nn.BatchNorm1d, after)
            blocks[f"hidden_{i}"] = nn.Sequential(nn.Linear(before, after), *norm, nn.ReLU())
        shape = (channels, image_size, image_size)
        image = nn.Linear(widths[-1], channels * image_size**2)
        blocks[f"{resolution(image_size)}_image"] = nn.Sequential(image, nn.Tanh(), nn.Unflatten(1, shape))
        super().__init__(blocks)


class MLPDiscriminator(BlockNetwork):
    """Images (B, C, H, W) to logits (B,) of being real."""

    def __init__(
        self,
        image_size: int,
        width: int,
        channels: int,
        extra_layers: int = 0,
        normalization: Normalization = "batch",
        hidden_layers: int | None = None,
        inner_width: int | None = None,
    ) -> None:
        widths = _hidden_widths(width, inner_width, _depth(hidden_layers, image_size) + extra_layers)
        pixels = channels * image_size**2
        blocks: dict[str, nn.Module] = {}
        for i, (before, after) in enumerate(zip([pixels, *widths], widths, strict=False), start=1):
            norm = normalization_layers(normalization if i > 1 else "none", nn.BatchNorm1d, after)
            flatten = [nn.Flatten()] if i == 1 else []
            blocks[f"hidden_{i}"] = nn.Sequential(*flatten, nn.Linear(before, after), *norm, nn.LeakyReLU(0.2))
        blocks["logit"] = nn.Sequential(nn.Linear(widths[-1], 1), nn.Flatten(0))
        super().__init__(blocks)


def _depth(hidden_layers: int | None, image_size: int) -> int:
    least = least_hidden_layers(image_size)
    depth = least if hidden_layers is None else hidden_layers
    if depth < 1:
        raise ValueError(f"hidden_layers={hidden_layers}: expected 1 or more")
    return depth


def _hidden_widths(width: int, inner_width: int | None, depth: int) -> list[int]:
    if inner_width is not None and depth < 2:
        raise ValueError(f"inner_width={inner_width}: a network of {depth} hidden layer has no second one")
    return [width, inner_width or width, *[width] * (depth - 2)][:depth]
