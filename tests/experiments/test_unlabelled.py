"""Images without labels: how they are measured, and a study of a folder of pictures from sweep to report."""

import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from experiments import feature_space
from experiments.datasets import load_images
from experiments.datasets.images import ImagesInMemory
from experiments.datasets.protocol import Source
from experiments.feature_space import FEATURES, real_subset
from experiments.features import feature_extractor
from experiments.filters import FilterFeatures
from experiments.measures import describe_real, feature_measures
from experiments.probes import measure_references
from runs.schema import REFERENCES
from tests.experiments.datasets_in_files import write_pictures
from tests.experiments.sweeping import sweep
from tests.project import run

STUDY = """
study: pictures
question: Does a study of a user's own pictures run?
seeds: 2
reference_arm: dcgan
base: {dataset: image_folder, data: mine, image_size: 16, channels: 3, latent_dim: 16, batch_size: 16, steps: 20,
       eval_every: 10, eval_samples: 100}
arms:
  mlp: {architecture: mlp, normalization: none}
  dcgan: {architecture: dcgan, normalization: batch, width_g: 24, width_d: 24}
plan:
  primary: {name: x, outcome: not_stable, first: mlp, second: dcgan}
  co_primary: {name: x, outcome: updates_to_bar, first: mlp, second: dcgan}
"""


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    source = Source(dataset="photo_patches", image_size=16, channels=3)
    data = load_images(source, tmp_path_factory.mktemp("local"))
    return data, feature_extractor(data, tmp_path_factory.mktemp("features"))


def pixels(images, count):
    return images.take(torch.arange(count))


def test_the_space_is_a_fixed_function_of_the_real_images_alone(patches):
    data, extractor = patches
    state = torch.get_rng_state()
    again = FilterFeatures(data.train)
    assert torch.equal(torch.get_rng_state(), state)
    assert again.hash == extractor.hash
    images = pixels(data.held_out, 30)
    assert torch.equal(again(images)[0], extractor(images)[0])
    assert extractor(images)[0].shape == (30, FEATURES) and extractor(images)[1] is None
    assert FilterFeatures(data.held_out).hash != extractor.hash


def test_it_places_one_image_alike_alone_and_among_others(patches):
    data, extractor = patches
    images = pixels(data.held_out, 300)
    assert torch.allclose(extractor(images[290:291])[0], extractor(images)[0][290:291], atol=1e-4)


def blurred(images, radius):
    pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
    smooth = [np.array(picture.filter(ImageFilter.GaussianBlur(radius))) for picture in pictures]
    return torch.from_numpy(np.stack(smooth)).permute(0, 3, 1, 2)


def noisy(images, deviation):
    drawn = deviation * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + drawn).round().clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize("damaged", [blurred, noisy])
def test_more_damage_means_more_distance_and_less_precision(patches, damaged):
    data, extractor = patches
    real = describe_real(extractor.features(data.train, real_subset(data.train)))
    images = pixels(data.held_out, 500)
    strengths = (1, 2, 4) if damaged is blurred else (16, 32, 64)
    values = [feature_measures(extractor(one)[0], real) for one in (images, *(damaged(images, s) for s in strengths))]
    for measure, rises in (("eval_frechet", True), ("eval_coverage", False)):
        series = [one[measure] for one in values]
        assert series == sorted(series, reverse=not rises), (measure, series)
    undamaged, *damaged_ones = (one["eval_precision"] for one in values)
    assert max(damaged_ones) < 0.8 * undamaged  # it need not fall further: an outlier's surroundings are wide


def test_references_without_labels_are_near_neighbours_and_nothing_is_said_of_classes(patches):
    values = measure_references(*patches, samples=300)
    assert set(values) == set(REFERENCES)
    assert all(
        math.isnan(one[name]) for one in values.values() for name in ("eval_modes", "eval_kl", "eval_confidence")
    )
    assert values["one_class"]["eval_diversity"] < values["half_classes"]["eval_diversity"] < 1
    assert values["one_class"]["eval_recall"] < values["half_classes"]["eval_recall"] < 0.9
    assert values["held_out"]["eval_frechet"] < values["grey"]["eval_frechet"]


