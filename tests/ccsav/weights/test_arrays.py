import numpy as np
import pytest
from sklearn.base import clone

from ccsav import CCSAVClassifier, SAVClassifier
from ccsav.weights import arrays

BOTH = pytest.mark.parametrize("classifier", [CCSAVClassifier(), SAVClassifier(n_heads=4)])


@BOTH
def test_chunks_change_nothing(classifier, task, monkeypatch):
    X, y = task
    whole = clone(classifier).fit(X, y)
    monkeypatch.setattr(arrays, "CHUNK", 1)
    parts = clone(classifier).fit(X, y)
    np.testing.assert_allclose(parts.decision_function(X), whole.decision_function(X), atol=2e-5)


@BOTH
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite(classifier, task, bad):
    X, y = task
    broken = X.copy()
    broken[3, 2, 1] = bad
    with pytest.raises(ValueError, match="X has 1 numbers that are NaN or infinite"):
        clone(classifier).fit(broken, y)
    with pytest.raises(ValueError, match="NaN or infinite"):
        clone(classifier).fit(X, y).predict(broken)
