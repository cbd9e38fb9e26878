"""Prototypes moved by unlabelled clips: they help where clips form the classes, else stay."""

import numpy as np
import pytest

from ccsav import CCSAVClassifier
from ccsav_lab.transductive import TransductiveCCSAVClassifier


def clips(spread, seed=0, n_classes=6, each=15):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n_classes), each)
    X = rng.normal(size=(n_classes, 10, 16))[y] + spread * rng.normal(size=(len(y), 10, 16))
    return X, y, np.arange(n_classes) * each


@pytest.mark.parametrize("seed", range(3))
def test_unlabelled_clips_help_where_they_form_the_classes(seed):
    X, y, one = clips(1.6, seed)
    plain = CCSAVClassifier().fit(X[one], y[one])
    moved = TransductiveCCSAVClassifier().fit(X[one], y[one])
    assert moved.score(X, y) > plain.score(X, y) + 0.02


def test_nothing_changes_where_answers_are_unclear_or_classes_have_several_clips():
    X, y, one = clips(8.0)
    plain = CCSAVClassifier().fit(X[one], y[one])
    moved = TransductiveCCSAVClassifier().fit(X[one], y[one])
    np.testing.assert_array_equal(moved.decision_function(X), plain.decision_function(X))
    X, y, one = clips(1.6)
    several = np.concatenate([one, one + 1])
    plain = CCSAVClassifier().fit(X[several], y[several])
    moved = TransductiveCCSAVClassifier().fit(X[several], y[several])
    np.testing.assert_array_equal(moved.decision_function(X), plain.decision_function(X))


def test_fitting_again_and_one_clip_alone():
    X, y, one = clips(1.6)
    moved = TransductiveCCSAVClassifier().fit(X[one], y[one])
    before = moved.coef_.copy()
    first = moved.decision_function(X)
    np.testing.assert_array_equal(moved.coef_, before)  # prediction leaves the classifier as it is
    np.testing.assert_array_equal(moved.decision_function(X), first)
    assert moved.decision_function(X[:1]).shape == (1, 6)
