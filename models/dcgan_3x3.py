"""The DCGAN of 3×3 convolutions whose discriminator gives the features of the DCGAN paper (Radford 2016, section 5.1).

As in the networks that its authors released for 32×32 ImageNet: two hidden layers a resolution, of which in D the
second has stride 2, in G the first. At width 128 D has 128, 128, 256, 256, 512, 512 channels at 32, 16, 16, 8, 8 and 4
pixels: 1,792 maps, and pooled to 4×4 28,672 features. BatchNorm, activations and what they spare are those of
:mod:`models.dcgan`.
"""

# B batch, C channels, H height, W width, Z latent

from torch import nn

from models.blocks import BlockNetwork, Normalization, least_hidden_layers, resolution
from models.dcgan import beyond_least, hidden, leaky
from models.layers import LogitOf4x4, ProjectionTo4x4


def least_hidden_layers_3x3(image_size: int) -> int:
    """Hidden layers at this size: two for every halving of the image down to 4×4."""
    return 2 * least_hidden_layers(image_size)


class DCGAN3x3Generator(BlockNetwork):
    """Latent vectors (B, Z) to images (B, C, H, W) in [-1, 1].

    ``width`` is the number of channels of the finest hidden layer, at the image's own resolution. ``hidden_layers``
    (None: two a resolution, which is the least) and ``extra_layers`` beyond them: what is more are 3×3 convolutions
    before the image.
    """

    def __init__(
        self,
        image_size: int,
        latent_dim: int,
        width: int,
        channels: int,
        extra_layers: int = 0,
        normalization: Normalization = "batch",
        hidden_layers: int | None = None,
    ) -> None:
        extra_layers += beyond_least(hidden_layers, least_hidden_layers_3x3(image_size), image_size)
        features, size = width * image_size // 8, 4
        project = ProjectionTo4x4(latent_dim, features, bias=normalization == "none")
        layers = hidden(project, nn.ReLU(), normalization)
        blocks: dict[str, nn.Module] = {"4x4_project": nn.Sequential(nn.Unflatten(1, (latent_dim, 1, 1)), *layers)}

        def add(role: str, layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
            blocks[f"{resolution(size)}_{role}"] = nn.Sequential(*hidden(layer, nn.ReLU(), normalization))

        while size < image_size:
            size *= 2
            add("up", nn.ConvTranspose2d(features, features, 3, 2, 1, 1, bias=normalization == "none"))
            if size < image_size:
                add("conv", _conv(features, features // 2, normalization))
                features //= 2
        for i in range(1, extra_layers + 1):
            add(f"extra{i}", _conv(features, features, normalization))
        image = nn.Conv2d(features, channels, 3, 1, 1, bias=False)
        blocks[f"{resolution(image_size)}_image"] = nn.Sequential(image, nn.Tanh())
        super().__init__(blocks)


class DCGAN3x3Discriminator(BlockNetwork):
    """Images (B, C, H, W) to logits (B,) of being real.

    ``width`` is the number of channels of the first two layers; with every further halving it doubles.
    ``hidden_layers`` (None: two a resolution, which is the least) and ``extra_layers`` beyond them: what is more are
    3×3 convolutions after the first layer.
    """

    def __init__(
        self,
        image_size: int,
        width: int,
        channels: int,
        extra_layers: int = 0,
        normalization: Normalization = "batch",
        hidden_layers: int | None = None,
    ) -> None:
        extra_layers += beyond_least(hidden_layers, least_hidden_layers_3x3(image_size), image_size)
        features, size = width, image_size
        blocks: dict[str, nn.Module] = {}

        def add(role: str, layer: nn.Conv2d, normalization: Normalization = normalization) -> None:
            blocks[f"{resolution(size)}_{role}"] = nn.Sequential(*hidden(layer, leaky(), normalization))

        add("conv", nn.Conv2d(channels, width, 3, 1, 1, bias=False), "none")
        for i in range(1, extra_layers + 1):
            add(f"extra{i}", _conv(width, width, normalization))
        while size > 4:
            size //= 2
            add("down", nn.Conv2d(features, features, 3, 2, 1, bias=normalization == "none"))
            if size > 4:
                add("conv", _conv(features, features * 2, normalization))
                features *= 2
        blocks["logit"] = nn.Sequential(LogitOf4x4(features), nn.Flatten(0))
        super().__init__(blocks)


def _conv(before: int, after: int, normalization: Normalization) -> nn.Conv2d:
    """A convolution that keeps the resolution."""
    return nn.Conv2d(before, after, 3, 1, 1, bias=normalization == "none")
