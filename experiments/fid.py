"""``python -m experiments.fid STUDY``: FID and KID of every run's last generator, in Inception's features.

Numbers to set beside published ones; verdicts do not use them. The measures are torch-fidelity's, of as many samples as
are asked for against the same 10,000 real training images (all, where there are fewer). FID falls with the number of
images on either side, so that of held-out real images stands beside: below it nothing is told apart.
"""

# N images, F features

import argparse
import math
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric
from tqdm import tqdm

from experiments.datasets import load_images, source_of
from experiments.datasets.images import ImageData, Images, to_bytes
from experiments.datasets.protocol import Source
from experiments.environment import resolve_device
from experiments.feature_space import real_subset
from experiments.features import data_digest
from experiments.inception import InceptionNetwork, weights_file
from experiments.networks import build_generator
from experiments.probes import generate
from experiments.scores import HELD_OUT, Score, kept_scores, summary, table
from experiments.streams import StreamId, noise
from models.architectures import recipe
from runs.addresses import local_folder, reports_folder, store_url
from runs.errors import CommandLine, UserError, report_user_errors
from runs.files import write_output
from runs.generations import latest_runs
from runs.records import RunRecord, RunStore
from runs.schema import GENERATOR, MOST_SAMPLES, RunConfig
from runs.store import open_store
from runs.study import Study, load_study
from runs.validation import validated

_KID_SUBSETS, _KID_IMAGES = 100, 1000
_AT_ONCE = 1000  # samples in memory


class Measure:
    """FID and KID against the same real training images."""

    def __init__(self, data: ImageData, network: InceptionNetwork) -> None:
        chosen = real_subset(data.train)
        self._network = network
        self._real = self.features(data.train, chosen)
        self._statistics = fid_features_to_statistics(self._real)
        self._data, self._measured_by = data_digest(data), f"torch-fidelity {version('torch-fidelity')}, Inception"

    def features(self, images: Images, chosen: Tensor) -> Tensor:
        """Inception's features (N, 2048) of the images at these indices."""
        return torch.cat([self._network(chunk) for chunk in images.chunks_of(chosen, _AT_ONCE)])

    def of_run(self, record: RunRecord, config: RunConfig, point: str, weights: bytes, samples: int) -> Score:
        """The score of a run, from its generator's last weights."""
        device = torch.device(resolve_device("auto"))
        features = _sample_features(config, weights, samples, self._network, device)
        return self._score(features, run=record.id, arm=config.arm, point=point, seed=config.seed, samples=samples)

    def of_held_out(self, images: Images) -> Score:
        """The score of real images that nothing was trained on."""
        features = self.features(images, real_subset(images))
        return self._score(features, run=None, arm=HELD_OUT, point="", seed=None, samples=len(features))

    def _score(
        self, features: Tensor | None, *, run: int | None, arm: str, point: str, seed: int | None, samples: int
    ) -> Score:
        found = (math.nan,) * 3 if features is None else self._distances(features)
        return Score(
            run=run,
            arm=arm,
            point=point,
            seed=seed,
            samples=samples,
            real_images=len(self._real),
            fid=found[0],
            kid=found[1],
            kid_sd=found[2],
            data=self._data,
            measured_by=self._measured_by,
        )

    def _distances(self, features: Tensor) -> tuple[float, float, float]:
        fid = fid_statistics_to_metric(fid_features_to_statistics(features), self._statistics, verbose=False)
        size = min(_KID_IMAGES, len(features), len(self._real))
        settings = {"kid_subsets": _KID_SUBSETS, "kid_subset_size": size, "verbose": False}
        kid = kid_features_to_metric(features, self._real, **settings)
        return fid[KEY_METRIC_FID], kid[KEY_METRIC_KID_MEAN], kid[KEY_METRIC_KID_STD]


def main(arguments: Sequence[str] | None = None) -> int:
    """Score what is not scored yet, write the table, and print each arm's median."""
    options = _parse(arguments)
    study = load_study(options.study).override(seeds=options.seeds)
    if not 2 <= options.samples <= MOST_SAMPLES:
        raise UserError(f"samples={options.samples}: expected 2 to {MOST_SAMPLES}")
    store, path = open_store(store_url()), Path(options.out) / f"{study.name}.csv"
    runs = _runs(study, store)
    if not runs:
        raise UserError(f"study {study.name}: no run has a complete record; train them first")
    kept = kept_scores(path, options.samples)
    network = InceptionNetwork(weights_file())
    network.move(torch.device(resolve_device("auto")))
    scores: list[Score] = []
    for source in dict.fromkeys(source_of(config) for _, config, _ in runs):
        of_source = [run for run in runs if source_of(run[1]) == source]
        for score in _scores(source, of_source, store, kept, network, options.samples):
            scores.append(score)
            write_output(path, table(scores))
    print("\n".join([*summary(scores), f"{path}"]))
    return 0


def _runs(study: Study, store: RunStore) -> list[tuple[RunRecord, RunConfig, str]]:
    """Each run of the study, with its config and its grid point in words."""
    points = {
        cell.key: " ".join(f"{name}={value:g}" for name, value in cell.grid_point.items()) for cell in study.cells()
    }
    return [
        (record, validated(RunConfig, record.config, f"run {record.id}"), points[record.meta["cell_key"]])
        for record in latest_runs(study, store)
    ]


def _scores(
    source: Source,
    runs: Sequence[tuple[RunRecord, RunConfig, str]],
    store: RunStore,
    kept: dict[tuple[int | None, str], Score],
    network: InceptionNetwork,
    samples: int,
) -> Iterable[Score]:
    data = load_images(source, local_folder())
    digest = data_digest(data)
    others = [record.id for record, _, _ in runs if record.info["features"].get("data", digest) != digest]
    if others:
        raise UserError(f"run {others[0]} was trained on other images than those of dataset={source.dataset} here now")
    lacking = [run for run in runs if (run[0].id, digest) not in kept]
    measure = Measure(data, network) if lacking or (None, digest) not in kept else None
    for record, config, point in tqdm(runs, unit=" runs", desc=source.dataset):
        done = kept.get((record.id, digest))
        if done is None:
            assert measure is not None
            done = measure.of_run(record, config, point, store.artifact(record, GENERATOR), samples)
        yield done
    yield kept[None, digest] if measure is None else measure.of_held_out(data.held_out)


def _sample_features(
    config: RunConfig, weights: bytes, samples: int, network: InceptionNetwork, device: torch.device
) -> Tensor | None:
    """Inception's features of that many samples, from latent vectors of their own; None if any is not finite."""
    generator = build_generator(config)
    generator.load_state_dict(load(weights))
    generator = generator.to(memory_format=recipe(config.architecture_g).memory_format).to(device)
    drawn = noise(config.seed, StreamId.NOISE_SCORE, 0, (samples, config.latent_dim), config.latent_distribution)
    features = []
    for latents in torch.from_numpy(drawn).split(_AT_ONCE):
        images = generate(generator, latents.to(device)).cpu()
        if not bool(images.isfinite().all()):
            return None
        features.append(network(to_bytes(images)))
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
