"""Class names as a prior: used where they help, not where the model does not know them."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.base import clone

from ccsav import CCSAVClassifier, SAVClassifier
from ccsav_lab.name_prior import LEAST_GAIN, NamePrior

CLASSES = np.array(["cat", "dog", "rain", "siren"])
CALM = CCSAVClassifier.calm()


def task(shots, known, seed=0, noise=1.5):
    """Head vectors, labels and log-likelihoods of names; known: how much the names say."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(4), shots)
    centres = np.random.default_rng(99).normal(size=(4, 6, 5))
    X = (centres[y] + noise * rng.normal(size=(len(y), 6, 5))).astype(np.float32)
    prior = known * np.eye(4)[y] + rng.normal(size=(len(y), 4)) - [4, 1, 2, 3]
    return X, CLASSES[y], prior


def right(fitted, X, y, *prior):
    return (fitted.predict(X, *prior) == y).mean()


@pytest.mark.parametrize("shots", [1, 2, 5])
def test_names_that_the_model_knows_help(shots):
    X_query, y_query, prior_query = task(100, known=6, seed=1)
    X, y, prior = task(shots, known=6)
    fitted = NamePrior().fit(X, y, prior)
    plain = CCSAVClassifier().fit(X, y)
    assert fitted.weight_ > 0 and fitted.gain_ > LEAST_GAIN
    gain = right(fitted, X_query, y_query, prior_query) - right(plain, X_query, y_query)
    assert gain > 0.03


@pytest.mark.parametrize("shots", [1, 5])
def test_names_that_the_model_does_not_know_do_no_harm(shots):
    X_query, y_query, prior_query = task(100, known=0, seed=1)
    gains, weights = [], []
    for seed in range(20):
        X, y, prior = task(shots, known=0, seed=10 + seed)
        fitted = NamePrior(CALM).fit(X, y, prior)
        weights.append(fitted.weight_)
        plain = clone(CALM).fit(X, y)
        gains.append(right(fitted, X_query, y_query, prior_query) - right(plain, X_query, y_query))
    assert np.mean(np.array(weights) > 0) <= 0.1  # the test's 5 %
    assert np.mean(gains) > -0.01
    assert np.median(gains) == 0


def test_without_weight_it_is_the_classifier():
    X, y, prior = task(5, known=6)
    fitted = NamePrior(CALM, weight=0).fit(X, y, prior)
    plain = clone(CALM).fit(X, y)
    assert fitted.weight_ == 0
    np.testing.assert_allclose(fitted.predict_proba(X, prior), plain.predict_proba(X), rtol=1e-5)


def test_probabilities_are_those_of_the_formula():
    X, y, prior = task(2, known=3)
    fitted = NamePrior(CALM, weight=0.7).fit(X, y, prior)
    own = clone(CALM).fit(X, y).predict_proba(X)
    expected = softmax(np.log(own) + fitted.weight_ * fitted.sharpness_ * prior, axis=1)
    np.testing.assert_allclose(fitted.predict_proba(X, prior), expected, rtol=1e-4)
    assert fitted.classes_.tolist() == CLASSES.tolist()


def test_the_sharpness_explains_the_support_labels_best():
    X, y, prior = task(20, known=2)
    fitted = NamePrior(CALM).fit(X, y, prior)
    codes = np.searchsorted(CLASSES, y)

    def likelihood(beta):
        log = log_softmax(beta * prior, axis=1)
        return log[np.arange(len(codes)), codes].sum() + 0.5 * log.mean()

    best = likelihood(fitted.sharpness_)
    assert best == pytest.approx(max(map(likelihood, np.linspace(0, 10, 2001))), abs=1e-3)
    assert fitted.gain_ == pytest.approx(best - likelihood(0), abs=1e-6)
    doubled = NamePrior(CALM).fit(X, y, 2 * prior)
    assert doubled.sharpness_ == pytest.approx(fitted.sharpness_ / 2, rel=1e-3)
    names = NamePrior(CALM).fit(X, y, prior + np.arange(len(y))[:, None])  # per clip: no change
    assert names.sharpness_ == pytest.approx(fitted.sharpness_, rel=1e-3)


def test_at_one_shot_the_weight_is_the_stated_one():
    X, y, prior = task(1, known=9)
    assert NamePrior().fit(X, y, prior).weight_ == 1
    assert NamePrior(weight=0.5).fit(X, y, prior).weight_ == 0.5


def test_the_weight_is_chosen_on_clips_that_are_left_out():
    """Heads that tell the clips apart without error need no names; noisy heads do."""
    sure, unsure = (
        NamePrior().fit(*task(10, known=1.5, noise=noise)).weight_ for noise in (0.1, 6)
    )
    assert sure < 0.2 < unsure <= 1


def test_a_class_of_one_clip_stays_in_every_fold():
    X, y, prior = task(6, known=6)
    kept = np.r_[np.arange(18), 18]  # one siren
    fitted = NamePrior(CALM).fit(X[kept], y[kept], prior[kept])
    assert 0 <= fitted.weight_ <= 1
    assert fitted.predict_proba(X, prior).shape == (24, 4)


def test_groups_reach_a_classifier_that_takes_them():
    X, y, prior = task(6, known=6)
    groups = np.arange(len(y)) % 6
    given = NamePrior(CCSAVClassifier()).fit(X, y, prior, groups=groups)
    expected = CCSAVClassifier().fit(X, y, groups=groups)
    np.testing.assert_array_equal(given.classifier_.votes_, expected.votes_)
    assert NamePrior(SAVClassifier()).fit(X, y, prior, groups=groups).classifier_.n_heads == 20


def test_it_is_an_estimator():
    estimator = NamePrior(SAVClassifier(n_heads=3), weight=0.4, seed=5)
    assert estimator.get_params()["classifier__n_heads"] == 3
    copied = clone(estimator).set_params(classifier__n_heads=2)
    X, y, prior = task(3, known=6)
    assert copied.fit(X, y, prior).classifier_.heads_.shape == (2,)
    assert not hasattr(estimator, "classifier_") and not hasattr(estimator.classifier, "heads_")
    again = clone(estimator).set_params(classifier__n_heads=2).fit(X, y, prior)
    assert again.weight_ == copied.weight_


def test_what_does_not_fit():
    X, y, prior = task(2, known=6)
    with pytest.raises(ValueError, match=r"weight=2: choose a number from 0 to 1"):
        NamePrior(weight=2).fit(X, y, prior)
    with pytest.raises(
        ValueError, match=r"one per clip and class, \(8, 4\), but has shape \(8, 3\)"
    ):
        NamePrior().fit(X, y, prior[:, :3])
    broken = prior.copy()
    broken[0, 0] = -np.inf
    with pytest.raises(ValueError, match="and 1 that are not finite"):
        NamePrior().fit(X, y, broken)
    fitted = NamePrior(CALM).fit(X, y, prior)
    with pytest.raises(ValueError, match=r"\(8, 4\), but has shape \(2, 4\)"):
        fitted.predict(X, prior[:2])
