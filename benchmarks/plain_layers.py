"""Networks as torch's own layers would have them: what the layers made of products are measured against."""

from collections.abc import Collection

from torch import nn

from models.layers import DownsamplingOfImage, LogitOf4x4, ProjectionTo4x4, UpsamplingToImage

PRODUCTS: tuple[type[nn.Module], ...] = (ProjectionTo4x4, UpsamplingToImage, LogitOf4x4, DownsamplingOfImage)


def make_plain(network: nn.Module, layers: Collection[type[nn.Module]] = PRODUCTS) -> None:
    """Replace the layers of these classes, in place, by the plain convolutions that they are; weights are shared."""
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) in layers:
                parent.register_module(name, plain(layer))


def plain(layer: nn.Module) -> nn.Conv2d | nn.ConvTranspose2d:
    """The plain convolution of a layer made of products, with the very same weight."""
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    kind = nn.ConvTranspose2d if isinstance(layer, nn.ConvTranspose2d) else nn.Conv2d
    made = kind(
        layer.in_channels,
        layer.out_channels,
        kernel_size=layer.kernel_size[0],
        stride=layer.stride[0],
        padding=int(layer.padding[0]),
        bias=layer.bias is not None,
        device="meta",
    )
    made.weight, made.bias = layer.weight, layer.bias
    return made
