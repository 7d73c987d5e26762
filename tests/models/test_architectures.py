"""Names become networks in one place, and a name that nothing builds is an error."""

from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn

from experiments.datasets import DATASETS, why_absent
from experiments.datasets.protocol import Source
from models.architectures import RECIPES, Shape, recipe
from models.dcgan import DCGANGenerator
from models.initialization import initialize
from models.losses import LOSSES
from models.mlp import MLPGenerator
from runs import datasets, schema

SHAPE = Shape(
    image_size=16,
    channels=1,
    latent_dim=8,
    width=4,
    inner_width=None,
    hidden_layers=None,
    extra_layers=0,
    normalization="none",
)


def test_there_is_one_recipe_for_each_architecture_loss_and_data_set_that_a_config_can_name():
    assert set(RECIPES) == set(get_args(schema.Architecture))
    assert set(LOSSES) == set(get_args(schema.Loss))
    assert set(DATASETS) == set(datasets.DATASETS)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_two_players_that_fit_each_other(name):
    found = recipe(name)
    assert found.discriminator(SHAPE)(found.generator(SHAPE)(torch.zeros(3, 8))).shape == (3,)


def test_an_unknown_name_builds_nothing():
    with pytest.raises(ValueError, match=r"architecture='cnn': expected one of mlp, dcgan"):
        recipe("cnn")
    for network in (MLPGenerator, DCGANGenerator):
        with pytest.raises(ValueError, match=r"normalization='layer': expected none or batch"):
            network(16, 8, 4, 1, normalization="layer")
    with pytest.raises(ValueError, match=r"init='xavier': expected one of dcgan, he"):
        initialize(nn.Linear(1, 1), "xavier", torch.zeros)
    with pytest.raises(ValueError, match=r"dataset='cats': expected one of digits"):
        why_absent(Source(dataset="cats", image_size=16, channels=1), Path("nowhere"))


@pytest.mark.parametrize("name", ["dcgan", "dcgan-3x3"])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_dcgan_refuses_an_inner_width(name, player):
    with pytest.raises(ValueError, match="inner_width=3"):
        getattr(recipe(name), player)(Shape(**{**vars(SHAPE), "inner_width": 3}))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_how_many_hidden_layers_its_players_have(name):
    found = recipe(name)
    for network in (found.generator(SHAPE), found.discriminator(SHAPE)):
        assert len(network.blocks) - 1 == found.hidden_layers(SHAPE.image_size)
