"""``python -m experiments.representation STUDY``: how good are the features of every discriminator of a study?

Reads the recorded last weights of each run and writes runs of the kind «representation»; what is recorded is not
measured again. ``python -m experiments.representation with run=12`` does it for one run. Tested on the labelled images
of the study's own data set, or of another (``--test-on cifar10``, ``test_on=cifar10``), given in the same size and
channels. The DCGAN paper's protocol of 1,000 labels is, for SVHN,
``with run=12 test_on=svhn train_images=73257 validation_images=10000 per_class=100 draws=100``.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from statistics import median

import torch
from tqdm import tqdm

from experiments.datasets import load_images, source_of
from experiments.features import data_digest, file_digest
from experiments.networks import build_discriminator
from experiments.representation.labelled import resolved
from experiments.representation.measured import Request, record_representation
from models.frozen import feature_count
from runs.addresses import check_local_folder, local_folder, store_url
from runs.datasets import DATASETS
from runs.errors import CommandLine, UserError, report_user_errors
from runs.generations import latest_runs
from runs.kinds import REPRESENTATION
from runs.observers import check_store, parsed_settings
from runs.processes import available_cores, checked_workers
from runs.records import RunRecord, RunStore
from runs.representation import (
    ACCURACY,
    REPRESENTATION_VERSION,
    TRAIN_IMAGES,
    RepresentationConfig,
    all_labels,
    features_of,
)
from runs.schema import DISCRIMINATOR, RunConfig, key_fields
from runs.store import open_store
from runs.study import digest, load_study
from runs.validation import unknown, validated

_GIVEN = (
    "run",
    "test_on",
    "train_images",
    "validation_images",
    "per_class",
    "draws",
    "split_seed",
)  # what may be set by hand


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is not measured yet, and print each arm's median; 1 if a run could not be measured."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    check_local_folder()
    store = open_store(store_url())
    if words[:1] == ["with"]:
        requests, workers = [_by_hand(words[1:], store)], 1
    else:
        options = _parser().parse_args(words)
        workers = checked_workers(options.workers) or len(available_cores())
        requests = list(_of_study(options.study, options.seeds, options.test_on, store))
    check_store(store_url())
    recorded = _recorded(store, requests)
    lacking = [request for request in requests if request.key not in recorded]
    print(f"{len(requests) - len(lacking)} of {len(requests)} are measured, measuring {len(lacking)}")
    failed = _measure(lacking, workers)
    print("\n".join(_summary(store, requests)))
    return 1 if failed else 0


def _of_study(name: str, seeds: int | None, test_on: str | None, store: RunStore) -> Iterator[Request]:
    """The images themselves, and the discriminator of each run that has a complete record."""
    _refuse_test_set(test_on)
    study = load_study(name).override(seeds=seeds)
    runs = latest_runs(study, store)
    if not runs:
        raise UserError(f"study {study.name}: no run has a complete record; train them first")
    if len({tuple(record.config[name] for name in _IMAGES) for record in runs}) > 1:
        raise UserError(f"study {study.name}: its runs are on several data sets; measure a study of one")
    shape = next((record for record in runs if record.config["arm"] == study.reference_arm), runs[0])
    yield _of_images(shape, test_on)
    widths = {_feature_count(record) for record in runs}
    fewest = min(widths) if len(widths) > 1 else None
    for record in runs:
        yield _of_run(store, record, _config(record, test_on, projected_to=fewest))


def _feature_count(record: RunRecord) -> int:
    config = _trained(record)
    with torch.device("meta"):
        image = torch.empty(1, config.channels, config.image_size, config.image_size)
        return feature_count(build_discriminator(config).eval(), image)


def _by_hand(words: Sequence[str], store: RunStore) -> Request:
    given = parsed_settings(words)
    strange = sorted(set(given) - set(_GIVEN))
    if strange or "run" not in given:
        wrong = f"{strange[0]}: unknown" if strange else "run: missing"
        raise UserError(f"{wrong}; expected with run=NUMBER, and of {', '.join(_GIVEN[1:])} what should be another")
    test_on = given.pop("test_on", None)
    _refuse_test_set(test_on)
    found = store.find({"_id": given["run"]})
    if not found:
        raise UserError(f"run {given['run']} has no complete record; python -m runs.query lists those that have")
    values = {**asdict(_config(found[0], test_on)), **given}
    return _of_run(store, found[0], validated(RepresentationConfig, values, "config"))


def _refuse_test_set(name: str | None) -> None:
    if name is None:
        return
    if name not in DATASETS:
        raise UserError(f"test_on: {unknown('data set', str(name), DATASETS)}")
    if DATASETS[name].in_a_folder:
        raise UserError(f"test_on={name}: its images have no labels, which a classifier needs")


def _of_run(store: RunStore, record: RunRecord, config: RepresentationConfig) -> Request:
    return _request(config, record, store.artifact(record, DISCRIMINATOR))


def _of_images(shape: RunRecord, test_on: str | None) -> Request:
    alone = {"of": "images", "run": None, "arm": None, "seed": None, "trained_on": None}
    return _request(_config(shape, test_on, shape_of=shape.id, **alone), shape)


def _trained(record: RunRecord) -> RunConfig:
    return validated(RunConfig, record.config, f"run {record.id}")


_IMAGES = ("dataset", "data", "image_size", "channels")
_COPIED = ("study", "arm", "seed", *_IMAGES)


def _config(record: RunRecord, test_on: str | None = None, **changes: object) -> RepresentationConfig:
    values = {name: record.config[name] for name in _COPIED}
    if test_on not in (None, values["dataset"]):
        values |= {"dataset": test_on, "data": None, "trained_on": values["dataset"]}
    values |= {"run": record.id, "train_images": TRAIN_IMAGES, **changes}
    return validated(RepresentationConfig, values, f"run {record.id}")


def _request(config: RepresentationConfig, record: RunRecord, weights: bytes = b"") -> Request:
    config, trained = resolved(config, local_folder()), _trained(record)
    if config.dataset == record.config["dataset"]:
        images = record.info["features"].get("data")
    else:
        images = data_digest(load_images(source_of(config), local_folder()))
    content = {
        **asdict(config),
        "shape_of": None,  # whichever run it is: its config is what counts
        "weights": file_digest(weights) if weights else None,
        "trained": None if weights else key_fields(asdict(trained)),
        "images": images,
        "version": REPRESENTATION_VERSION,
    }
    return Request(
        config=config,
        url=store_url(),
        local=local_folder(),
        key=digest(content),
        trained=trained,
        weights=weights,
        images=images,
    )


def _recorded(store: RunStore, requests: Sequence[Request]) -> set[str]:
    studies = sorted({request.config.study for request in requests})
    found = store.find({"config.study": {"$in": studies}}, kind=REPRESENTATION)
    return {record.meta["representation_key"] for record in found}


def _measure(requests: Sequence[Request], workers: int) -> int:
    """Measure them in so many processes; how many could not be, each of which is said in one line."""
    failed = 0
    for request, error in tqdm(_measured(requests, min(workers, len(requests))), total=len(requests), unit=" runs"):
        if error is not None:
            failed += 1
            config = request.config
            what = "the images" if config.run is None else f"run {config.run} ({config.arm}, seed {config.seed})"
            tqdm.write(f"FAILED {what}: {error}", file=sys.stderr)
    return failed


def _measured(requests: Sequence[Request], workers: int) -> Iterator[tuple[Request, Exception | None]]:
    """Each request once it is done with, and what kept it from being measured."""
    if workers < 2:  # a process of its own would only cost its start
        for request in requests:
            yield request, _fault(partial(record_representation, request))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(record_representation, request): request for request in requests}
        try:
            for done in as_completed(waiting):
                yield waiting[done], _fault(done.result)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _fault(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except (UserError, BrokenProcessPool) as error:
        return error
    return None


def _summary(store: RunStore, requests: Sequence[Request]) -> Iterator[str]:
    """A line for the images' own features and one for each arm: median accuracies over runs."""
    keys = {request.key for request in requests}
    found = [
        record
        for record in store.find({"config.study": requests[0].config.study}, kind=REPRESENTATION)
        if record.meta["representation_key"] in keys
    ]
    if not found:
        return
    for arm in dict.fromkeys(record.config["arm"] for record in found):
        own = [record for record in found if record.config["arm"] == arm]
        config = validated(RepresentationConfig, own[0].config, f"run {own[0].id}")
        most, fewer = all_labels(config), config.per_class or 10
        shown = []
        for name in features_of(config):
            series = [store.traces(record, [ACCURACY[name]])[ACCURACY[name]] for record in own]
            at = [dict(zip(one.steps.tolist(), one.values.tolist(), strict=True)) for one in series]
            few = f", {median(one[fewer] for one in at):.3f} with {fewer}" if all(fewer in one for one in at) else ""
            size = own[0].info["dimensions"][name]
            shown.append(f"{name} ({size}) {median(one[most] for one in at):.3f}{few}")
        yield f"{arm or 'without a GAN'}, {len(own)} runs: {'; '.join(shown)}"
    yield (
        f"accuracy on {config.dataset} of a linear classifier with all labels ({most} a class), and with {fewer}"
        " a class; (features)"
    )


def _parser() -> CommandLine:
    parser = CommandLine(prog="python -m experiments.representation", description=__doc__)
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file; or: with run=NUMBER")
    parser.add_argument("--seeds", type=int, help="the first so many seeds instead of the study's")
    parser.add_argument("--test-on", help="another data set whose labelled images classify and test, as cifar10")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    return parser


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
