"""The second experiment, on the records of the smoke study."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, load_file, save, save_file

from experiments.networks import build_discriminator
from experiments.representation import extracted
from experiments.representation.__main__ import main
from experiments.representation.classifier import Labelled, Parts
from experiments.representation.extracted import Features, features_of_blocks, projected
from experiments.representation.labelled import labelled_images, resolved
from experiments.representation.measured import Request, record_representation
from experiments.representation.references import untrained_discriminator
from models.frozen import FrozenFeatures, concatenated
from runs.errors import UserError
from runs.kinds import REPRESENTATION
from runs.representation import (
    ACCURACY,
    ACCURACY_AT_SNAPSHOTS,
    OF_DISCRIMINATOR,
    OF_IMAGES,
    RepresentationConfig,
    all_labels,
    promised_accuracies,
)
from runs.schema import DISCRIMINATOR, SNAPSHOTS, RunConfig
from runs.store import open_store
from tests.experiments.datasets_in_files import write_idx
from tests.experiments.sweeping import as_before_files_were_described, edited, run_here, store, sweep_here
from tests.experiments.tiny import TINY
from tests.project import run


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A tenth of the images."""
    monkeypatch.setattr("experiments.representation.requests.TRAIN_IMAGES", 150)


def measured(project, *words):
    return run_here(project, main, *words)


def found(project, **query):
    return store(project).find({f"config.{name}": value for name, value in query.items()}, kind=REPRESENTATION)


def test_every_run_and_the_images_are_measured_once_and_recorded_as_runs_of_their_own_kind(swept):
    first = measured(swept, "smoke", "--workers", "1")
    assert first.returncode == 0, first.stderr
    assert "0 of 5 are measured, measuring 5" in first.stdout
    runs = store(swept).find()
    assert {record.config["run"] for record in found(swept, of="discriminator")} == {run.id for run in runs}
    assert len(found(swept, of="images")) == 1
    for record in found(swept):
        config = RepresentationConfig(**record.config)
        series = store(swept).traces(record, list(promised_accuracies(config)))
        assert {name: one.steps.tolist() for name, one in series.items()} == promised_accuracies(config)
        assert all(0 <= value <= 1 for one in series.values() for value in one.values)
        draws = record.info["accuracies"][next(iter(record.info["accuracies"]))]["1"]
        assert len(draws) == config.draws
    again = measured(swept, "smoke", "--workers", "1")
    assert "5 of 5 are measured, measuring 0" in again.stdout and len(found(swept)) == 5
    assert len(store(swept).find()) == len(runs)
    for line in ("mlp, 2 runs: trained (", "dcgan, 2 runs: trained (", "without a GAN, 1 runs: pixels ("):
        assert line in first.stdout and line in again.stdout


