"""Deep convolutional GAN (Radford, Metz, Chintala 2016), any power-of-two image size from 16.

Strided convolutions of 4×4 kernels instead of pooling, BatchNorm everywhere but at G's output and D's input, ReLU in G
with tanh at its output, LeakyReLU(0.2) in D. Hidden layers: one a resolution, 2 at 16×16, 3 at 32×32 and so on; more
are 3×3 convolutions that keep the resolution. At 64×64, width 64 and 100 latent dimensions: 3,576,704 parameters in G
and 2,765,568 in D, as in the well-known PyTorch example.
"""

# B batch, C channels, H height, W width, Z latent

from torch import nn

from models.blocks import BlockNetwork, Normalization, least_hidden_layers, normalization_layers, resolution
from models.layers import DownsamplingOfImage, LogitOf4x4, ProjectionTo4x4, UpsamplingToImage


class DCGANGenerator(BlockNetwork):
    """Latent vectors (B, Z) to images (B, C, H, W) in [-1, 1].

    ``width`` is the number of channels of the finest hidden layer; every coarser resolution has twice as many.
    ``hidden_layers`` (None: one a resolution, which is the least) and ``extra_layers`` beyond them: what is more than
    one a resolution are 3×3 convolutions at the finest hidden resolution.
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
        extra_layers += beyond_least(hidden_layers, least_hidden_layers(image_size), image_size)
        features = width * image_size // 8
        project = ProjectionTo4x4(latent_dim, features, bias=normalization == "none")
        blocks: dict[str, nn.Module] = {
            "4x4_project": nn.Sequential(
                nn.Unflatten(1, (latent_dim, 1, 1)), *hidden(project, nn.ReLU(), normalization)
            )
        }
        size = 8
        while size < image_size:
            up = nn.ConvTranspose2d(features, features // 2, 4, 2, 1, bias=normalization == "none")
            blocks[f"{resolution(size)}_up"] = nn.Sequential(*hidden(up, nn.ReLU(), normalization))
            features, size = features // 2, size * 2
        for i in range(1, extra_layers + 1):
            extra = nn.Conv2d(features, features, 3, 1, 1, bias=normalization == "none")
            blocks[f"{resolution(size // 2)}_extra{i}"] = nn.Sequential(*hidden(extra, nn.ReLU(), normalization))
        image = UpsamplingToImage(features, channels)
        blocks[f"{resolution(image_size)}_image"] = nn.Sequential(image, nn.Tanh())
        super().__init__(blocks)


class DCGANDiscriminator(BlockNetwork):
    """Images (B, C, H, W) to logits (B,) of being real.

    ``width`` is the number of channels of the finest hidden layer; every coarser resolution has twice as many.
    ``hidden_layers`` (None: one a resolution, which is the least) and ``extra_layers`` beyond them: what is more than
    one a resolution are 3×3 convolutions after the first layer.
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
        extra_layers += beyond_least(hidden_layers, least_hidden_layers(image_size), image_size)
        size = image_size // 2
        first = DownsamplingOfImage(channels, width)
        blocks: dict[str, nn.Module] = {f"{resolution(size)}_down": nn.Sequential(*hidden(first, leaky(), "none"))}
        for i in range(1, extra_layers + 1):
            extra = nn.Conv2d(width, width, 3, 1, 1, bias=normalization == "none")
            blocks[f"{resolution(size)}_extra{i}"] = nn.Sequential(*hidden(extra, leaky(), normalization))
        features = width
        while size > 4:
            size //= 2
            down = nn.Conv2d(features, features * 2, 4, 2, 1, bias=normalization == "none")
            blocks[f"{resolution(size)}_down"] = nn.Sequential(*hidden(down, leaky(), normalization))
            features *= 2
        blocks["logit"] = nn.Sequential(LogitOf4x4(features), nn.Flatten(0))
        super().__init__(blocks)


def beyond_least(hidden_layers: int | None, least: int, image_size: int) -> int:
    """Hidden layers beyond the least; None asks for none. Raises ValueError if fewer than the least are asked for."""
    if hidden_layers is None:
        return 0
    if hidden_layers < least:
        raise ValueError(
            f"hidden_layers={hidden_layers}: a DCGAN of {image_size}×{image_size} images has {least} or more"
        )
    return hidden_layers - least


def leaky() -> nn.Module:
    """The activation of D."""
    return nn.LeakyReLU(0.2)


def hidden(
    layer: nn.Conv2d | nn.ConvTranspose2d, activation: nn.Module, normalization: Normalization
) -> list[nn.Module]:
    """A hidden layer: what is learned, its normalization, its activation."""
    return [layer, *normalization_layers(normalization, nn.BatchNorm2d, layer.out_channels), activation]
