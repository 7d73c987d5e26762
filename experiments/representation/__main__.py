"""``python -m experiments.representation STUDY``: how good are the features of every discriminator of a study?

Reads the recorded last weights of each run and writes runs of the kind «representation», with pictures of what its
networks have learned; what is recorded is not measured again. ``python -m experiments.representation with run=12``
does it for one run. Tested on the labelled images of the study's own data set, or of another (``--test-on cifar10``,
``test_on=cifar10``), given in the same size and channels. The DCGAN paper's protocol of 1,000 labels is, for SVHN,
``with run=12 test_on=svhn train_images=73257 validation_images=10000 per_class=100 draws=100``.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from statistics import median

from experiments.representation.measured import Request
from experiments.representation.pool import measured_by
from experiments.representation.requests import by_hand, of_study
from runs.addresses import check_local_folder, store_url
from runs.errors import CommandLine, comma_separated, report_user_errors
from runs.kinds import REPRESENTATION
from runs.observers import check_store
from runs.processes import available_cores, checked_workers
from runs.progress import progress, say
from runs.records import RunStore
from runs.representation import (
    ACCURACY,
    RepresentationConfig,
    features_of,
    label_counts,
)
from runs.store import open_store
from runs.validation import validated


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is not measured yet, and print each arm's median; 1 if a run could not be measured."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    check_local_folder()
    store = open_store(store_url())
    if words[:1] == ["with"]:
        requests, workers = [by_hand(words[1:], store)], 1
    else:
        options = _parser().parse_args(words)
        workers = checked_workers(options.workers) or len(available_cores())
        chosen = {"seeds": options.seeds, "arms": options.arms, "test_on": options.test_on}
        requests = list(of_study(options.study, store, **chosen))
    check_store(store_url())
    recorded = _recorded(store, requests)
    lacking = [request for request in requests if request.key not in recorded]
    print(f"{len(requests) - len(lacking)} of {len(requests)} are measured, measuring {len(lacking)}")
    failed = _measure(lacking, workers)
    print("\n".join(_summary(store, requests)))
    return 1 if failed else 0


def _recorded(store: RunStore, requests: Sequence[Request]) -> set[str]:
    studies = sorted({request.config.study for request in requests})
    found = store.find({"config.study": {"$in": studies}}, kind=REPRESENTATION)
    return {record.meta["representation_key"] for record in found}


def _measure(requests: Sequence[Request], workers: int) -> int:
    """Measure them in so many processes; how many could not be, each of which is said in one line."""
    failed = 0
    with closing(measured_by(requests, min(workers, len(requests)))) as measured:
        for request, error in progress(measured, total=len(requests), unit="run"):
            if error is not None:
                failed += 1
                config = request.config
                what = "the images" if config.run is None else f"run {config.run} ({config.arm}, seed {config.seed})"
                say(f"FAILED {what}: {error}")
    return failed


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
        most, fewer = label_counts(config)[-1], 10
        shown = []
        for name in features_of(config):
            series = [store.traces(record, [ACCURACY[name]])[ACCURACY[name]] for record in own]
            at = [dict(zip(one.steps.tolist(), one.values.tolist(), strict=True)) for one in series]
            both = config.per_class is None and all(fewer in one for one in at)
            few = f", {median(one[fewer] for one in at):.3f} with {fewer}" if both else ""
            size = own[0].info["dimensions"][name]
            shown.append(f"{name} ({size}) {median(one[most] for one in at):.3f}{few}")
        yield f"{arm or 'without a GAN'}, {len(own)} runs: {'; '.join(shown)}"
    curve = f"with all labels ({most} a class), and with {fewer} a class"
    how = curve if config.per_class is None else f"with {most} labels a class"
    yield f"accuracy on {config.dataset} of a linear classifier {how}; (features)"


def _parser() -> CommandLine:
    parser = CommandLine(prog="python -m experiments.representation", description=__doc__)
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file; or: with run=NUMBER")
    parser.add_argument("--seeds", type=int, help="the first so many seeds instead of the study's")
    parser.add_argument("--test-on", help="another data set whose labelled images classify and test, as cifar10")
    parser.add_argument(
        "--arms", type=comma_separated, help="only the discriminators of these arms (names with commas between)"
    )
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    return parser


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
