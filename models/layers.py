"""The layers at the ends of a DCGAN as matrix products: convolutions of 4×4 kernels where one side is 1×1 or grey.

The same layers as torch's, with the same weights by the same names, shapes and layout; only the order of summation
differs. A general convolution mostly moves data there: there are few channels, or few positions, to share its work.
All gradients come from ``backward()``, in the layout of their weights: fused Adam on the CPU reads both in the order
of memory, and would train wrongly, without an error, on gradients assigned in another.
"""

# B batch, C channels, F features, H height, W width, Z latent

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, fold
from torch.nn.grad import conv2d_weight


class ProjectionTo4x4(nn.ConvTranspose2d):
    """Vectors (B, Z, 1, 1) to feature maps (B, F, 4, 4): a transposed convolution of 4×4 kernels.

    A single input reaches every output position: y[b, f, i, j] = Σ_z x[b, z] w[z, f, i, j], which is a product of
    (B, Z) with (Z, 16 F).
    """

    def __init__(self, latent_dim: int, features: int, *, bias: bool) -> None:
        super().__init__(latent_dim, features, 4, bias=bias)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Feature maps with channels last."""
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)  # (Z, 16 F), a view where channels are last
        maps = (x.flatten(1) @ weight).unflatten(1, (4, 4, self.out_channels)).permute(0, 3, 1, 2)
        return maps if self.bias is None else maps + self.bias[:, None, None]


class LogitOf4x4(nn.Conv2d):
    """Feature maps (B, F, 4, 4) to one logit each (B, 1, 1, 1): a convolution of a single 4×4 kernel.

    y[b] = Σ_fij x[b, f, i, j] w[f, i, j], which is a product of (B, 16 F) with (16 F, 1).
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, 1, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, 1, 1)."""
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return (x.permute(0, 2, 3, 1).flatten(1) @ weight.T)[:, :, None, None]


class UpsamplingToImage(nn.ConvTranspose2d):
    """Feature maps (B, F, H, W) to images (B, C, 2H, 2W): a transposed convolution of stride 2 and padding 1.

    Where images are grey it is a product and a sum, see :func:`spread`; of colours torch's convolution is faster.
    """

    def __init__(self, features: int, channels: int) -> None:
        super().__init__(features, channels, 4, 2, 1, bias=False)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Images before the tanh."""
        return spread(x, self.weight) if self.out_channels == 1 else super().forward(x)


class DownsamplingOfImage(nn.Conv2d):
    """Images (B, C, 2H, 2W) to feature maps (B, F, H, W): a convolution of stride 2 and padding 1.

    The gradient in grey images, by which G learns, is the transposed convolution of :func:`spread`.
    """

    def __init__(self, channels: int, features: int) -> None:
        super().__init__(channels, features, 4, 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Feature maps before the activation."""
        if self.in_channels == 1 and x.requires_grad:
            return _GreyConvolution.apply(x, self.weight)
        return super().forward(x)


def spread(x: Tensor, weight: Tensor) -> Tensor:
    """Transposed convolution (B, 1, 2H, 2W) of x (B, F, H, W) by 4×4 kernels (F, 1, 4, 4), stride 2, padding 1.

    The product of (16, F) with (F, H W) is what every position adds to the 4×4 pixels around it; ``fold`` sums it.
    """
    height, width = x.shape[2:]
    added = weight.flatten(1).T @ x.flatten(2)  # (B, 16, H W), no copy in either memory layout
    return fold(added, (2 * height, 2 * width), kernel_size=4, padding=1, stride=2)


class _GreyConvolution(torch.autograd.Function):
    """Convolution of grey images with the gradient in the images as a product; gradients have gradients (R1)."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x, weight)
        return conv2d(x, weight, stride=2, padding=1)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:  # type: ignore[no-untyped-def]
        x, weight = ctx.saved_tensors
        of_x, of_weight = ctx.needs_input_grad
        return (
            spread(gradient, weight) if of_x else None,
            conv2d_weight(x, weight.shape, gradient, stride=2, padding=1) if of_weight else None,
        )
