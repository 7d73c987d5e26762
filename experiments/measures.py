"""Measures of a set of samples against real images, in the feature space of a frozen network."""

# N samples, M real images, F features, K classes

import math
from dataclasses import dataclass

import torch
from torch import Tensor

NEIGHBOURS = 5
CONFIDENT = 0.9  # a classifier's 2 % of errors would otherwise pass for modes
MODE_SHARE = 0.01  # of the samples that a class must hold to count as a mode


@dataclass(frozen=True, kw_only=True)
class Real:
    """Real images' features (M, F) and what the measures need of them again and again."""

    features: Tensor
    mean: Tensor
    covariance_root: Tensor
    radii: Tensor  # (M,) distance to the k-th nearest other real image
    mean_distance: float  # between two real images


def describe_real(features: Tensor) -> Real:
    """The real side of every measure, computed once."""
    distances = pairwise_distances(features, features)
    mean, covariance = _moments(features)
    values, vectors = torch.linalg.eigh(covariance)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T  # rounding makes eigenvalues of 0 negative
    return Real(
        features=features,
        mean=mean,
        covariance_root=root,
        radii=_neighbour_radii(distances),
        mean_distance=_mean_off_diagonal(distances),
    )


def class_measures(probabilities: Tensor) -> dict[str, float]:
    """Modes, KL divergence and confidence of class probabilities (N, K).

    *modes*: classes that hold at least 1 % of the samples at a confidence of .9 or more. *kl*: Σ p ln(p K) of the
    class histogram p against the uniform one, nats; at least ln(K / classes that hold any sample). *confidence*: mean
    probability of a sample's own class.
    """
    confidence, chosen = probabilities.max(1)
    sure = torch.bincount(chosen[confidence >= CONFIDENT], minlength=probabilities.shape[1])
    share = class_histogram(probabilities)
    occupied = share[share > 0]
    return {
        "eval_modes": float((sure >= MODE_SHARE * len(probabilities)).sum()),
        "eval_kl": float((occupied * (occupied * len(share)).log()).sum()),
        "eval_confidence": float(confidence.mean()),
    }


def class_histogram(probabilities: Tensor) -> Tensor:
    """Share (K,) of the samples in each class, by their most probable class."""
    chosen = probabilities.argmax(1)
    return torch.bincount(chosen, minlength=probabilities.shape[1]).double() / len(chosen)


def feature_measures(features: Tensor, real: Real) -> dict[str, float]:
    """Diversity, Fréchet distance, precision, recall, density and coverage of features (N, F).

    *diversity*: mean distance between two samples, that between two real images = 1. *frechet*: Heusel 2017.
    *precision*, *recall*: Kynkäänniemi 2019; *density*, *coverage*: Naeem 2020; k = 5. A point on the very edge of a
    neighbourhood counts as inside, so that identical points are neighbours (with a strict comparison they are not,
    and a perfect copy scores 0).
    """
    among = pairwise_distances(features, features)
    across = pairwise_distances(real.features, features)  # (M, N)
    within_real = across <= real.radii[:, None]
    return {
        "eval_diversity": _mean_off_diagonal(among) / real.mean_distance,
        "eval_frechet": frechet_distance(features, real),
        "eval_precision": float(within_real.any(0).float().mean()),
        "eval_recall": float((across <= _neighbour_radii(among)).any(1).float().mean()),
        "eval_density": float(within_real.sum() / (NEIGHBOURS * features.shape[0])),
        "eval_coverage": float((across.min(1).values <= real.radii).float().mean()),
    }


def frechet_distance(features: Tensor, real: Real) -> float:
    """|μ − μ'|² + tr(Σ + Σ' − 2 (Σ Σ')^½) between Gaussians fitted to both sides (Heusel 2017)."""
    mean, covariance = _moments(features)
    # tr (Σ Σ')^½ = tr (Σ^½ Σ' Σ^½)^½, whose argument is symmetric: no complex square roots
    inner = torch.linalg.eigvalsh(real.covariance_root @ covariance @ real.covariance_root)
    shared = inner.clamp(min=0).sqrt().sum()
    spread = real.covariance_root.square().sum() + covariance.trace() - 2 * shared
    return float((mean - real.mean).square().sum() + spread)


def pairwise_distances(left: Tensor, right: Tensor) -> Tensor:
    """Euclidean distances (len(left), len(right)), exactly 0 between equal rows."""
    return torch.cdist(left, right, compute_mode="donot_use_mm_for_euclid_dist")


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    features = features.double()
    return features.mean(0), torch.atleast_2d(features.T.cov())


def _neighbour_radii(distances: Tensor) -> Tensor:
    nearest = distances.topk(NEIGHBOURS + 1, dim=1, largest=False).values  # the first is the point itself
    return nearest[:, -1]


def _mean_off_diagonal(distances: Tensor) -> float:
    count = len(distances)
    return float(distances.double().sum()) / (count * (count - 1)) if count > 1 else math.nan