def test_the_command_itself_measures_in_several_processes(swept):
    done = run(swept, "experiments.representation", "smoke", "--seeds", "1", "--arms", "mlp", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert len(found(swept)) == 2


def test_one_run_is_measured_by_hand_and_equals_what_the_sweep_records(swept):
    run = store(swept).find({"config.arm": "mlp"})[1]
    assert measured(swept, "with", f"run={run.id}", "draws=3").returncode == 0
    assert measured(swept, "smoke", "--workers", "1").returncode == 0
    by_hand, swept_up = found(swept, run=run.id)
    assert (by_hand.config["draws"], swept_up.config["draws"]) == (3, 10)
    one, other = (
        store(swept).traces(record, [ACCURACY["trained"]])[ACCURACY["trained"]] for record in (by_hand, swept_up)
    )
    assert one.values[-1] == other.values[-1]
    assert by_hand.info["blocks"] == swept_up.info["blocks"]


def test_so_many_labels_a_class_are_asked_for_instead_of_a_curve(swept):
    given = ["run=1", "per_class=20", "draws=4", "train_images=500", "validation_images=200"]
    done = measured(swept, "with", *given)
    assert done.returncode == 0 and "of a linear classifier with 20 labels a class" in done.stdout
    (record,) = found(swept)
    accuracies = record.info["accuracies"]["trained"]
    assert {labels: len(draws) for labels, draws in accuracies.items()} == {"20": 4}
    assert record.info["blocks"] == {}
    assert "1 of 1 are measured" in measured(swept, "with", *given).stdout
    assert "0 of 1 are measured" in measured(swept, "with", "run=1").stdout


def test_features_of_both_arms_and_of_no_gan_are_measured_on_the_same_images(images, local, tmp_path):
    config = resolved(RepresentationConfig(of="images", train_images=150), local)
    assert (config.train_images, config.test_images, config.classes) == (150, 360, 10)
    one, other = (
        labelled_images(config, local),
        labelled_images(RepresentationConfig(**{**vars(config), "draws": 3}), local),
    )
    assert torch.equal(one.train, other.train) and torch.equal(one.test, other.test)
    assert one.train.shape == (150, 1, 16, 16)
    assert resolved(RepresentationConfig(train_images=10**6), local).train_images == 1437


def test_the_papers_discriminator_is_trained_matched_and_measured(project):
    study = edited(project, "papers", ("study: smoke", "study: papers"), ("seeds: 2", "seeds: 1"),
                   ("{architecture: dcgan, normalization: batch, width_g: 16, width_d: 16}",
                    "{architecture: dcgan-3x3, normalization: batch, width: 8}"))  # fmt: skip
    swept_up = sweep_here(project, study)
    assert swept_up.returncode == 0, swept_up.stderr
    done = measured(project, study, "--workers", "1")
    assert done.returncode == 0, done.stderr
    (record,) = found(project, arm="dcgan")
    assert record.info["dimensions"]["trained"] == (8 + 8 + 16 + 16) * 16
    assert set(record.info["blocks"]["trained"]) == {"16x16_conv", "8x8_down", "8x8_conv", "4x4_down"}
    (mlp,) = store(project).find({"config.arm": "mlp"})
    assert (mlp.config["hidden_layers_g"], mlp.config["hidden_layers_d"]) == (4, 4)
    reported = run(project, "analysis.report", study, "--out", "out")
    assert reported.returncode == 0, reported.stderr
    assert (project / "out" / "papers" / "figures" / "features.svg").exists()


@pytest.fixture
def mnist(swept, monkeypatch):
    """A copy with records of the digits, and a tiny MNIST where data sets lie."""
    monkeypatch.setenv("GAN_STABILITY_DATA", str(swept / "data"))
    write_idx(swept / "data", packed=False, training=100)
    return swept


def test_discriminators_are_measured_on_another_data_set_beside_their_own(mnist):
    assert measured(mnist, "smoke", "--workers", "1", "--seeds", "1").returncode == 0
    done = measured(mnist, "smoke", "--workers", "1", "--seeds", "1", "--test-on", "mnist")
    assert done.returncode == 0, done.stderr
    assert "0 of 3 are measured, measuring 3" in done.stdout and "accuracy on mnist of a linear" in done.stdout
    transferred, own = found(mnist, dataset="mnist"), found(mnist, dataset="digits")
    assert [(one.config["of"], one.config["trained_on"]) for one in transferred] == [
        ("images", None), ("discriminator", "digits"), ("discriminator", "digits")]  # fmt: skip
    assert {(one.config["train_images"], one.config["test_images"]) for one in transferred} == {(100, 20)}
    assert {one.config["trained_on"] for one in own} == {None}
    assert all(one.info["checked"] for one in own)
    assert {one.info["weights"] for one in transferred} == {one.info["weights"] for one in own}
    assert {one.info["images"] for one in transferred}.isdisjoint(one.info["images"] for one in own)
    again = measured(mnist, "smoke", "--workers", "1", "--seeds", "1", "--test-on", "mnist")
    assert "3 of 3 are measured, measuring 0" in again.stdout
    same = measured(mnist, "smoke", "--workers", "1", "--seeds", "1", "--test-on", "digits")
    assert "3 of 3 are measured, measuring 0" in same.stdout


def test_one_run_is_measured_on_another_data_set_by_hand(mnist):
    assert measured(mnist, "with", "run=1", "test_on=mnist", "draws=2").returncode == 0
    (record,) = found(mnist)
    assert (record.config["dataset"], record.config["trained_on"], record.config["draws"]) == ("mnist", "digits", 2)


def test_transferred_features_have_batch_norm_statistics_of_the_images_that_are_classified(mnist):
    run = store(mnist).find({"config.arm": "dcgan"})[0]
    assert measured(mnist, "with", f"run={run.id}", "test_on=mnist").returncode == 0
    (record,) = found(mnist)
    config = RepresentationConfig(**record.config)
    images = labelled_images(config, mnist / "runs" / "_local")
    network = build_discriminator(RunConfig(**run.config))
    network.load_state_dict(load(store(mnist).artifact(run, DISCRIMINATOR)))
    frozen = FrozenFeatures(network, images.train[:96].split(run.config["batch_size"]))
    train, test = (
        Labelled(features=concatenated(frozen(part)).double().numpy(), labels=labels)
        for part, labels in ((images.train, images.train_labels), (images.test, images.test_labels))
    )
    (recorded,) = record.info["accuracies"]["trained"]["8"]
    assert asdict(Parts.of(train, test, config.split_seed).accuracy()) == recorded


@pytest.fixture
def with_snapshots(project):
    """A copy whose runs of one seed kept their weights at the first, the third and the last probe."""
    assert sweep_here(project, "smoke", "--seeds", "1", "--workers", "1", "--snapshot-every", "2").returncode == 0
    return project


def test_features_are_measured_at_every_snapshot_from_the_untrained_to_the_trained(with_snapshots):
    assert measured(with_snapshots, "smoke", "--workers", "1", "--seeds", "1").returncode == 0
    for record in found(with_snapshots, of="discriminator"):
        most = str(all_labels(RepresentationConfig(**record.config)))
        along = store(with_snapshots).traces(record, [ACCURACY_AT_SNAPSHOTS])[ACCURACY_AT_SNAPSHOTS]
        (before,), (after,) = (record.info["accuracies"][name][most] for name in ("untrained", "trained"))
        assert along.steps.tolist() == record.config["snapshot_steps"] and len(along.steps) > 2
        assert along.values[-1] == after["test"]
        assert before["penalty"] != after["penalty"] or along.values[0] == before["test"]
    again = measured(with_snapshots, "smoke", "--workers", "1", "--seeds", "1")
    assert "3 of 3 are measured, measuring 0" in again.stdout


def test_snapshots_that_cannot_be_read_or_do_not_fit_are_said_and_all_else_goes_on(with_snapshots):
    first, second = store(with_snapshots).find()
    for one in (first, second):
        as_before_files_were_described(with_snapshots, one.id)
    folder = with_snapshots / "runs" / "_local" / "records"
    (folder / str(first.id) / SNAPSHOTS).write_bytes(b"none")
    path = folder / str(second.id) / SNAPSHOTS
    save_file({name: one.flatten()[:1].clone() for name, one in load_file(path).items()}, path)
    done = measured(with_snapshots, "smoke", "--workers", "1", "--seeds", "1")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"run {first.id}: its {SNAPSHOTS} cannot be read" in done.stderr
    assert (
        f"FAILED run {second.id} ({second.config['arm']}, seed 0): its snapshots do not fit its config" in done.stderr
    )
    (record,) = found(with_snapshots, of="discriminator")
    assert (record.config["run"], record.config["snapshot_steps"]) == (first.id, [])


def spoil(project, run, change):
    as_before_files_were_described(project, run.id)
    path = project / "runs" / "_local" / "records" / str(run.id) / DISCRIMINATOR
    weights = load_file(path)
    save_file({name: change(one) if one.is_floating_point() else one for name, one in weights.items()}, path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensor: tensor * math.nan, "its weights are not finite, so it has no features"),
        (lambda tensor: tensor * 1e30, "its features are not finite"),
        (lambda tensor: tensor.flatten()[:1].clone(), "its weights do not fit its config"),
    ],
)
def test_a_run_that_cannot_be_measured_is_named_and_the_others_are(swept, change, message):
    run = store(swept).find({"config.arm": "dcgan"})[0]
    spoil(swept, run, change)
    done = measured(swept, "smoke", "--workers", "1")
    assert done.returncode == 1
    assert f"FAILED run {run.id} (dcgan, seed {run.config['seed']}): {message}" in done.stderr
    assert {record.config["run"] for record in found(swept, of="discriminator")} == {
        one.id for one in store(swept).find() if one.id != run.id
    }


