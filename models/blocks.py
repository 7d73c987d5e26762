"""A network as a sequence of named blocks, so that what happens inside can be looked at during training."""

from collections.abc import Callable, Mapping
from typing import Literal, overload

from torch import Tensor, nn

Normalization = Literal["none", "batch"]


class BlockNetwork(nn.Module):
    """A forward pass made of named blocks, one after another.

    Blocks are named by resolution and role (``4x4_project``, ``8x8_up``, ``logit``) and found by that name in
    ``network.blocks``.
    """

    def __init__(self, blocks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict(blocks)

    @overload
    def forward(self, x: Tensor, with_activations: Literal[False] = False) -> Tensor: ...

    @overload
    def forward(self, x: Tensor, with_activations: Literal[True]) -> tuple[Tensor, dict[str, Tensor]]: ...

    def forward(self, x: Tensor, with_activations: bool = False) -> Tensor | tuple[Tensor, dict[str, Tensor]]:
        """The network's output; with activations, also every block's output by the block's name."""
        activations = {}
        for name, block in self.blocks.items():
            x = block(x)
            if with_activations:
                activations[name] = x
        return (x, activations) if with_activations else x


def check_image_size(image_size: int) -> None:
    """Raise ValueError unless images of this height and width can be halved to 4×4."""
    if image_size < 16 or image_size & (image_size - 1):
        raise ValueError(f"image_size={image_size}: expected 16, 32, 64 or another power of two above")


def least_hidden_layers(image_size: int) -> int:
    """Hidden layers of a DCGAN network at this size: one a resolution from 4×4 to half the image's."""
    check_image_size(image_size)
    return image_size.bit_length() - 3


def normalization_layers(
    normalization: Normalization, batch_norm: Callable[[int], nn.Module], features: int
) -> list[nn.Module]:
    """What stands between a hidden layer and its activation. Raises ValueError for a name that nothing builds."""
    match normalization:
        case "none":
            return []
        case "batch":
            return [batch_norm(features)]
    raise ValueError(f"normalization={normalization!r}: expected none or batch")


def resolution(size: int) -> str:
    """The way a block's name gives its output's height and width."""
    return f"{size}x{size}"
