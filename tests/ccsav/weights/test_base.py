import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from ccsav import CCSAVClassifier, HECClassifier, SAVClassifier

EACH = [CCSAVClassifier(), SAVClassifier(n_heads=4), HECClassifier(top_k=4)]
EACH = pytest.mark.parametrize("classifier", EACH)


@EACH
def test_learns_and_follows_the_conventions(classifier, task):
    X, y = task
    names = np.array(["bark", "meow", "moo"])[y]
    fitted = clone(classifier).fit(X[:30], names[:30])
    assert fitted.score(X[30:], names[30:]) > 0.8
    assert fitted.classes_.tolist() == ["bark", "meow", "moo"]
    assert set(fitted.predict(X)) <= set(names)
    proba = fitted.predict_proba(X)
    assert proba.shape == (90, 3)
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(fitted.classes_[proba.argmax(1)], fitted.predict(X))
    assert clone(classifier).get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        clone(classifier).predict(X)


@EACH
def test_model_selection_tools(classifier, task):
    X, y = task
    assert cross_val_score(classifier, X, y, cv=3).mean() > 0.7
    grid = {"n_heads": [1, 6]} if isinstance(classifier, SAVClassifier) else {"tau": [0.05, 0.2]}
    search = GridSearchCV(classifier, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.7
    assert search.predict(X).shape == (90,)


@EACH
def test_numpy_and_torch_and_half_precision_agree(classifier, task):
    X, y = task
    a = clone(classifier).fit(X[:30], y[:30]).decision_function(X)
    b = clone(classifier).fit(torch.as_tensor(X[:30]), y[:30]).decision_function(torch.as_tensor(X))
    np.testing.assert_allclose(a, b, rtol=1e-6)
    half = X.astype(np.float16)
    c = clone(classifier).fit(half[:30], y[:30])
    assert np.mean(c.predict(half) == a.argmax(1)) > 0.97


@EACH
def test_shapes_that_do_not_fit(classifier, task):
    X, y = task
    with pytest.raises(ValueError, match=r"\(clips, heads, numbers\), but is \(90, 96\)"):
        clone(classifier).fit(X.reshape(90, -1), y)
    with pytest.raises(ValueError, match=r"but is \(0, 12, 8\)"):
        clone(classifier).fit(X[:0], y[:0])
    with pytest.raises(ValueError, match=r"one label per clip, \(90,\), but has \(89,\)"):
        clone(classifier).fit(X, y[:-1])
    fitted = clone(classifier).fit(X, y)
    for other in (X[:, :5], X[:, :, :5]):
        with pytest.raises(ValueError, match="extract the same heads"):
            fitted.predict(other)


@EACH
def test_one_class(classifier, task):
    X, y = task
    with pytest.raises(ValueError, match=r"one class only, \[0\]"):
        clone(classifier).fit(X, np.zeros_like(y))


class Flat(ClassifierMixin, BaseEstimator):
    """The classifier on 2-D X, each column a number of one head: what scikit-learn can check."""

    def __init__(self, inner=None):
        self.inner = inner

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        self.fitted_ = clone(self.inner).fit(X[:, None], y)
        self.classes_ = self.fitted_.classes_
        return self

    def predict(self, X):
        check_is_fitted(self)
        return self.fitted_.predict(validate_data(self, X, reset=False)[:, None])

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.fitted_.predict_proba(validate_data(self, X, reset=False)[:, None])


@parametrize_with_checks(
    [Flat(CCSAVClassifier()), Flat(CCSAVClassifier.calm()), Flat(SAVClassifier())]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
