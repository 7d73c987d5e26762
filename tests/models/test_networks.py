"""One contract for all networks."""

import pytest
import torch

from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.dcgan_3x3 import DCGAN3x3Discriminator, DCGAN3x3Generator
from models.matching import count_parameters
from models.mlp import MLPDiscriminator, MLPGenerator

SIZES = [16, 32, 64]
GENERATORS = [DCGANGenerator, MLPGenerator, DCGAN3x3Generator]
DISCRIMINATORS = [DCGANDiscriminator, MLPDiscriminator, DCGAN3x3Discriminator]
TWO_A_RESOLUTION = (DCGAN3x3Generator, DCGAN3x3Discriminator)


def latents(count=3, dim=8):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("network", GENERATORS)
def test_generators_make_images_in_the_range_of_tanh(network, size, channels):
    images = network(image_size=size, latent_dim=8, width=4, channels=channels)(latents() * 1e3)
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("network", DISCRIMINATORS)
def test_discriminators_give_one_logit_an_image(network, size, channels):
    images = torch.randn(5, channels, size, size, generator=torch.Generator().manual_seed(0))
    logits = network(image_size=size, width=4, channels=channels)(images)
    assert logits.shape == (5,)
    assert len(set(logits.tolist())) == 5


@pytest.mark.parametrize("network", GENERATORS)
def test_activations_name_every_block_and_end_in_the_output(network):
    generator = network(image_size=32, latent_dim=8, width=4, channels=1, extra_layers=1)
    images, activations = generator(latents(), with_activations=True)
    assert list(activations) == list(generator.blocks)
    assert activations["32x32_image"] is images


def test_dcgan_blocks_are_named_by_resolution_and_role():
    generator = DCGANGenerator(image_size=32, latent_dim=8, width=4, channels=1, extra_layers=1)
    discriminator = DCGANDiscriminator(image_size=32, width=4, channels=1, extra_layers=1)
    assert list(generator.blocks) == ["4x4_project", "8x8_up", "16x16_up", "16x16_extra1", "32x32_image"]
    assert list(discriminator.blocks) == ["16x16_down", "16x16_extra1", "8x8_down", "4x4_down", "logit"]


def test_the_papers_discriminator_has_its_channels_at_their_resolutions_and_its_generator_mirrors_it():
    with torch.device("meta"):
        generator = DCGAN3x3Generator(image_size=32, latent_dim=256, width=128, channels=3)
        discriminator = DCGAN3x3Discriminator(image_size=32, width=128, channels=3)
        images, up = generator(torch.empty(2, 256), with_activations=True)
        _, down = discriminator(images, with_activations=True)
    assert {name: tuple(maps.shape[1:]) for name, maps in down.items() if name != "logit"} == {
        "32x32_conv": (128, 32, 32),
        "16x16_down": (128, 16, 16),
        "16x16_conv": (256, 16, 16),
        "8x8_down": (256, 8, 8),
        "8x8_conv": (512, 8, 8),
        "4x4_down": (512, 4, 4),
    }
    assert [maps.shape[1] for maps in up.values()] == [512, 512, 256, 256, 128, 128, 3]
    assert list(up) == ["4x4_project", "8x8_up", "8x8_conv", "16x16_up", "16x16_conv", "32x32_up", "32x32_image"]
    kernels = [layer.kernel_size for layer in discriminator.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert kernels == [(3, 3)] * 6 + [(4, 4)]  # the last is a product with what is left of 4×4


def test_a_block_named_by_a_resolution_gives_that_resolution():
    _, of_dcgan = DCGANGenerator(64, 8, 4, 3)(latents(), with_activations=True)
    _, of_3x3 = DCGAN3x3Generator(64, 8, 4, 3, extra_layers=1)(latents(), with_activations=True)
    for name, activation in [*of_dcgan.items(), *of_3x3.items()]:
        side = int(name.split("x")[0])
        assert activation.shape[2:] == (side, side)


def test_dcgan_has_the_parameters_of_the_well_known_example():
    assert count_parameters(DCGANGenerator(64, 100, 64, 3)) == 3_576_704
    assert count_parameters(DCGANDiscriminator(64, 64, 3)) == 2_765_568


@pytest.mark.parametrize("network", [*GENERATORS, *DISCRIMINATORS])
def test_extra_layers_add_parameters_and_keep_the_output_shape(network):
    arguments = {"image_size": 16, "width": 6, "channels": 1}
    inputs = torch.zeros(2, 1, 16, 16)
    if network in GENERATORS:
        arguments["latent_dim"], inputs = 8, latents(2)
    plain, deep = network(**arguments), network(**arguments, extra_layers=2)
    assert count_parameters(deep) > count_parameters(plain)
    assert deep(inputs).shape == plain(inputs).shape


@pytest.mark.parametrize("network", [*GENERATORS, *DISCRIMINATORS])
def test_batch_norm_is_absent_where_none_is_asked_for(network):
    arguments = {"image_size": 16, "width": 4, "channels": 1}
    if network in GENERATORS:
        arguments["latent_dim"] = 8

    def norms(normalization):
        modules = network(**arguments, normalization=normalization).modules()
        return sum("BatchNorm" in type(module).__name__ for module in modules)

    assert norms("none") == 0
    assert norms("batch") > 0


@pytest.mark.parametrize("network", DISCRIMINATORS)
def test_no_batch_norm_touches_the_discriminators_input_layer(network):
    first = next(iter(network(image_size=16, width=4, channels=1).blocks.values()))
    assert not any("BatchNorm" in type(module).__name__ for module in first.modules())


@pytest.mark.parametrize("network", GENERATORS)
def test_no_batch_norm_touches_the_generators_output_layer(network):
    *_, last = network(image_size=16, latent_dim=8, width=4, channels=1).blocks.values()
    assert not any("BatchNorm" in type(module).__name__ for module in last.modules())


@pytest.mark.parametrize("size", [0, 8, 17, 48])
@pytest.mark.parametrize("network", DISCRIMINATORS)
def test_sizes_that_cannot_be_halved_to_4_are_refused(network, size):
    with pytest.raises(ValueError, match=f"image_size={size}"):
        network(image_size=size, width=4, channels=1)


@pytest.mark.parametrize(("size", "layers"), [(16, 2), (32, 3), (64, 4), (128, 5)])
@pytest.mark.parametrize("network", [*GENERATORS, *DISCRIMINATORS])
def test_every_network_has_one_hidden_layer_a_resolution_or_two_unless_it_is_told_otherwise(network, size, layers):
    latent = {"latent_dim": 8} if network in GENERATORS else {}
    layers *= 2 if network in TWO_A_RESOLUTION else 1
    for asked, blocks in ((None, layers), (layers + 2, layers + 2)):
        built = network(image_size=size, width=4, channels=1, hidden_layers=asked, **latent)
        assert len(built.blocks) == blocks + 1  # and the image or the logit


def test_an_mlp_may_be_shallower_than_a_dcgan_and_has_no_inner_layer_then():
    assert list(MLPDiscriminator(16, 4, 1, hidden_layers=1).blocks) == ["hidden_1", "logit"]
    with pytest.raises(ValueError, match="inner_width=3"):
        MLPDiscriminator(16, 4, 1, hidden_layers=1, inner_width=3)


@pytest.mark.parametrize("network", [*GENERATORS, *DISCRIMINATORS])
def test_no_network_has_less_than_a_layer(network):
    latent = {"latent_dim": 8} if network in GENERATORS else {}
    with pytest.raises(ValueError, match="hidden_layers=0"):
        network(image_size=16, width=4, channels=1, hidden_layers=0, **latent)
