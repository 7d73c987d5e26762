"""How well a linear classifier does on features that stay as they are: an L2 support vector machine (Radford 2016)."""

# N images, F features, K classes

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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

PENALTIES = (0.1, 1.0, 10.0, 100.0)  # C, for features that have length 1 on average
MOST_AT_ONCE = 2**30  # bytes of scaled features that are kept; parts with more are scaled anew for each use
_SPLIT, _DRAWS = 0, 1  # streams


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Features (N, F) and the classes (N,) of the images that they are of."""

    features: NDArray[np.floating]
    labels: Labels


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Shares of images whose class is found: of test images, and of the validation images that chose C; that C."""

    test: float
    validation: float
    penalty: float


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some of the images: which rows of the features (N, F) are theirs, as given; their classes; and how to scale."""

    features: NDArray[np.floating]
    rows: Labels
    labels: Labels
    scale: Callable[[Floats], Floats]

    @cached_property
    def whole(self) -> Floats:
        """The scaled features of all of them."""
        return self._at(slice(None))

    def pieces(self) -> Iterator[tuple[Floats, Labels]]:
        """Scaled features and classes, a piece of MOST_AT_ONCE after another: larger parts never exist as a whole."""
        size = max(1, MOST_AT_ONCE // (self.features.shape[1] * np.dtype(float).itemsize))
        if len(self.rows) <= size:
            yield self.whole, self.labels
            return
        for first in range(0, len(self.rows), size):
            piece = slice(first, first + size)
            yield self._at(piece), self.labels[piece]

    def at(self, indices: Labels) -> Self:
        """Those at these indices."""
        return replace(self, rows=self.rows[indices], labels=self.labels[indices])

    def within(self, basis: Floats) -> Self:
        """The same in the coordinates (F, D) of a few directions."""
        inside = np.concatenate([piece @ basis for piece, _ in self.pieces()])
        return replace(self, features=inside, rows=np.arange(len(inside)), scale=_as_they_are)

    def score(self, machine: LinearSVC) -> float:
        """The share whose class it finds."""
        found = sum(int((machine.predict(piece) == labels).sum()) for piece, labels in self.pieces())
        return found / len(self.labels)

    def _at(self, piece: slice) -> Floats:
        return self.scale(self.features[self.rows[piece]].astype(float))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a classifier is fitted to, what chooses its C, and what it is measured on; they share no image."""

    train: Part
    validation: Part
    test: Part

    @classmethod
    def of(cls, train: Labelled, test: Labelled, seed: int, share: float = VALIDATION_SHARE) -> Self:
        """That share of each class's training images is set apart to choose C.

        Features are shifted and scaled to mean 0 and deviation 1 over what is left to train on, whose labels play no
        part in it, and divided by the root of their number. Raises UserError if there are fewer than two classes, or
        one of fewer than two images.
        """
        chosen = validation_images(train.labels, seed, share)
        scaler, root = StandardScaler(), np.sqrt(train.features.shape[1])

        def part(images: Labelled, rows: Labels, scale: Callable[[Floats], Floats]) -> Part:
            return Part(features=images.features, rows=rows, labels=images.labels[rows], scale=scale)

        for piece, _ in part(train, np.flatnonzero(~chosen), _as_they_are).pieces():
            scaler.partial_fit(piece)

        def scaled(features: Floats) -> Floats:
            return scaler.transform(features) / root

        return cls(
            train=part(train, np.flatnonzero(~chosen), scaled),
            validation=part(train, np.flatnonzero(chosen), scaled),
            test=part(test, np.arange(len(test.labels)), scaled),
        )

    def accuracy(self) -> Accuracy:
        """With all labels of the training part."""
        return _best([self])[0]

    def few_label_accuracies(self, per_class: int, draws: int, seed: int) -> list[Accuracy]:
        """With that many labels of each class, for each of several draws; one C for all of them."""
        drawn = [few_labels(self.train.labels, per_class, seed, draw) for draw in range(draws)]
        return _best([self.trained_on(indices) for indices in drawn])

    def trained_on(self, indices: NDArray[np.int64]) -> Self:
        """The same with these training images alone, where they are few in coordinates of what their features span."""
        train = self.train.at(indices)
        if len(indices) >= train.features.shape[1]:
            return replace(self, train=train)
        # an L2 machine has no weight outside of that space: the solution is the same, and found faster
        basis = np.linalg.qr(train.whole.T)[0]
        train, validation, test = (part.within(basis) for part in (train, self.validation, self.test))
        return replace(self, train=train, validation=validation, test=test)

    def fitted(self, penalty: float) -> Accuracy:
        """With this C, whatever the validation images say."""
        images, features = self.train.whole.shape
        # many features are faster by far in the dual (its steps in an order drawn from a fixed seed), few in the primal
        machine = LinearSVC(C=penalty, dual=4 * features > images, tol=1e-2, max_iter=20_000, random_state=0)
        machine.fit(self.train.whole, self.train.labels)
        test, validation = (part.score(machine) for part in (self.test, self.validation))
        return Accuracy(test=test, validation=validation, penalty=penalty)


def validation_images(labels: Labels, seed: int, share: float = VALIDATION_SHARE) -> NDArray[np.bool_]:
    """Which of the training images (N,) are set apart: that share of each class, at least one image and never all."""
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
        apart[draw.permutation(own)[: min(max(1, round(share * len(own))), len(own) - 1)]] = True
    return apart


def few_labels(labels: Labels, per_class: int, seed: int, draw: int) -> NDArray[np.int64]:
    """Indices of so many images of each class, or of all where there are fewer; another choice every draw."""
    source = generator(seed, _DRAWS, draw)
    chosen = [source.permutation(np.flatnonzero(labels == label))[:per_class] for label in np.unique(labels)]
    return np.concatenate(chosen)


def _as_they_are(features: Floats) -> Floats:
    return features


def _best(drawn: Sequence[Parts]) -> list[Accuracy]:
    """The accuracies at the C whose mean over the draws is best on validation images; of equal ones the smallest C.

    C is raised until that mean has fallen by more than its standard error: beyond, a machine takes longer and longer to
    know its images by heart.
    """
    best: list[Accuracy] = []
    for penalty in PENALTIES:
        found = [parts.fitted(penalty) for parts in drawn]
        reached, before = (sum(one.validation for one in group) for group in (found, best))
        if best and reached < before - _standard_error(before, drawn):
            break
        if not best or reached > before:
            best = found
    return best


def _standard_error(summed: float, drawn: Sequence[Parts]) -> float:
    """Of shares that were summed over draws of the same validation images."""
    share = summed / len(drawn)
    return len(drawn) * math.sqrt(share * (1 - share) / len(drawn[0].validation.labels))