def test_a_run_whose_recorded_weights_have_changed_is_named_and_the_others_are_measured(swept):
    run = store(swept).find({"config.arm": "mlp"})[0]
    path = swept / "runs" / "_local" / "records" / str(run.id) / DISCRIMINATOR
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = measured(swept, "smoke", "--workers", "1", "--seeds", "1")
    assert done.returncode == 1
    assert f"FAILED run {run.id} (mlp, seed 0): run {run.id}: {DISCRIMINATOR} is not what was recorded" in done.stderr
    assert [record.config["arm"] for record in found(swept, of="discriminator")] == ["dcgan"]


def test_where_nothing_could_be_measured_that_is_all_that_is_said(swept):
    run = store(swept).find()[0]
    spoil(swept, run, lambda tensor: tensor * math.nan)
    done = measured(swept, "with", f"run={run.id}")
    assert done.returncode == 1 and "Traceback" not in done.stderr and f"FAILED run {run.id}" in done.stderr


def test_only_the_arms_that_are_asked_for_are_measured_and_at_the_dimensions_of_all(swept):
    done = measured(swept, "smoke", "--workers", "1", "--seeds", "1", "--arms", "dcgan")
    assert "0 of 2 are measured, measuring 2" in done.stdout
    assert measured(swept, "smoke", "--workers", "1", "--seeds", "1").stdout.startswith("2 of 3 are measured")


