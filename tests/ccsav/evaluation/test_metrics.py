import numpy as np
import pytest

from ccsav import CCSAVClassifier, SAVClassifier
from ccsav.evaluation import metrics


def test_equal_error_rate_by_hand():
    positive = np.array([False, False, False, True, True, True])
    assert metrics.equal_error_rate(positive, np.array([1, 2, 3, 4, 5, 6])) == 0
    assert metrics.equal_error_rate(positive, np.array([1, 2, 4, 3, 5, 6])) == pytest.approx(1 / 3)
    assert metrics.equal_error_rate(positive, np.array([6, 5, 4, 3, 2, 1])) == 1
    assert metrics.equal_error_rate(positive, np.ones(6)) == pytest.approx(0.5)


def test_calibration_error_by_hand():
    proba = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    right = np.array([True, False, True, True])
    assert metrics.calibration_error(right, proba) == pytest.approx((0.4 + 0.4) / 2)
    assert metrics.calibration_error(np.ones(4, bool), np.eye(2)[[0, 0, 1, 1]]) == 0


@pytest.fixture(params=[2, 4], ids=["two classes", "four classes"])
def task(request):
    """Head 2 of 5 knows the classes; head 3 says the same of every clip."""
    rng = np.random.default_rng(0)
    y = np.array([*"abcd"])[np.arange(120) % request.param]
    X = rng.normal(size=(120, 5, 6))
    X[:, 2] += 4 * rng.normal(size=(4, 6))[np.unique(y, return_inverse=True)[1]]
    X[:, 3] = 1
    return X.astype(np.float32), y


def test_scores_of_the_votes(task):
    X, y = task
    for classifier in (SAVClassifier(2), CCSAVClassifier()):
        fitted = classifier.fit(X[:20], y[:20])
        result = metrics.score(fitted, X[20:], y[20:])
        assert result["accuracy"] == pytest.approx(fitted.score(X[20:], y[20:]))
        assert 0 <= result["calibration_error"] < 1
