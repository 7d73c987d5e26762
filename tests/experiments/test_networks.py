from dataclasses import replace

import pytest
import torch
from torch import nn

from experiments.cells import matched_cells
from experiments.networks import build_discriminator, build_generator, match_info, matched_config
from models.dcgan import DCGANDiscriminator
from models.mlp import MLPGenerator
from runs.errors import UserError
from runs.schema import RunConfig
from runs.study import load_study
from runs.study_file import spelled_out

MLP = spelled_out({"architecture": "mlp"})


def test_every_arm_of_the_default_study_matches_dcgan_within_one_percent():
    for one in matched_cells(load_study("digits")):
        assert one.match["parameters_g"] / one.match["reference_parameters_g"] == pytest.approx(1, abs=0.01)
        assert one.match["parameters_d"] / one.match["reference_parameters_d"] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("name", "depth"), [("tiny_imagenet", 3), ("paper_features", 6)])
def test_arms_of_the_studies_whose_features_are_tested_elsewhere_match_without_their_data(name, depth):
    for one in matched_cells(load_study(name), without_data=True):
        assert (one.match["hidden_layers_g"], one.match["hidden_layers_d"]) == (depth, depth)
        assert one.match["parameters_g"] / one.match["reference_parameters_g"] == pytest.approx(1, abs=0.01)
        assert one.match["parameters_d"] / one.match["reference_parameters_d"] == pytest.approx(1, abs=0.01)


def test_the_papers_study_has_the_papers_discriminator():
    (config,) = (
        one.config
        for one in matched_cells(load_study("paper_features"), without_data=True)
        if one.cell.arm == "dcgan-3x3"
    )
    with torch.device("meta"):
        image = torch.empty(2, config.channels, config.image_size, config.image_size)
        maps = build_discriminator(config)(image, with_activations=True)[1]
    assert sum(one.shape[1] for name, one in maps.items() if name != "logit") * 16 == 28_672


def test_an_mlp_of_equal_size_needs_far_fewer_operations():
    matches = {one.cell.arm: one.match for one in matched_cells(load_study("digits"))}
    assert matches["mlp"]["flops_g"] < matches["dcgan"]["flops_g"] / 5


def test_declared_widths_stay():
    config = RunConfig(arm="wide", **MLP, hidden_layers_g=3, hidden_layers_d=1, width_g=512, width_d=512)
    assert matched_config(config, None) == config
    assert match_info(config, None)["reference"] is None


def test_an_arm_has_the_depth_of_its_own_architecture_or_of_the_one_it_is_matched_to():
    shape = {"architecture": "dcgan-3x3", "image_size": 32, "latent_dim": 16, "width": 8}
    deep = RunConfig(arm="dcgan-3x3", **spelled_out(shape))
    assert (matched_config(deep, None).hidden_layers_g, matched_config(deep, None).hidden_layers_d) == (6, 6)
    info = match_info(matched_config(replace(deep, arm="mlp", **MLP, width_g=None, width_d=None), deep), deep)
    assert (info["hidden_layers_g"], info["hidden_layers_d"]) == (6, 6)
    assert info["parameters_d"] / info["reference_parameters_d"] == pytest.approx(1, abs=0.01)
    with pytest.raises(UserError, match="arm dcgan-3x3: hidden_layers=3: a DCGAN of 32×32 images has 6 or more"):
        matched_config(deep, replace(deep, arm="dcgan", **spelled_out({"architecture": "dcgan"})))


@pytest.mark.parametrize("size", [64, 128])
def test_a_generator_narrower_than_its_latent_vector_is_refused(size):
    reference = RunConfig(image_size=size, latent_dim=200, width_g=16, width_d=16, channels=3)
    config = replace(reference, arm="mlp", **MLP, width_g=None, width_d=None)
    with pytest.raises(UserError, match=r"arm mlp cannot match dcgan.*narrower than the latent vector"):
        matched_config(config, reference)


def test_a_width_that_cannot_match_is_said_in_one_line():
    reference = RunConfig(width_g=2, width_d=1, latent_dim=4)
    config = replace(reference, arm="deep", extra_layers=3, width_g=None, width_d=None)
    with pytest.raises(UserError, match="arm deep cannot match dcgan: no width gives") as error:
        matched_config(config, reference)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("size", "layers"), [(16, 2), (32, 3), (64, 4), (128, 5)])
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_an_mlp_has_as_many_hidden_and_normalized_layers_as_dcgan_at_every_size(size, layers, normalization):
    reference = RunConfig(image_size=size, width_g=64, width_d=64, **spelled_out({"normalization": normalization}))
    config = matched_config(replace(reference, arm="mlp", **MLP, width_g=None, width_d=None), reference)
    match = match_info(config, reference)
    for role in "gd":
        assert match[f"hidden_layers_{role}"] == match[f"reference_hidden_layers_{role}"] == layers
        assert match[f"parameters_{role}"] / match[f"reference_parameters_{role}"] == pytest.approx(1, abs=0.01)
    for build in (build_generator, build_discriminator):
        assert weight_layers(build(config)) == weight_layers(build(matched_config(reference, None))) == layers + 1
        assert norms(build(config)) == norms(build(matched_config(reference, None)))


def weight_layers(network):
    return sum(isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) for layer in network.modules())


def norms(network):
    return sum(isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) for layer in network.modules())


def test_a_depth_that_an_arm_declares_stays_and_is_told_from_its_references():
    reference = RunConfig(width_g=32, width_d=32)
    config = matched_config(
        replace(reference, arm="mlp", **MLP, hidden_layers_d=3, width_g=None, width_d=None), reference
    )
    match = match_info(config, reference)
    assert (match["hidden_layers_g"], match["hidden_layers_d"]) == (2, 3)
    assert (match["reference_hidden_layers_g"], match["reference_hidden_layers_d"]) == (2, 2)
    assert match["parameters_d"] / match["reference_parameters_d"] == pytest.approx(1, abs=0.01)


def test_extra_layers_come_on_top_of_both_players_hidden_layers():
    reference = RunConfig(width_g=32, width_d=32, extra_layers=1)
    config = matched_config(replace(reference, arm="mlp", **MLP, width_g=None, width_d=None), reference)
    match = match_info(config, reference)
    assert [match[f"{of}hidden_layers_{role}"] for of in ("", "reference_") for role in "gd"] == [3, 3, 3, 3]


def test_an_mlp_generator_can_play_against_a_dcgan_discriminator():
    reference = RunConfig(width_g=32, width_d=32)
    config = matched_config(
        replace(reference, arm="mixed", architecture_g="mlp", width_g=None, width_d=None), reference
    )
    assert isinstance(build_generator(config), MLPGenerator)
    assert isinstance(build_discriminator(config), DCGANDiscriminator)
    assert config.width_d == 32
    assert match_info(config, reference)["parameters_g"] == pytest.approx(99_008, rel=0.01)


@pytest.mark.parametrize("changes", [{"hidden_layers_d": 1}, {"hidden_layers_g": 1}])
def test_a_dcgan_shallower_than_its_resolutions_is_refused_in_one_line(changes):
    with pytest.raises(UserError, match=r"arm dcgan: hidden_layers=1: a DCGAN of 16×16 images has 2 or more"):
        matched_config(RunConfig(**changes), None)