def test_runs_that_were_trained_again_are_measured_again(swept):
    assert measured(swept, "smoke", "--workers", "1", "--seeds", "1").returncode == 0
    assert sweep_here(swept, "smoke", "--seeds", "1", "--again", "--yes").returncode == 0
    again = measured(swept, "smoke", "--workers", "1", "--seeds", "1")
    assert "1 of 3 are measured, measuring 2" in again.stdout
    assert {record.config["run"] for record in found(swept, of="discriminator")} == {
        run.id for run in store(swept).find({"config.seed": 0})
    }


def test_a_discriminator_of_other_images_is_not_measured_on_these(swept):
    path = swept / "runs" / "_local" / "records" / "1" / "info.json"
    info = json.loads(path.read_text())
    info["features"]["data"] = "other"
    path.write_text(json.dumps(info))
    done = measured(swept, "with", "run=1")
    assert (
        done.returncode == 1 and "it was trained on other images than those of dataset=digits here now" in done.stderr
    )


def test_too_few_images_for_the_classes_are_refused(local):
    with pytest.raises(UserError, match=r"5,000 training images of 1,000 classes; expected 10 a class or more"):
        resolved(RepresentationConfig(dataset="stacked_digits", channels=3), local)


@pytest.mark.parametrize("images", [65, 20])
def test_a_last_minibatch_of_one_image_and_one_that_is_not_full_are_taken(local, images):
    whole = labelled_images(resolved(RepresentationConfig(train_images=100), local), local)
    found = features_of_blocks(build_discriminator(TINY), replace(whole, train=whole.train[:images]), 64)
    assert len(found.train) == images and found.train.shape[1] == found.test.shape[1]
    assert {name: tuple(one.train.shape) for name, one in found.blocks()} == {
        "8x8_down": (images, 8 * 16),
        "4x4_down": (images, 16 * 16),
    }


def test_features_of_more_bytes_than_the_memory_may_hold_lie_in_a_file_and_are_the_same(local, monkeypatch):
    images = labelled_images(resolved(RepresentationConfig(train_images=150), local), local)
    kept = features_of_blocks(untrained_discriminator(TINY), images, 64)
    monkeypatch.setattr(extracted, "MOST_IN_MEMORY", 1000)
    assert isinstance(extracted.room((10, 26)), np.memmap) and not isinstance(extracted.room((10, 25)), np.memmap)
    mapped = features_of_blocks(untrained_discriminator(TINY), images, 64)
    assert torch.equal(kept.train, mapped.train) and torch.equal(kept.test, mapped.test)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["with", "run=99"], "run 99 has no complete record"),
        (["with", 'run={"$gt": 0}'], "run"),
        (["with", "run=1", "test_on=[1]"], "test_on: unknown data set"),
        (["with", "draws=3"], "run: missing; expected with run=NUMBER"),
        (["with", "run=1", "epochs=3"], "epochs: unknown"),
        (["with", "run=1", "draws=0"], "draws"),
        (["smoke", "--workers", "0"], "workers=0"),
        (["with", "run=1", "per_class=0"], "per_class=0"),
        (["with", "run=1", "per_class=[1, 2]"], "per_class=[1, 2]"),
        (["with", "run=1", "per_class=12"], "per_class=12: 150 training images have 12 a class beside the validation"),
        (["with", "run=1", "validation_images=141"], "validation_images=141: expected train_images of 151 or more"),
        (["smoke", "--test-on", "cifar"], "test_on: unknown data set 'cifar'; did you mean 'cifar10'?"),
        (["smoke", "--test-on", "image_folder"], "test_on=image_folder: its images have no labels"),
        (["smoke", "--test-on", "stacked_digits"], "channels=1 should be 3 with dataset=stacked_digits"),
        (["smoke", "--test-on", "cifar10"], "dataset=cifar10: "),
        (["with", "run=1", "test_on=3"], "test_on: unknown data set '3'"),
        (["with", "run=1", "test_on=photo_patches"], "dataset=photo_patches: its images have no labels"),
        (["smoky"], "unknown study 'smoky'"),
        (["smoke", "--arms", "mpl"], "unknown arm 'mpl'"),
    ],
)
def test_wrong_requests_are_refused_in_one_line_and_nothing_is_recorded(swept, words, message):
    done = measured(swept, *words)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert found(swept) == []


