"""Multilayer-perceptron GAN with the same inputs, outputs and guidelines as DCGAN.

Three hidden layers (and ``extra_layers`` more) of ``width`` units; BatchNorm, where asked for, everywhere but at G's
output and D's input, ReLU in G with tanh at its output, LeakyReLU(0.2) in D. Where parameters must match another
network's and no equal width does it, ``inner_width`` sets the width of the second hidden layer alone.
"""

# B batch, C channels, H height, W width, Z latent

from torch import nn

from models.blocks import BlockNetwork, Normalization, check_image_size, resolution


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
        inner_width: int | None = None,
    ) -> None:
        check_image_size(image_size)
        widths = _hidden_widths(width, inner_width, extra_layers)
        blocks: dict[str, nn.Module] = {}
        for i, (before, after) in enumerate(zip([latent_dim, *widths], widths, strict=False), start=1):
            norm = [nn.BatchNorm1d(after)] if normalization == "batch" else []
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
        inner_width: int | None = None,
    ) -> None:
        check_image_size(image_size)
        widths = _hidden_widths(width, inner_width, extra_layers)
        pixels = channels * image_size**2
        blocks: dict[str, nn.Module] = {}
        for i, (before, after) in enumerate(zip([pixels, *widths], widths, strict=False), start=1):
            norm = [nn.BatchNorm1d(after)] if normalization == "batch" and i > 1 else []
            flatten = [nn.Flatten()] if i == 1 else []
            blocks[f"hidden_{i}"] = nn.Sequential(*flatten, nn.Linear(before, after), *norm, nn.LeakyReLU(0.2))
        blocks["logit"] = nn.Sequential(nn.Linear(widths[-1], 1), nn.Flatten(0))
        super().__init__(blocks)


def _hidden_widths(width: int, inner_width: int | None, extra_layers: int) -> list[int]:
    return [width, inner_width or width, *[width] * (1 + extra_layers)]
