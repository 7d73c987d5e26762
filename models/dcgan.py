"""Deep convolutional GAN (Radford, Metz, Chintala 2016), any power-of-two image size from 16.

Strided convolutions of 4×4 kernels instead of pooling, BatchNorm everywhere but at G's output and D's input, ReLU in G
with tanh at its output, LeakyReLU(0.2) in D. At 64×64, width 64 and 100 latent dimensions: 3,576,704 parameters in G
and 2,765,568 in D, as in the well-known PyTorch example.
"""

# B batch, C channels, H height, W width, Z latent

from torch import nn

from models.blocks import BlockNetwork, Normalization, check_image_size, resolution


class DCGANGenerator(BlockNetwork):
    """Latent vectors (B, Z) to images (B, C, H, W) in [-1, 1].

    ``width`` is the number of channels of the finest hidden layer; every coarser resolution has twice as many.
    ``extra_layers`` 3×3 convolutions follow at the finest hidden resolution.
    """

    def __init__(
        self,
        image_size: int,
        latent_dim: int,
        width: int,
        channels: int,
        extra_layers: int = 0,
        normalization: Normalization = "batch",
    ) -> None:
        check_image_size(image_size)
        features = width * image_size // 8
        project = nn.ConvTranspose2d(latent_dim, features, 4, bias=normalization == "none")
        blocks: dict[str, nn.Module] = {
            "4x4_project": nn.Sequential(
                nn.Unflatten(1, (latent_dim, 1, 1)), *_hidden(project, nn.ReLU(), normalization)
            )
        }
        size = 8
        while size < image_size:
            up = nn.ConvTranspose2d(features, features // 2, 4, 2, 1, bias=normalization == "none")
            blocks[f"{resolution(size)}_up"] = nn.Sequential(*_hidden(up, nn.ReLU(), normalization))
            features, size = features // 2, size * 2
        for i in range(1, extra_layers + 1):
            extra = nn.Conv2d(features, features, 3, 1, 1, bias=normalization == "none")
            blocks[f"{resolution(size // 2)}_extra{i}"] = nn.Sequential(*_hidden(extra, nn.ReLU(), normalization))
        image = nn.ConvTranspose2d(features, channels, 4, 2, 1, bias=False)
        blocks[f"{resolution(image_size)}_image"] = nn.Sequential(image, nn.Tanh())
        super().__init__(blocks)


class DCGANDiscriminator(BlockNetwork):
    """Images (B, C, H, W) to logits (B,) of being real.

    ``width`` is the number of channels of the finest hidden layer; every coarser resolution has twice as many.
    ``extra_layers`` 3×3 convolutions follow the first layer.
    """

    def __init__(
        self,
        image_size: int,
        width: int,
        channels: int,
        extra_layers: int = 0,
        normalization: Normalization = "batch",
    ) -> None:
        check_image_size(image_size)
        size = image_size // 2
        first = nn.Conv2d(channels, width, 4, 2, 1, bias=False)
        blocks: dict[str, nn.Module] = {f"{resolution(size)}_down": nn.Sequential(*_hidden(first, _leaky(), "none"))}
        for i in range(1, extra_layers + 1):
            extra = nn.Conv2d(width, width, 3, 1, 1, bias=normalization == "none")
            blocks[f"{resolution(size)}_extra{i}"] = nn.Sequential(*_hidden(extra, _leaky(), normalization))
        features = width
        while size > 4:
            size //= 2
            down = nn.Conv2d(features, features * 2, 4, 2, 1, bias=normalization == "none")
            blocks[f"{resolution(size)}_down"] = nn.Sequential(*_hidden(down, _leaky(), normalization))
            features *= 2
        blocks["logit"] = nn.Sequential(nn.Conv2d(features, 1, 4, bias=False), nn.Flatten(0))
        super().__init__(blocks)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2)


def _hidden(
    layer: nn.Conv2d | nn.ConvTranspose2d, activation: nn.Module, normalization: Normalization
) -> list[nn.Module]:
    norm = [nn.BatchNorm2d(layer.out_channels)] if normalization == "batch" else []
    return [layer, *norm, activation]
