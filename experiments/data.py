"""``python -m experiments.data DATASET``: have a data set's files read, fitted to one size and kept for training.

Files are looked for in ROOT, or else in GAN_STABILITY_DATA (``data`` in the local folder), where what torchvision knows
how to fetch is downloaded. A sweep does the same by itself with files that are there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.datasets import DATASETS, folder_of
from experiments.datasets.prepared import PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from experiments.features import data_digest
from runs.addresses import check_local_folder, data_folder, local_folder
from runs.datasets import DATASETS as FACTS
from runs.errors import CommandLine, UserError, report_user_errors
from runs.validation import unknown

INCEPTION = "inception"  # no data set, but fetched like one: the weights of the network that FID is measured by


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare what is not prepared yet, and say what is there."""
    options = _parse(arguments)
    if options.dataset == INCEPTION:
        from experiments.inception import fetch_weights

        print(f"{INCEPTION}: {fetch_weights()}")
        return 0
    source = _source(options)
    check_local_folder()
    root = Path(options.root).expanduser().absolute() if options.root else data_folder()
    found, folder = DATASETS[source.dataset], folder_of(source, local_folder())
    if not options.root and found.absent(source, folder, root) and isinstance(found, PreparedDataSet):
        _fetch(found, source, root)
    preparation = Preparation(root=root, unchecked=options.unchecked, skip_unreadable=options.skip_unreadable)
    found.prepare(source, folder, preparation)
    print(_described(source, folder))
    return 0


def _source(options: argparse.Namespace) -> Source:
    if options.dataset not in DATASETS:
        raise UserError(unknown("dataset", options.dataset, DATASETS))
    facts = FACTS[options.dataset]
    if facts.in_a_folder != (options.path is not None):
        wanted = "name the folder of your pictures: --path" if facts.in_a_folder else "leave out --path"
        raise UserError(f"dataset={options.dataset}: {wanted} (make: IMAGES=folder)")
    channels = options.channels or facts.channels[-1 if facts.in_colour else 0]
    if channels not in facts.channels:
        raise UserError(f"channels={channels}: expected {' or '.join(map(str, facts.channels))}")
    return Source(
        dataset=options.dataset, image_size=options.size or facts.usual_size, channels=channels, path=options.path
    )


def _fetch(found: PreparedDataSet, source: Source, root: Path) -> None:
    """Download what torchvision can; what it cannot is left to the message that says what is absent."""
    try:
        found.fetch(root)
    except (OSError, RuntimeError, UserError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        absent = found.absent_originals(source, root)
        raise UserError(f"dataset={source.dataset} cannot be fetched ({reason}); {absent}") from None


def _described(source: Source, folder: Path) -> str:
    data = DATASETS[source.dataset].read(source, folder)
    labels = f"{data.classes} classes" if data.classes else "no labels"
    skipped = f", {data.skipped} that cannot be read left out" if data.skipped else ""
    trust = "" if data.checked else "; not the publisher's files (other checksums)"
    size = f"{source.image_size} × {source.image_size} × {source.channels}"
    return (
        f"{source.dataset}, {size}: {len(data.train):,} images to train on, {len(data.held_out):,} held out,"
        f" {labels}{skipped}{trust}; digest {data_digest(data)}"
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(prog="python -m experiments.data", description=__doc__)
    parser.add_argument("dataset", help=f"one of {', '.join(DATASETS)}, or {INCEPTION}")
    parser.add_argument("--root", help="folder with the data set's own files (default: GAN_STABILITY_DATA)")
    parser.add_argument("--path", help="of image_folder: the folder of your pictures")
    parser.add_argument("--size", type=int, choices=(16, 32, 64, 128), help="height and width of the prepared images")
    parser.add_argument("--channels", type=int, choices=(1, 3), help="1: grey, 3: colour")
    parser.add_argument("--unchecked", action="store_true", help="take files whose checksums are not the publisher's")
    parser.add_argument("--skip-unreadable", action="store_true", help="leave out, and count, what cannot be read")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