def test_a_study_without_records_is_refused(project):
    done = measured(project, "smoke")
    assert done.returncode == 2 and "study smoke: no run has a complete record" in done.stderr


def test_images_without_labels_are_refused(local):
    with pytest.raises(UserError, match=r"dataset=photo_patches: its images have no labels.*--test-on"):
        resolved(RepresentationConfig(dataset="photo_patches", channels=3), local)


def test_features_are_compared_at_as_many_dimensions_as_the_arm_with_the_fewest_has(swept):
    assert measured(swept, "smoke", "--workers", "1").returncode == 0
    own = {record.config["arm"]: record for record in found(swept, of="discriminator")}
    fewest = min(record.info["dimensions"]["trained"] for record in own.values())
    assert {record.config["projected_to"] for record in own.values()} == {fewest}
    assert {record.info["dimensions"]["projected"] for record in own.values()} == {fewest}
    narrow = next(one for one in own.values() if one.info["dimensions"]["trained"] == fewest)
    assert narrow.info["accuracies"]["projected"] == narrow.info["accuracies"]["trained"]


def test_a_random_projection_keeps_distances_and_leaves_few_dimensions_as_they_are():
    random = torch.Generator().manual_seed(0)
    train, test = (torch.randn(50, 2000, generator=random) for _ in range(2))
    whole = Features.of_one_block("all", train, test)
    fewer = projected("few", whole, 500, 0)
    assert fewer.train.shape == fewer.test.shape == (50, 500)
    between = [torch.cdist(one.train, one.test).float() for one in (whole, fewer)]
    assert torch.allclose(between[0], between[1], rtol=0.2)
    as_they_are = projected("few", whole, 2000, 0)
    assert torch.equal(as_they_are.train, train) and torch.equal(as_they_are.test, test)


def test_discriminators_that_began_alike_are_measured_before_training_once(training, tiny, local, tmp_path):
    """What was kept of the first is what the second has, though its training was another."""
    url, own = str(tmp_path / "records"), tmp_path / "local"
    config = resolved(RepresentationConfig(run=1, arm=tiny.arm, seed=tiny.seed, train_images=150), local)
    for lr in (tiny.lr_d, 2 * tiny.lr_d):
        run = replace(tiny, lr_d=lr)
        weights = save(
            {name: one.contiguous() for name, one in training(run).discriminator.network.state_dict().items()}
        )
        record_representation(Request(config=config, url=url, local=own, key=str(lr), trained=run, weights=weights))
        (file,) = (own / "representation").iterdir()
        file.write_text(file.read_text().replace('"dimensions":', '"dimensions":1'))
    one, other = open_store(url).find(kind=REPRESENTATION)
    assert str(other.info["dimensions"]["untrained"]) == f"1{one.info['dimensions']['untrained']}"


def test_an_untrained_discriminator_has_the_weights_that_its_run_began_with(training, tiny, local, tmp_path):
    """Given those as its trained ones, both features are equally good."""
    fresh = training(tiny)
    weights = save({name: one.contiguous() for name, one in fresh.discriminator.network.state_dict().items()})
    config = resolved(RepresentationConfig(run=1, arm=tiny.arm, seed=tiny.seed, train_images=150), local)
    url = str(tmp_path / "records")
    record_representation(Request(config=config, url=url, local=local, key="k", trained=tiny, weights=weights))
    (record,) = open_store(url).find(kind=REPRESENTATION)
    trained, untrained = (record.info["accuracies"][name] for name in OF_DISCRIMINATOR)
    assert trained == untrained and record.info["blocks"]["trained"] == record.info["blocks"]["untrained"]
    assert set(record.info["accuracies"]).isdisjoint(OF_IMAGES)
