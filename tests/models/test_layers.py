"""Layers made of products are torch's convolutions: outputs, gradients, gradients of gradients, weights."""

import pytest
import torch
from torch.autograd import gradgradcheck

from benchmarks.plain_layers import PRODUCTS, make_plain, plain
from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.layers import DownsamplingOfImage, LogitOf4x4, ProjectionTo4x4, UpsamplingToImage
from models.losses import r1_penalty
from models.matching import count_flops

LAYERS = {  # a layer and the shape of one input
    "projection": (lambda: ProjectionTo4x4(7, 6, bias=False), (7, 1, 1)),
    "projection with a bias": (lambda: ProjectionTo4x4(7, 6, bias=True), (7, 1, 1)),
    "logit": (lambda: LogitOf4x4(6), (6, 4, 4)),
    "grey image": (lambda: UpsamplingToImage(6, 1), (6, 8, 8)),
    "large grey image": (lambda: UpsamplingToImage(3, 1), (3, 32, 32)),
    "grey image twice as wide": (lambda: UpsamplingToImage(6, 1), (6, 4, 8)),
    "coloured image": (lambda: UpsamplingToImage(6, 3), (6, 8, 8)),
    "first of grey": (lambda: DownsamplingOfImage(1, 6), (1, 16, 16)),
    "first of grey twice as wide": (lambda: DownsamplingOfImage(1, 6), (1, 8, 16)),
    "first of colours": (lambda: DownsamplingOfImage(3, 6), (3, 16, 16)),
}
FORMATS = [torch.contiguous_format, torch.channels_last]
TOLERANCE = {torch.float64: 1e-13, torch.float32: 2e-5}  # of sums of up to 256 terms of size 1


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def built(name, dtype=torch.float64, memory_format=torch.contiguous_format, batch=5):
    """The layer and an input, of fixed values."""
    build, shape = LAYERS[name]
    layer = build().to(dtype)
    for i, parameter in enumerate(layer.parameters()):
        parameter.data = draw(*parameter.shape, seed=i, dtype=dtype)
    x = draw(batch, *shape, seed=9, dtype=dtype).contiguous(memory_format=memory_format)
    return layer.to(memory_format=memory_format), x.requires_grad_()


def output_and_gradients(layer, x, *, images=True):
    """What a layer makes of x and of a fixed gradient: in the parameters and, if wanted, in x."""
    x = x.detach().requires_grad_(images)
    y = layer(x)
    wanted = [*([x] if images else []), *layer.parameters()]
    gradients = torch.autograd.grad(y, wanted, draw(*y.shape, seed=8, dtype=y.dtype))
    return [y.detach(), *gradients]


def order_in_memory(tensor):
    """Where each entry lies, by its index; the stride of a side of length 1 means nothing."""
    return torch.as_strided(torch.arange(tensor.numel()), tensor.shape, tensor.stride()).tolist()


@pytest.mark.parametrize("images", [True, False], ids=["gradient in x too", "gradients in weights only"])
@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("memory_format", FORMATS, ids=str)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_and_gradients_are_those_of_the_plain_convolution(name, dtype, memory_format, batch, images):
    layer, x = built(name, dtype, memory_format, batch)
    ours, theirs = (output_and_gradients(one, x, images=images) for one in (layer, plain(layer)))
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= TOLERANCE[dtype] * other.abs().max().clamp(min=1)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_have_gradients(name):
    layer, x = built(name, batch=2)
    small = x[..., :4, :4].detach().requires_grad_()
    assert gradgradcheck(
        lambda x, w: torch.func.functional_call(layer, {"weight": w}, x), (small, layer.weight), fast_mode=True
    )


@pytest.mark.parametrize("memory_format", FORMATS, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_lie_in_memory_as_their_weights_do(name, memory_format):
    layer, x = built(name, memory_format=memory_format)
    layer(x).square().sum().backward()
    for parameter in layer.parameters():
        assert order_in_memory(parameter.grad) == order_in_memory(parameter)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_gives_the_same_bits_again(name):
    layer, x = built(name, torch.float32, torch.channels_last)
    ours, again = (output_and_gradients(layer, x) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(ours, again, strict=True))


@pytest.mark.parametrize("name", LAYERS)
def test_weights_and_flops_are_those_of_the_plain_convolution(name):
    layer, x = built(name)
    other = plain(layer)
    assert [(key, one.shape) for key, one in layer.state_dict().items()] == [
        (key, one.shape) for key, one in other.state_dict().items()
    ]
    assert count_flops(layer, x) == count_flops(other, x)


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize(("size", "channels"), [(16, 1), (32, 1), (32, 3)])
def test_networks_are_the_plain_ones_r1_penalty_included(size, channels, normalization):
    generator = DCGANGenerator(size, 6, 4, channels, normalization=normalization).double()
    discriminator = DCGANDiscriminator(size, 4, channels, normalization=normalization).double()
    parameters = [*generator.parameters(), *discriminator.parameters()]
    for i, parameter in enumerate(parameters):
        parameter.data = 0.3 * draw(*parameter.shape, seed=i)

    def values():
        real = draw(8, channels, size, size, seed=98).requires_grad_()
        fake = generator(draw(8, 6, seed=99))
        logits = discriminator(real)
        objective = (r1_penalty(logits, real) + discriminator(fake)).sum()
        return [fake, logits, objective, *torch.autograd.grad(objective, parameters)]

    ours = values()
    for network in (generator, discriminator):
        make_plain(network)
        assert not any(isinstance(layer, PRODUCTS) for layer in network.modules())
    for one, other in zip(ours, values(), strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-9 * float(other.detach().abs().max()))
