import resource

import pytest
import torch

from experiments import features
from experiments.feature_space import FEATURES
from experiments.features import feature_extractor, weights_hash
from experiments.probes import measure_references
from runs.errors import UserError
from runs.schema import REFERENCES


def test_the_feature_network_recognises_held_out_digits(images):
    assert images[1].accuracy >= 0.95


def test_features_are_bounded_and_probabilities_sum_to_one(images):
    data, extractor = images
    features, probabilities = extractor(next(data.held_out.chunks(360)))
    assert features.shape == (360, FEATURES) and features.abs().max() <= 1
    assert torch.allclose(probabilities.sum(1), torch.ones(360))


def test_the_same_data_give_the_same_network_kept_or_trained_again(images, tmp_path):
    data, kept = images
    again = feature_extractor(data, tmp_path)
    assert again.hash == kept.hash
    assert feature_extractor(data, tmp_path).hash == kept.hash


@pytest.fixture
def hardly_trained(monkeypatch):
    """Networks are trained for one epoch: enough where no more is asked than which network it is."""
    monkeypatch.setattr(features, "EPOCHS_OF_FEW", 1)


def test_a_damaged_file_is_replaced(images, tmp_path, hardly_trained):
    data = images[0]
    kept = feature_extractor(data, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert feature_extractor(data, tmp_path).hash == kept.hash
    assert path.read_bytes() == whole


@pytest.fixture
def full_disk():
    """No file takes more than 2,000 bytes, as where a disk is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_with_the_variable_that_names_another(images, tmp_path, hardly_trained, full_disk):
    with pytest.raises(UserError, match=r"cannot be written: .*; free disk space there, .* export GAN_STABILITY_LOCAL"):
        feature_extractor(images[0], tmp_path / "features")
    assert list((tmp_path / "features").iterdir()) == []


def test_making_the_network_leaves_global_random_state_alone(images, tmp_path, hardly_trained):
    torch.rand(1)  # a state that no network made before has left
    state = torch.get_rng_state()
    feature_extractor(images[0], tmp_path)
    assert torch.equal(state, torch.get_rng_state())


def test_the_hash_is_of_every_weight():
    weights = {"a": torch.ones(2), "b": torch.zeros(3)}
    assert weights_hash(weights) != weights_hash({"a": torch.ones(2), "b": torch.tensor([0.0, 0.0, 1.0])})


def test_references_order_images_of_known_quality_as_a_person_would(images):
    values = measure_references(*images, samples=500)
    assert set(values) == set(REFERENCES)
    frechet = {name: value["eval_frechet"] for name, value in values.items()}
    assert frechet["held_out"] < frechet["pixel_gaussian"] < frechet["half_classes"] < frechet["noise"]
    assert values["held_out"]["eval_modes"] == 10
    assert values["half_classes"]["eval_modes"] == 5
    assert values["one_class"]["eval_modes"] == 1
    assert values["grey"]["eval_diversity"] == values["grey"]["eval_recall"] == 0
    assert values["noise"]["eval_precision"] < 0.1 < values["pixel_gaussian"]["eval_precision"] < 0.6


def test_a_quarter_of_greys_distance_lies_just_above_that_of_half_the_classes(images):
    values = measure_references(*images, samples=500)
    half, bar = values["half_classes"]["eval_frechet"], values["grey"]["eval_frechet"] / 4
    assert half < bar < 1.5 * half
