"""Inception's network with random weights: what it is given and what comes out, whatever its weights are."""

import pytest
import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from experiments import inception
from experiments.data import main as data_main
from experiments.datasets.images import ImageData, ImagesInMemory
from experiments.features import feature_extractor
from experiments.inception import WEIGHTS, InceptionNetwork, fetch_weights, weights_file
from runs.addresses import DATA_VARIABLE
from runs.errors import UserError


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory):
    """A file of weights, of the right names and shapes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        network = FeatureExtractorInceptionV3("inception", ["2048"])
    path = tmp_path_factory.mktemp("weights") / WEIGHTS
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture
def here(random_weights, monkeypatch):
    """As if these were the published weights, and lay where data sets lie."""
    monkeypatch.setenv(DATA_VARIABLE, str(random_weights.parent))
    monkeypatch.setattr(inception, "CHECKSUM", inception._sha256(random_weights)[:8])
    return random_weights


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path


def pictures(count, channels=3):
    return torch.randint(
        0, 256, (count, channels, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )


def unlabelled():
    return ImageData(train=ImagesInMemory(pictures(6), None), held_out=ImagesInMemory(pictures(2), None), classes=0)


def test_a_grey_image_is_seen_as_the_colour_image_that_looks_the_same(random_weights):
    network, grey = InceptionNetwork(random_weights), pictures(2, channels=1)
    assert torch.equal(network(grey), network(grey.repeat(1, 3, 1, 1)))


def test_an_images_features_do_not_depend_on_those_beside_it(random_weights, monkeypatch):
    network, images = InceptionNetwork(random_weights), pictures(3)
    together = network(images)
    assert together.shape == (3, 2048) and together.std(0).max() > 0
    monkeypatch.setattr(inception, "_AT_ONCE", 1)
    assert torch.allclose(network(images), together, rtol=1e-3, atol=1e-6)


def test_unlabelled_images_are_measured_in_inceptions_space_where_that_is_asked_for(here, tmp_path):
    space = feature_extractor(unlabelled(), tmp_path, "inception")
    features, probabilities = space(pictures(4))
    assert space.space == "Inception, projected"
    assert features.shape == (4, 32) and probabilities is None
    assert feature_extractor(unlabelled(), tmp_path, "inception").hash == space.hash
    assert feature_extractor(unlabelled(), tmp_path).space == "random filters"


def test_the_projection_keeps_distances_on_average(here, tmp_path):
    images = pictures(12)
    full = InceptionNetwork(here)(images)
    projected = feature_extractor(unlabelled(), tmp_path, "inception")(images)[0]
    ratio = torch.pdist(projected).square().mean() / torch.pdist(full).square().mean()
    # each projected square is a mean of 2,048 numbers in place of their sum, 32 times
    assert float(ratio) * 2048 / 32 == pytest.approx(1, abs=0.5)


def test_images_with_classes_are_not_measured_in_inceptions_space(images, tmp_path):
    with pytest.raises(UserError, match="feature_space=inception: these images have classes"):
        feature_extractor(images[0], tmp_path, "inception")


def test_absent_weights_are_said_in_one_line_with_both_places_and_what_fetches_them(nowhere):
    with pytest.raises(UserError, match="make data DATASET=inception fetches it") as refused:
        weights_file()
    assert str(nowhere / "data") in str(refused.value) and str(nowhere / "hub") in str(refused.value)
    assert "\n" not in str(refused.value)


def test_weights_with_other_content_are_refused_before_they_are_loaded(nowhere):
    (nowhere / "data").mkdir()
    (nowhere / "data" / WEIGHTS).write_bytes(b"something that would be executed")
    with pytest.raises(UserError, match=f"{WEIGHTS} is damaged: its SHA-256 does not begin with 6726825d"):
        weights_file()


def test_weights_are_fetched_once_into_the_folder_of_data_sets(nowhere, random_weights, monkeypatch, capsys):
    monkeypatch.setattr(inception, "CHECKSUM", inception._sha256(random_weights)[:8])
    fetched = []

    def download(url, path, hash_prefix):
        fetched.append((url, hash_prefix))
        (nowhere / "data" / WEIGHTS).write_bytes(random_weights.read_bytes())

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    for _ in range(2):
        assert data_main(["inception"]) == 0
    assert fetched == [(inception.URL_INCEPTION_V3, inception.CHECKSUM)]
    assert str(nowhere / "data" / WEIGHTS) in capsys.readouterr().out


def test_without_a_connection_the_reason_and_the_places_are_said(nowhere, monkeypatch):
    def offline(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(UserError, match=r"cannot be fetched \(no route to host\); there is no") as refused:
        fetch_weights()
    assert "\n" not in str(refused.value)
