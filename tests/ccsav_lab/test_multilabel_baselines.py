"""Baselines for several labels against scikit-learn and the classifiers of one label."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score

from ccsav import SAVClassifier
from ccsav_lab.multilabel_baselines import MultiLabelRidgeClassifier, MultiLabelSAVClassifier

BASELINES = [MultiLabelSAVClassifier(5), MultiLabelRidgeClassifier()]


@pytest.fixture
def clips():
    """60 clips, 8 heads of which three know nothing, 6 numbers, 4 classes."""
    rng = np.random.default_rng(0)
    Y = (rng.random((60, 4)) < [0.5, 0.3, 0.2, 0.4]).astype(int)
    centres = rng.normal(size=(4, 8, 6))
    centres[:, 5:] = 0
    X = np.einsum("nc,ckd->nkd", Y, centres) + 0.7 * rng.normal(size=(60, 8, 6))
    return X.astype(np.float32), Y


def test_sav_is_one_sav_per_class(clips):
    X, Y = clips
    sav = MultiLabelSAVClassifier(n_heads=3).fit(X[:40], Y[:40])
    for c, y in enumerate(Y.T):
        one = SAVClassifier(n_heads=3).fit(X[:40], y[:40])
        np.testing.assert_array_equal(sav.success_[:, c], one.success_)
        np.testing.assert_array_equal(sav.heads_[:, c], one.heads_)
        votes = np.floor(one.class_votes(X[40:])[:, 1])  # without what breaks ties
        np.testing.assert_array_equal(sav.decision_function(X[40:])[:, c], votes)
        np.testing.assert_array_equal(sav.predict(X[40:])[:, c], one.predict(X[40:]))


def test_ridge_is_that_of_scikit_learn_with_the_penalty_of_least_left_out_error(clips):
    X, Y = clips
    flat = (X / np.linalg.norm(X, axis=2, keepdims=True)).reshape(60, -1)
    penalties = (0.003, 0.03, 3.0)
    errors = []
    for penalty in penalties:
        residuals = []
        for i in range(40):
            kept = np.arange(40) != i
            one = Ridge(alpha=8 * penalty).fit(flat[:40][kept], Y[:40][kept])
            residuals.append(one.predict(flat[i : i + 1])[0] - Y[i])
        errors.append(np.square(residuals).mean())
    ridge = MultiLabelRidgeClassifier(penalties).fit(X[:40], Y[:40])
    assert ridge.penalty_ == penalties[int(np.argmin(errors))]
    wanted = Ridge(alpha=8 * ridge.penalty_).fit(flat[:40], Y[:40]).predict(flat[40:])
    np.testing.assert_allclose(ridge.decision_function(X[40:]), wanted, atol=2e-4)


@pytest.mark.parametrize("baseline", BASELINES)
def test_conventions(baseline, clips):
    X, Y = clips
    fitted = clone(baseline).fit(X[:40], pd.DataFrame(Y[:40], columns=list("abcd")))
    assert fitted.classes_.tolist() == list("abcd")
    predicted = fitted.predict(X[40:])
    assert predicted.shape == (20, 4) and set(np.unique(predicted)) == {0, 1}
    assert fitted.score(X[40:], Y[40:]) == (predicted == Y[40:]).all(axis=1).mean()
    again = clone(baseline).fit(torch.as_tensor(X[:40]), Y[:40].astype(bool))
    scores = fitted.decision_function(X)
    np.testing.assert_allclose(again.decision_function(X), scores, atol=1e-5)
    found = cross_val_score(baseline, X, Y, scoring="average_precision", cv=3)
    assert found.mean() > Y.mean() + 0.3


def test_thresholds_of_ridge_are_calibrated(clips):
    X, Y = clips
    proba = MultiLabelRidgeClassifier().fit(X[:40], Y[:40]).predict_proba(X[40:])
    np.testing.assert_allclose(proba.mean(axis=0), Y[40:].mean(axis=0), atol=0.15)


@pytest.mark.parametrize("baseline", BASELINES)
def test_what_is_wrong_is_said(baseline, clips):
    X, Y = clips
    for wrong in (Y[:, 0], Y[1:], 2 * Y):
        with pytest.raises(ValueError, match=r"Y must be 0 or 1 for each clip and class, \(60, "):
            clone(baseline).fit(X, wrong)
    with pytest.raises(ValueError, match=r"no clip, or every clip, has \[1\]"):
        clone(baseline).fit(X, Y * [1, 0, 1, 1])
    with pytest.raises(ValueError, match="X has 7 heads, not the 8 of `fit`"):
        clone(baseline).fit(X, Y).predict(X[:, 1:])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (MultiLabelSAVClassifier(0), "n_heads=0: choose at least 1"),
        (MultiLabelRidgeClassifier(()), r"penalties=\(\): choose one or more"),
        (MultiLabelRidgeClassifier((0.1, 0)), r"penalties=\(0.1, 0\): choose one or more"),
    ],
)
def test_options_out_of_range(wrong, message, clips):
    with pytest.raises(ValueError, match=message):
        wrong.fit(*clips)
