"""``python -m experiments.fid STUDY``: FID and KID of every run's last generator, in Inception's features.

Numbers to set beside published ones; verdicts do not use them. The measures are torch-fidelity's, of as many samples as
are asked for against the same 10,000 real training images (all, where there are fewer). FID falls with the number of
images on either side: set no two beside each other that are of other numbers of images. That goes for the row of
held-out real images too, where there are fewer of them than samples; KID's expectation does not depend on the number.
"""

# N images, F features

import argparse
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric

from experiments.datasets import load_images, source_of
from experiments.datasets.images import ImageData, Images, to_bytes
from experiments.datasets.protocol import Source
from experiments.environment import resolve_device
from experiments.feature_space import real_subset
from experiments.features import data_digest, file_digest
from experiments.inception import InceptionNetwork, weights_file
from experiments.networks import build_generator
from experiments.probes import generate
from experiments.scores import HELD_OUT, Key, Score, kept_scores, summary, table
from experiments.streams import StreamId, noise
from models.architectures import recipe
from runs.addresses import local_folder, reports_folder, store_url
from runs.errors import CommandLine, UserError, report_user_errors
from runs.files import write_output
from runs.generations import latest_runs
from runs.progress import progress, say
from runs.records import RunRecord, RunStore
from runs.schema import GENERATOR, MOST_SAMPLES, RunConfig
from runs.store import open_store
from runs.study import Study, load_study
from runs.validation import validated

MEASURED_BY = f"torch-fidelity {version('torch-fidelity')}, Inception"
_KID_SUBSETS, _KID_IMAGES = 100, 1000
_AT_ONCE = 1000  # samples in memory


