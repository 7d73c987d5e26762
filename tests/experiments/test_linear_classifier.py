"""The protocol that measures features, on features whose answer is known."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from experiments.representation import classifier
from experiments.representation.classifier import (
    PENALTIES,
    Accuracy,
    Labelled,
    Parts,
    few_labels,
    validation_images,
)
from runs.errors import UserError


def drawn(seed=0):
    return np.random.default_rng(seed)


def parts(train, train_labels, test, test_labels):
    pairs = ((train, train_labels), (test, test_labels))
    return Parts.of(*(Labelled(features=np.asarray(x, float), labels=np.asarray(y)) for x, y in pairs), seed=0)


def gaussians(count, distance, random, dimensions=5):
    labels = random.integers(0, 2, count)
    points = random.normal(size=(count, dimensions))
    points[:, 0] += labels * distance
    return points, labels


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.0])
def test_two_gaussians_are_told_apart_as_well_as_their_distance_allows(distance):
    """The best that any classifier can do is Φ(d / 2)."""
    random = drawn()
    found = parts(*gaussians(2000, distance, random), *gaussians(4000, distance, random)).accuracy()
    best = (1 + math.erf(distance / 2 / math.sqrt(2))) / 2
    assert found.test == pytest.approx(best, abs=0.03)


def test_features_of_shuffled_labels_are_worth_chance():
    random = drawn()
    features = random.normal(size=(1500, 20))
    found = parts(features[:500], random.integers(0, 10, 500), features[500:], random.integers(0, 10, 1000)).accuracy()
    assert found.test == pytest.approx(0.1, abs=0.04)


def test_an_image_that_is_known_by_heart_helps_neither_validation_nor_test():
    """Every image has a feature of its own: what is trained on is found in every case, and nothing else is."""
    random = drawn()
    count = 300
    labels = random.integers(0, 5, count)
    features = 5 * np.eye(count)
    found = parts(features, labels, np.zeros((200, count)), random.integers(0, 5, 200))
    assert found.fitted(10.0).validation < 0.4
    again = Parts(train=found.train, validation=found.train, test=found.test)
    assert again.accuracy().validation == 1


@dataclass(frozen=True)
class Told:
    """Parts whose accuracies at each C are known: on validation and on test images."""

    at: dict[float, tuple[float, float]]
    validation = Labelled(features=np.zeros((100, 1)), labels=np.zeros(100))  # a standard error is .05 or less

    def fitted(self, penalty):
        validation, test = self.at[penalty]
        return Accuracy(validation=validation, test=test, penalty=penalty)


@pytest.mark.parametrize(
    ("validation", "chosen"),
    [
        ((0.5, 0.6, 0.7, 0.8), 100.0),
        ((0.5, 0.6, 0.6, 0.5), 1.0),  # of equal ones the smallest
        ((0.5, 0.4), 0.1),  # no more are tried once it has fallen
        ((0.5, 0.47, 0.7, 0.6), 10.0),  # .03 less is within a standard error
    ],
)
def test_c_is_chosen_by_validation_images_and_never_by_test_images(validation, chosen):
    told = Told({c: (one, 1 - one) for c, one in zip(PENALTIES, validation, strict=False)})
    (best,) = classifier._best([told])
    assert (best.penalty, best.validation) == (chosen, max(validation))


def test_all_draws_have_one_c_whose_mean_is_best():
    one = Told({0.1: (0.9, 0.0), 1.0: (0.8, 0.0), 10.0: (0.2, 0.0), 100.0: (0, 0)})
    other = Told({0.1: (0.1, 0.0), 1.0: (0.5, 0.0), 10.0: (0.6, 0.0), 100.0: (0, 0)})
    assert [(best.penalty, best.validation) for best in classifier._best([one, other])] == [(1.0, 0.8), (1.0, 0.5)]


@given(st.lists(st.integers(2, 30), min_size=2, max_size=6), st.integers(0, 5))
def test_a_fifth_of_each_class_is_set_apart_and_something_is_left(counts, seed):
    labels = drawn(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    apart = validation_images(labels, seed)
    assert [int(apart[labels == label].sum()) for label in range(len(counts))] == [
        max(1, round(count / 5)) for count in counts
    ]
    assert np.array_equal(apart, validation_images(labels, seed))


@pytest.mark.parametrize(("share", "apart"), [(0.5, [2, 3, 10]), (0.01, [1, 1, 1]), (0.99, [3, 5, 19])])
def test_another_share_is_set_apart_where_that_is_asked_for_and_no_class_is_left_without_an_image(share, apart):
    labels = np.repeat(np.arange(3), [4, 6, 20])
    assert np.bincount(labels[validation_images(labels, 0, share)]).tolist() == apart
    whole = Labelled(features=drawn().normal(size=(30, 4)), labels=labels)
    found = Parts.of(whole, whole, 0, share)
    assert (len(found.validation.labels), len(found.train.labels)) == (sum(apart), 30 - sum(apart))


@given(st.integers(1, 12), st.integers(0, 3), st.integers(0, 3))
def test_few_labels_are_as_many_of_each_class_and_others_every_draw(per_class, seed, draw):
    labels = np.repeat(np.arange(4), [3, 12, 12, 12])
    chosen = few_labels(labels, per_class, seed, draw)
    assert np.bincount(labels[chosen]).tolist() == [min(per_class, 3), *[per_class] * 3]
    assert len(set(chosen.tolist())) == len(chosen)
    assert np.array_equal(chosen, few_labels(labels, per_class, seed, draw))
    if per_class < 12:
        assert not np.array_equal(chosen, few_labels(labels, per_class, seed, draw + 1))


def test_more_labels_help():
    random = drawn()
    found = parts(*gaussians(400, 3.0, random, 60), *gaussians(1000, 3.0, random, 60))
    few, more = (found.few_label_accuracies(count, 10, seed=0) for count in (1, 10))
    assert len(few) == len(more) == 10
    assert np.mean([one.test for one in few]) < np.mean([one.test for one in more]) < found.accuracy().test


def test_coordinates_of_what_few_images_span_change_nothing():
    random = drawn()
    found = parts(*gaussians(400, 3.0, random, 60), *gaussians(1000, 3.0, random, 60))
    indices = few_labels(found.train.labels, 10, 0, 0)
    spanned, plain = found.trained_on(indices), replace(found, train=found.train.at(indices))
    assert spanned.train.whole.shape == (20, 20)
    for penalty in PENALTIES:
        assert spanned.fitted(penalty).test == pytest.approx(plain.fitted(penalty).test, abs=0.003)


def test_the_machine_is_the_least_of_its_own_objective():
    """|w|²/2 + C Σ max(0, 1 − y f)², whose minimum a general minimizer finds as well."""
    random = drawn()
    found = parts(*gaussians(200, 1.5, random), *gaussians(2000, 1.5, random))
    train, signs = found.train.whole, 2.0 * found.train.labels - 1

    def objective(weights):
        margins = signs * (train @ weights[:-1] + weights[-1])
        return weights @ weights / 2 + 3.0 * (np.maximum(0, 1 - margins) ** 2).sum()

    weights = minimize(objective, np.zeros(train.shape[1] + 1)).x
    told = found.test.whole @ weights[:-1] + weights[-1] > 0
    assert found.fitted(3.0).test == pytest.approx((told == found.test.labels).mean(), abs=0.003)


def test_parts_too_large_for_the_memory_are_scaled_piece_by_piece_to_the_same_end(monkeypatch):
    random = drawn()
    train, test = gaussians(300, 1.0, random, 40), gaussians(500, 1.0, random, 40)
    at_once = parts(*train, *test)
    monkeypatch.setattr(classifier, "MOST_AT_ONCE", 7 * 40 * 8)
    in_pieces = parts(*train, *test)
    assert [len(piece) for piece, _ in in_pieces.test.pieces()] == [7] * 71 + [3]
    assert np.concatenate([piece for piece, _ in in_pieces.test.pieces()]) == pytest.approx(at_once.test.whole)
    assert in_pieces.accuracy() == at_once.accuracy()
    assert in_pieces.few_label_accuracies(5, 3, 0) == at_once.few_label_accuracies(5, 3, 0)


def test_a_feature_that_never_varies_and_another_unit_change_nothing():
    random = drawn()
    (train, labels), (test, test_labels) = gaussians(300, 2.0, random), gaussians(300, 2.0, random)
    plain = parts(train, labels, test, test_labels).accuracy()
    scaled = parts(train * [1000, 1, 1e-3, 1, 1] + 7, labels, test * [1000, 1, 1e-3, 1, 1] + 7, test_labels).accuracy()
    assert plain == scaled
    constant = [np.column_stack([one, np.ones(len(one))]) for one in (train, test)]
    assert np.isfinite(parts(constant[0], labels, constant[1], test_labels).train.whole).all()


@pytest.mark.parametrize("labels", [[], [0, 0, 0], [0, 0, 1]])
def test_too_few_classes_or_images_are_refused(labels):
    with pytest.raises(UserError, match="expected two classes or more, of two images or more"):
        validation_images(np.array(labels, dtype=np.int64), 0)
