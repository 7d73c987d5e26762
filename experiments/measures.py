"""Measures of a set of samples against real images, in the feature space of a frozen network."""

# N samples, M real images, F features, K classes

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

NEIGHBOURS = 5
CONFIDENT = 0.9  # a classifier's 2 % of errors would otherwise pass for modes
MODE_SHARE = 0.1  # of its equal share of the samples, that a class must hold to count as a mode
CLASS_MEASURES = ("eval_modes", "eval_kl", "eval_confidence")
_EDGE = 1 + 2**-23  # radii are widened by a unit of single precision: distances of equal pairs may round apart
_NEAR = 1e-6  # of the largest squared length; above it a product of 32 features keeps 8 digits of a distance
_FEW = 0.02  # of all pairs
_BLOCK = 256  # rows


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
    radii, mean_distance = _neighbourhoods(features)
    mean, covariance = _moments(features)
    values, vectors = torch.linalg.eigh(covariance)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T  # rounding makes eigenvalues of 0 negative
    return Real(
        features=features,
        mean=mean,
        covariance_root=root,
        radii=radii,
        mean_distance=mean_distance,
    )


def class_measures(probabilities: Tensor) -> dict[str, float]:
    """Modes, KL divergence and confidence of class probabilities (N, K).

    *modes*: classes that hold at least a tenth of their equal share of the samples, 1 % of all with ten classes, at a
    confidence of .9 or more. *kl*: Σ p ln(p K) of the
    class histogram p against the uniform one, nats; at least ln(K / classes that hold any sample). *confidence*: mean
    probability of a sample's own class.
    """
    confidence, chosen = probabilities.max(1)
    sure = torch.bincount(chosen[confidence >= CONFIDENT], minlength=probabilities.shape[1])
    share = class_histogram(probabilities)
    occupied = share[share > 0]
    return {
        "eval_modes": float((sure >= MODE_SHARE / len(sure) * len(probabilities)).sum()),
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
    count = len(features)
    among, mean_distance = _neighbourhoods(features)
    precise = torch.zeros(count, dtype=torch.bool)
    neighbours = covered = recalled = 0
    for rows in _blocks(real.features):
        distances = pairwise_distances(real.features[rows], features)  # (of these real images, N)
        outside = distances - real.radii[rows, None]  # by how much; minima are faster than any() of truth values
        precise |= outside.amin(0) <= 0
        neighbours += int((outside <= 0).count_nonzero())
        covered += int((outside.amin(1) <= 0).count_nonzero())
        recalled += int(((distances - among).amin(1) <= 0).count_nonzero())
    return {
        "eval_diversity": mean_distance / real.mean_distance,
        "eval_frechet": frechet_distance(features, real),
        "eval_precision": int(precise.sum()) / count,
        "eval_recall": recalled / len(real.features),
        "eval_density": neighbours / (NEIGHBOURS * count),
        "eval_coverage": covered / len(real.features),
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
    """Euclidean distances (len(left), len(right)), exactly 0 between equal rows.

    |x − y|² = |x|² + |y|² − 2 x·y, a matrix product in double precision. What cancels in it is lost where rows are
    close: those distances come from differences.
    """
    x, y = left.double(), right.double()
    x_squares, y_squares = x.square().sum(1, keepdim=True), y.square().sum(1, keepdim=True)
    summands = torch.cat([x, x_squares, torch.ones_like(x_squares)], 1)
    factors = torch.cat([-2 * y, torch.ones_like(y_squares), y_squares], 1)
    squares = (summands @ factors.T).to(left.dtype)
    near = squares <= _NEAR * torch.maximum(x_squares.max(), y_squares.max())
    if near.count_nonzero() > _FEW * near.numel():  # collapsed samples: to find each would cost more than all at once
        return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").to(left.dtype)
    distances = squares.sqrt_()
    i, j = near.nonzero(as_tuple=True)
    distances[i, j] = (x[i] - y[j]).norm(dim=1).to(left.dtype)
    return distances


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    features = features.double()
    return features.mean(0), torch.atleast_2d(features.T.cov())


def _neighbourhoods(features: Tensor) -> tuple[Tensor, float]:
    """Of every row (N,) the radius that holds its k nearest others, and the mean distance of two rows."""
    radii, total, count = [], 0.0, len(features)
    for rows in _blocks(features):
        distances = pairwise_distances(features[rows], features)
        nearest = distances.topk(NEIGHBOURS + 1, dim=1, largest=False).values  # the first is the point itself
        radii.append(nearest[:, -1] * _EDGE)
        total += float(distances.sum(1).double().sum())
    return torch.cat(radii), total / (count * (count - 1)) if count > 1 else math.nan


def _blocks(rows: Tensor) -> Iterator[slice]:
    """Parts of the rows whose distances to all others stay in the processor's cache."""
    return (slice(start, start + _BLOCK) for start in range(0, len(rows), _BLOCK))
