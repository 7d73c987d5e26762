"""How well a linear classifier does on features that stay as they are: an L2 support vector machine (Radford 2016)."""

# N images, F features, K classes

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from experiments.streams import generator
from runs.errors import UserError
from runs.representation import VALIDATION_SHARE

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

PENALTIES = (0.3, 3.0, 30.0)  # C, for features that have length 1 on average
_SPLIT, _DRAWS = 0, 1  # streams


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Features (N, F) and the classes (N,) of the images that they are of."""

    features: Floats
    labels: Labels

    def at(self, indices: NDArray[np.int64]) -> Self:
        """Those at these indices."""
        return type(self)(features=self.features[indices], labels=self.labels[indices])


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Shares of images whose class is found: of test images, and of the validation images that chose C; that C."""

    test: float
    validation: float
    penalty: float


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a classifier is fitted to, what chooses its C, and what it is measured on; they share no image."""

    train: Labelled
    validation: Labelled
    test: Labelled

    @classmethod
    def of(cls, train: Labelled, test: Labelled, seed: int) -> Self:
        """A fifth of each class's training images is set apart to choose C.

        Features are shifted and scaled to mean 0 and deviation 1 over what is left to train on, whose labels play no
        part in it, and divided by the root of their number. Raises UserError if there are fewer than two classes, or
        one of fewer than two images.
        """
        chosen = validation_images(train.labels, seed)
        kept, apart = train.at(np.flatnonzero(~chosen)), train.at(np.flatnonzero(chosen))
        scale = StandardScaler().fit(kept.features)
        root = np.sqrt(train.features.shape[1])

        def scaled(part: Labelled) -> Labelled:
            return Labelled(features=scale.transform(part.features) / root, labels=part.labels)

        return cls(train=scaled(kept), validation=scaled(apart), test=scaled(test))

    def accuracy(self) -> Accuracy:
        """With all labels of the training part."""
        return _best([self._fitted(self.train, penalty) for penalty in PENALTIES], 1)[0]

    def few_label_accuracies(self, per_class: int, draws: int, seed: int) -> list[Accuracy]:
        """With that many labels of each class, for each of several draws; one C for all of them."""
        drawn = [self.train.at(few_labels(self.train.labels, per_class, seed, draw)) for draw in range(draws)]
        return _best([self._fitted(few, penalty) for penalty in PENALTIES for few in drawn], draws)

    def _fitted(self, train: Labelled, penalty: float) -> Accuracy:
        basis = _span(train.features)
        # in the primal: its solution does not depend on a random order
        machine = LinearSVC(C=penalty, dual=False, tol=1e-3).fit(train.features @ basis, train.labels)
        test, validation = (machine.score(part.features @ basis, part.labels) for part in (self.test, self.validation))
        return Accuracy(test=test, validation=validation, penalty=penalty)


def validation_images(labels: Labels, seed: int) -> NDArray[np.bool_]:
    """Which of the training images (N,) are set apart: a fifth of each class, at least one image."""
    counts = np.bincount(labels)
    present = np.flatnonzero(counts)
    if len(present) < 2 or counts[present].min() < 2:
        raise UserError(
            f"{len(present)} classes, the smallest of {counts[present].min() if len(present) else 0} training images:"
            " expected two classes or more, of two images or more"
        )
    draw, apart = generator(seed, _SPLIT), np.zeros(len(labels), dtype=bool)
    for label in present:
        own = np.flatnonzero(labels == label)
        apart[draw.permutation(own)[: max(1, round(VALIDATION_SHARE * len(own)))]] = True
    return apart


def few_labels(labels: Labels, per_class: int, seed: int, draw: int) -> NDArray[np.int64]:
    """Indices of so many images of each class, or of all where there are fewer; another choice every draw."""
    source = generator(seed, _DRAWS, draw)
    chosen = [source.permutation(np.flatnonzero(labels == label))[:per_class] for label in np.unique(labels)]
    return np.concatenate(chosen)


def _best(found: Sequence[Accuracy], draws: int) -> list[Accuracy]:
    """The accuracies at the C whose mean over the draws is best on validation images; of equal ones the smallest C."""
    groups = [found[start : start + draws] for start in range(0, len(found), draws)]
    return list(max(groups, key=lambda group: sum(one.validation for one in group)))


def _span(features: Floats) -> Floats:
    """A basis (F, R) of the space that the features (N, F) span: an L2 machine has no weight outside of it."""
    count, width = features.shape
    return np.linalg.qr(features.T)[0] if count < width else np.eye(width)
