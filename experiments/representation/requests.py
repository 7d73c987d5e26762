"""What is to be measured: of a study, or of one run by hand."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import torch

from experiments.datasets import source_of
from experiments.features import file_digest
from experiments.networks import build_discriminator
from experiments.representation.labelled import digest_of, resolved
from experiments.representation.measured import Request
from models.frozen import feature_count
from runs.addresses import local_folder, store_url
from runs.datasets import DATASETS
from runs.errors import UserError
from runs.generations import latest_runs
from runs.observers import parsed_settings
from runs.records import RunRecord, RunStore
from runs.representation import SEEN_IMAGES, TRAIN_IMAGES, RepresentationConfig, representation_key
from runs.schema import DISCRIMINATOR, GENERATOR, SNAPSHOTS, RunConfig, key_fields
from runs.snapshots import read_snapshots
from runs.study import load_study
from runs.validation import unknown, validated

# what may be set by hand
_GIVEN = ("run", "test_on", "train_images", "validation_images", "per_class", "draws", "split_seed")
_IMAGES = ("dataset", "data", "image_size", "channels")
_COPIED = ("study", "arm", "seed", *_IMAGES)


def of_study(
    name: str,
    store: RunStore,
    *,
    seeds: int | None = None,
    arms: Sequence[str] | None = None,
    test_on: str | None = None,
) -> Iterator[Request]:
    """The images themselves, and the discriminator of each run that has a complete record.

    arms: whose discriminators; None: of all. Raises UserError without such a run, or where runs are on several data
    sets.
    """
    _refuse_test_set(test_on)
    study = load_study(name).override(seeds=seeds)
    chosen = study.override(arms=arms).arms
    runs = latest_runs(study, store)
    if not runs:
        raise UserError(f"study {study.name}: no run has a complete record; train them first")
    if len({tuple(record.config[field] for field in _IMAGES) for record in runs}) > 1:
        raise UserError(f"study {study.name}: its runs are on several data sets; measure a study of one")
    shape = next((record for record in runs if record.config["arm"] == study.reference_arm), runs[0])
    yield _of_images(shape, test_on)
    widths = {_feature_count(record) for record in runs}
    fewest = min(widths) if len(widths) > 1 else None
    for record in (one for one in runs if one.config["arm"] in chosen):
        yield _of_run(store, record, _config(record, test_on, projected_to=fewest))


def by_hand(words: Sequence[str], store: RunStore) -> Request:
    """The discriminator of one run, from words like ``run=12 draws=100``. Raises UserError if they ask for nothing."""
    given = parsed_settings(words)
    strange = sorted(set(given) - set(_GIVEN))
    if strange or "run" not in given:
        wrong = f"{strange[0]}: unknown" if strange else "run: missing"
        raise UserError(f"{wrong}; expected with run=NUMBER, and of {', '.join(_GIVEN[1:])} what should be another")
    test_on = given.pop("test_on", None)
    _refuse_test_set(test_on)
    run = validated(RepresentationConfig, {"run": given["run"]}, "config").run
    found = store.find({"_id": run})
    if not found:
        raise UserError(f"run {run} has no complete record; python -m runs.query lists those that have")
    values = {**asdict(_config(found[0], test_on)), **given}
    return _of_run(store, found[0], validated(RepresentationConfig, values, "config"))


def _refuse_test_set(name: str | None) -> None:
    if name is None:
        return
    if not isinstance(name, str) or name not in DATASETS:
        raise UserError(f"test_on: {unknown('data set', str(name), DATASETS)}")
    if DATASETS[name].in_a_folder:
        raise UserError(f"test_on={name}: its images have no labels, which a classifier needs")


def _trained(record: RunRecord) -> RunConfig:
    return validated(RunConfig, record.config, f"run {record.id}")


def _feature_count(record: RunRecord) -> int:
    config = _trained(record)
    with torch.device("meta"):
        image = torch.empty(1, config.channels, config.image_size, config.image_size)
        return feature_count(build_discriminator(config).eval(), image)


def _config(record: RunRecord, test_on: str | None = None, **changes: object) -> RepresentationConfig:
    values = {name: record.config[name] for name in _COPIED}
    if test_on not in (None, values["dataset"]):
        values |= {"dataset": test_on, "data": None, "trained_on": values["dataset"]}
    values |= {"run": record.id, "train_images": TRAIN_IMAGES, "seen_images": SEEN_IMAGES, **changes}
    return validated(RepresentationConfig, values, f"run {record.id}")


def _of_run(store: RunStore, record: RunRecord, config: RepresentationConfig) -> Request:
    try:
        weights, generator = (store.artifact(record, name) for name in (DISCRIMINATOR, GENERATOR))
    except UserError as error:  # said when its turn comes, for all others can be measured
        return replace(_request(config, record), fault=str(error))
    steps = () if config.per_class is not None else _snapshot_steps(store, record)  # they are measured with all labels
    return _request(replace(config, snapshot_steps=steps), record, weights, generator)


def _snapshot_steps(store: RunStore, record: RunRecord) -> tuple[int, ...]:
    """None where there are no snapshots, or none that can be read: the run's last weights are measured all the same."""
    if SNAPSHOTS not in record.artifacts:
        return ()
    try:
        return tuple(read_snapshots(store, record))
    except UserError as error:
        print(f"{error}; measured without them", file=sys.stderr)
        return ()


def _of_images(shape: RunRecord, test_on: str | None) -> Request:
    """Measured with networks of the shape that this run's discriminator has."""
    alone = {"of": "images", "run": None, "arm": None, "seed": None, "trained_on": None, "seen_images": 0}
    return _request(_config(shape, test_on, shape_of=shape.id, **alone), shape)


def _request(config: RepresentationConfig, record: RunRecord, weights: bytes = b"", generator: bytes = b"") -> Request:
    config, trained = resolved(config, local_folder()), _trained(record)
    if config.dataset == record.config["dataset"]:
        images = record.info["features"].get("data")
    else:
        images = digest_of(source_of(config), local_folder())
    return Request(
        config=config,
        url=store_url(),
        local=local_folder(),
        key=representation_key(
            asdict(config),
            weights=file_digest(weights) if weights else None,
            images=images,
            trained=key_fields(asdict(trained)),
        ),
        trained=trained,
        weights=weights,
        generator=generator,
        images=images,
    )
