import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
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
def test_two_classes_have_one_score_that_is_positive_for_the_second(classifier, task):
    X, y = task
    two = y < 2
    fitted = clone(classifier).fit(X[two], y[two])
    scores, votes = fitted.decision_function(X[two]), fitted.class_votes(X[two])
    assert scores.shape == (two.sum(),) and votes.shape == (two.sum(), 2)
    np.testing.assert_array_equal(scores > 0, fitted.predict(X[two]) == 1)
    assert cross_val_score(classifier, X[two], y[two], cv=3, scoring="roc_auc").min() > 0.8
    calibrated = CalibratedClassifierCV(classifier, cv=3).fit(X[two], y[two])
    assert calibrated.score(X[two], y[two]) > 0.8
    each = OneVsRestClassifier(classifier).fit(X, y)
    assert each.score(X, y) > 0.8


@EACH
@pytest.mark.parametrize(
    "given",
    [
        lambda X: X[::-1][::-1],  # negative strides, both ways
        lambda X: X.astype(">f4"),
        lambda X: X.astype(object),
        lambda X: X.tolist(),
        lambda X: torch.tensor(X, requires_grad=True),
        lambda X: list(torch.tensor(X)),
        lambda X: 1e9 * X,
    ],
    ids=["strides", "byte order", "objects", "lists", "gradients", "tensors", "large"],
)
def test_numbers_in_any_container(classifier, given, task):
    X, y = task
    plain = clone(classifier).fit(X[:30], y[:30]).predict(X)
    fitted = clone(classifier).fit(given(X[:30]), y[:30])
    np.testing.assert_array_equal(fitted.predict(given(X)), plain)


@EACH
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda X: 1e25 * X, r"X has numbers of up to \de\+25, beyond float32 once squared"),
        (lambda X: 1e60 * X.astype(float), r"up to \de\+60"),
        (lambda X: 1e-25 * X, r"up to \de-25"),
        (lambda X: X + 0j, "X is complex"),
        (lambda X: X.astype(str), "X holds <U32, not numbers"),
        (lambda X: [["a"], [2]], "X holds <U21, not numbers"),
        (lambda X: [[1], [2, 3]], "X is no array of numbers"),
        (lambda X: np.full(X.shape, None), r"X has \d+ numbers that are NaN"),
    ],
)
def test_what_is_no_head_vector_is_refused(classifier, given, message, task):
    X, y = task
    with pytest.raises(ValueError, match=message):
        clone(classifier).fit(given(X), y)


@EACH
def test_a_missing_label_is_named(classifier, task):
    X, _ = task
    for missing in (None, np.nan):
        labels = np.array([*"abc"] * 30, object)
        labels[7] = missing
        with pytest.raises(ValueError, match=r"y has no label for 1 clips: \[7\]"):
            clone(classifier).fit(X, labels)


@pytest.mark.parametrize(
    "classifier", [SAVClassifier(np.nan), SAVClassifier(2.5), HECClassifier(tau=np.nan)]
)
def test_options_that_are_no_numbers_of_their_kind(classifier, task):
    with pytest.raises(ValueError, match=r"(n_heads|tau)=(nan|2.5): choose"):
        classifier.fit(*task)


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