class Measure:
    """FID and KID against the same real training images, in the features that the network gives."""

    def __init__(self, data: ImageData, network: InceptionNetwork) -> None:
        self.data, self.network = data_digest(data), network
        self.train, self.held_out = real_subset(data.train), real_subset(data.held_out)
        self._images = data

    def score(self, features: Tensor | None, samples: int, **named: Any) -> Score:
        """The row of these features (N, F), NaN where there are none; ``named``: its run, arm, point, seed, weights."""
        fid, kid, deviation = (math.nan,) * 3 if features is None else self._distances(features)
        return Score(
            **named,
            samples=samples,
            real_images=len(self.train),
            fid=fid,
            kid=kid,
            kid_sd=deviation,
            data=self.data,
            measured_by=MEASURED_BY,
        )

    def of_held_out(self) -> Tensor:
        """Features of real images that nothing was trained on."""
        return self._features(self._images.held_out, self.held_out)

    def _features(self, images: Images, chosen: Tensor) -> Tensor:
        return torch.cat([self.network(chunk) for chunk in images.chunks_of(chosen, _AT_ONCE)])

    @cached_property
    def _real(self) -> tuple[Tensor, dict[str, Any]]:
        """Features of the training images and their moments, once something is compared with them."""
        features = self._features(self._images.train, self.train)
        return features, fid_features_to_statistics(features)

    def _distances(self, features: Tensor) -> tuple[float, float, float]:
        real, moments = self._real
        size = min(_KID_IMAGES, len(features), len(real))
        settings = {"kid_subsets": _KID_SUBSETS, "kid_subset_size": size, "verbose": False}
        kid = kid_features_to_metric(features, real, **settings)
        fid = fid_statistics_to_metric(fid_features_to_statistics(features), moments, verbose=False)
        return fid[KEY_METRIC_FID], kid[KEY_METRIC_KID_MEAN], kid[KEY_METRIC_KID_STD]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A run to score: its record and config, its grid point in words, its generator's weights."""

    record: RunRecord
    config: RunConfig
    point: str
    weights: bytes

    @cached_property
    def named(self) -> dict[str, Any]:
        """What its row says of it."""
        return {
            "run": self.record.id,
            "arm": self.config.arm,
            "point": self.point,
            "seed": self.config.seed,
            "weights": file_digest(self.weights),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Score what is not scored yet, write the table, and print each arm's median; 1 if a run could not be scored."""
    options = _parse(arguments)
    study = load_study(options.study).override(seeds=options.seeds)
    if not 2 <= options.samples <= MOST_SAMPLES:
        raise UserError(f"samples={options.samples}: expected 2 to {MOST_SAMPLES}")
    store, path = open_store(store_url()), Path(options.out) / f"{study.name}.csv"
    latest = latest_runs(study, store)
    if not latest:
        raise UserError(f"study {study.name}: no run has a complete record; train them first")
    runs = list(_readable(latest, study, store))
    scores = kept_scores(path)
    network = InceptionNetwork(weights_file())
    network.move(torch.device(resolve_device("auto")))
    wanted: list[Score] = []
    for source in dict.fromkeys(source_of(run.config) for run in runs):
        of_source = [run for run in runs if source_of(run.config) == source]
        for score in _scores(source, of_source, scores, network, options.samples):
            wanted.append(score)
            scores[score.key] = score
            write_output(path, table(scores.values()))
    print("\n".join([*summary(wanted), f"{path}"]))
    return 1 if len(runs) < len(latest) else 0


def _readable(latest: Sequence[RunRecord], study: Study, store: RunStore) -> Iterator[Scored]:
    """Those whose config and weights are as they were recorded; of the others a line each."""
    points = {
        cell.key: " ".join(f"{name}={_plain(value)}" for name, value in cell.grid_point.items())
        for cell in study.cells()
    }
    for record in latest:
        try:
            yield Scored(
                record=record,
                config=validated(RunConfig, record.config, f"run {record.id}"),
                point=points[record.meta["cell_key"]],
                weights=store.artifact(record, GENERATOR),
            )
        except UserError as error:
            say(f"NOT SCORED {error}")


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _scores(
    source: Source, runs: Sequence[Scored], kept: Mapping[Key, Score], network: InceptionNetwork, samples: int
) -> Iterator[Score]:
    measure = Measure(load_images(source, local_folder()), network)
    others = [run for run in runs if run.record.info["features"].get("data", measure.data) != measure.data]
    if others:
        raise UserError(
            f"run {others[0].record.id} was trained on other images than those of dataset={source.dataset} here now"
        )
    for run in progress(runs, total=len(runs), unit="run", label=source.dataset):
        done = kept.get((run.record.id, run.named["weights"], measure.data, samples, MEASURED_BY))
        if done is None:
            done = measure.score(_sample_features(run.config, run.weights, samples, network), samples, **run.named)
        yield done
    real = {"run": None, "arm": HELD_OUT, "point": source.dataset, "seed": None, "weights": ""}
    done = kept.get((None, "", measure.data, len(measure.held_out), MEASURED_BY))
    yield done or measure.score(measure.of_held_out(), len(measure.held_out), **real)


def _sample_features(config: RunConfig, weights: bytes, samples: int, network: InceptionNetwork) -> Tensor | None:
    """Inception's features of that many samples, from latent vectors of their own; None if any is not finite."""
    device = torch.device(resolve_device("auto"))
    generator = build_generator(config)
    generator.load_state_dict(load(weights))
    generator = generator.to(memory_format=recipe(config.architecture_g).memory_format).to(device)
    whole = -(-samples // _AT_ONCE) * _AT_ONCE  # BatchNorm uses its batch: none is smaller than the others
    drawn = noise(config.seed, StreamId.NOISE_SCORE, 0, (whole, config.latent_dim), config.latent_distribution)
    features, left = [], samples
    for latents in torch.from_numpy(drawn).split(_AT_ONCE):
        images = generate(generator, latents.to(device)).cpu()[:left]
        if not bool(images.isfinite().all()):
            return None
        features.append(network(to_bytes(images)))
        left -= len(images)
    return torch.cat(features)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(prog="python -m experiments.fid", description=__doc__)
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file")
    parser.add_argument("--seeds", type=int, help="the first so many seeds instead of the study's")
    parser.add_argument("--samples", type=int, default=10_000, help="of each run (default: 10000)")
    parser.add_argument("--out", default=str(reports_folder() / "fid"), help="folder of the table")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