def test_measures_compare_with_the_same_ten_thousand_images_however_many_there_are():
    many = ImagesInMemory(torch.zeros(25_000, 1, 1, 1, dtype=torch.uint8), None)
    chosen = real_subset(many)
    assert len(chosen) == len(set(chosen.tolist())) == 10_000
    assert torch.equal(chosen, real_subset(many))
    assert real_subset(ImagesInMemory(torch.zeros(70, 1, 1, 1, dtype=torch.uint8), None)).tolist() == list(range(70))


def test_the_filters_answers_are_scaled_by_the_images_that_the_measures_compare_with(patches, monkeypatch):
    monkeypatch.setattr(feature_space, "REAL_IMAGES", 100)
    data = patches[0]
    chosen = data.train.take(real_subset(data.train))
    extractor = FilterFeatures(data.train)
    assert len(chosen) == 100
    assert extractor.hash == FilterFeatures(ImagesInMemory(chosen, None)).hash
    assert extractor.hash != FilterFeatures(ImagesInMemory(pixels(data.train, 100), None)).hash


def test_a_gaussian_of_many_pixels_has_the_mean_and_covariance_of_the_images():
    """Drawn by weighing images, where a covariance matrix would be too large; here compared with that matrix."""
    from experiments.probes import _pixel_gaussian

    draw = np.random.default_rng(0)
    factors = draw.normal(size=(400, 3)) @ draw.normal(size=(3, 1200)) * 8 + 128
    images = torch.from_numpy(factors.round().clip(0, 255).astype(np.uint8)).reshape(400, 3, 20, 20)
    drawn = _pixel_gaussian(images, 20_000, np.random.default_rng(1)).flatten(1).double()
    real = images.flatten(1).double()
    assert torch.allclose(drawn.mean(0), real.mean(0), atol=1.5)
    ratio = drawn.var(0).sum() / real.var(0).sum()
    assert ratio == pytest.approx(1, abs=0.03)
    assert torch.linalg.matrix_rank(drawn - drawn.mean(0), rtol=0.02) == 3


def test_a_folder_of_pictures_goes_from_sweep_to_report_and_a_changed_one_is_refused(project):
    (project / "pictures.yaml").write_text(STUDY)
    write_pictures(project / "mine", 99)
    few = sweep(project, "pictures.yaml", "--workers", "1")
    assert (few.returncode, few.stderr.count("\n")) == (2, 1)
    assert "89 images to train on; expected at least 100" in few.stderr
    paths = write_pictures(project / "mine", 120)
    swept = sweep(project, "pictures.yaml", "--workers", "1")
    assert swept.returncode == 0, swept.stderr
    reported = run(project, "analysis.report", "pictures.yaml", "--out", "out")
    assert reported.returncode == 0, reported.stderr
    page = (project / "out" / "pictures" / "report.html").read_text(encoding="utf-8")
    assert "no labels" in page and "random filters" in page
    Image.new("RGB", (50, 50), "red").save(paths[0])
    (project / "pictures.yaml").write_text(STUDY.replace("seeds: 2", "seeds: 3"))
    refused = sweep(project, "pictures.yaml", "--workers", "1")
    assert refused.returncode == 2
    assert "4 complete records are of other images than those in mine now" in refused.stderr


def test_a_dry_run_does_without_the_data_and_says_so(project):
    shown = sweep(project, "mnist", "--dry-run", "--seeds", "1")
    assert shown.returncode == 0, shown.stderr
    assert "measured on noise in their place" in shown.stdout and "make data DATASET=mnist" in shown.stdout
    refused = sweep(project, "mnist", "--seeds", "1")
    assert refused.returncode == 2
    assert "train-images-idx3-ubyte.gz" in refused.stderr and refused.stderr.count("\n") == 1
