from dataclasses import replace

import pytest

from experiments.cells import matched_cells
from experiments.networks import match_info, with_widths
from runs.errors import UserError
from runs.schema import RunConfig
from runs.study import load_study


def test_every_arm_of_the_default_study_matches_dcgan_within_one_percent():
    for one in matched_cells(load_study("digits")):
        assert one.match["parameters_g"] / one.match["reference_parameters_g"] == pytest.approx(1, abs=0.01)
        assert one.match["parameters_d"] / one.match["reference_parameters_d"] == pytest.approx(1, abs=0.01)


def test_an_mlp_of_equal_size_needs_far_fewer_operations():
    matches = {one.cell.arm: one.match for one in matched_cells(load_study("digits"))}
    assert matches["mlp"]["flops_g"] < matches["dcgan"]["flops_g"] / 5


def test_declared_widths_stay():
    config = RunConfig(arm="wide", architecture="mlp", width_g=512, width_d=512)
    assert with_widths(config, None) == config
    assert match_info(config, None)["reference"] is None


@pytest.mark.parametrize("size", [64, 128])
def test_a_generator_narrower_than_its_latent_vector_is_refused(size):
    reference = RunConfig(image_size=size, latent_dim=200, width_g=16, width_d=16, channels=3)
    config = replace(reference, arm="mlp", architecture="mlp", width_g=None, width_d=None)
    with pytest.raises(UserError, match=r"arm mlp cannot match dcgan.*narrower than the latent vector"):
        with_widths(config, reference)


def test_a_width_that_cannot_match_is_said_in_one_line():
    reference = RunConfig(width_g=2, width_d=1, latent_dim=4)
    config = replace(reference, arm="deep", architecture="dcgan", extra_layers=3, width_g=None, width_d=None)
    with pytest.raises(UserError, match="arm deep cannot match dcgan: no width gives") as error:
        with_widths(config, reference)
    assert "\n" not in str(error.value)
