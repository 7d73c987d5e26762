"""The measures of a probe by their definitions, on whole matrices of exact distances: what the probes' are held to."""

# N samples, M real images, F features

from dataclasses import replace

import torch
from torch import Tensor

from experiments.measures import NEIGHBOURS, Real, describe_real, frechet_distance


def exact_distances(left: Tensor, right: Tensor) -> Tensor:
    """Euclidean distances (len(left), len(right)), each from the differences of two rows."""
    return torch.cdist(left, right, compute_mode="donot_use_mm_for_euclid_dist")


def plain_real(features: Tensor) -> Real:
    """The real side of every measure."""
    distances = exact_distances(features, features)
    return replace(describe_real(features), radii=_radii(distances), mean_distance=_mean_off_diagonal(distances))


def plain_feature_measures(features: Tensor, real: Real) -> dict[str, float]:
    """What :func:`experiments.measures.feature_measures` gives, of a ``real`` of :func:`plain_real`."""
    among = exact_distances(features, features)
    across = exact_distances(real.features, features)  # (M, N)
    within_real = across <= real.radii[:, None]
    return {
        "eval_diversity": _mean_off_diagonal(among) / real.mean_distance,
        "eval_frechet": frechet_distance(features, real),
        "eval_precision": float(within_real.any(0).double().mean()),
        "eval_recall": float((across <= _radii(among)).any(1).double().mean()),
        "eval_density": int(within_real.sum()) / (NEIGHBOURS * len(features)),
        "eval_coverage": float((across.min(1).values <= real.radii).double().mean()),
    }


def _radii(distances: Tensor) -> Tensor:
    return distances.topk(NEIGHBOURS + 1, dim=1, largest=False).values[:, -1]


def _mean_off_diagonal(distances: Tensor) -> float:
    count = len(distances)
    return float(distances.double().sum()) / (count * (count - 1))
